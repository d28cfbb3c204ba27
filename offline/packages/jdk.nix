# jdkNN_headless for each JDK in /usr/lib/jvm: a tree that runs in the sandbox, where Debian's links into /etc lead
# nowhere. Only for building: nothing of it is in an image.
{ build, debian }:

let
  inherit (builtins)
    attrNames
    filter
    head
    listToAttrs
    match
    pathExists
    readDir
    readFile
    ;

  jvms = /usr/lib/jvm;
  homes = filter (name: pathExists (jvms + "/${name}/release") && pathExists (jvms + "/${name}/bin/jlink")) (
    attrNames (readDir jvms)
  );
  versionOf = home: head (match ".*\nJAVA_VERSION=\"([^\"]*)\".*" ("\n" + readFile (jvms + "/${home}/release")));
  majorOf = home: head (match "([0-9]+).*" (versionOf home));

  jdk =
    home:
    let
      configuration = /etc + "/java-${majorOf home}-openjdk";
    in
    build.runCommand "jdk-${versionOf home}"
      {
        home = "/usr/lib/jvm/${home}";
        release = readFile (jvms + "/${home}/release");
        # What Debian keeps in /etc: the JDK does not start without it.
        configuration =
          if pathExists configuration then
            builtins.path {
              path = configuration;
              name = "jdk-configuration";
            }
          else
            "";
        # Temurin's package links to what this host makes of its certificates, so that such a JRE is this host's own.
        certificates =
          if (readDir (jvms + "/${home}/lib/security")).cacerts or "" == "symlink" then
            builtins.path {
              path = /etc/ssl/certs/java/cacerts;
              name = "cacerts";
            }
          else
            "";
        # Checksums of the package, if it is one.
        md5sums =
          if pathExists "/var/lib/dpkg/info/openjdk-${majorOf home}-jdk-headless:amd64.md5sums" then
            build.md5sums [
              "openjdk-${majorOf home}-jdk-headless"
              "openjdk-${majorOf home}-jre-headless"
            ]
          else
            "";
        passthru.version = versionOf home;
      }
      ''
        mkdir -p $out/lib
        # The launchers find their home by their own place, so these are copied; the big ones are only read.
        cp -r "$home/bin" "$out/bin"
        cp "$home/release" $out/
        for part in "$home"/lib/*; do
          case "$part" in
            */modules | */ct.sym | */src.zip) ln -s "$part" "$out/lib/" ;;
            *) cp -rP "$part" "$out/lib/" ;;
          esac
        done
        [ ! -d "$home/conf" ] || cp -rP "$home/conf" "$out/conf"
        chmod -R u+w $out
        # A JDK without jmods links from itself, and then wants each of its files.
        for part in jmods include legal man NOTICE; do
          [ ! -e "$home/$part" ] || ln -s "$home/$part" $out/
        done

        find $out -type l -lname '/etc/java-*' | while read -r link; do
          target=$(readlink "$link")
          rm "$link"
          cp -r "$configuration/''${target#/etc/java-*/}" "$link"
        done
        find $out -type l -lname '/etc/*/cacerts' | while read -r link; do
          rm "$link"
          cp $certificates "$link"
        done
      '';
in
listToAttrs (
  map (home: {
    name = "jdk${majorOf home}_headless";
    value = jdk home;
    # listToAttrs keeps the first of equal names; java-17-openjdk-* comes before temurin-*, links to it are the same.
  }) homes
)
