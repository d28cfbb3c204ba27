# Puts the tools on PATH and points Pulumi at the state: `. scripts/env.sh`, then plain `pulumi up` works on any stack.
# Source it in bash, from any folder.

agatha_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# What set-up found out about this machine: Nix's settings and the package set.
if [ ! -f "$agatha_root/.tools/env" ]; then
  echo "env.sh: set-up has not run in this clone. Run \`npm run setup\` first." >&2
elif grep -qF -e "AGATHA_PACKAGES='host'" -e "NIX_CONF_DIR='$agatha_root/scripts/nix'" "$agatha_root/.tools/env"; then
  # The set `debian` was called `host`, and our Nix settings lay elsewhere: with these, Nix and pulumi fail obscurely.
  echo "env.sh: set-up of an earlier version ran in this clone, and nothing was set. Run \`npm run setup\` again, then this." >&2
  unset agatha_root NIX_CONF_DIR AGATHA_PACKAGES
  return 1
else
  . "$agatha_root/.tools/env"
fi

case ":$PATH:" in
*":$agatha_root/.tools/bin:"*) ;;
*) export PATH="$agatha_root/.tools/bin:$PATH" ;;
esac

# An engine that was built here brings its plugins along; a login stays where it is.
if [ -d "$agatha_root/.tools/pulumi-home/plugins" ]; then
  export PULUMI_CREDENTIALS_PATH="${PULUMI_CREDENTIALS_PATH:-${PULUMI_HOME:-$HOME/.pulumi}}"
  export PULUMI_HOME="$agatha_root/.tools/pulumi-home"
  export PULUMI_IGNORE_AMBIENT_PLUGINS=true PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true
fi

# The state lies in the clone, unless the user has a Pulumi login or names a backend; a token is a login to Pulumi Cloud.
if [ -z "${PULUMI_BACKEND_URL:-}${PULUMI_ACCESS_TOKEN:-}" ] &&
  ! grep -qE '"current": *"[^"]+"' "${PULUMI_CREDENTIALS_PATH:-${PULUMI_HOME:-$HOME/.pulumi}}/credentials.json" 2>/dev/null; then
  mkdir -p "$agatha_root/.state/pulumi"
  export PULUMI_BACKEND_URL="file://$agatha_root/.state/pulumi"
fi
if [ "${PULUMI_BACKEND_URL:-}" = "file://$agatha_root/.state/pulumi" ] &&
  [ -z "${PULUMI_CONFIG_PASSPHRASE+set}${PULUMI_CONFIG_PASSPHRASE_FILE:-}" ]; then
  if [ ! -s "$agatha_root/.state/passphrase" ]; then
    (umask 077 && head -c 32 /dev/urandom | base64 >"$agatha_root/.state/passphrase")
  fi
  export PULUMI_CONFIG_PASSPHRASE_FILE="$agatha_root/.state/passphrase"
  # A checkout may put back a stack file without its salt; the state has it too.
  export PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER=true
fi
export PULUMI_SKIP_UPDATE_CHECK=true

# Node keeps what it compiled: most of an update that changes nothing is loading Pulumi's SDK.
export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE:-$agatha_root/.tools/node-cache}"
unset agatha_root
