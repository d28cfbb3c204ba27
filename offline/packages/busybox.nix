# Shell tools for the database's entrypoint and its scripts: one static program.
{ build, debian, ... }:

debian.take {
  name = "busybox";
  packages = [ "busybox-static" ];
  files."bin/busybox" = "/bin/busybox";
  extra = ''
    for applet in $($out/bin/busybox --list); do
      case $applet in
        # Others have these.
        busybox | bash | sh | setpriv | [ | [[) continue ;;
      esac
      ln -s busybox $out/bin/$applet
    done
    ln -s busybox "$out/bin/["
  '';
}
