# nixpkgs' dockerTools, as far as it is used here. A layer holds one store path, dependencies first, and with it the
# links at the root to what it contains (but for its lib): so a new jar changes one layer, and none of links as well.
{
  build,
  locale,
  nix,
  nodejs-slim,
  postgresql,
}:

let
  inherit (builtins)
    concatMap
    elem
    genList
    head
    length
    match
    removeAttrs
    toJSON
    ;
  node = "${nodejs-slim}/bin/node";
  library = builtins.path {
    path = ./.;
    name = "docker-tools";
    filter = path: type: match ".*\\.c?js" path != null;
  };

  streamLayeredImage =
    {
      name,
      tag ? null,
      # What pullImage answers.
      fromImage ? null,
      contents ? [ ],
      config ? { },
      architecture ? "amd64",
      created ? "1970-01-01T00:00:01Z",
      maxLayers ? 100,
      # Run in the root of the image, for what is no store path.
      extraCommands ? "",
      # The same, where `chown -R UID:GID PATH...` has an effect, as below fakeroot.
      fakeRootCommands ? "",
      # Register the store paths of the image with a Nix in it.
      includeNixDB ? false,
      # Whose the store paths are; what is in none is root's.
      uid ? 0,
      gid ? 0,
      passthru ? { },
    }:
    let
      base = if fromImage == null then { contents = [ ]; env = [ ]; commands = ""; owners = { }; } else fromImage.image;
      env = base.env ++ config.Env or [ ];
      # nixpkgs' C library has this locale in itself; Debian's looks for it in the image.
      roots = (if elem "LANG=C.UTF-8" env then [ locale ] else [ ]) ++ base.contents ++ contents;
      plan = {
        inherit architecture created maxLayers;
        contents = map toString roots;
        inherit (base) owners;
        storeOwner = [
          uid
          gid
        ];
        # skopeo, by which nixpkgs pulls, names layers otherwise than dockerTools, which keeps the names of a base's.
        layerName = if fromImage == null then "/layer.tar" else ".tar";
        config = config // {
          Env = env;
        };
      };

      registration = if includeNixDB then "bash ${./nix-db.sh} ${nix}/bin ${node}\n" else "";
      # The database changes with every path of the image, and a layer that changes takes those above it along.
      onTop = if includeNixDB then "${node} ${./root-on-top.mjs}\n" else "";

      # `out` writes the image; `conf` is the image but for the bytes of the store's layers, whose digests are known here
      # already. Two outputs of one build, and not two builds: each costs a changed image a sandbox.
      image =
        build.runCommand "stream-${name}"
          {
            outputs = [
              "out"
              "conf"
            ];
            plan = toJSON plan;
            imageName = name;
            tag = toString tag;
            exportReferencesGraph = concatMap (i: [
              "closure-${toString i}"
              (builtins.elemAt roots i)
            ]) (genList (i: i) (length roots));
            commands = base.commands + extraCommands;
            inherit fakeRootCommands;
          }
          ''
            mkdir root
            ${registration}(cd root && PATH=${build.initialPath}/bin && eval "$commands")
            chown() {
              local owner=$2
              shift 2
              find "$@" -printf "$owner %p\n" | sed 's| \./| |' >> $NIX_BUILD_TOP/owners
            }
            touch owners
            (cd root && PATH=${build.initialPath}/bin && eval "$fakeRootCommands")
            ${node} ${library}/make-image.js
            ${onTop}printf '#!/bin/sh\nexec %s %s %s "$@"\n' ${node} ${library}/stream-image.js $conf > $out
            chmod +x $out
          '';
    in
    image
    // passthru
    // {
      imageName = name;
      imageTag =
        if tag != null then
          tag
        else
          head (match "${builtins.storeDir}/([^-]*)-.*" (builtins.unsafeDiscardStringContext image.conf.outPath));
    };
in
{
  inherit streamLayeredImage;

  # Nothing can be pulled here: the answer is an image of this host's own, and says which PostgreSQL it has.
  pullImage =
    {
      imageName,
      imageDigest,
      sha256,
      finalImageName ? imageName,
      finalImageTag ? "latest",
    }:
    if imageName != "postgres" then
      throw ''agatha:database.image.name: "${imageName}" cannot be pulled by the package set "debian", which has "postgres" alone. Use agatha:packages nixpkgs.''
    else
      {
        postgresql = postgresql.version;
        image = removeAttrs postgresql [ "version" ];
      };
}
