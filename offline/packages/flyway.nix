# nixpkgs' flyway, as far as its jars lie where Flyway 11.11 and newer have them: Flyway's own in lib/flyway, what it needs
# in lib, drivers beside; and, empty, some of what is not to be taken. The jars are of 10.20, the newest that Maven has.
{ build, material }:

build.runCommand "flyway-${material.versions.flyway}"
  {
    jars = material.filesIn "maven/flyway";
    passthru.version = material.versions.flyway;
  }
  ''
    mkdir -p $out/share/flyway/{lib/{aad,flyway,netty,oracle_wallet},drivers/{aws,gcp}}
    cd $out/share/flyway
    for jar in $jars; do
      name=''${jar##*/}
      name=''${name#*-}
      case $name in
        postgresql-[0-9]*) cp "$jar" "drivers/$name" ;;
        flyway-*) cp "$jar" "lib/flyway/$name" ;;
        *) cp "$jar" "lib/$name" ;;
      esac
    done
    touch lib/aad/azure-identity-1.jar lib/netty/netty-common-4.jar lib/oracle_wallet/oraclepki-23.jar \
      lib/flyway/flyway-{database-nc-cassandra,database-oracle,mysql,locations-s3,command-mcp}-1.jar \
      drivers/{ojdbc11-23,mariadb-java-client-3}.jar drivers/aws/s3-2.jar
  ''
