# Derivations from the tools of this host: `runCommand` as in nixpkgs. The tools' checksums, as dpkg knows them, enter
# every hash, because the sandbox shows the tools without Nix knowing them.
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
      throw ''nix/host: the Debian package "${package}" is not installed. Install what nix/host/debian-packages.txt lists; for the executor's image, docker.io, nix-bin and what nix/host/executor/debian-packages.txt lists too.''
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

  runCommand =
    name: env: script:
    let
      passthru = env.passthru or { };
      derivationOf = derivation (
        {
          inherit
            name
            system
            script
            toolsHash
            ;
          builder = "/bin/bash";
          args = [ ./builder.sh ];
          PATH = "/usr/bin:/bin";
        }
        // removeAttrs env [
          "passthru"
          "meta"
        ]
      );
    in
    derivationOf // passthru // { inherit passthru; };
in
{
  inherit runCommand system md5sumsOf;
  # One file with the checksums of all these packages.
  md5sums = packages: builtins.toFile "md5sums" (concatStringsSep "" (map (p: readFile (md5sumsOf p)) packages));
}
