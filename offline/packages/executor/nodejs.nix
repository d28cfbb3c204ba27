# nixpkgs' nodejs: Node with npm.
{
  build,
  material,
  nodejs-slim,
}:

let
  npm =
    build.runCommand "npm"
      {
        archive = material.executor "npm.tar";
        node = "${nodejs-slim}/bin/node";
      }
      ''
        mkdir -p $out/lib $out/bin
        tar --extract --file $archive --directory $out/lib
        for name in npm npx; do
          program=$out/lib/node_modules/npm/bin/$name-cli.js
          sed -i "1s|.*|#!$node|" "$program"
          chmod +x "$program"
          ln -s "$program" "$out/bin/$name"
        done
      '';
in
build.runCommand "nodejs-${nodejs-slim.version}" { passthru.version = nodejs-slim.version; } ''
  mkdir -p $out/bin
  ln -s ${nodejs-slim}/bin/node ${npm}/bin/npm ${npm}/bin/npx $out/bin/
''
