package main

import (
	"context"
	"regexp"

	"agatha/toolchain/engine/command/local"
	"agatha/toolchain/engine/command/secrets"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi-go-provider/middleware/cancel"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// newProvider serves command:local:Command and command:local:run.
func newProvider() (p.Provider, error) {
	provider, err := infer.NewProviderBuilder().
		WithDescription("Runs commands of the host as Pulumi resources").
		WithLicense("Apache-2.0").
		WithResources(infer.Resource(local.Command{})).
		WithFunctions(infer.Function(local.Run{})).
		// infer derives the module from the Go package, which is "local" already.
		WithModuleMap(map[tokens.ModuleName]tokens.ModuleName{"local": "local"}).
		Build()
	if err != nil {
		return p.Provider{}, err
	}
	return cancel.Wrap(replaceOnTriggers(maskSecrets(provider))), nil
}

// maskSecrets tells the commands which values must not be seen in logs and errors. The typed inputs of infer no longer
// know what was secret, hence this detour by the context.
func maskSecrets(provider p.Provider) p.Provider {
	wrapped := provider
	wrapped.Create = func(ctx context.Context, req p.CreateRequest) (p.CreateResponse, error) {
		return provider.Create(withSecrets(ctx, req.Properties), req)
	}
	wrapped.Update = func(ctx context.Context, req p.UpdateRequest) (p.UpdateResponse, error) {
		return provider.Update(withSecrets(ctx, req.State, req.OldInputs, req.Inputs), req)
	}
	wrapped.Delete = func(ctx context.Context, req p.DeleteRequest) error {
		return provider.Delete(withSecrets(ctx, req.Properties, req.OldInputs), req)
	}
	wrapped.Invoke = func(ctx context.Context, req p.InvokeRequest) (p.InvokeResponse, error) {
		return provider.Invoke(withSecrets(ctx, req.Args), req)
	}
	return wrapped
}

func withSecrets(ctx context.Context, maps ...property.Map) context.Context {
	masker := secrets.NewMasker(maps...)
	for _, m := range maps {
		for _, key := range []string{"create", "update", "delete", "command", "interpreter"} {
			if m.Get(key).HasSecrets() {
				masker.WithholdOutput()
			}
		}
	}
	return secrets.NewContext(ctx, masker)
}

var triggersPath = regexp.MustCompile(`^triggers($|\[)`)

var replacing = map[p.DiffKind]p.DiffKind{p.Add: p.AddReplace, p.Delete: p.DeleteReplace, p.Update: p.UpdateReplace}

// replaceOnTriggers makes every change below triggers a replacement, as the published SDK asks for by
// `replaceOnChanges: ["triggers[*]"]`. infer alone does so only when the whole list comes or goes.
func replaceOnTriggers(provider p.Provider) p.Provider {
	wrapped := provider
	wrapped.Diff = func(ctx context.Context, req p.DiffRequest) (p.DiffResponse, error) {
		resp, err := provider.Diff(ctx, req)
		for path, diff := range resp.DetailedDiff {
			if kind, ok := replacing[diff.Kind]; ok && triggersPath.MatchString(path) {
				diff.Kind = kind
				resp.DetailedDiff[path] = diff
			}
		}
		return resp, err
	}
	return wrapped
}
