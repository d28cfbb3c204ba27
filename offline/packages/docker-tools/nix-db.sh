# `bash nix-db.sh NIX_BIN NODE`, in the folder of the reference graphs `closure-*`: makes root/nix/var/nix, in which the
# paths of all of them are registered as valid, and kept.
set -euo pipefail
nixBin=$1 node=$2
root=$PWD/root

graph=$(cat closure-*)
# Nix's registration has each path's hash and size beside what the graph has.
registration() {
  local path deriver count i reference
  while read -r path; do
    read -r deriver
    read -r count
    references=
    for ((i = 0; i < count; i++)); do
      read -r reference
      references+=$reference$'\n'
    done
    [ -z "${seen[$path]:-}" ] || continue
    seen[$path]=1
    "$nixBin/nix-store" --dump "$path" > nar
    printf '%s\n%s\n%s\n%s\n%s\n%s' "$path" "$(sha256sum < nar | cut -d ' ' -f 1)" "$(stat -c %s nar)" '' "$count" "$references"
    rm nar
  done <<< "$graph"
}
declare -A seen

export HOME=$PWD USER=nobody NIX_REMOTE="local?root=$root" NIX_CONF_DIR=$PWD
registration > registration
"$nixBin/nix-store" --load-db < registration
# The same bytes for the same paths.
"$node" --no-warnings -e '
  const { DatabaseSync } = require("node:sqlite");
  const db = new DatabaseSync(process.argv[1]);
  db.exec("PRAGMA journal_mode = DELETE; UPDATE ValidPaths SET registrationTime = 1; VACUUM");
  db.close();
' "$root/nix/var/nix/db/db.sqlite"
rm -f "$root"/nix/var/nix/db/big-lock "$root"/nix/var/nix/gc.lock
mkdir -p "$root/nix/var/nix/gcroots/docker"
for path in $(sort -u <<< "$graph" | grep '^/nix/store/'); do
  ln -s "$path" "$root/nix/var/nix/gcroots/docker/${path##*/}"
done
chmod 755 "$root/nix/store"
