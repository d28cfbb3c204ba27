# The image of the gateway. Nothing of the application is in it: its routes are configuration, in a volume.
{ pkgs, gateway, labels }:

pkgs.dockerTools.streamLayeredImage {
  name = "agatha-gateway-image";
  contents = [ gateway ];
  # A new volume has the mode of the folder that it is mounted on, and so has a tmpfs when its container starts again:
  # whoever HAProxy runs as may write there.
  extraCommands = import ./base-files.nix + ''
    mkdir -p run/agatha var/lib/agatha
    chmod 777 run/agatha var/lib/agatha
  '';
  config = {
    Cmd = [ "/bin/agatha-gateway" "run" ];
    User = "65534:65534";
    Env = [ "PATH=/bin" ];
    Labels = labels // { "agatha.haproxy" = gateway.haproxy.version; };
  };
}
