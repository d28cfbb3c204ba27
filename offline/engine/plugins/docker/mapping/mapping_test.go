package mapping

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-sdk/v2/terraform"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfgen"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"
	"github.com/terraform-providers/terraform-provider-docker/shim"
)

// published is what the npm package sends: read off its classes, functions and types/input.d.ts.
type published struct {
	Config    []string
	Resources map[string][]string
	Functions map[string][]string
	Types     map[string][]string
}

// The published plugin adds Image natively, beside the upstream provider. This project builds its images by Nix.
const native = "docker:index/image:Image"

func load(t *testing.T) (published, schema.PackageSpec) {
	t.Helper()
	data, err := os.ReadFile("testdata/pulumi-docker-" + Version + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var npm published
	if err := json.Unmarshal(data, &npm); err != nil {
		t.Fatal(err)
	}
	if len(npm.Resources) == 0 || len(npm.Functions) == 0 || len(npm.Types) == 0 {
		t.Fatal("the list of the npm package's names is empty")
	}
	delete(npm.Resources, native)
	sink := diag.DefaultSink(os.Stderr, os.Stderr, diag.FormatOptions{Color: colors.Never})
	spec, err := tfgen.GenerateSchema(Provider(), sink)
	if err != nil {
		t.Fatal(err)
	}
	return npm, spec
}

func TestServesTheTokensOfTheNpmPackage(t *testing.T) {
	npm, spec := load(t)
	same(t, "resources", slices.Collect(maps.Keys(npm.Resources)), slices.Collect(maps.Keys(spec.Resources)))
	functions := slices.DeleteFunc(slices.Collect(maps.Keys(spec.Functions)), func(token string) bool {
		return strings.HasPrefix(token, "pulumi:") // the bridge's own, of every provider
	})
	same(t, "functions", slices.Collect(maps.Keys(npm.Functions)), functions)
}

func TestServesThePropertiesOfTheNpmPackage(t *testing.T) {
	npm, spec := load(t)
	for token, names := range npm.Resources {
		resource := spec.Resources[token]
		for _, name := range names {
			_, input := resource.InputProperties[name]
			_, output := resource.Properties[name]
			if !input && !output {
				t.Errorf("%s has no property %s", token, name)
			}
		}
	}
	for token, names := range npm.Functions {
		contains(t, token, names, spec.Functions[token].Inputs.Properties)
	}
	contains(t, "the provider", npm.Config, spec.Provider.InputProperties)
	types := map[string]map[string]schema.PropertySpec{}
	for token, spec := range spec.Types {
		types[strings.ToLower(token[strings.LastIndex(token, ":")+1:])] = spec.Properties
	}
	for name, properties := range npm.Types {
		contains(t, "type "+name, properties, types[strings.ToLower(name)])
	}
}

func TestReplacesContainersDeleteFirst(t *testing.T) {
	if !Provider().Resources["docker_container"].DeleteBeforeReplace {
		t.Error("a container's fixed name and host ports cannot be held twice")
	}
}

func contains(t *testing.T, where string, names []string, properties map[string]schema.PropertySpec) {
	t.Helper()
	for _, name := range names {
		if _, ok := properties[name]; !ok {
			t.Errorf("%s has no property %s", where, name)
		}
	}
}

func same(t *testing.T, what string, want, got []string) {
	t.Helper()
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) {
		t.Errorf("%s: the npm package has\n%v\nthe schema has\n%v", what, want, got)
	}
}

// As the published plugin: a preview of a host that is away fails unless it is told another one.
func TestPingsItsHostWhenItIsConfigured(t *testing.T) {
	for _, c := range []struct {
		host, certPath string
		fails          bool
	}{
		{"unix:///nowhere/docker.sock", "", true},
		{"tcp://127.0.0.1:1", "", true},
		{"ssh://none.invalid", "", false},
		{"ssh://none.invalid", "/nowhere", true},
	} {
		config := terraform.NewResourceConfigRaw(map[string]any{"host": c.host, "cert_path": c.certPath})
		diags := shim.NewProvider(Version).Configure(context.Background(), config)
		if diags.HasError() != c.fails {
			t.Errorf("%s, certificates in %q: %v", c.host, c.certPath, diags)
		}
	}
}
