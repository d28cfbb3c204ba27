# The builder of every derivation of the debian set: runs $script as nixpkgs' stdenv does (pkgs/stdenv/generic/setup.sh),
# with the programs and hooks of $nativeBuildInputs. Beyond stdenv it ends at an unset variable.
set -euo pipefail
shopt -s nullglob inherit_errexit
export LC_ALL=C TZ=UTC SOURCE_DATE_EPOCH=1
umask 022

# A builder that runs as root could write to the host through a link that it made itself.
if [ "$(/usr/bin/id -u)" = 0 ]; then
  echo "offline/packages: builders run as root. Set build-users-group = nixbld in nix.conf, with users in that group." >&2
  exit 1
fi

for input in ${nativeBuildInputs:-}; do
  [ ! -d "$input/bin" ] || PATH=$input/bin:$PATH
  [ ! -f "$input/nix-support/setup-hook" ] || . "$input/nix-support/setup-hook"
done
cd "$NIX_BUILD_TOP"
eval "$script"
