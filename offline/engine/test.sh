#!/usr/bin/env bash
# Tests the command plugin and the docker mapping, with build.sh's settings so that the two share the build cache.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/plugins"
go=$(command -v go || echo /usr/local/go/bin/go)
export CGO_ENABLED=0
exec "$go" test -mod=readonly -trimpath -buildvcs=false -tags no_compose "$@" ./command/... ./docker/...
