# What only the executor's image needs, under nixpkgs' names: clients and the engine. Evaluated when that image is.
{
  build,
  debian,
  material,
  glibc,
  bash,
  makeWrapper,
  nodejs-slim,
}:

let
  interpreter = "${glibc}/lib/ld-linux-x86-64.so.2";
  take =
    arguments:
    debian.take (
      {
        libraries = [ glibc ];
        inherit interpreter;
      }
      // arguments
    );
  nix = import ./nix.nix { inherit take; };
  # Most libraries that the others need, Nix has already.
  takeBesideNix =
    arguments:
    take (
      arguments
      // {
        libraries = [
          glibc
          nix
        ];
      }
    );
in
{
  inherit (import ./pulumi.nix { inherit build material; }) pulumi pulumiPackages;
  cacert = import ./cacert.nix { inherit build; };
  docker-client = take {
    name = "docker-client";
    packages = [ "docker.io" ];
    files."bin/docker" = "/usr/bin/docker";
  };
  gitMinimal = import ./git.nix {
    inherit build bash makeWrapper;
    take = takeBesideNix;
  };
  inherit nix;
  nodejs = import ./nodejs.nix {
    inherit
      build
      material
      nodejs-slim
      ;
  };
  openssh = takeBesideNix {
    name = "openssh";
    packages = [
      "libc6"
      "libcom-err2"
      "libgssapi-krb5-2"
      "libk5crypto3"
      "libkeyutils1"
      "libkrb5-3"
      "libkrb5support0"
      "libpcre2-8-0"
      "libselinux1"
      "libssl3"
      "openssh-client"
      "zlib1g"
    ];
    files = {
      "bin/ssh" = "/usr/bin/ssh";
      "bin/ssh-keygen" = "/usr/bin/ssh-keygen";
    };
  };
}
