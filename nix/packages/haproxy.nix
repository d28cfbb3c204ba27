# HAProxy, socat, bash and a few shell tools with the very libraries that they load, in one store path that needs no
# other. The packages themselves would pull in whole C and TLS libraries with their locales, headers and tools.
{ pkgs }:

let
  packages = [
    pkgs.haproxy
    pkgs.socat
    pkgs.bashNonInteractive
    pkgs.busybox
  ];
in
pkgs.runCommand "haproxy-${pkgs.haproxy.version}"
  {
    nativeBuildInputs = [ pkgs.patchelf ];
    # What `debian` took them from, for the software inventory.
    md5sums = map (package: package.md5sums or "") packages;
    passthru = { inherit (pkgs.haproxy) version; };
  }
  ''
    mkdir -p $out/bin $out/lib
    # What the loader says that a program loads.
    loads() {
      LD_TRACE_LOADED_OBJECTS=1 "$@" | sed -nE 's|^(.* => )?\s*(/\S+) \(0x.*|\2|p'
    }
    for program in ${pkgs.haproxy}/bin/haproxy ${pkgs.socat}/bin/socat \
      ${pkgs.bashNonInteractive}/bin/bash ${pkgs.busybox}/bin/busybox; do
      cp -L $program $out/bin/
      # Debian's busybox is static.
      patchelf --print-interpreter $program > /dev/null 2>&1 || continue
      # libgcc_s is opened by the C library alone, when a thread ends.
      libraries=$(LD_PRELOAD=libgcc_s.so.1 loads $program 2> /dev/null)
      cp -Lnt $out/lib $libraries
    done
    for tool in mv timeout; do ln -s busybox $out/bin/$tool; done

    chmod -R u+w $out
    for file in $out/bin/* $out/lib/*; do
      [ ! -L $file ] || continue
      # Other store paths, as in what `haproxy -vv` says of its build: they lead nowhere.
      LC_ALL=C sed -i -E "s|$NIX_STORE/[0-9a-z]{32}-|$NIX_STORE/eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee-|g" $file
      case ''${file##*/} in ld-linux* | libc.so.*) continue ;; esac
      if interpreter=$(patchelf --print-interpreter $file 2> /dev/null); then
        patchelf --set-interpreter $out/lib/''${interpreter##*/} $file
      fi
      patchelf --print-rpath $file > /dev/null 2>&1 || continue
      patchelf --force-rpath --set-rpath $out/lib $file
    done
    patchelf --add-needed libgcc_s.so.1 $out/bin/haproxy

    for program in haproxy socat bash busybox; do
      patchelf --print-interpreter $out/bin/$program > /dev/null 2>&1 || continue
      missing=$(LD_TRACE_LOADED_OBJECTS=1 $out/bin/$program | grep -v "$out/lib/\|linux-vdso" || true)
      [ -z "$missing" ] || {
        echo "nix/packages/haproxy.nix: $program loads $missing, which is not in its package." >&2
        exit 1
      }
    done
    $out/bin/socat -V > /dev/null
    $out/bin/haproxy -vv
    printf '%s\n' 'defaults' '  mode http' '  timeout connect 1s' '  timeout client 1s' '  timeout server 1s' \
      'frontend front' '  bind 127.0.0.1:8000' > minimal.cfg
    $out/bin/haproxy -c -f minimal.cfg
  ''
