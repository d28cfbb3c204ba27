# The image of the database: the official PostgreSQL, pulled by digest. The `debian` set cannot pull. It builds one
# instead, and says so in `pulled.version`.
{ pkgs, app, labels }:

let
  inherit (app.database) image;
  # Exactly these arguments: the hash is that of the archive that they make.
  pulled = pkgs.dockerTools.pullImage {
    imageName = image.name;
    imageDigest = image.digest;
    sha256 = image.hash;
    finalImageName = "agatha-db-image";
    finalImageTag = "latest";
  };
  source =
    if pulled ? postgresql then
      {
        alias = "postgresql-${pulled.postgresql}-host";
        inputs = { inherit (pulled) postgresql; };
        label."agatha.postgresql" = pulled.postgresql;
      }
    else
      {
        inputs = { image = image.name; inherit (image) digest; };
        label."agatha.digest" = image.digest;
      };
in
pkgs.dockerTools.streamLayeredImage {
  name = "agatha-db-image";
  fromImage = pulled;
  # dockerTools keeps only the environment of the base image's configuration.
  config = {
    Entrypoint = [ "docker-entrypoint.sh" ];
    Cmd = [ "postgres" ];
    StopSignal = "SIGINT";
    ExposedPorts."5432/tcp" = { };
    Volumes."/var/lib/postgresql/data" = { };
    Labels = labels // source.label;
  };
  passthru = removeAttrs source [ "label" ];
}
