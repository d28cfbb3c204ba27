# http-server as a library on a Node without npm. The package set's http-server begins with the full Node's path, which
# would pull in npm and its documentation.
{ pkgs }:

let
  node = import ./node.nix { inherit pkgs; };
in
pkgs.runCommand "agatha-http-server-${pkgs.http-server.version}"
  {
    passthru = {
      inherit (pkgs.http-server) version;
      inherit node;
    };
  }
  ''
    mkdir -p $out/lib
    cp -r ${pkgs.http-server}/lib/node_modules $out/lib/
    chmod -R u+w $out
    find $out -name .bin -prune -exec rm -r {} +
    rm -rf $out/lib/node_modules/http-server/bin $out/lib/node_modules/http-server/doc
    # Programs of dependencies name the full Node in their first line; nobody runs them.
    find $out -type f -perm -u+x -exec sed -i '1s|^#!.*|#!/usr/bin/env node|' {} +
    # What the authors of these modules need, and nobody who runs them.
    find $out -type f \( -name '.*' -o -name '*.md' -o -name '*.map' -o -name '*.ts' -o -name '*.markdown' \
      -o -name '*.png' -o -name '*.yml' -o -name '*.xml' -o -name 'tests.js' -o -name 'tsconfig.json' \) -delete
    find $out -type d \( -name dist -o -name umd -o -name examples -o -name test -o -name tests -o -name .github \) \
      -prune -exec rm -r {} +
    # Only the command line's.
    for module in async chalk ansi-styles color-convert color-name has-flag minimist opener portfinder supports-color; do
      rm -rf $out/lib/node_modules/http-server/node_modules/$module
    done
    # Pictures for listings of folders, which are off.
    echo '{}' > $out/lib/node_modules/http-server/lib/core/show-dir/icons.json
    # That nothing is missing which it loads.
    NODE_PATH=$out/lib/node_modules ${node}/bin/node -e 'require("http-server").createServer({ root: "." })'
  ''
