# nixpkgs' haproxy and socat, of Debian. What Debian's haproxy is linked with but has no use for here (Lua, systemd,
# OpenTracing) must stay: it is bound when the program starts.
{ debian, glibc, ... }:

let
  # What dpkg says is installed. It is not among the files that Debian's packages own.
  installed =
    package:
    let
      inherit (builtins)
        elemAt
        head
        readFile
        split
        substring
        ;
      entry = elemAt (split "Package: ${package}\n" (readFile /var/lib/dpkg/status)) 2;
    in
    head (split "\n" (elemAt (split "\nVersion: " (substring 0 1000 entry)) 2));
  take =
    arguments:
    debian.take (
      {
        libraries = [ glibc ];
        interpreter = "${glibc}/lib/ld-linux-x86-64.so.2";
      }
      // arguments
    );
in
{
  haproxy = take {
    name = "haproxy";
    packages = [
      "haproxy"
      "libc6"
      "libcap2"
      "libcrypt1"
      "libgcc-s1"
      "libgcrypt20"
      "libgpg-error0"
      "liblua5.3-0"
      "liblz4-1"
      "liblzma5"
      "libopentracing-c-wrapper0"
      "libopentracing1"
      "libpcre2-8-0"
      "libssl3"
      "libstdc++6"
      "libsystemd0"
      "libzstd1"
    ];
    files."bin/haproxy" = "/usr/sbin/haproxy";
    passthru.version = installed "haproxy";
  };
  socat = take {
    name = "socat";
    packages = [
      "libc6"
      "libcom-err2"
      "libgssapi-krb5-2"
      "libk5crypto3"
      "libkeyutils1"
      "libkrb5-3"
      "libkrb5support0"
      "libnsl2"
      "libssl3"
      "libtirpc3"
      "libwrap0"
      "socat"
    ];
    files."bin/socat" = "/usr/bin/socat";
  };
}
