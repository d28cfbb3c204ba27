# The package set made of this host: Debian packages and what prepare.sh took from registries, under the names and
# signatures of nixpkgs. README.md lists them; nix/packages and nix/images use nothing else.
{
  system,
  # The major version of PostgreSQL that pullImage answers with.
  postgresqlMajor,
}:

let
  build = import ./build.nix { inherit system; };
  debian = import ./debian.nix { inherit build; };
  material = import ./material.nix;

  glibc = import ./glibc.nix { inherit debian; };
  tools = { inherit build debian glibc; };

  nodejs-slim = import ./node.nix (tools // { inherit material; });
  busybox = import ./busybox.nix tools;
  postgresql = import ./postgresql (
    tools
    // {
      inherit material bash busybox;
      major = postgresqlMajor;
    }
  );
  bash = import ./bash.nix tools;
  gateway = import ./haproxy.nix tools;
  makeWrapper = import ./make-wrapper.nix { inherit build bash; };
  executor = import ./executor {
    inherit
      build
      debian
      material
      glibc
      bash
      makeWrapper
      nodejs-slim
      ;
  };
in
{
  runCommand = build.runAsNixpkgs;
  # Debian has one bash.
  bashNonInteractive = bash;
  inherit
    busybox
    makeWrapper
    nodejs-slim
    ;
  inherit (executor)
    cacert
    docker-client
    gitMinimal
    nix
    nodejs
    openssh
    pulumi
    pulumiPackages
    ;
  inherit (gateway) haproxy socat;
  patchelf = build.runCommand "patchelf" { } "mkdir -p $out/bin; ln -s /usr/bin/patchelf $out/bin/";
  flyway = import ./flyway.nix { inherit build material; };
  http-server = import ./http-server.nix { inherit build material; };
  jre_minimal = import ./jre-minimal.nix tools;
  dockerTools = import ./docker-tools {
    inherit build nodejs-slim postgresql;
    inherit (executor) nix;
    locale = import ./locale.nix tools;
  };
}
// import ./jdk.nix { inherit build debian; }
