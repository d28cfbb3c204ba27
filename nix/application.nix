# The application: application.json with the caller's JSON over it. Paths are made absolute and checked. Each file or
# folder is an attrset: `source` (a store path with a fixed name, so that no file name enters a hash) and `hash` or
# `hashes` for people. All of it is lazy: the back builds even if the dist is missing.
{ overrides }:

with builtins;

let
  merge =
    base: over:
    if isAttrs base && isAttrs over then
      base // mapAttrs (name: value: if base ? ${name} then merge base.${name} value else value) over
    else
      over;
  config = merge (fromJSON (readFile ./application.json)) overrides;

  # Relative paths are relative to the repository.
  absolute = path: /. + (if substring 0 1 path == "/" then path else toString ./.. + "/" + path);
  # "regular", "directory", "symlink" or "unknown". The root has no name.
  typeOf = path: if path == /. then "directory" else (readDir (dirOf path)).${baseNameOf path};

  # On one line, whatever is in the path.
  complain =
    key: received: problem: fix:
    throw "agatha:${key}: ${toJSON received} ${problem}. ${fix}.";

  # The path behind a config key, or what is wrong with it. `type` is as typeOf has it.
  given =
    key: received: type: fix:
    let
      path = absolute received;
      words = if type == "directory" then "folder" else "file";
    in
    if !(pathExists path) then
      complain key received "does not exist" fix
    else if typeOf path == "symlink" then
      # Nix would copy the link, not what it points to.
      complain key received "is a symbolic link" "Point ${key} at the ${words} itself"
    else if typeOf path != type then
      complain key received "is not a ${words}" fix
    else
      path;

  # Everything below a folder that has one of the types and is not a folder itself, as paths relative to it.
  entriesBelow =
    types: folder: prefix:
    let
      # Once per folder, since each call reads all of its entries.
      entries = readDir folder;
      below =
        name:
        if entries.${name} == "directory" then
          entriesBelow types (folder + "/${name}") "${prefix}${name}/"
        else
          filter (_: elem entries.${name} types) [ "${prefix}${name}" ];
    in
    concatMap below (attrNames entries);
  filesBelow = folder: entriesBelow [ "regular" ] folder "";

  # The folder, if everything wanted from it has a type that can be packaged.
  without =
    key: received: types: wanted: folder:
    let
      found = filter wanted (entriesBelow types folder "");
    in
    if found == [ ] then
      folder
    else
      complain key received "holds ${toJSON (head found)}, which is no regular file" "Put the file itself there";

  hashes =
    folder: files:
    listToAttrs (
      map (name: {
        inherit name;
        value = "sha256:${hashFile "sha256" (folder + "/${name}")}";
      }) files
    );

  jar = given "back.jar" config.back.jar "regular" "Build it first (npm run sample), or point back.jar at your jar";

  # Packages what Flyway runs: names that pass its own -validateMigrationNaming (flyway/flyway 10.20.1 and 12.11.0:
  # ResourceNameParser; FileSystemScanner skips hidden folders), except `R.sql`, which Flyway then ignores. A file that only
  # looks like a migration is refused here; the migration step lets Flyway check once more.
  named = pattern: path: match pattern (baseNameOf path) != null;
  sql = "\\.[sS][qQ][lL]";
  version = "[0-9]+([._][0-9]+)*";
  isMigration = named "([VB]${version}(__.*)?|R__.*)${sql}";
  isCallback = named "((before|after)[A-Z][A-Za-z]*|createSchema)(__.*)?${sql}";
  # Flyway reads NAME.sql.conf as the settings of one script.
  isSettings = named ".*${sql}\\.conf";
  isPackaged = path: !isHidden path && (isMigration path || isCallback path || isSettings path);
  isHidden = path: match "(.*/)?\\..*" path != null;
  # Everything else is left out: pages, notes, leftovers of an editor or a merge.
  looksMeant =
    path:
    named "(.*${sql}(\\.[cC][oO][nN][fF])?|[VvBbRrUu]([0-9][0-9._]*)?__.*)" path
    && !(named ".*(~|\\.(bak|md|orig|rej))" path);

  migrations =
    let
      received = config.back.migrations;
      folder = given "back.migrations" received "directory" "Point back.migrations at the folder of your *.sql files";
      files = filter (path: !isHidden path) (filesBelow folder);
      script = settings: substring 0 (stringLength settings - stringLength ".conf") settings;
      refused = filter ({ paths, ... }: paths != [ ]) [
        {
          paths = filter (named "U${version}__.*") files;
          problem = "an undo migration, which Flyway's open-source edition does not run";
          fix = "Move it out of the folder, and write the way back as a new migration";
        }
        {
          paths = filter (path: looksMeant path && !isPackaged path) files;
          problem = "which Flyway does not run";
          fix = "Name it like V7__what_it_does.sql, R__what_it_does.sql or afterMigrate.sql, or move it out of the folder";
        }
        {
          paths = filter (
            path: isSettings path && !(isPackaged (script path) && pathExists (folder + "/${script path}"))
          ) files;
          problem = "settings of no migration";
          fix = "Name it like its migration, with .conf behind, or remove it";
        }
      ];
      inherit (head refused) paths problem fix;
      first = genList (elemAt paths) (if length paths < 5 then length paths else 5);
      more = if length paths > 5 then " and ${toString (length paths - 5)} more" else "";
    in
    if refused != [ ] then
      complain "back.migrations" received
        "holds ${concatStringsSep ", " (map toJSON first)}${more}, ${problem}"
        fix
    else if filter isMigration files == [ ] then
      complain "back.migrations" received "holds no V*.sql" "Point back.migrations at the folder of your migrations"
    else
      # A link would be copied as a link, and be dangling in the image. A link to a folder seldom has a dot in its name.
      without "back.migrations" received [ "symlink" "unknown" ] (
        path: !isHidden path && (looksMeant path || named "[^.]*" path)
      ) folder;

  dist =
    let
      received = config.front.dist;
      fix = "Build it first (npm run sample), or point front.dist at your dist";
      folder = given "front.dist" received "directory" fix;
    in
    if pathExists (folder + "/index.html") then
      without "front.dist" received [ "unknown" ] (_: true) folder
    else
      complain "front.dist" received "holds no index.html" fix;
in
config
// {
  back = config.back // {
    jar = {
      source = path {
        path = jar;
        name = "agatha-back.jar";
      };
      hash = "sha256:${hashFile "sha256" jar}";
    };
    migrations = {
      source = path {
        path = migrations;
        name = "agatha-back-migrations";
        filter = path: type: !isHidden (baseNameOf path) && (type == "directory" || isPackaged (baseNameOf path));
      };
      hashes = hashes migrations (filter isPackaged (filesBelow migrations));
    };
  };
  front = config.front // {
    dist = {
      source = path {
        path = dist;
        name = "agatha-front-dist";
      };
      hash = "sha256:${hashString "sha256" (toJSON (hashes dist (filesBelow dist)))}";
    };
  };
}
