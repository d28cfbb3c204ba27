# Everything that is deployed: the packages (they run without docker too), their images, and what is known about
# them without building (meta).
{
  # "nixpkgs" (the pin, the default) or "debian" (made from this Debian's packages).
  packages ? builtins.getEnv "AGATHA_PACKAGES",
  # JSON, laid over application.json: `--argstr application '{"back":{"jar":"/tmp/app.jar"}}'`.
  application ? "{}",
  # The docker host's: Linux, by default on this machine's architecture.
  system ? builtins.getEnv "AGATHA_SYSTEM",
}:

let
  orElse = default: text: if text == "" then default else text;
  set = orElse "nixpkgs" packages;
  linux = orElse (builtins.replaceStrings [ "-darwin" ] [ "-linux" ] builtins.currentSystem) system;
  packageSets = {
    nixpkgs = import ./nixpkgs.nix { system = linux; };
    debian =
      if linux == "x86_64-linux" then
        import ../offline/packages {
          system = linux;
          postgresqlMajor = scope.app.database.version;
        }
      else
        throw ''agatha:packages: "debian" is for x86_64-linux only, this is ${linux}. Set it to "nixpkgs".'';
  };

  # What the files below may ask for; each gets what its arguments name.
  call =
    path:
    let
      file = import path;
    in
    file (builtins.intersectAttrs (builtins.functionArgs file) scope);
  scope = {
    packages = set;
    system = linux;
    pkgs =
      packageSets.${set}
        or (throw ''agatha:packages: "${set}" is no package set. Use "nixpkgs" or "debian".'');
    app = import ./application.nix { overrides = builtins.fromJSON application; };
    labels."agatha.packages" = set;
    jre = call ./packages/jre.nix;
    flyway = call ./packages/flyway.nix;
    httpServer = call ./packages/http-server.nix;
    haproxy = call ./packages/haproxy.nix;
    probe = call ./packages/probe.nix;
    back = call ./packages/back.nix;
    front = call ./packages/front.nix;
    gateway = call ./packages/gateway.nix;
    images = {
      back-image = call ./images/back.nix;
      front-image = call ./images/front.nix;
      db-image = call ./images/db.nix;
      gateway-image = call ./images/gateway.nix;
    };
  };
  # What the image's program writes, as a file: a machine with another system cannot run the program, but its builder can.
  archive = _: image: scope.pkgs.runCommand "${image.imageName}.tar" { } "${image} > $out";
in
scope.images
// {
  inherit (scope) back front gateway probe;
  executor-image = call ./images/executor.nix;
  archives = builtins.mapAttrs archive scope.images;
  meta = call ./meta.nix;
}
