# The back end: bin/agatha-back runs the jar, bin/agatha-back-migrate applies the packaged migrations to a database.
# They are two packages, so that each has its own layer. Layers of what nothing needs are sorted by name, so the jar's is
# below: a new jar sends the few kilobytes of migrations again, but new migrations do not send the jar again.
{ pkgs, app, jre, flyway }:

let
  shellWord = word: "'${builtins.replaceStrings [ "'" ] [ "'\\''" ] word}'";
  # One word of the wrapped command each, whatever is in it.
  flags = words: builtins.concatStringsSep " " (map (word: "--add-flag ${shellWord word}") words);

  # Names of files are ASCII to Java unless the locale says otherwise, and text too before Java 18.
  unicode = "--set LC_CTYPE C.UTF-8 --add-flag -Dfile.encoding=UTF-8";

  run =
    pkgs.runCommand "agatha-back-jar"
      {
        nativeBuildInputs = [ pkgs.makeWrapper ];
        jar = app.back.jar.source;
      }
      ''
        mkdir -p $out/bin $out/share/agatha
        cp $jar $out/share/agatha/agatha-back.jar
        makeWrapper ${jre}/bin/java $out/bin/agatha-back \
          ${unicode} ${flags app.back.javaOptions} --add-flag -jar --add-flag $out/share/agatha/agatha-back.jar
      '';

  # Flyway's own default, without -failOnMissingLocations, is to migrate nothing and to end well.
  migrate =
    pkgs.runCommand "agatha-back-migrate"
      {
        nativeBuildInputs = [ pkgs.makeWrapper ];
        # Only so that it is built.
        flywayRuns = flyway.runs;
        passthru.migrations = "${migrate}/share/agatha/migrations";
      }
      ''
        mkdir -p $out/bin $out/share/agatha
        cp -r ${app.back.migrations.source} $out/share/agatha/migrations
        makeWrapper ${jre}/bin/java $out/bin/agatha-back-migrate ${unicode} \
          ${
            flags [
              "-XX:TieredStopAtLevel=1"
              "-XX:+UseSerialGC"
              "-cp"
              "${flyway}/share/flyway/lib/*"
              "org.flywaydb.commandline.Main"
              "-skipCheckForUpdate"
            ]
          } \
          --append-flag "-locations=filesystem:$out/share/agatha/migrations" \
          --append-flag '-failOnMissingLocations=true' --append-flag 'migrate'
      '';
in
pkgs.runCommand "agatha-back"
  {
    passthru = {
      inherit run migrate jre flyway;
      inherit (migrate) migrations;
    };
  }
  ''
    mkdir -p $out/bin $out/share/agatha
    ln -s ${run}/bin/* ${migrate}/bin/* $out/bin/
    ln -s ${run}/share/agatha/* ${migrate}/share/agatha/* $out/share/agatha/
  ''
