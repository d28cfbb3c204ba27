# The C library and the compiler's run time that everything here is linked with.
{ debian }:

let
  from = "/lib/x86_64-linux-gnu";
  libraries = [
    "ld-linux-x86-64.so.2"
    "libc.so.6"
    "libdl.so.2"
    "libm.so.6"
    "libpthread.so.0"
    "librt.so.1"
  ];
in
debian.take {
  name = "glibc";
  packages = [ "libc6" ];
  files = builtins.listToAttrs (
    map (name: {
      name = "lib/${name}";
      value = "${from}/${name}";
    }) libraries
  );
}
