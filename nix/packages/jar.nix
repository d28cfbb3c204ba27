# The jar, once it is known to run on the JRE: no class for a newer Java, no module that the JRE lacks.
{ pkgs, app, jre }:

pkgs.runCommand "agatha-back-jar"
  {
    nativeBuildInputs = [ jre.jdk ];
    jar = app.back.jar.source;
    java = toString jre.java;
    jreVersion = jre.version;
    inherit jre;
  }
  ''
    bash ${./check-jar.sh}
    mkdir -p $out/share/agatha
    cp $jar $out/share/agatha/agatha-back.jar
  ''
