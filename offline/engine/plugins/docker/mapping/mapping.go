// Package mapping translates the upstream docker provider into the schema that the npm package @pulumi/docker speaks.
package mapping

import (
	"strings"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shimv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/terraform-providers/terraform-provider-docker/shim"
)

// Name is the package name in type tokens.
const Name = "docker"

// Version is the release of @pulumi/docker that this mapping serves.
const Version = "5.2.0"

// resources maps upstream resources to their published class names.
var resources = map[string]string{
	"docker_buildx_builder": "BuildxBuilder",
	"docker_config":         "ServiceConfig",
	"docker_container":      "Container",
	"docker_image":          "RemoteImage",
	"docker_network":        "Network",
	"docker_plugin":         "Plugin",
	"docker_registry_image": "RegistryImage",
	"docker_secret":         "Secret",
	"docker_service":        "Service",
	"docker_tag":            "Tag",
	"docker_volume":         "Volume",
}

// dataSources maps upstream data sources to their published function names.
var dataSources = map[string]string{
	"docker_image":                    "getRemoteImage",
	"docker_logs":                     "getLogs",
	"docker_network":                  "getNetwork",
	"docker_plugin":                   "getPlugin",
	"docker_registry_image":           "getRegistryImage",
	"docker_registry_image_manifests": "getRegistryImageManifests",
}

// Provider is the mapped provider, ready for tfgen and for serving.
func Provider() tfbridge.ProviderInfo {
	info := tfbridge.ProviderInfo{
		P:           shimv2.NewProvider(shim.NewProvider(Version)),
		Name:        Name,
		Version:     Version,
		Description: "Docker resources for Pulumi programs",
		License:     "Apache-2.0",
		Config:      config(),
		Resources:   map[string]*tfbridge.ResourceInfo{},
		DataSources: map[string]*tfbridge.DataSourceInfo{},
	}
	for upstream, class := range resources {
		info.Resources[upstream] = &tfbridge.ResourceInfo{Tok: tokens.Type(token(class))}
	}
	for upstream, function := range dataSources {
		info.DataSources[upstream] = &tfbridge.DataSourceInfo{Tok: tokens.ModuleMember(token(function))}
	}
	adjust(info.Resources)
	// Same length and separator as the published plugin, so that unnamed resources get the same kind of name.
	info.SetAutonaming(255, "-")
	return info
}

func config() map[string]*tfbridge.SchemaInfo {
	return map[string]*tfbridge.SchemaInfo{
		"host":          {Default: &tfbridge.DefaultInfo{Value: "unix:///var/run/docker.sock", EnvVars: []string{"DOCKER_HOST"}}},
		"registry_auth": {Name: "registryAuth", MaxItemsOne: tfbridge.False()},
	}
}

// adjust holds what differs from the bridge's own choice of names and behaviour.
func adjust(resources map[string]*tfbridge.ResourceInfo) {
	container := resources["docker_container"]
	// Host ports and fixed names cannot be held twice.
	container.DeleteBeforeReplace = true
	container.Fields = map[string]*tfbridge.SchemaInfo{
		"command":           {Name: "command"},
		"networks_advanced": {Name: "networksAdvanced"},
	}
	// A reference, not a name to be made up.
	resources["docker_image"].Fields = map[string]*tfbridge.SchemaInfo{"name": {Name: "name"}}
}

// token is docker:index/<member, first letter small>:<member>.
func token(member string) string {
	return Name + ":index/" + strings.ToLower(member[:1]) + member[1:] + ":" + member
}
