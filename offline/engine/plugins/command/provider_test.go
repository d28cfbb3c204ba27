package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blang/semver"
	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/integration"
	presource "github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

const urn = presource.URN("urn:pulumi:stack::project::command:local:Command::cmd")

func serve(t *testing.T) integration.Server {
	t.Helper()
	provider, err := newProvider()
	if err != nil {
		t.Fatal(err)
	}
	server, err := integration.NewServer(t.Context(), "command", semver.MustParse(Version), integration.WithProvider(provider))
	if err != nil {
		t.Fatal(err)
	}
	return server
}

func inputs(pairs ...any) property.Map {
	values := map[string]property.Value{}
	for i := 0; i < len(pairs); i += 2 {
		value, ok := pairs[i+1].(property.Value)
		if !ok {
			value = property.New(pairs[i+1].(string))
		}
		values[pairs[i].(string)] = value
	}
	return property.NewMap(values)
}

func secret(text string) property.Value { return property.New(text).WithSecret(true) }

func TestServesThePropertiesOfTheNpmPackage(t *testing.T) {
	provider, err := newProvider()
	if err != nil {
		t.Fatal(err)
	}
	spec, err := p.GetSchema(context.Background(), "command", Version, provider)
	if err != nil {
		t.Fatal(err)
	}
	shared := []string{"addPreviousOutputInEnv", "archivePaths", "assetPaths", "dir", "environment", "interpreter", "logging", "stdin"}
	resource, ok := spec.Resources["command:local:Command"]
	if !ok {
		t.Fatalf("no command:local:Command in %v", spec.Resources)
	}
	for _, name := range append(shared, "create", "update", "delete", "triggers") {
		if _, ok := resource.InputProperties[name]; !ok {
			t.Errorf("Command has no input %s", name)
		}
	}
	function, ok := spec.Functions["command:local:run"]
	if !ok {
		t.Fatalf("no command:local:run in %v", spec.Functions)
	}
	for _, name := range append(shared, "command") {
		if _, ok := function.Inputs.Properties[name]; !ok {
			t.Errorf("run has no argument %s", name)
		}
	}
	for _, name := range []string{"stdout", "stderr"} {
		if !slices.Contains(resource.Required, name) {
			t.Errorf("Command has no output %s", name)
		}
	}
	if !resource.InputProperties["triggers"].ReplaceOnChanges {
		t.Error("triggers do not replace")
	}
}

func TestLifeCycle(t *testing.T) {
	server, log := serve(t), filepath.Join(t.TempDir(), "log")
	lines := func() string {
		data, _ := os.ReadFile(log)
		return strings.ReplaceAll(strings.TrimSpace(string(data)), "\n", ",")
	}
	run := func(what string) property.Value {
		return property.New("echo " + what + "[$PULUMI_COMMAND_STDOUT] >> " + log + "; echo " + what)
	}
	all := inputs("create", run("create"), "update", run("update"), "delete", run("delete"))
	preview, err := server.Create(p.CreateRequest{Urn: urn, Properties: all, DryRun: true})
	if err != nil || lines() != "" || !preview.Properties.Get("stdout").IsComputed() {
		t.Fatalf("a preview ran something, or knows stdout: %v %q %v", err, lines(), preview.Properties)
	}
	created, err := server.Create(p.CreateRequest{Urn: urn, Properties: all})
	if err != nil || created.Properties.Get("stdout").AsString() != "create" || !strings.HasPrefix(created.ID, "cmd") {
		t.Fatalf("create: %v %v", err, created)
	}
	updated, err := server.Update(p.UpdateRequest{ID: created.ID, Urn: urn, State: created.Properties, Inputs: all})
	if err != nil {
		t.Fatal(err)
	}
	plain := inputs("create", run("again"))
	again, err := server.Update(p.UpdateRequest{ID: created.ID, Urn: urn, State: updated.Properties, Inputs: plain})
	if err != nil || again.Properties.Get("stdout").AsString() != "again" {
		t.Fatalf("an update without `update` does not create: %v %v", err, again)
	}
	kept, err := server.Update(p.UpdateRequest{ID: created.ID, Urn: urn, State: again.Properties, Inputs: inputs("delete", run("delete"))})
	if err != nil || kept.Properties.Get("stdout").AsString() != "again" {
		t.Fatalf("an update without anything to run does not keep the outputs: %v %v", err, kept)
	}
	if err := server.Delete(p.DeleteRequest{ID: created.ID, Urn: urn, Properties: kept.Properties}); err != nil {
		t.Fatal(err)
	}
	if want := "create[],update[create],again[update],delete[again]"; lines() != want {
		t.Errorf("ran %s, want %s", lines(), want)
	}
}

