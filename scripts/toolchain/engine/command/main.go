// Command command is pulumi-resource-command: a stand-in for the published plugin, which no module registry serves.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"agatha/toolchain/engine/command/local"

	p "github.com/pulumi/pulumi-go-provider"
)

// Version is the release of @pulumi/command whose schema is served. 4.5.0, npm's other "latest", is an older subset.
const Version = "1.2.1"

// Longer than what local gives a command between SIGTERM and SIGKILL.
const shutdownLimit = 10 * time.Second

func main() {
	provider, err := newProvider()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	go endWithParent(provider)
	if err := provider.Run(context.Background(), "command", Version); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// endWithParent ends every running command, then this process, on a signal or when the engine that started it is gone:
// commands run in process groups of their own, so nobody else would end them.
func endWithParent(provider p.Provider) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	parent := os.Getppid()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for waiting := true; waiting; {
		select {
		case <-signals:
			waiting = false
		case <-tick.C:
			waiting = os.Getppid() == parent
		}
	}
	_ = provider.Cancel(context.Background())
	local.WaitForCommands(shutdownLimit)
	os.Exit(1)
}
