# agatha-probe PORT PATH STATUSES: is the service on this port healthy? agatha-liveness: the same as docker's health check,
# which also ends a service that no longer is healthy. Written in bash only, so that images need no curl.
{ pkgs }:

# Its name puts its layer below those of the application, which change more often.
pkgs.runCommand "agatha-answers" { } ''
  mkdir -p $out/bin
  (echo "#!${pkgs.bashNonInteractive}/bin/bash"; cat ${./probe.sh}) > $out/bin/agatha-probe
  (echo "#!${pkgs.bashNonInteractive}/bin/bash"; cat ${./liveness.sh}) > $out/bin/agatha-liveness
  chmod +x $out/bin/*
''
