#!/usr/bin/env bash
# Runs an npm command: installs Node and the node modules if needed, then runs scripts/<command>.ts.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
command=$1
shift

# Node runs TypeScript by itself since 22.18.
runs_typescript() {
  "$1" -e 'const [major, minor] = process.versions.node.split(".").map(Number)
           process.exit(major > 22 || (major === 22 && minor >= 18) ? 0 : 1)' 2>/dev/null
}

# The node modules, and with them a Node for machines whose own is too old: once, and whenever the lock file changes.
wanted=$(cksum package-lock.json .npmrc)
if [ "$(cat node_modules/.installed 2>/dev/null)" != "$wanted" ]; then
  # Help needs none of them, if Node is new enough.
  if runs_typescript node && node scripts/help.ts "$command" "$@"; then exit 0; fi
  if ! command -v npm >/dev/null; then
    echo "npm: is not on PATH. Install Node and npm (apt-get install npm), then run this again." >&2
    exit 1
  fi
  start=$SECONDS
  echo "node modules     installing"
  # A sign of life every 15 s, as from every long step; it ends with this script.
  while sleep 15 >/dev/null && kill -0 $$; do
    echo "node modules     installing … $((SECONDS - start)) s"
  done 2>/dev/null &
  alive=$!
  trap 'kill "$alive" 2>/dev/null' EXIT
  if ! npm ci --no-progress --loglevel=error >node_modules.log 2>&1; then
    head -n 12 node_modules.log >&2
    echo "npm ci: failed as above. Fix npm's registry or the network, then run this again." >&2
    exit 1
  fi
  kill "$alive" 2>/dev/null || true
  trap - EXIT
  rm -f node_modules.log
  printf '%s' "$wanted" >node_modules/.installed
  echo "node modules     installed, $((SECONDS - start)) s"
fi

mkdir -p .tools/bin
# The machine's own Node: npm puts the modules' folder on PATH, which a plain `pulumi up` does not have.
outside=${PATH//"$PWD/.tools/bin:"/}
outside=${outside//"$PWD/node_modules/.bin:"/}
if runs_typescript "$(PATH=$outside command -v node || echo node)"; then
  rm -f .tools/bin/node
else
  # Not through node_modules/.bin: npm 9 makes no link there for an optional package.
  for own in node_modules/node-linux-*/bin/node; do
    if runs_typescript "$own"; then ln -sfn "../../$own" .tools/bin/node; fi
  done
  if ! runs_typescript .tools/bin/node; then
    echo "node: $(node --version 2>/dev/null || echo none) on PATH is older than 22.18, and npm has none for this machine. Install a newer Node, then run this again." >&2
    exit 1
  fi
fi
PATH=$PWD/.tools/bin:$PATH
exec node "scripts/$command.ts" "$@"
