# Flyway's jars for PostgreSQL alone: no other database, no driver that nobody uses, no JRE of its own.
{ pkgs }:

pkgs.runCommand "agatha-flyway-${pkgs.flyway.version}"
  {
    passthru = {
      inherit (pkgs.flyway) version;
    };
  }
  ''
    from=${pkgs.flyway}/share/flyway
    to=$out/share/flyway/lib
    mkdir -p "$to"

    # All but the clients of other databases, of clouds and of vaults, each with its libraries.
    for jar in "$from"/lib/*.jar; do
      case ''${jar##*/} in
        flyway-database-postgresql-*) cp "$jar" "$to/" ;;
        flyway-database-* | flyway-*-database-* | flyway-gcp-* | flyway-mysql-* | flyway-oracle-* | flyway-sqlserver-*) ;;
        flyway-firebird-* | flyway-singlestore-* | flyway-redshift-* | flyway-*mongodb* | flyway-*vault*) ;;
        msal4j-* | azure-* | aws-* | google-* | grpc-* | netty-* | mongo* | ojdbc* | oraclepki* | osdt* | bson-*) ;;
        *) cp "$jar" "$to/" ;;
      esac
    done
    find "$from/drivers/" -maxdepth 1 -name 'postgresql-[0-9]*.jar' -exec cp {} "$to/" \;

    # flyway-reports is what turns a failed migration into an exit code: without it the command line ends with 0.
    for needed in flyway-commandline flyway-core flyway-database-postgresql flyway-reports postgresql; do
      ls "$to/$needed"-[0-9]*.jar > /dev/null || {
        echo "nix/packages/flyway.nix: \"$needed\" is not in $from. Flyway's jars were renamed: adapt the patterns." >&2
        exit 1
      }
    done
  ''
