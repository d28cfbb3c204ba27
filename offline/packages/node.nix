# nixpkgs' nodejs-slim: the npm registry's Node binary, without npm and symbols. As nixpkgs' it has headers beside it and
# names its own package.
{
  build,
  debian,
  glibc,
  material,
  ...
}:

let
  interpreter = "${glibc}/lib/ld-linux-x86-64.so.2";
  gcc = debian.take {
    name = "gcc-lib";
    packages = [
      "libc6"
      "libgcc-s1"
      "libstdc++6"
    ];
    files."lib/libstdc++.so.6" = "/usr/lib/x86_64-linux-gnu/libstdc++.so.6";
    libraries = [ glibc ];
    inherit interpreter;
  };
in
build.runCommand "nodejs-slim-${material.versions.node}"
  {
    node = material.file "npm/node";
    libraries = toString [
      glibc
      gcc
    ];
    inherit interpreter;
    passthru.version = material.versions.node;
  }
  ''
    . ${./take.sh}
    mkdir -p $out/bin
    cp $node $out/bin/node
    chmod 755 $out/bin/node
    strip --strip-unneeded $out/bin/node
    patchElf $out/bin/node
    printf %s "$out" >> $out/bin/node
    mkdir -p $out/include/node
    touch $out/include/node/node.h
    $out/bin/node --version
  ''
