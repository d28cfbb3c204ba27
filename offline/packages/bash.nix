# The shell of the wrappers.
{ debian, glibc, ... }:

debian.take {
  name = "bash";
  packages = [
    "bash"
    "libtinfo6"
  ];
  files."bin/bash" = "/bin/bash";
  libraries = [ glibc ];
  interpreter = "${glibc}/lib/ld-linux-x86-64.so.2";
  extra = "ln -s bash $out/bin/sh";
}
