# What is known about the images without building them: their refs, and their inputs as a reviewer reads them.
{ packages, system, app, back, front, gateway, images }:

let
  describe =
    attribute: inputs:
    let
      image = images.${attribute};
    in
    {
      name = image.imageName;
      tag = image.imageTag;
      alias = image.alias or "latest";
      inherit attribute;
      # Without the context, so that reading meta builds nothing.
      drvPath = builtins.unsafeDiscardStringContext image.drvPath;
      inputs = inputs // { inherit packages system; };
    };
in
{
  back = describe "back-image" {
    jar = app.back.jar.hash;
    migrations = app.back.migrations.hashes;
    jre = back.jre.version;
    modules = back.jre.modules;
    inherit (app.back) javaOptions port;
    flyway = back.flyway.version;
  };
  front = describe "front-image" {
    dist = app.front.dist.hash;
    http-server = front.httpServer.version;
    node = front.httpServer.node.version;
    inherit (app.front) port spa;
  };
  db = describe "db-image" images.db-image.inputs;
  gateway = describe "gateway-image" { haproxy = gateway.haproxy.version; };
}
