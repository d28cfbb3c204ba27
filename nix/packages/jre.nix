# The one JRE: jlinked from the modules that agatha:back.modules names, plus what Flyway needs. The modules are a fixed
# list and not read off the jar, so that a new jar leaves the JRE's layer alone; jar.nix checks the jar against it.
{ pkgs, app }:

let
  inherit (app.back) java modules;
  jdkName = "jdk${toString java}_headless";
  jdk =
    pkgs.${jdkName}
      or (throw ''agatha:back.java: ${toString java} is no Java that the package set has. Use 17, or another long-term release.'');

  flywayModules = [
    "java.base"
    "java.desktop"
    "java.logging"
    "java.management"
    "java.naming"
    "java.security.jgss"
    "java.sql"
    "java.xml"
    "jdk.crypto.ec"
    "jdk.unsupported"
  ];
  linkedModules = builtins.attrNames (
    builtins.listToAttrs (
      map (name: {
        inherit name;
        value = null;
      }) (modules ++ flywayModules)
    )
  );

  # Its name since Java 21; the older one is to go.
  compress = if java >= 21 then "zip-6" else "2";

  # jre_minimal calls plain `jlink`; this one leaves out what nobody runs, and names a module that is not there.
  jlink =
    pkgs.runCommand "jlink-${toString java}"
      {
        nativeBuildInputs = [ pkgs.makeWrapper ];
      }
      ''
        ${jdk}/bin/java --list-modules > modules
        for module in ${toString modules}; do
          grep -q "^$module@" modules || {
            echo "agatha:back.modules: \"$module\" is no module of Java ${jdk.version}. Take it out of back.modules." >&2
            exit 1
          }
        done
        makeWrapper ${jdk}/bin/jlink $out/bin/jlink \
          --append-flags "--strip-java-debug-attributes --no-header-files --no-man-pages --compress=${compress}"
      '';
  jre = pkgs.jre_minimal.override {
    inherit jdk;
    jdkOnBuild = jlink;
    modules = linkedModules;
  };

  # The packages of the JDK that this JRE has not, `java/rmi` a line.
  lacks =
    pkgs.runCommand "jre-${toString java}-lacks"
      {
        nativeBuildInputs = [ jdk ];
      }
      ''
        # A line each, indented: a class or a file with its path.
        packagesOf() {
          jimage list "$1/lib/modules" | sed -n 's|^    \(.*\)/[^/]*$|\1|p' | grep -v '^META-INF' | LC_ALL=C sort -u
        }
        packagesOf ${jdk.home or jdk} > has-all
        packagesOf ${jre} > has
        LC_ALL=C comm -23 has-all has > $out
      '';
in
jre
// {
  inherit jdk java lacks;
  inherit (jdk) version;
  modules = linkedModules;
}
