#!/usr/bin/env bash
# Builds the Pulumi engine (CLI, Node language host, docker and command plugins) from Go modules.
set -euo pipefail

usage="usage: build.sh [--out DIR] [--plugins DIR]"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$root/.tools/bin
plugins=$root/.tools/pulumi-home/plugins
binaries=(pulumi pulumi-language-nodejs pulumi-resource-docker pulumi-resource-command)

say() { printf 'toolchain: %s\n' "$*"; }
die() {
  printf 'toolchain: %s\n' "$*" >&2
  exit 1
}

while (($#)); do
  case $1 in
    --out) out=${2:?$usage} && shift 2 ;;
    --plugins) plugins=${2:?$usage} && shift 2 ;;
    *) die "\"$1\" is not an option. $usage" ;;
  esac
done

go=$(command -v go || true)
if [[ -z $go && -x /usr/local/go/bin/go ]]; then go=/usr/local/go/bin/go; fi
[[ -n $go ]] || die "Go was not found on PATH or in /usr/local/go. Install Go, or put pulumi and its plugins on PATH."

# A mod line of a go.mod: where every pinned version stands.
pinned() { sed -n "s|^.*$2 \(v[^ ]*\).*|\1|p" "$here/$1/go.mod" | head -n 1; }
constant() { sed -n 's/^const Version = "\(.*\)"$/\1/p' "$here/plugins/$1"; }
cli_version=$(pinned plugins github.com/pulumi/pulumi/pkg/v3)
docker_version=$(constant docker/mapping/mapping.go)
command_version=$(constant command/main.go)
[[ $cli_version && $docker_version && $command_version ]] || die "a pinned version was not found below $here. Restore its files from git."

# Tests and pages are no part of the key: they change no binary.
sources() { find . -type f ! -name '*_test.go' ! -name '*.md' ! -path '*/testdata/*' ! -name test.sh | LC_ALL=C sort; }
key() {
  (cd "$here" && sources | while read -r file; do sha256sum "$file"; done
    uname -sm) | sha256sum | cut -c 1-24
}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/agatha

# Links (or copies, to another file system) one file in place of whatever is there, in one step.
put() {
  [[ $1 -ef $2 ]] && return
  mkdir -p "$(dirname "$2")"
  rm -f "$2.new"
  ln "$1" "$2.new" 2>/dev/null || cp "$1" "$2.new"
  mv -f "$2.new" "$2"
}

# The plugin folder is what keeps Pulumi quiet: it warns of plugins that it takes from PATH.
install() {
  local name
  for name in "${binaries[@]}"; do put "$entry/$name" "$out/$name"; done
  put "$entry/pulumi-resource-docker" "$plugins/resource-docker-v$docker_version/pulumi-resource-docker"
  put "$entry/pulumi-resource-command" "$plugins/resource-command-v$command_version/pulumi-resource-command"
}

entry=$cache/toolchain-$("$go" version | cut -d ' ' -f 3)-$(key)
if [[ -e $entry/complete ]]; then
  install
  say "ready in ${out/#"$root/"/} (from the cache)"
  exit
fi

mkdir -p "$cache"
# Two clones at once build once.
exec 9>"$cache/toolchain.lock"
if command -v flock >/dev/null && ! flock -n 9; then
  say "waiting for another build of the same ..."
  flock 9
  if [[ -e $entry/complete ]]; then
    install
    say "ready in ${out/#"$root/"/}"
    exit
  fi
fi

