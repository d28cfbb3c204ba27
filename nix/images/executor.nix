# The image in which Pulumi Cloud Deployments runs a stack's operations: all that `pulumi preview` and `pulumi up` of this
# repository call. Its Nix is for one user and needs no privileges: the store belongs to the image's user.
{ pkgs, labels }:

let
  uid = 1000;
  home = "/home/executor";
  tools = [
    pkgs.bashNonInteractive
    pkgs.busybox
    pkgs.cacert
    pkgs.openssh
    pkgs.gitMinimal
    pkgs.docker-client
    pkgs.nix
    pkgs.nodejs
    engine
  ];
  engine = import ../packages/pulumi.nix { inherit pkgs; };
  # If the package set has none, Pulumi fetches them when they are first used.
  plugins = pkgs.pulumi.plugins or [ ];
  certificates = "${pkgs.cacert}/etc/ssl/certs/ca-bundle.crt";
  settings = ''
    # Builds need no privileges in a container that is thrown away after. Should it run as root, its builders do not.
    sandbox = false
    build-users-group = nixbld
  '';
  builders = builtins.genList (i: toString (i + 1)) 4;
  forEach = list: commands: builtins.concatStringsSep "" (map commands list);
in
pkgs.dockerTools.streamLayeredImage {
  name = "agatha-executor";
  contents = tools ++ map (plugin: plugin.package) plugins;
  # The image's store paths are registered, so that Nix neither fetches them again nor replaces what runs.
  includeNixDB = true;
  inherit uid;
  gid = uid;
  extraCommands =
    import ./base-files.nix
    + ''
      echo 'executor:x:${toString uid}:${toString uid}::${home}:/bin/bash' >> etc/passwd
      echo 'executor:x:${toString uid}:' >> etc/group
      echo 'nixbld:x:30000:${builtins.concatStringsSep "," (map (i: "nixbld${i}") builders)}' >> etc/group
    ''
    + forEach builders (i: ''
      echo 'nixbld${i}:x:${toString (30000 + builtins.fromJSON i)}:30000::/var/empty:/bin/false' >> etc/passwd
    '')
    + ''
      mkdir -p etc/nix usr/bin var/empty deployment .${home}/.pulumi/plugins
      cat > etc/nix/nix.conf <<'EOF'
      ${settings}EOF
      ln -s ${pkgs.busybox}/bin/env usr/bin/env
    ''
    + forEach plugins (plugin: ''
      mkdir .${home}/.pulumi/plugins/${plugin.folder}
      ln -s ${plugin.path} .${home}/.pulumi/plugins/${plugin.folder}/
    '')
    + ''
      # Nix sets the modes of these, which only their owner may: whoever it runs as makes them anew.
      rm -rf nix/var/nix/profiles nix/var/nix/temproots nix/var/nix/gcroots/auto nix/var/nix/gcroots/per-user
      # One user has this container to itself, by whatever id it is started.
      chmod -R a+rwX nix/var .${home} deployment
    '';
  # `uid` is for what is in store paths. The folder of the store itself is among the rest, as is its database.
  fakeRootCommands = "chown -R ${toString uid}:${toString uid} nix .${home} deployment";
  config = {
    User = "${toString uid}:${toString uid}";
    WorkingDir = "/deployment";
    Cmd = [ "/bin/bash" ];
    Env = pkgs.nix.environment or [ ] ++ [
      # By store path: they are found also where a host's /usr and /bin are mounted, as builds of the debian set need.
      "PATH=${builtins.concatStringsSep ":" (map (tool: "${tool}/bin") tools)}:/bin:/usr/bin"
      "HOME=${home}"
      "LANG=C.UTF-8"
      "USER=executor"
      "PULUMI_HOME=${home}/.pulumi"
      "PULUMI_SKIP_UPDATE_CHECK=true"
      "NIX_SSL_CERT_FILE=${certificates}"
      "SSL_CERT_FILE=${certificates}"
      "GIT_SSL_CAINFO=${certificates}"
    ];
    Labels = labels;
  };
  passthru = { inherit tools plugins; };
}
