# PostgreSQL's client programs from a newer suite of Debian than this host's, which has none for that major version:
# with all their libraries, the C library too, out of the packages that set-up downloaded.
{
  build,
  major,
  packages,
}:

build.runCommand "postgresql-client-${major}"
  {
    inherit major packages;
    # Unpacks the packages.
    unpacker = build.md5sums [ "dpkg" ];
    programs = "pg_dump pg_dumpall pg_isready pg_restore psql";
  }
  ''
    . ${../take.sh}
    for package in $packages; do dpkg-deb --extract $package root; done
    from=$PWD/root/usr/lib/x86_64-linux-gnu
    mkdir -p $out/bin $out/lib

    # takeNeededOf FILE: the libraries that it needs, and those that they need.
    takeNeededOf() {
      local needed
      for needed in $(patchelf --print-needed "$1"); do
        [ ! -e "$out/lib/$needed" ] || continue
        if [ ! -e "$from/$needed" ]; then
          echo "offline/packages: $1 needs $needed, which none of the packages of PostgreSQL $major has. Add its package to offline/packages/postgresql/majors.json." >&2
          return 1
        fi
        cp "$from/$needed" "$out/lib/$needed"
        chmod u+w "$out/lib/$needed"
        takeNeededOf "$out/lib/$needed"
      done
    }
    for program in $programs; do
      cp root/usr/lib/postgresql/$major/bin/$program $out/bin/
      chmod u+w $out/bin/$program
      takeNeededOf $out/bin/$program
    done

    interpreter=$out/lib/ld-linux-x86-64.so.2
    # The C library finds itself, and its loader is no program to be patched.
    for file in $out/bin/* $out/lib/*; do
      case ''${file##*/} in
        ld-linux-* | libc.so.* | libm.so.* | libdl.so.* | libpthread.so.* | librt.so.* | libresolv.so.*) ;;
        *) libraries= patchElf "$file" ;;
      esac
    done
    for program in $programs; do $out/bin/$program --version; done
  ''
