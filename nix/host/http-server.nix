# nixpkgs' http-server, as far as its modules lie where nixpkgs has them: its dependencies below it.
{ build, material }:

build.runCommand "http-server-${material.versions.http-server}"
  {
    archive = material.file "npm/http-server.tar";
    passthru.version = material.versions.http-server;
  }
  ''
    mkdir -p $out/lib/node_modules
    tar --extract --file $archive
    mv node_modules/http-server $out/lib/node_modules/
    mkdir -p $out/lib/node_modules/http-server/node_modules
    mv node_modules/* $out/lib/node_modules/http-server/node_modules/
  ''
