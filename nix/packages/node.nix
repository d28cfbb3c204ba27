# Only Node's program. nixpkgs' nodejs-slim also has headers for addons, and its program contains its own package's path,
# which would pull in the whole package. Here that path leads nowhere.
{ pkgs }:

pkgs.runCommand "nodejs-slim-${pkgs.nodejs-slim.version}"
  {
    passthru = { inherit (pkgs.nodejs-slim) version; };
  }
  ''
    from=${pkgs.nodejs-slim}
    name=''${from##*/}
    mkdir -p $out/bin
    sed "s|''${name%%-*}|eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee|g" $from/bin/node > $out/bin/node
    chmod +x $out/bin/node
    # V8's snapshot is among what was changed: it has a checksum, which is looked at with --verify-snapshot-checksum alone.
    $out/bin/node -e 'require("node:http").createServer(); new Intl.DateTimeFormat("de").format()' || {
      echo "nix/packages/node.nix: Node does not run without its package's name, so all of that package comes along." >&2
      ln -sf $from/bin/node $out/bin/node
    }
  ''
