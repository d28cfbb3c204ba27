# The front end: bin/agatha-front serves share/agatha-front, which is `dist`, and in its place what is in the folder that
# --overlay names; both as they are at each request.
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
