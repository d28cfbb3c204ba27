# The one JRE: jlinked from jre-modules.json, which has what back ends commonly need and what Flyway needs, and from the
# modules that agatha:back.modules adds. A list, and not read off the jar, so that a new jar leaves the JRE's layer alone;
# the program holds the jar against it before anything is built (lib/images/jar/unfitJar.ts).
{ pkgs, app }:

let
  inherit (app.back) java modules;
  jdkName = "jdk${toString java}_headless";
  jdk =
    pkgs.${jdkName}
      or (throw ''agatha:back.java: ${toString java} is no Java that the package set has. Use 17, or another long-term release.'');

  linkedModules = builtins.attrNames (
    builtins.listToAttrs (
      map (name: {
        inherit name;
        value = null;
      }) (builtins.fromJSON (builtins.readFile ./jre-modules.json) ++ modules)
    )
  );

  # Its name since Java 21; the older one is to go.
  compress = if java >= 21 then "zip-6" else "2";

  # jre_minimal calls plain `jlink`; this one leaves out what nobody runs.
  jlink =
    pkgs.runCommand "jlink-${toString java}"
      {
        nativeBuildInputs = [ pkgs.makeWrapper ];
      }
      ''
        makeWrapper ${jdk}/bin/jlink $out/bin/jlink \
          --append-flags "--strip-java-debug-attributes --no-header-files --no-man-pages --compress=${compress}"
      '';
  jre = pkgs.jre_minimal.override {
    inherit jdk;
    jdkOnBuild = jlink;
    modules = linkedModules;
  };
in
jre
// {
  inherit (jdk) version;
  modules = linkedModules;
}
