package local

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
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

func TestLeavesNoProcessWhenInterrupted(t *testing.T) {
	for title, command := range map[string]string{
		"a plain child":                "echo $$ >> pids; sleep 60 & echo $! >> pids; wait",
		"children that ignore SIGTERM": "trap '' TERM; echo $$ >> pids; sh -c 'echo $$ >> ../d/pids; sleep 60; sleep 60'; sleep 60",
		"a child in another group":     "echo $$ >> pids; setsid sh -c 'echo $$ >> ../d/pids; sleep 60; true'; true",
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "d")
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			failed := make(chan error, 1)
			go func() {
				_, err := execute(ctx, command, BaseInputs{Dir: &dir}, BaseOutputs{})
				failed <- err
			}()
			pids := waitForPids(t, filepath.Join(dir, "pids"), 2)
			cancel()
			select {
			case err := <-failed:
				if err == nil || !strings.Contains(err.Error(), "the update was interrupted") {
					t.Errorf("got error %v", err)
				}
			case <-time.After(2 * killAfter):
				t.Fatal("it goes on")
			}
			for _, pid := range pids {
				if alive(pid) {
					t.Errorf("process %d is left", pid)
				}
			}
		})
	}
}

func TestNamesTheTimeout(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	_, err := execute(ctx, "echo begun; sleep 60", BaseInputs{}, BaseOutputs{})
	if err == nil || !strings.Contains(err.Error(), "custom timeout") || !strings.Contains(err.Error(), "begun") {
		t.Errorf("got error %v", err)
	}
}

func waitForPids(t *testing.T, file string, count int) []int {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		data, _ := os.ReadFile(file)
		fields := strings.Fields(string(data))
		if len(fields) < count {
			continue
		}
		pids := make([]int, count)
		for i := range pids {
			pids[i], _ = strconv.Atoi(fields[i])
		}
		return pids
	}
	t.Fatal("the command did not start")
	return nil
}

// alive is false for zombies, which only wait to be collected.
func alive(pid int) bool {
	time.Sleep(50 * time.Millisecond)
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return !strings.Contains(string(stat), ") Z ")
}
