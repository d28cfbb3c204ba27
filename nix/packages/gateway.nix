# The gateway: bin/agatha-gateway runs HAProxy and talks with it; bin/agatha-liveness as in probe.nix, on this bash.
{ pkgs, haproxy }:

pkgs.runCommand "agatha-gateway" { passthru = { inherit haproxy; }; } ''
  mkdir -p $out/bin
  for script in ${./gateway.sh} ${./liveness.sh}; do
    name=''${script##*-}
    (printf '%s\n' '#!${haproxy}/bin/bash' 'PATH=${haproxy}/bin'; cat $script) > $out/bin/agatha-''${name%.sh}
  done
  chmod +x $out/bin/*
''
