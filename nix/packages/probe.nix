# agatha-probe PORT PATH STATUSES: is the service on this port well? In bash alone, so that images need no curl.
{ pkgs }:

pkgs.runCommand "agatha-probe" { } ''
  mkdir -p $out/bin
  (echo "#!${pkgs.bash}/bin/bash"; cat ${./probe.sh}) > $out/bin/agatha-probe
  chmod +x $out/bin/agatha-probe
''
