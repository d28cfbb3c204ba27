# nixpkgs' http-server, as far as its modules lie where nixpkgs has them, its dependencies below it, and its programs begin
# with the path of the full Node (which is a file of that name here).
{ build, material }:

build.runCommand "http-server-${material.versions.http-server}"
  {
    archive = material.file "npm/http-server.tar";
    fullNode = builtins.toFile "nodejs-full" "";
    passthru.version = material.versions.http-server;
  }
  ''
    mkdir -p $out/lib/node_modules
    tar --extract --file $archive
    mv node_modules/http-server $out/lib/node_modules/
    mkdir -p $out/lib/node_modules/http-server/node_modules
    mv node_modules/* $out/lib/node_modules/http-server/node_modules/
    chmod -R u+w $out
    find $out -type f -perm -u+x -exec sed -i "1s|^#!.*node.*|#!$fullNode|" {} +
  ''
