package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"agatha/toolchain/engine/command/secrets"

	p "github.com/pulumi/pulumi-go-provider"
)

// The variables that give a former run's outputs to the next one.
const (
	previousStdout = "PULUMI_COMMAND_STDOUT"
	previousStderr = "PULUMI_COMMAND_STDERR"
)

// execute runs command and waits for it and for everybody who holds its output. It fails on any status but 0. When ctx
// ends first it kills what it started and nothing else, and still waits for its children: so does the published plugin
// (pulumi-command v1.2.1, provider/pkg/provider/local/commandOutputs.go).
func execute(ctx context.Context, command string, in BaseInputs, previous BaseOutputs) (BaseOutputs, error) {
	if err := checkDir(in.Dir); err != nil {
		return BaseOutputs{}, err
	}
	masker := secrets.FromContext(ctx)
	argv := append(append([]string{}, interpreter(in)...), command)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = environment(in, previous)
	if in.Dir != nil {
		cmd.Dir = *in.Dir
	}
	if in.Stdin != nil && *in.Stdin != "" {
		cmd.Stdin = strings.NewReader(*in.Stdin)
	}
	capture := newCapture(logLine(ctx, masker))
	cmd.Stdout = capture.writer(&capture.stdout, in.Logging.stdout())
	cmd.Stderr = capture.writer(&capture.stderr, in.Logging.stderr())
	err := cmd.Run()
	capture.flush()
	if err != nil {
		return BaseOutputs{}, failure(err, command, capture.both.String(), masker)
	}
	return BaseOutputs{
		Stdout: strings.TrimSuffix(capture.stdout.String(), "\n"),
		Stderr: strings.TrimSuffix(capture.stderr.String(), "\n"),
	}, nil
}

func checkDir(dir *string) error {
	if dir == nil {
		return nil
	}
	info, err := os.Stat(*dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("dir: %q does not exist. Create it, or point dir at a folder that is there", *dir)
	case err != nil:
		return fmt.Errorf("dir: %q cannot be read: %w. Point dir at a folder that can", *dir, err)
	case !info.IsDir():
		return fmt.Errorf("dir: %q is not a folder. Point dir at a folder", *dir)
	}
	return nil
}

func interpreter(in BaseInputs) []string {
	if len(in.Interpreter) > 0 {
		return in.Interpreter
	}
	return []string{"/bin/sh", "-c"}
}

func environment(in BaseInputs, previous BaseOutputs) []string {
	env := os.Environ()
	for name, value := range in.Environment {
		env = append(env, name+"="+value)
	}
	if in.AddPreviousOutputInEnv != nil && !*in.AddPreviousOutputInEnv {
		return env
	}
	if previous.Stdout != "" {
		env = append(env, previousStdout+"="+previous.Stdout)
	}
	if previous.Stderr != "" {
		env = append(env, previousStderr+"="+previous.Stderr)
	}
	return env
}

func logLine(ctx context.Context, masker *secrets.Masker) func(string) {
	if masker.Withheld() {
		return func(string) {}
	}
	return func(line string) { p.GetLogger(ctx).InfoStatus(masker.Mask(line)) }
}
