// Command provider is pulumi-resource-docker. ../tfgen writes the schema it embeds at build time.
package main

import (
	"embed"
	"fmt"
	"os"

	"agatha/toolchain/engine/docker/mapping"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
)

// A folder, so that the package compiles (for vet and tests) before the schema is generated.
//
//go:embed schema
var files embed.FS

func main() {
	schema, err := files.ReadFile("schema/schema.json")
	if err != nil {
		fmt.Fprintln(os.Stderr, "pulumi-resource-docker: it was built without its schema. Build it by offline/engine/build.sh.")
		os.Exit(1)
	}
	tfbridge.Main(mapping.Name, mapping.Version, mapping.Provider(), schema)
}
