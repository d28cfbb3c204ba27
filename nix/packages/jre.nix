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

  # Sorted, each once.
  linkedModules = builtins.attrNames (
    builtins.groupBy (name: name) (builtins.fromJSON (builtins.readFile ./jre-modules.json) ++ modules)
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
  linked = pkgs.jre_minimal.override {
    inherit jdk;
    jdkOnBuild = jlink;
    modules = linkedModules;
  };

  # A class data archive: the JVM maps the classes that it always needs instead of loading them, which saves a third of its start.
  # It stands where the JVM looks for it, and is passed over in silence by a JVM that cannot use it (ZGC, a heap of 32 GB and more):
  # with -XX:SharedArchiveFile that JVM would print errors, and refuse -XX:AOTCache. Java 17 has none, because its archives differ
  # from build to build (JDK-8253495, fixed in 19). What is dumped depends on the collector and the heap, so both are set, as in the
  # JDK's own build; without hashCode=2, identity hashes in it are random until Java 23 (JDK-8330027). The JVM compares the time of
  # `modules`, and Nix sets it to 1 after the build.
  dump = ''
    touch -d @1 $out/lib/modules
    $out/bin/java -XX:+UseG1GC -Xmx128m -XX:+UnlockExperimentalVMOptions -XX:hashCode=2 -Xshare:dump
  '';
  jre = if java >= 19 then linked.overrideAttrs { postFixup = dump; } else linked;
in
jre
// {
  inherit (jdk) version;
  modules = linkedModules;
}
