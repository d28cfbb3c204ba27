# nixpkgs' pulumi and pulumi-nodejs, as prepare-executor.sh found them; with the plugins that this program needs, one store
# path each, which nixpkgs leaves to Pulumi to fetch.
{ build, material }:

let
  # Statically linked, so that nothing is patched.
  program =
    name: place:
    build.runCommand (builtins.baseNameOf name) { file = material.executor name; } ''
      mkdir -p $out/${place}
      cp $file $out/${place}/${builtins.baseNameOf name}
      chmod 555 $out/${place}/${builtins.baseNameOf name}
      if ldd $out/${place}/${builtins.baseNameOf name} > /dev/null 2>&1; then
        echo "offline/packages: \"${name}\" needs libraries of the host. Take the engine that \`npm run setup\` builds or downloads." >&2
        exit 1
      fi
    '';
  pluginFolders = builtins.filter (name: name != null) (
    map (
      path:
      let
        parts = builtins.match "plugins/([^/]*)/(.*)" path;
      in
      if parts == null then
        null
      else
        {
          folder = builtins.elemAt parts 0;
          file = builtins.elemAt parts 1;
          inherit path;
        }
    ) material.executorFiles
  );
in
{
  pulumi = program "pulumi" "bin" // {
    version = builtins.readFile (material.executor "version");
    # Not in bin: Pulumi warns of each plugin that it finds on PATH.
    plugins = map (plugin: rec {
      inherit (plugin) folder;
      package = program plugin.path "lib";
      path = "${package}/lib/${plugin.file}";
    }) pluginFolders;
  };
  pulumiPackages.pulumi-nodejs = program "pulumi-language-nodejs" "bin";
}
