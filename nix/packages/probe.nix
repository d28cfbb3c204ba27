# agatha-probe PORT PATH STATUSES: is the service on this port well? agatha-liveness: the same as docker's health check,
# which ends a service that no longer is. In bash alone, so that images need no curl.
{ pkgs }:

# By its name its layer lies below those of the application, which change more often.
pkgs.runCommand "agatha-answers" { } ''
  mkdir -p $out/bin
  (echo "#!${pkgs.bash}/bin/bash"; cat ${./probe.sh}) > $out/bin/agatha-probe
  (echo "#!${pkgs.bash}/bin/bash"; cat ${./liveness.sh}) > $out/bin/agatha-liveness
  chmod +x $out/bin/*
''
