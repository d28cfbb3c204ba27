package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"agatha/toolchain/engine/command/secrets"

	p "github.com/pulumi/pulumi-go-provider"
)

// The variables that give a former run's outputs to the next one.
const (
	previousStdout = "PULUMI_COMMAND_STDOUT"
	previousStderr = "PULUMI_COMMAND_STDERR"
)

// Output that is still unread this long after every process of a command was ended is given up: somebody outside holds the pipe.
const drainLimit = time.Second

// execute runs command and waits for it and for everybody who holds its output. It fails on any status but 0.
func execute(ctx context.Context, command string, in BaseInputs, previous BaseOutputs) (BaseOutputs, error) {
	if err := checkDir(in.Dir); err != nil {
		return BaseOutputs{}, err
	}
	masker := secrets.FromContext(ctx)
	argv := append(append([]string{}, interpreter(in)...), command)
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = environment(in, previous)
	if in.Dir != nil {
		cmd.Dir = *in.Dir
	}
	if in.Stdin != nil && *in.Stdin != "" {
		cmd.Stdin = strings.NewReader(*in.Stdin)
	}
	capture := newCapture(logLine(ctx, masker))
	err := supervise(ctx, cmd, capture.writer(&capture.stdout, in.Logging.stdout()), capture.writer(&capture.stderr, in.Logging.stderr()))
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

// supervise starts cmd in a process group of its own and sees to its end, and to that of its children when ctx ends first.
func supervise(ctx context.Context, cmd *exec.Cmd, stdout, stderr io.Writer) error {
	if err := ctx.Err(); err != nil {
		return interrupted(ctx)
	}
	running.Add(1)
	defer running.Done()
	var copies sync.WaitGroup
	var readers []*os.File
	var ends []*os.File
	for _, pipe := range []struct {
		to   io.Writer
		from *io.Writer
	}{{stdout, &cmd.Stdout}, {stderr, &cmd.Stderr}} {
		r, w, err := os.Pipe()
		if err != nil {
			return err
		}
		*pipe.from, readers, ends = w, append(readers, r), append(ends, w)
		copies.Add(1)
		go func() {
			defer copies.Done()
			_, _ = io.Copy(pipe.to, r)
			_ = r.Close()
		}()
	}
	ownGroup(cmd)
	err := cmd.Start()
	closeAll(ends)
	if err != nil {
		copies.Wait()
		return err
	}
	done := make(chan error, 1)
	go func() {
		err := cmd.Wait()
		copies.Wait()
		done <- err
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		endTree(cmd.Process.Pid, done, time.Now().Add(drainLimit+killAfter), readers)
		return interrupted(ctx)
	}
}

func closeAll(files []*os.File) {
	for _, file := range files {
		_ = file.Close()
	}
}

func interrupted(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return errors.New("ended, with its children, because its custom timeout was over")
	}
	return errors.New("ended, with its children, because the update was interrupted")
}

// running counts the commands that have not ended.
var running sync.WaitGroup

// WaitForCommands returns when no command runs any more, at the latest after limit.
func WaitForCommands(limit time.Duration) {
	done := make(chan struct{})
	go func() {
		running.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(limit):
	}
}
