# The front end: bin/agatha-front serves share/agatha-front, which is `dist`. A file in the folder that --overlay names takes
# the place of one in the dist. Both are read at each request.
{ pkgs, app, httpServer }:

let
  inherit (app.front) port spa dist;
in
pkgs.runCommand "agatha-front"
  {
    nativeBuildInputs = [ pkgs.makeWrapper ];
    passthru = { inherit httpServer; };
  }
  ''
    mkdir -p $out/bin $out/share
    cp -r ${dist.source} $out/share/agatha-front
    makeWrapper ${httpServer.node}/bin/node $out/bin/agatha-front \
      --add-flag ${./serve}/serve.mjs \
      --set NODE_PATH ${httpServer}/lib/node_modules \
      --add-flag --root --add-flag $out/share/agatha-front \
      --add-flag --port --add-flag ${toString port} \
      --add-flag --spa --add-flag ${if spa then "true" else "false"}
  ''
