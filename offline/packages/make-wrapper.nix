# nixpkgs' makeWrapper, with the options that are used here.
{ build, bash }:

build.runCommand "make-wrapper" { } ''
  mkdir -p $out/nix-support
  sed 's|@shell@|${bash}/bin/bash|' ${./make-wrapper.sh} > $out/nix-support/setup-hook
''
