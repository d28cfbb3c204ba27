# The Pulumi engine of the executor's image: the CLI and Node's language host in one folder, since Pulumi warns about a
# language host that it finds elsewhere.
{ pkgs }:

let
  # As setup/engine.ts expects it.
  oldest = "3.220.0";
  isNewEnough = package: builtins.compareVersions package.version oldest >= 0;
  engine =
    commands:
    pkgs.runCommand "pulumi-engine" { } ''
      mkdir -p $out/bin
      ${commands}
      HOME=$PWD PULUMI_SKIP_UPDATE_CHECK=true $out/bin/pulumi version
    '';
in
if isNewEnough pkgs.pulumi then
  engine "cp ${pkgs.pulumi}/bin/pulumi ${pkgs.pulumiPackages.pulumi-nodejs}/bin/pulumi-language-nodejs $out/bin/"
else if isNewEnough pkgs.pulumi-bin then
  # The official release. The package's first source is the engine, the others are the plugins of forty clouds.
  engine "tar --extract --file ${builtins.head pkgs.pulumi-bin.srcs} --directory $out/bin --strip-components 1 pulumi/pulumi pulumi/pulumi-language-nodejs"
else
  throw "nix/packages/pulumi.nix: this nixpkgs has Pulumi ${pkgs.pulumi.version}, and ${pkgs.pulumi-bin.version} as pulumi-bin, older than ${oldest}. Take a newer nixpkgs (nix/nixpkgs.nix)."
