package local

import (
	"context"
	"errors"

	"github.com/pulumi/pulumi-go-provider/infer"
)

// Run is the function command:local:run, which runs in previews too.
type Run struct{}

// RunInputs are the function's arguments.
type RunInputs struct {
	BaseInputs
	Command string `pulumi:"command"`
}

// RunOutputs are the arguments and what the run left.
type RunOutputs struct {
	RunInputs
	BaseOutputs
}

// Annotate documents the schema.
func (r *Run) Annotate(a infer.Annotator) {
	a.Describe(r, "Runs a command of this host at every preview and update.")
}

// Annotate documents the schema.
func (r *RunInputs) Annotate(a infer.Annotator) {
	a.Describe(&r.Command, "The command to run.")
}

// Invoke runs the command.
func (Run) Invoke(ctx context.Context, req infer.FunctionRequest[RunInputs]) (infer.FunctionResponse[RunOutputs], error) {
	resp := infer.FunctionResponse[RunOutputs]{Output: RunOutputs{RunInputs: req.Input}}
	for _, failure := range req.Input.unsupported() {
		return resp, errors.New(failure.Reason)
	}
	var err error
	resp.Output.BaseOutputs, err = execute(ctx, req.Input.Command, req.Input.BaseInputs, BaseOutputs{})
	return resp, err
}
