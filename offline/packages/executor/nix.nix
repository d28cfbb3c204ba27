# Debian's Nix, with its libraries.
{ take }:

let
  nix = take {
    name = "nix";
    packages = [
      "libacl1"
      "libarchive13"
      "libboost-context1.74.0"
      "libbrotli1"
      "libbsd0"
      "libbz2-1.0"
      "libc6"
      "libcom-err2"
      "libcpuid16"
      "libcurl3-gnutls"
      "libffi8"
      "libgc1"
      "libgcc-s1"
      "libgmp10"
      "libgnutls30"
      "libgssapi-krb5-2"
      "libhogweed6"
      "libicu72"
      "libidn2-0"
      "libk5crypto3"
      "libkeyutils1"
      "libkrb5-3"
      "libkrb5support0"
      "libldap-2.5-0"
      "liblz4-1"
      "liblzma5"
      "libmd0"
      "libnettle8"
      "libnghttp2-14"
      "libp11-kit0"
      "libpsl5"
      "libreadline8"
      "librtmp1"
      "libsasl2-2"
      "libseccomp2"
      "libsodium23"
      "libsqlite3-0"
      "libssh2-1"
      "libssl3"
      "libstdc++6"
      "libtasn1-6"
      "libtinfo6"
      "libunistring2"
      "libxml2"
      "libzstd1"
      "nix-bin"
      "zlib1g"
    ];
    files = {
      "bin/nix" = "/usr/bin/nix";
      # Opened while it runs.
      "lib/libnss_dns.so.2" = "/lib/x86_64-linux-gnu/libnss_dns.so.2";
    };
    extra = ''
      # One program with many names.
      for name in build collect-garbage copy-closure daemon env hash instantiate prefetch-url shell store; do
        ln -s nix "$out/bin/nix-$name"
      done
      mkdir -p "$out/libexec/nix"
      ln -s ../../bin/nix "$out/libexec/nix/build-remote"
      "$out/bin/nix-build" --version
    '';
  };
in
nix
// {
  # Debian's looks for the rest of itself below /usr.
  environment = [
    "NIX_BIN_DIR=${nix}/bin"
    "NIX_LIBEXEC_DIR=${nix}/libexec"
  ];
}
