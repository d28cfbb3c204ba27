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

    # What the command line always loads. Named one by one: most of lib/ is clients of databases and of vaults.
    for pattern in 'flyway-commandline-[0-9]*' 'flyway-core-[0-9]*' 'flyway-database-postgresql-[0-9]*' \
      'flyway-reports-[0-9]*' \
      'jackson-*' 'gson-*' 'slf4j-api-*' 'jul-to-slf4j-*' 'logback-*' 'commons-logging-*' 'jansi-*'; do
      find "$from/lib/" -name "$pattern.jar" -exec cp -n {} "$to/" \;
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
