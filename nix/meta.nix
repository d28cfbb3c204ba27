# What is known about the images without building them: their refs, and their inputs as a reviewer reads them.
{
  packages,
  system,
  app,
  back,
  front,
  gateway,
  backImage,
  frontImage,
  dbImage,
  gatewayImage,
}:

let
  describe =
    {
      image,
      attribute,
      alias ? "latest",
      inputs,
    }:
    {
      name = image.imageName;
      tag = image.imageTag;
      inherit alias attribute;
      # Without the context, so that reading meta builds nothing.
      drvPath = builtins.unsafeDiscardStringContext image.drvPath;
      inputs = inputs // {
        inherit packages system;
      };
    };
in
{
  back = describe {
    image = backImage;
    attribute = "back-image";
    inputs = {
      jar = app.back.jar.hash;
      migrations = app.back.migrations.hashes;
      jre = back.jre.version;
      modules = back.jre.modules;
      inherit (app.back) javaOptions port;
      flyway = back.flyway.version;
    };
  };
  front = describe {
    image = frontImage;
    attribute = "front-image";
    inputs = {
      dist = app.front.dist.hash;
      http-server = front.httpServer.version;
      node = front.httpServer.node.version;
      inherit (app.front) port spa;
    };
  };
  db = describe {
    image = dbImage;
    attribute = "db-image";
    inherit (dbImage) alias inputs;
  };
  gateway = describe {
    image = gatewayImage;
    attribute = "gateway-image";
    inputs = {
      haproxy = gateway.haproxy.version;
    };
  };
}
