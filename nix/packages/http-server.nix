# http-server as a library on a Node without npm. The package set's http-server starts with the full Node's path, which
# would drag npm and its documentation in.
{ pkgs }:

pkgs.runCommand "agatha-http-server-${pkgs.http-server.version}"
  {
    passthru = {
      inherit (pkgs.http-server) version;
      node = pkgs.nodejs-slim;
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
    find $out \( -name '*.md' -o -name '*.map' -o -name '*.d.ts' -o -name '*.markdown' \) -type f -delete
    find $out -type d \( -name dist -o -name examples -o -name test -o -name tests -o -name .github \) -prune -exec rm -r {} +
    # Only the command line's.
    for module in async chalk opener portfinder; do
      rm -rf $out/lib/node_modules/http-server/node_modules/$module
    done
    ls $out/lib/node_modules/http-server/lib/http-server.js > /dev/null
  ''
