package local

import (
	"context"
	"fmt"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Command is the resource command:local:Command.
type Command struct{}

var (
	_ infer.CustomCheck[CommandInputs]                  = Command{}
	_ infer.CustomUpdate[CommandInputs, CommandOutputs] = Command{}
	_ infer.CustomDelete[CommandOutputs]                = Command{}
)

// CommandInputs are the resource's inputs.
type CommandInputs struct {
	BaseInputs
	Create   *string `pulumi:"create,optional"`
	Delete   *string `pulumi:"delete,optional"`
	Update   *string `pulumi:"update,optional"`
	Triggers *[]any  `pulumi:"triggers,optional" provider:"replaceOnChanges"`
}

// CommandOutputs are the inputs and what the last run left.
type CommandOutputs struct {
	CommandInputs
	BaseOutputs
}

// Annotate documents the schema.
func (c *Command) Annotate(a infer.Annotator) {
	a.Describe(c, "A command of this host, run when the resource is created, updated or deleted. A status other than 0 fails the step.")
}

// Annotate documents the schema.
func (c *CommandInputs) Annotate(a infer.Annotator) {
	a.Describe(&c.Create, "Run at creation, and at updates where update is not given.")
	a.Describe(&c.Delete, "Run at deletion, a replacement's included.")
	a.Describe(&c.Update, "Run when an input other than triggers changes. Default: create.")
	a.Describe(&c.Triggers, "Values of any type: the resource is replaced when one changes.")
}

// Check refuses what this stand-in lacks.
func (Command) Check(ctx context.Context, req infer.CheckRequest) (infer.CheckResponse[CommandInputs], error) {
	inputs, failures, err := infer.DefaultCheck[CommandInputs](ctx, req.NewInputs)
	return infer.CheckResponse[CommandInputs]{Inputs: inputs, Failures: append(failures, inputs.unsupported()...)}, err
}

func (b BaseInputs) unsupported() []p.CheckFailure {
	var failures []p.CheckFailure
	for name, paths := range map[string]*[]string{"assetPaths": b.AssetPaths, "archivePaths": b.ArchivePaths} {
		if paths == nil {
			continue
		}
		failures = append(failures, p.CheckFailure{Property: name, Reason: fmt.Sprintf(
			"%s: %q is not supported by this build of the command plugin. "+
				"Leave it out, or use the published plugin.", name, *paths)})
	}
	return failures
}

// Create runs `create`. A failure leaves nothing in the state, so that the next update tries again.
func (Command) Create(ctx context.Context, req infer.CreateRequest[CommandInputs]) (infer.CreateResponse[CommandOutputs], error) {
	resp := infer.CreateResponse[CommandOutputs]{Output: CommandOutputs{CommandInputs: req.Inputs}}
	id, err := resource.NewUniqueHex(req.Name, 8, 0)
	if err != nil {
		return resp, err
	}
	resp.ID = id
	if req.DryRun || req.Inputs.Create == nil {
		return resp, nil
	}
	resp.Output.BaseOutputs, err = execute(ctx, *req.Inputs.Create, req.Inputs.BaseInputs, BaseOutputs{})
	return resp, err
}

// Update runs `update`, else `create`, and keeps the former outputs where neither is given.
func (Command) Update(ctx context.Context, req infer.UpdateRequest[CommandInputs, CommandOutputs]) (infer.UpdateResponse[CommandOutputs], error) {
	resp := infer.UpdateResponse[CommandOutputs]{
		Output: CommandOutputs{CommandInputs: req.Inputs, BaseOutputs: req.State.BaseOutputs},
	}
	command := req.Inputs.Update
	if command == nil {
		command = req.Inputs.Create
	}
	if req.DryRun || command == nil {
		return resp, nil
	}
	var err error
	resp.Output.BaseOutputs, err = execute(ctx, *command, req.Inputs.BaseInputs, req.State.BaseOutputs)
	return resp, err
}

// Delete runs `delete`. A failure keeps the resource in the state.
func (Command) Delete(ctx context.Context, req infer.DeleteRequest[CommandOutputs]) (infer.DeleteResponse, error) {
	if req.State.Delete == nil {
		return infer.DeleteResponse{}, nil
	}
	_, err := execute(ctx, *req.State.Delete, req.State.BaseInputs, req.State.BaseOutputs)
	return infer.DeleteResponse{}, err
}
