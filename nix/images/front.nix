# The image of the front end.
{ pkgs, app, front, probe, labels }:

pkgs.dockerTools.streamLayeredImage {
  name = "agatha-front-image";
  contents = [ probe front ];
  extraCommands = import ./base-files.nix;
  config = {
    Cmd = [ "/bin/agatha-front" ];
    WorkingDir = "/";
    Env = [ "PATH=/bin" ];
    ExposedPorts."${toString app.front.port}/tcp" = { };
    Labels = labels // {
      "agatha.http-server" = front.httpServer.version;
      "agatha.node" = front.httpServer.node.version;
    };
  };
}
