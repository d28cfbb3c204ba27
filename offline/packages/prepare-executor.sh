#!/bin/bash
# Collects what the executor's image is made of, beside Debian packages, into the `executor` folder of .tools/debian (or
# AGATHA_DEBIAN_MATERIAL): npm from the npm registry, and the Pulumi engine as it is on PATH and in PULUMI_HOME, since no
# registry has it. Again only when one of them changed.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
material=${AGATHA_DEBIAN_MATERIAL:-$here/../../.tools/debian}
lock=$here/../../package-lock.json

# The version of a provider's npm package is its plugin's.
versionOf() {
  awk -v entry="\"node_modules/@pulumi/$1\": {" 'index($0, entry) { found = 1 } found && $1 == "\"version\":" { gsub(/[",]/, "", $2); print $2; exit }' "$lock"
}
engine=()
for program in pulumi pulumi-language-nodejs; do
  if ! path=$(command -v "$program"); then
    echo "offline/packages/prepare-executor.sh: \"$program\" is not on PATH. Run \`npm run setup\`." >&2
    exit 1
  fi
  engine+=("$(realpath "$path")" "$program")
done
for plugin in docker command; do
  folder=resource-$plugin-v$(versionOf "$plugin")
  path=${PULUMI_HOME:-$HOME/.pulumi}/plugins/$folder/pulumi-resource-$plugin
  if [ ! -f "$path" ]; then
    echo "offline/packages/prepare-executor.sh: \"$path\" does not exist. Run \`npm run setup\`." >&2
    exit 1
  fi
  engine+=("$(realpath "$path")" "plugins/$folder/pulumi-resource-$plugin")
done

wanted=$({
  cat "$here/npm/package-lock.json" "$here/prepare-executor.sh"
  stat --format '%n %s %Y' "${engine[@]:0:1}" "${engine[@]:2:1}" "${engine[@]:4:1}" "${engine[@]:6:1}"
} | sha256sum | cut -d ' ' -f 1)
isThere() { [ "$(cat "$material/executor/stamp" 2> /dev/null)" = "$wanted" ]; }
! isThere || exit 0

mkdir -p "$material"
material=$(cd "$material" && pwd)
# If two commands prepare at the same time, the second finds it done.
exec 9> "$material/lock"
flock 9
! isThere || exit 0
work=$(mktemp -d "$material/work.XXXXXX")
trap 'rm -rf "$work"' EXIT

cp "$here/npm/package.json" "$here/npm/package-lock.json" "$work/"
if ! (cd "$work" && npm ci --no-audit --no-fund --ignore-scripts) > "$work/npm.log" 2>&1; then
  tail -n 15 "$work/npm.log" >&2
  echo "offline/packages/prepare-executor.sh: npm cannot be downloaded. Look at npm's settings (npm config list)." >&2
  exit 1
fi
# What only people read.
rm -rf "$work"/node_modules/npm/{docs,man} "$work"/node_modules/.bin "$work"/node_modules/.package-lock.json
find "$work/node_modules" -type f \( -name '*.md' -o -name '*.d.ts' -o -name '*.map' \) -delete
mkdir -p "$work/executor"
tar --create --file "$work/executor/npm.tar" --directory "$work" --sort=name --format=gnu \
  --mtime=@1 --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX node_modules
for ((i = 0; i < ${#engine[@]}; i += 2)); do
  mkdir -p "$(dirname "$work/executor/${engine[i + 1]}")"
  cp --reflink=auto "${engine[i]}" "$work/executor/${engine[i + 1]}"
done
"${engine[0]}" version | sed 's|^v||' | tr -d '\n' > "$work/executor/version"
(cd "$work" && find executor -type f | LC_ALL=C sort | xargs sha256sum > "$work/sums")
mv "$work/sums" "$work/executor/sha256sums"
echo "$wanted" > "$work/executor/stamp"
rm -rf "$material/executor"
mv "$work/executor" "$material/executor"
