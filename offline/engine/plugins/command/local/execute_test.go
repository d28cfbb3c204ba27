package local

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func pointer[T any](value T) *T { return &value }

func TestRunsACommand(t *testing.T) {
	dir := t.TempDir()
	previous := BaseOutputs{Stdout: "old out", Stderr: "old err"}
	for _, c := range []struct {
		title, command string
		in             BaseInputs
		stdout, stderr string
	}{
		{"keeps the streams apart", "echo out; echo err >&2", BaseInputs{}, "out", "err"},
		{"strips the last newline only", `printf ' a\n\nb\n\n'`, BaseInputs{}, " a\n\nb\n", ""},
		{"runs in dir", "pwd", BaseInputs{Dir: &dir}, dir, ""},
		{"gives stdin", "cat", BaseInputs{Stdin: pointer("one\ntwo")}, "one\ntwo", ""},
		{"gives an empty stdin by default", "cat; echo end", BaseInputs{}, "end", ""},
		{"adds to the environment", `echo "$A $HOME"`, BaseInputs{Environment: map[string]string{"A": "a b"}}, "a b " + os.Getenv("HOME"), ""},
		{"lets the environment win over the inherited one", `echo "$HOME"`, BaseInputs{Environment: map[string]string{"HOME": "/x"}}, "/x", ""},
		{"uses the interpreter", "a b", BaseInputs{Interpreter: []string{"/bin/echo", "-n", "x"}}, "x a b", ""},
		{"takes an empty interpreter for the default", "echo $((1 + 1))", BaseInputs{Interpreter: []string{}}, "2", ""},
		{"gives the former outputs", `echo "$PULUMI_COMMAND_STDOUT, $PULUMI_COMMAND_STDERR"`, BaseInputs{}, "old out, old err", ""},
		{"keeps the former outputs when told so", `echo "[$PULUMI_COMMAND_STDOUT$PULUMI_COMMAND_STDERR]"`,
			BaseInputs{AddPreviousOutputInEnv: pointer(false)}, "[]", ""},
		{"waits for children that hold the output", "(sleep 0.2; echo late) & echo early", BaseInputs{}, "early\nlate", ""},
		{"captures whatever is logged", "echo out; echo err >&2", BaseInputs{Logging: pointer(LogNone)}, "out", "err"},
	} {
		t.Run(c.title, func(t *testing.T) {
			got, err := execute(context.Background(), c.command, c.in, previous)
			if err != nil {
				t.Fatal(err)
			}
			if want := (BaseOutputs{Stdout: c.stdout, Stderr: c.stderr}); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestFails(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none")
	for _, c := range []struct {
		title, command string
		in             BaseInputs
		contains       []string
		lacks          []string
	}{
		{"with the status, the command and the output", "echo out; echo err >&2; exit 3", BaseInputs{},
			[]string{"exit status 3: running \"echo out; echo err >&2; exit 3\":\n", "out", "err"}, nil},
		{"with the end of long output", "seq 1 500; exit 1", BaseInputs{}, []string{"(the beginning is left out)\n401\n", "\n500"}, []string{"\n400\n"}},
		{"with the end of one long line", "head -c 100000 /dev/zero | tr '\\0' x; echo end; exit 1", BaseInputs{}, []string{"left out", "xend"}, nil},
		{"when a signal ends it", "kill -TERM $$", BaseInputs{}, []string{"signal: terminated"}, nil},
		{"when dir is not there", "pwd", BaseInputs{Dir: &missing}, []string{`dir: "` + missing + `" does not exist. Create it`}, nil},
		{"when the interpreter is not there", "pwd", BaseInputs{Interpreter: []string{"/no/such"}}, []string{"/no/such", "no such file"}, nil},
	} {
		t.Run(c.title, func(t *testing.T) {
			_, err := execute(context.Background(), c.command, c.in, BaseOutputs{})
			if err == nil {
				t.Fatal("it passed")
			}
			for _, text := range c.contains {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("%q is not in:\n%s", text, err)
				}
			}
			for _, text := range c.lacks {
				if strings.Contains(err.Error(), text) {
					t.Errorf("%q is in:\n%s", text, err)
				}
			}
			if len(err.Error()) > errorBytes+2*errorCommand {
				t.Errorf("%d bytes are too many for an error", len(err.Error()))
			}
		})
	}
}

// As the published plugin: a child that wants to end has to notice by itself.
func TestKillsTheShellAloneAndWaitsForItsChildren(t *testing.T) {
	for title, end := range map[string]func() (context.Context, context.CancelFunc){
		"when the update is interrupted": func() (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(context.Background())
			time.AfterFunc(time.Second, cancel)
			return ctx, cancel
		},
		"when its custom timeout is over": func() (context.Context, context.CancelFunc) {
			return context.WithTimeout(context.Background(), time.Second)
		},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := end()
			defer cancel()
			start := time.Now()
			_, err := execute(ctx, "sleep 3 & echo begun; wait", BaseInputs{}, BaseOutputs{})
			if err == nil || !strings.Contains(err.Error(), "signal: killed: running") || !strings.Contains(err.Error(), "begun") {
				t.Errorf("got error %v", err)
			}
			if took := time.Since(start); took < 2*time.Second {
				t.Errorf("it ended after %s, before its child", took)
			}
		})
	}
}
