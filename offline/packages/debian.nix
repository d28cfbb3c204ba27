# Takes files of installed Debian packages into the store: their libraries with them, every path patched to the store,
# and each file held against dpkg's checksum, so that nothing enters which is not in the derivation's hash.
{ build }:

{
  # name: the store path's name. packages: the Debian packages that the files come from.
  # files: { "lib/libz.so.1" = "/lib/x86_64-linux-gnu/libz.so.1"; } what to take, and where to.
  # libraries: store paths (with lib/) that have libraries already.
  take =
    {
      name,
      packages,
      files,
      libraries ? [ ],
      interpreter ? null,
      extra ? "",
      passthru ? { },
    }:
    build.runCommand name
      {
        md5sums = build.md5sums packages;
        files = builtins.concatStringsSep "\n" (
          map (target: "${target} ${files.${target}}") (builtins.attrNames files)
        );
        libraries = toString libraries;
        interpreter = toString interpreter;
        inherit passthru;
      }
      ''
        . ${./take.sh}
        takeFiles
        ${extra}
      '';
}
