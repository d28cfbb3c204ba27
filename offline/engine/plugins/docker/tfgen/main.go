// Command tfgen writes the schema that the docker provider embeds. It runs at build time only.
package main

import (
	"agatha/toolchain/engine/docker/mapping"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfgen"
)

func main() {
	tfgen.Main(mapping.Name, mapping.Version, mapping.Provider())
}
