// Command command is pulumi-resource-command: a stand-in for the published plugin, which no module registry serves.
package main

import (
	"context"
	"fmt"
	"os"
)

// Version is the release of @pulumi/command whose schema is served. 4.5.0, npm's other "latest", is an older subset.
const Version = "1.2.1"

func main() {
	provider, err := newProvider()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := provider.Run(context.Background(), "command", Version); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