func TestDiff(t *testing.T) {
	trigger := func(pairs ...any) property.Value {
		return property.New([]property.Value{property.New(inputs(pairs...))})
	}
	old := inputs("create", "a", "environment", property.New(inputs("A", "1")), "triggers", trigger("jar", "1"))
	for _, c := range []struct {
		title string
		news  property.Map
		want  map[string]p.DiffKind
	}{
		{"changes nothing without a change", old, map[string]p.DiffKind{}},
		{"updates on another command", old.Set("create", property.New("b")), map[string]p.DiffKind{"create": p.Update}},
		{"updates on one environment variable", old.Set("environment", property.New(inputs("A", "2"))), map[string]p.DiffKind{"environment.A": p.Update}},
		{"replaces on a changed trigger, naming it", old.Set("triggers", trigger("jar", "2")), map[string]p.DiffKind{"triggers[0].jar": p.UpdateReplace}},
		{"replaces on a new trigger, naming it", old.Set("triggers", trigger("jar", "1", "new", "x")), map[string]p.DiffKind{"triggers[0].new": p.AddReplace}},
		{"replaces when triggers go", old.Delete("triggers"), map[string]p.DiffKind{"triggers": p.DeleteReplace}},
	} {
		t.Run(c.title, func(t *testing.T) {
			resp, err := serve(t).Diff(p.DiffRequest{ID: "x", Urn: urn, State: old, OldInputs: old, Inputs: c.news})
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]p.DiffKind{}
			for path, diff := range resp.DetailedDiff {
				got[path] = diff.Kind
			}
			if len(got) != len(c.want) || resp.HasChanges != (len(c.want) > 0) {
				t.Fatalf("got %v, want %v", got, c.want)
			}
			for path, kind := range c.want {
				if got[path] != kind {
					t.Errorf("got %v, want %v", got, c.want)
				}
			}
		})
	}
}

func TestMasksSecretsInErrors(t *testing.T) {
	for _, c := range []struct {
		title    string
		inputs   property.Map
		contains string
	}{
		{"of the environment", inputs("create", `echo "got $P"; exit 1`, "environment", property.New(inputs("P", secret("hunter2")))), "got [secret]"},
		{"of a secret environment", inputs("create", `echo "got $P" >&2; exit 1`, "environment", property.New(inputs("P", "hunter2")).WithSecret(true)), "got [secret]"},
		{"of stdin", inputs("create", "cat; exit 1", "stdin", secret("hunter2\nmore\n")), "[secret]"},
		{"of a secret command", inputs("create", secret("echo hunter2; exit 1")), "running a command that is a secret"},
		{"of a secret interpreter", inputs("create", "hunter2", "interpreter", property.New([]property.Value{property.New("/bin/sh"), property.New("-c"), secret("echo hunter2; exit 1")})), "running a command that is a secret"},
	} {
		t.Run(c.title, func(t *testing.T) {
			_, err := serve(t).Create(p.CreateRequest{Urn: urn, Properties: c.inputs})
			if err == nil || !strings.Contains(err.Error(), c.contains) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got error %v", err)
			}
		})
	}
}

func TestMasksFormerSecretsWhenDeleting(t *testing.T) {
	state := inputs("delete", `echo "$PULUMI_COMMAND_STDOUT"; exit 1`, "stdout", secret("hunter2"), "stderr", "")
	err := serve(t).Delete(p.DeleteRequest{ID: "x", Urn: urn, Properties: state})
	if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "[secret]") {
		t.Errorf("got error %v", err)
	}
}

func TestKeepsInputsSecret(t *testing.T) {
	created, err := serve(t).Create(p.CreateRequest{Urn: urn, Properties: inputs("create", "true", "stdin", secret("hunter2"))})
	if err != nil || !created.Properties.Get("stdin").Secret() {
		t.Errorf("stdin is no secret in the state: %v %v", created.Properties, err)
	}
}

func TestRefusesWhatItLacks(t *testing.T) {
	paths := property.New([]property.Value{property.New("*.txt")})
	for _, name := range []string{"assetPaths", "archivePaths"} {
		resp, err := serve(t).Check(p.CheckRequest{Urn: urn, Inputs: inputs("create", "true", name, paths)})
		if err != nil || len(resp.Failures) != 1 || !strings.Contains(resp.Failures[0].Reason, "is not supported by this build") {
			t.Errorf("Command with %s: %v %v", name, resp.Failures, err)
		}
		_, err = serve(t).Invoke(p.InvokeRequest{Token: "command:local:run", Args: inputs("command", "true", name, paths)})
		if err == nil || !strings.Contains(err.Error(), "is not supported by this build") {
			t.Errorf("run with %s: %v", name, err)
		}
	}
}

func TestRunsTheFunction(t *testing.T) {
	resp, err := serve(t).Invoke(p.InvokeRequest{Token: "command:local:run", Args: inputs("command", "echo hi; echo err >&2")})
	if err != nil || resp.Return.Get("stdout").AsString() != "hi" || resp.Return.Get("stderr").AsString() != "err" {
		t.Errorf("got %v %v", resp, err)
	}
}
