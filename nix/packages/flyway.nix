# Flyway's jars for PostgreSQL only, flat in share/flyway/lib: no other database, no unused driver, no JRE of its own.
{ pkgs, jre }:

let
  jars =
    pkgs.runCommand "agatha-flyway-${pkgs.flyway.version}"
      {
        passthru = {
          inherit runs;
          inherit (pkgs.flyway) version;
        };
      }
      ''
        from=${pkgs.flyway}/share/flyway
        to=$out/share/flyway/lib
        mkdir -p "$to"

        # Up to 11.10 all lie in lib; since then Flyway's own in lib/flyway, and what clouds need in folders beside it. Left out
        # are the clients of other databases, of clouds and of vaults: Flyway ends at one whose libraries are not there.
        for jar in "$from"/lib/*.jar "$from"/lib/flyway/*.jar; do
          case ''${jar##*/} in
            flyway-database-postgresql-*) cp "$jar" "$to/" ;;
            flyway-database-* | flyway-*-database-* | flyway-gcp-* | flyway-mysql-* | flyway-oracle-* | flyway-sqlserver-*) ;;
            flyway-firebird-* | flyway-singlestore-* | flyway-redshift-* | flyway-*mongodb* | flyway-*vault*) ;;
            flyway-experimental-* | flyway-locations-* | flyway-command-mcp-*) ;;
            msal4j-* | azure-* | aws-* | google-* | grpc-* | netty-* | mongo* | ojdbc* | oraclepki* | osdt* | bson-*) ;;
            *) cp "$jar" "$to/" ;;
          esac
        done
        find "$from/drivers/" -maxdepth 1 -name 'postgresql-[0-9]*.jar' -exec cp {} "$to/" \;

        # flyway-reports is what turns a failed migration into an exit code: without it the command line ends with 0. By find:
        # a pattern that matches nothing is no word at all in stdenv's shell.
        for needed in flyway-commandline flyway-core flyway-database-postgresql flyway-reports postgresql; do
          [ -n "$(find "$to" -name "$needed-[0-9]*.jar")" ] || {
            echo "nix/packages/flyway.nix: \"$needed\" is not in $from. Flyway's jars were renamed or moved: adapt the patterns." >&2
            exit 1
          }
        done
      '';

  # Checks that Flyway starts with these jars on this JRE: it gets as far as connecting to a PostgreSQL that does not exist.
  runs = pkgs.runCommand "agatha-flyway-runs" { } ''
    ${jre}/bin/java -cp "${jars}/share/flyway/lib/*" org.flywaydb.commandline.Main -skipCheckForUpdate \
      -url=jdbc:postgresql://127.0.0.1:1/none -user=nobody -password=none -locations=filesystem:. info > $out 2>&1 || true
    grep -q 'Connection to 127.0.0.1:1 refused' $out || {
      cat $out >&2
      echo "nix/packages/flyway.nix: Flyway ${pkgs.flyway.version} does not run with the jars that are taken. Adapt the patterns." >&2
      exit 1
    }
  '';
in
jars
