# nixpkgs' cacert: the certificates that Mozilla trusts, in one file. Debian's own such file is made at installation, and
# so has no checksum; the certificates have.
{ build }:

build.runCommand "cacert"
  {
    md5sums = build.md5sums [ "ca-certificates" ];
    libraries = "";
    interpreter = "";
  }
  ''
    . ${../take.sh}
    bundle=$out/etc/ssl/certs/ca-bundle.crt
    mkdir -p "$(dirname "$bundle")"
    for certificate in /usr/share/ca-certificates/mozilla/*.crt; do
      take certificate "$certificate"
      cat "$out/certificate" >> "$bundle"
    done
    rm "$out/certificate"
  ''
