package local

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// dieWithProvider covers a provider that is killed and can end nothing itself.
func dieWithProvider(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }

// descendants lists the processes below pid, from /proc.
func descendants(pid int) []int {
	children := map[int][]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, stat := range stats {
		child, err := strconv.Atoi(filepath.Base(filepath.Dir(stat)))
		if err != nil {
			continue
		}
		if parent, ok := parentOf(stat); ok {
			children[parent] = append(children[parent], child)
		}
	}
	var found []int
	for queue := children[pid]; len(queue) > 0; {
		next := queue[0]
		found = append(found, next)
		queue = append(queue[1:], children[next]...)
	}
	return found
}

// parentOf reads the field after the state; the name before them is in parentheses and may hold anything.
func parentOf(stat string) (int, bool) {
	data, err := os.ReadFile(stat)
	if err != nil {
		return 0, false
	}
	_, after, found := strings.Cut(string(data[strings.LastIndexByte(string(data), ')')+1:]), " ")
	fields := strings.Fields(after)
	if !found || len(fields) < 2 {
		return 0, false
	}
	parent, err := strconv.Atoi(fields[1])
	return parent, err == nil
}
