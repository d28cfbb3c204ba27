# nixpkgs' flyway, as far as its jars lie where nixpkgs has them.
{ build, material }:

build.runCommand "flyway-${material.versions.flyway}"
  {
    jars = material.filesIn "maven/flyway";
    passthru.version = material.versions.flyway;
  }
  ''
    mkdir -p $out/share/flyway/{lib,drivers}
    for jar in $jars; do
      name=''${jar##*/}
      name=''${name#*-}
      case $name in
        postgresql-[0-9]*) cp "$jar" "$out/share/flyway/drivers/$name" ;;
        *) cp "$jar" "$out/share/flyway/lib/$name" ;;
      esac
    done
  ''
