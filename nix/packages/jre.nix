# The only JRE: jlinked from jre-modules.json, which has what back ends commonly need and what Flyway needs, and from the
# modules that agatha:back.modules adds. The list is not computed from the jar, so that a new jar does not change the JRE's
# layer. The program checks the jar against the list before anything is built (lib/images/jar/unfitJar.ts).
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

  # Its name since Java 21; the older name is going away.
  compress = if java >= 21 then "zip-6" else "2";

  # jre_minimal calls plain `jlink`. This one leaves out what nobody runs.
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
