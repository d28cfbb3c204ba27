# The locale C.UTF-8, where Debian's C library looks for it, and the program that prints it.
{ debian, glibc, ... }:

debian.take {
  # By its name its layer lies below all others that nothing needs.
  name = "C.utf8";
  packages = [
    "libc-bin"
    "libc6"
  ];
  libraries = [ glibc ];
  interpreter = "${glibc}/lib/ld-linux-x86-64.so.2";
  # initdb asks `locale` which locales there are.
  files = {
    "bin/locale" = "/usr/bin/locale";
  }
  // builtins.listToAttrs (
    map
      (name: {
        name = "usr/lib/locale/C.utf8/${name}";
        value = "/usr/lib/locale/C.utf8/${name}";
      })
      [
        "LC_ADDRESS"
        "LC_COLLATE"
        "LC_CTYPE"
        "LC_IDENTIFICATION"
        "LC_MEASUREMENT"
        "LC_MESSAGES/SYS_LC_MESSAGES"
        "LC_MONETARY"
        "LC_NAME"
        "LC_NUMERIC"
        "LC_PAPER"
        "LC_TELEPHONE"
        "LC_TIME"
      ]
  );
}
