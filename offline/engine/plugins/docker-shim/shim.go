// Package shim re-exports the upstream docker provider's constructor.
package shim

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/terraform-providers/terraform-provider-docker/internal/provider"
)

// NewProvider returns the upstream provider under the given version. As the published plugin does in its native half
// (pulumi-docker v5.1.0, provider/image.go: configureDockerClient), it pings the daemon when it is configured, in previews
// too, unless the daemon is behind ssh and no certificate is given.
func NewProvider(version string) *schema.Provider {
	p := provider.New(version)()
	configure := p.ConfigureContextFunc
	p.ConfigureContextFunc = func(ctx context.Context, d *schema.ResourceData) (any, diag.Diagnostics) {
		meta, diags := configure(ctx, d)
		if diags.HasError() || (strings.HasPrefix(d.Get("host").(string), "ssh://") && d.Get("cert_path") == "") {
			return meta, diags
		}
		if _, err := meta.(*provider.ProviderConfig).MakeClient(ctx, d); err != nil {
			return nil, diag.Errorf("failed to connect to any docker daemon")
		}
		return meta, diags
	}
	return p
}
