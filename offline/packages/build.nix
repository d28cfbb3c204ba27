# Derivations from the tools of this host, as `runCommand` of nixpkgs makes them. The tools' checksums, as dpkg knows them,
# enter every hash, because the sandbox shows the tools without Nix knowing them.
{ system }:

let
  inherit (builtins)
    concatStringsSep
    hashFile
    hashString
    pathExists
    readFile
    removeAttrs
    ;

  dpkg = "/var/lib/dpkg/info";
  # The checksums of the files of a Debian package, one "MD5  PATH" a line.
  md5sumsOf =
    package:
    let
      candidates = builtins.filter pathExists [
        "${dpkg}/${package}.md5sums"
        "${dpkg}/${package}:amd64.md5sums"
      ];
    in
    if candidates == [ ] then
      throw ''offline/packages: the Debian package "${package}" is not installed. Install what offline/packages/debian-packages.txt lists; for the executor's image, docker.io, nix-bin and what offline/packages/executor/debian-packages.txt lists too.''
    else
      builtins.head candidates;

  toolsHash = hashString "sha256" (
    concatStringsSep " " (
      map (package: hashFile "md5" (md5sumsOf package)) [
        "bash"
        "binutils-x86-64-linux-gnu"
        "busybox-static"
        "coreutils"
        "findutils"
        "grep"
        "mawk"
        "patchelf"
        "sed"
        "tar"
      ]
    )
  );

  runWith =
    PATH: name: env: script:
    let
      passthru = env.passthru or { };
      derivationOf = derivation (
        {
          inherit
            name
            system
            script
            toolsHash
            PATH
            ;
          builder = "/bin/bash";
          args = [ ./builder.sh ];
        }
        // removeAttrs env [
          "passthru"
          "meta"
        ]
      );
    in
    derivationOf // passthru // { inherit passthru; };
  # One file with the checksums of all these packages.
  md5sums = packages: builtins.toFile "md5sums" (concatStringsSep "" (map (p: readFile (md5sumsOf p)) packages));

  # With every program of this host: what this set is made by.
  runCommand = runWith "/usr/bin:/bin";

  # The programs that stdenv has without being asked, as far as they are used (pkgs/stdenv/generic/common-path.nix).
  initialPath = runCommand "stdenv-path" {
    md5sums = md5sums [
      "bash"
      "coreutils"
      "diffutils"
      "findutils"
      "grep"
      "gzip"
      "sed"
      "tar"
    ];
  } ''
    mkdir -p $out/bin
    sed -nE 's|^[0-9a-f]+ +((usr/)?bin/.*)|/\1|p' $md5sums | xargs ln -st $out/bin
    ln -s /usr/bin/mawk $out/bin/awk
    ln -s bash $out/bin/sh
  '';
in
{
  inherit
    initialPath
    md5sums
    runCommand
    system
    ;
  # As `pkgs.runCommand`: with the programs that nixpkgs' has.
  runAsNixpkgs = runWith "${initialPath}/bin";
}
