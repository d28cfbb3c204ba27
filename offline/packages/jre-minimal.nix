# nixpkgs' jre_minimal: jlink's output, its programs patched to the store. `overrideAttrs` takes `postFixup` alone.
{ build, glibc, ... }:

let
  # The libraries that the JRE's own link to, of Debian packages (a JDK from elsewhere brings its own).
  packages = [
    "libc6"
    "libgcc-s1"
    "libjpeg62-turbo"
    "liblcms2-2"
    "libstdc++6"
    "zlib1g"
  ];
  # Windows, sound, printers and text layout: nothing that a server without fonts can use, and each drags in a desktop.
  unused = [
    "libawt_xawt.so"
    "libfontmanager.so"
    "libjawt.so"
    "libjsound.so"
    "libsplashscreen.so"
    "libj2pcsc.so"
    "libsctp.so"
  ];

  make =
    {
      jdk,
      jdkOnBuild,
      modules ? [ "java.base" ],
      postFixup ? "",
    }@args:
    build.runCommand "${jdk.name}-minimal-jre"
      {
        nativeBuildInputs = [ jdkOnBuild ];
        md5sums = build.md5sums packages;
        libraries = toString [ glibc ];
        interpreter = "${glibc}/lib/ld-linux-x86-64.so.2";
        passthru.overrideAttrs = { postFixup }: make (args // { inherit postFixup; });
      }
      (''
        . ${./take.sh}
        jlink --add-modules ${builtins.concatStringsSep "," modules} --output $out
        chmod -R u+w $out
        rm -rf $out/legal $out/lib/jfr/profile.jfc
        for library in ${toString unused}; do rm -f $out/lib/$library; done
        find $out -type f -name '*.so' -o -type f -path "$out/bin/*" -o -type f -name jspawnhelper -o -name jexec |
          while read -r file; do
            isElf "$file" || continue
            takeLibrariesOf "$file"
            strip --strip-unneeded "$file"
            patchelf --set-interpreter "$interpreter" "$file" 2> /dev/null || true
            # Libraries of the JRE look beside themselves first.
            patchelf --set-rpath "\$ORIGIN:\$ORIGIN/server:$out/lib:$out/lib/server:${glibc}/lib" "$file"
          done
        $out/bin/java -version 2>&1 | head -n 1
      '' + postFixup);
in
{
  override = make;
}