work=$(mktemp -d "$cache/building.XXXXXX")
jobs_started=()
cleanup() {
  local status=$? job
  for job in "${jobs_started[@]:-}"; do [[ -z $job ]] || kill "$job" 2>/dev/null || true; done
  rm -rf "$work"
  exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# A copy, because the docker schema is generated into it. -trimpath makes the build cache blind to the place.
cp -R "$here/plugins" "$here/language-host" "$work/"
mkdir "$work/bin"

# The go.mod names the oldest Go that will do. An older one on PATH may fetch it, unless the user chose GOTOOLCHAIN.
oldest=$(sed -n 's/^go //p' "$work/plugins/go.mod")
have=$("$go" env GOVERSION | sed 's/^go//')
if [[ $(printf '%s\n' "$oldest" "$have" | sort -V | head -n 1) != "$oldest" && -z ${GOTOOLCHAIN:-} ]]; then
  say "Go $have is older than $oldest: the go command fetches that one"
  export GOTOOLCHAIN=auto
fi
# No C compiler needed, and the binaries run on any distribution.
export CGO_ENABLED=0

# build MODULE LOG ARGS...: for the background only, where it becomes the go command, so that its PID is go's.
build() {
  local module=$1 log=$work/$2.log
  shift 2
  cd "$work/$module"
  # no_compose leaves out a resource that @pulumi/docker does not have, and half of Docker Compose with it.
  exec "$go" build -mod=readonly -trimpath -buildvcs=false -tags no_compose \
    -ldflags "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=$cli_version" "$@" >"$log" 2>&1
}

# phase LOG: go names each module it downloads and is silent while it compiles.
modules=0
phase() {
  local count
  count=$(grep -c '^go: downloading' "$1" || true)
  if ((count > modules)); then printf -v doing 'downloading modules (%s)' "$count"; else doing=compiling; fi
  modules=$count
}

# watch PID LOG START WHAT...: a line when a binary appears, one each 15 s otherwise, and the status of PID.
watch() {
  local pid=$1 log=$work/$2.log start=$3 name doing last=$SECONDS
  shift 3
  local -A seen=()
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.5
    for name in "$@"; do
      if [[ -z ${seen[$name]:-} && -x $work/bin/$name ]]; then
        seen[$name]=1 last=$SECONDS
        say "$name ... $((SECONDS - start)) s"
      fi
    done
    if ((SECONDS - last >= 14)); then
      last=$SECONDS
      phase "$log"
      say "$doing for $(pending "$@") ... $((SECONDS - start)) s"
    fi
  done
  wait "$pid"
}
pending() { local name && for name in "$@"; do [[ -x $work/bin/$name ]] || printf '%s ' "$name"; done | sed 's/ $//;s/ /, /g'; }

failed() {
  grep -v '^go: downloading' "$work/$1.log" | tail -n 25 >&2
  die "building $2 failed, see above. Fix that (go env GOPROXY must name a proxy that is reached; 10 GB must be free), then run the same again: what is built is kept."
}

started=$SECONDS
say "building pulumi $cli_version and its plugins with $("$go" env GOVERSION); minutes at first, then cached in $cache"

build language-host host -o "$work/bin/pulumi-language-nodejs" \
  github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs &
host=$!
jobs_started+=("$host")
# One go command for all that share packages, so that links run side by side too.
build plugins engine -o "$work/bin/" github.com/pulumi/pulumi/pkg/v3/cmd/pulumi ./docker/tfgen ./command &
engine=$!
jobs_started+=("$engine")
watch "$engine" engine "$started" pulumi-language-nodejs command tfgen pulumi || failed engine "the engine"
mv "$work/bin/command" "$work/bin/pulumi-resource-command"

schema=$work/plugins/docker/provider/schema
(cd "$work/plugins" && "$work/bin/tfgen" schema --skip-docs --skip-examples --out "$schema") >"$work/tfgen.log" 2>&1 ||
  failed tfgen "the docker plugin's schema"
build plugins docker -o "$work/bin/pulumi-resource-docker" ./docker/provider &
docker=$!
jobs_started+=("$docker")
watch "$docker" docker "$started" pulumi-resource-docker || failed docker "the docker plugin"
wait "$host" || failed host "the Node language host"
jobs_started=()

# Filled aside and renamed: whoever sees the entry sees all of it.
mkdir "$work/entry"
for name in "${binaries[@]}"; do mv "$work/bin/$name" "$work/entry/"; done
touch "$work/entry/complete"
rm -rf "$entry"
mv "$work/entry" "$entry"
install
say "ready in ${out/#"$root/"/} after $((SECONDS - started)) s"
