// Package local holds the resource command:local:Command and the function command:local:run.
package local

import (
	"github.com/pulumi/pulumi-go-provider/infer"
)

// Logging says which output is shown while a command runs. It changes nothing about the captured outputs.
type Logging string

// The published names.
const (
	LogStdout          Logging = "stdout"
	LogStderr          Logging = "stderr"
	LogStdoutAndStderr Logging = "stdoutAndStderr"
	LogNone            Logging = "none"
)

// Values makes Logging an enum of the schema.
func (Logging) Values() []infer.EnumValue[Logging] {
	return []infer.EnumValue[Logging]{
		{Name: "stdout", Value: LogStdout, Description: "Log standard output only"},
		{Name: "stderr", Value: LogStderr, Description: "Log standard error only"},
		{Name: "stdoutAndStderr", Value: LogStdoutAndStderr, Description: "Log both"},
		{Name: "none", Value: LogNone, Description: "Log nothing"},
	}
}

func (l *Logging) stdout() bool { return l == nil || *l == LogStdout || *l == LogStdoutAndStderr }

func (l *Logging) stderr() bool { return l == nil || *l == LogStderr || *l == LogStdoutAndStderr }

// BaseInputs is how a command is run, whatever runs it.
type BaseInputs struct {
	AddPreviousOutputInEnv *bool             `pulumi:"addPreviousOutputInEnv,optional"`
	ArchivePaths           *[]string         `pulumi:"archivePaths,optional"`
	AssetPaths             *[]string         `pulumi:"assetPaths,optional"`
	Dir                    *string           `pulumi:"dir,optional"`
	Environment            map[string]string `pulumi:"environment,optional"`
	Interpreter            []string          `pulumi:"interpreter,optional"`
	Logging                *Logging          `pulumi:"logging,optional"`
	Stdin                  *string           `pulumi:"stdin,optional"`
}

// Annotate documents the schema.
func (b *BaseInputs) Annotate(a infer.Annotator) {
	a.Describe(&b.AddPreviousOutputInEnv, "Give the former run's outputs to the next as PULUMI_COMMAND_STDOUT and PULUMI_COMMAND_STDERR. Default: true.")
	a.Describe(&b.ArchivePaths, "Not supported by this build: refused.")
	a.Describe(&b.AssetPaths, "Not supported by this build: refused.")
	a.Describe(&b.Dir, "Folder to run in. Default: the Pulumi program's.")
	a.Describe(&b.Environment, "Environment variables on top of the inherited ones.")
	a.Describe(&b.Interpreter, `Program and arguments that get the command as last argument. Default: ["/bin/sh", "-c"].`)
	a.Describe(&b.Logging, "Which output is logged while the command runs. Default: both.")
	a.Describe(&b.Stdin, "Text for standard input. Default: none.")
}

// BaseOutputs is what a run leaves.
type BaseOutputs struct {
	Stdout string `pulumi:"stdout"`
	Stderr string `pulumi:"stderr"`
}

// Annotate documents the schema.
func (b *BaseOutputs) Annotate(a infer.Annotator) {
	a.Describe(&b.Stdout, "Standard output, without its last newline.")
	a.Describe(&b.Stderr, "Standard error, without its last newline.")
}
