# nixpkgs' nodejs-slim: the npm registry's Node binary, without npm, headers and symbols.
{
  build,
  glibc,
  material,
  ...
}:

build.runCommand "nodejs-slim-${material.versions.node}"
  {
    node = material.file "npm/node";
    md5sums = build.md5sums [
      "libc6"
      "libgcc-s1"
      "libstdc++6"
    ];
    libraries = toString [ glibc ];
    interpreter = "${glibc}/lib/ld-linux-x86-64.so.2";
    passthru.version = material.versions.node;
  }
  ''
    . ${./take.sh}
    mkdir -p $out/bin
    cp $node $out/bin/node
    chmod 755 $out/bin/node
    takeLibrariesOf $out/bin/node
    strip --strip-unneeded $out/bin/node
    patchElf $out/bin/node
    $out/bin/node --version
  ''
