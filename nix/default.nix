# Everything that is deployed: the packages (they run without docker too), their images, and what is known about
# them without building (meta).
{
  # "nixpkgs" (the pin) or "debian" (made from this Debian's packages).
  packages ?
    let
      fromEnvironment = builtins.getEnv "AGATHA_PACKAGES";
    in
    if fromEnvironment == "" then "nixpkgs" else fromEnvironment,
  # JSON, laid over application.json: `--argstr application '{"back":{"jar":"/tmp/app.jar"}}'`.
  application ? "{}",
  # The docker host's: Linux, by default on this machine's architecture.
  system ?
    let
      fromEnvironment = builtins.getEnv "AGATHA_SYSTEM";
    in
    if fromEnvironment == "" then
      builtins.replaceStrings [ "-darwin" ] [ "-linux" ] builtins.currentSystem
    else
      fromEnvironment,
}:

let
  packageSets = {
    nixpkgs = import ./nixpkgs.nix { inherit system; };
    debian =
      if system == "x86_64-linux" then
        import ../offline/packages {
          inherit system;
          postgresqlMajor = app.database.version;
        }
      else
        throw ''agatha:packages: "debian" is for x86_64-linux only, this is ${system}. Set it to "nixpkgs".'';
  };
  pkgs =
    if packageSets ? ${packages} then
      packageSets.${packages}
    else
      throw ''agatha:packages: "${packages}" is no package set. Use "nixpkgs" or "debian".'';

  app = import ./application.nix { overrides = builtins.fromJSON application; };
  labels = {
    "agatha.packages" = packages;
  };

  jre = import ./packages/jre.nix { inherit pkgs app; };
  flyway = import ./packages/flyway.nix { inherit pkgs jre; };
  httpServer = import ./packages/http-server.nix { inherit pkgs; };
  probe = import ./packages/probe.nix { inherit pkgs; };
  back = import ./packages/back.nix {
    inherit
      pkgs
      app
      jre
      flyway
      ;
  };
  front = import ./packages/front.nix { inherit pkgs app httpServer; };
  haproxy = import ./packages/haproxy.nix { inherit pkgs; };
  gateway = import ./packages/gateway.nix { inherit pkgs haproxy; };

  backImage = import ./images/back.nix {
    inherit
      pkgs
      app
      back
      probe
      labels
      ;
  };
  frontImage = import ./images/front.nix {
    inherit
      pkgs
      app
      front
      probe
      labels
      ;
  };
  dbImage = import ./images/db.nix { inherit pkgs app labels; };
  gatewayImage = import ./images/gateway.nix { inherit pkgs gateway labels; };
  # What the image's program writes, as a file: a machine with another system cannot run the program, but its builder can.
  archive = image: pkgs.runCommand "${image.imageName}.tar" { } "${image} > $out";
  executorImage = import ./images/executor.nix { inherit pkgs labels; };
in
{
  inherit
    back
    front
    gateway
    probe
    ;
  back-image = backImage;
  front-image = frontImage;
  db-image = dbImage;
  gateway-image = gatewayImage;
  executor-image = executorImage;
  archives = {
    back-image = archive backImage;
    front-image = archive frontImage;
    db-image = archive dbImage;
    gateway-image = archive gatewayImage;
  };
  meta = import ./meta.nix {
    inherit
      packages
      system
      app
      back
      front
      gateway
      backImage
      frontImage
      dbImage
      gatewayImage
      ;
  };
}
