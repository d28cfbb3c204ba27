//go:build unix

package local

import (
	"os"
	"os/exec"
	"syscall"
	"time"
)

// killAfter is how long a command may take to end by itself after SIGTERM.
const killAfter = 5 * time.Second

// ownGroup starts cmd in a new process group, so that a signal reaches its children too.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithProvider(cmd.SysProcAttr)
}

// endTree ends the group led by pid and every descendant that has left the group: SIGTERM, then SIGKILL to what is left.
// It returns when done reports, or when limit is over and the readers were closed under somebody who still writes.
func endTree(pid int, done <-chan error, limit time.Time, readers []*os.File) {
	others := descendants(pid)
	signalAll(pid, others, syscall.SIGTERM)
	ended := waitFor(done, killAfter)
	// The group may have survived its leader; a process that was started in the meantime has not seen the first signal.
	others = append(others, descendants(pid)...)
	signalAll(pid, others, syscall.SIGKILL)
	if ended || waitFor(done, time.Until(limit)) {
		return
	}
	closeAll(readers)
}

func waitFor(done <-chan error, limit time.Duration) bool {
	select {
	case <-done:
		return true
	case <-time.After(limit):
		return false
	}
}

func signalAll(group int, others []int, signal syscall.Signal) {
	_ = syscall.Kill(-group, signal)
	for _, pid := range others {
		_ = syscall.Kill(pid, signal)
	}
}
