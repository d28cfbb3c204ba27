# The image of the back end. Its command migrates first, for people who run it by hand. A deployment migrates in a step
# of its own, then runs /bin/agatha-back.
{ pkgs, app, back, probe, labels }:

pkgs.dockerTools.streamLayeredImage {
  name = "agatha-back-image";
  # This order does not decide the order of layers: nixpkgs sorts what nothing needs by name.
  contents = [ pkgs.bashNonInteractive probe back.run back.migrate ];
  extraCommands = import ./base-files.nix + ''
    mkdir -p home
    # Real back ends want it in the working directory, even empty.
    touch home/gradle.properties
  '';
  config = {
    Cmd = [ "/bin/bash" "-c" "/bin/agatha-back-migrate && exec /bin/agatha-back" ];
    WorkingDir = "/home";
    Env = [
      "PATH=/bin"
      "HOME=/home"
      "LANG=C.UTF-8"
      # Flyway reports to its maker unless it is told not to.
      "REDGATE_DISABLE_TELEMETRY=true"
    ];
    ExposedPorts."${toString app.back.port}/tcp" = { };
    Labels = labels // {
      "agatha.jre" = back.jre.version;
      "agatha.flyway" = back.flyway.version;
    };
  };
}
