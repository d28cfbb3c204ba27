# nixpkgs' gitMinimal: clones over https and ssh, submodules too; without Perl and Python.
{
  build,
  take,
  bash,
  makeWrapper,
}:

let
  from = "/usr/lib/git-core";
  names = [
    "git"
    "git-remote-http"
    "git-sh-i18n"
    "git-sh-setup"
    "git-submodule"
  ];
  core = take {
    name = "git-core";
    packages = [
      "git"
      "libbrotli1"
      "libc6"
      "libcom-err2"
      "libcurl3-gnutls"
      "libffi8"
      "libgmp10"
      "libgnutls30"
      "libgssapi-krb5-2"
      "libhogweed6"
      "libidn2-0"
      "libk5crypto3"
      "libkeyutils1"
      "libkrb5-3"
      "libkrb5support0"
      "libldap-2.5-0"
      "libnettle8"
      "libnghttp2-14"
      "libp11-kit0"
      "libpcre2-8-0"
      "libpsl5"
      "librtmp1"
      "libsasl2-2"
      "libssh2-1"
      "libssl3"
      "libtasn1-6"
      "libunistring2"
      "libzstd1"
      "zlib1g"
    ];
    files = builtins.listToAttrs (
      map (name: {
        name = "libexec/git-core/${name}";
        value = "${from}/${name}";
      }) names
    );
    extra = ''
      ln -s git-remote-http $out/libexec/git-core/git-remote-https
      for name in upload-pack receive-pack upload-archive; do ln -s git $out/libexec/git-core/git-$name; done
      sed -i '1s|^#!/bin/sh|#!${bash}/bin/bash|' $out/libexec/git-core/git-submodule
    '';
  };
in
build.runCommand "git-minimal" { nativeBuildInputs = [ makeWrapper ]; } ''
  mkdir -p $out/share/git-core/templates
  makeWrapper ${core}/libexec/git-core/git $out/bin/git \
    --set GIT_EXEC_PATH ${core}/libexec/git-core \
    --set GIT_TEMPLATE_DIR $out/share/git-core/templates
  $out/bin/git --version
''
