//go:build unix && !linux

package local

import "syscall"

func dieWithProvider(*syscall.SysProcAttr) {}

// descendants is for Linux only; elsewhere the process group has to do.
func descendants(int) []int { return nil }
