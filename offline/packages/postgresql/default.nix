# PostgreSQL with the contract of the official image: server from Maven's artefact, client programs from Debian.
{
  build,
  debian,
  glibc,
  material,
  bash,
  busybox,
  # The major version, as a number.
  major,
}:

let
  taken = material.postgresql (toString major);
  postgresql = taken.version;
  interpreter = "${glibc}/lib/ld-linux-x86-64.so.2";

  optionalText = condition: text: if condition then text else "";

  server =
    build.runCommand "postgresql-${postgresql}"
      {
        inherit (taken) archive;
        md5sums = build.md5sums [
          "libc6"
          "libgcc-s1"
          "libstdc++6"
        ];
        libraries = toString [ glibc ];
        inherit interpreter;
      }
      (''
        . ${../take.sh}
        busybox unzip -q $archive
        mkdir -p $out
        busybox xz -dc postgres-linux-x86_64.txz | tar --extract --directory $out
        cd $out
        chmod -R u+w .
        rm -rf lib/pkgconfig lib/postgresql/pgxs lib/*.a lib/libecpg* lib/libpgtypes* include share/man share/doc
        # Languages that need an interpreter of the host's.
        rm -f lib/postgresql/*pl{perl,python,tcl}* share/postgresql/extension/*pl{perl,python,tcl}*
        # Names for the linker, at build time, of a library that has a versioned name as well.
        find lib -maxdepth 1 -type l -name '*.so' -delete
        find bin lib -type f | while read -r file; do
          isElf "$file" || continue
          takeLibrariesOf "$out/$file"
          patchElf "$out/$file"
        done
        # What initdb copies to a new database: reachable from other containers, its socket where clients look.
        sed -i -E \
          -e "s|^#?listen_addresses = .*|listen_addresses = '*'|" \
          -e "s|^#?unix_socket_directories = .*|unix_socket_directories = '/var/run/postgresql'|" \
          share/postgresql/postgresql.conf.sample
        bin/postgres --version
      ''
      + optionalText (major >= 16) ''
        # This initdb puts the folder that it was compiled with (/tmp) over what the sample says, unless it is told.
        mv bin/initdb bin/.initdb
        printf '#!%s\nexec %s -c unix_socket_directories=/var/run/postgresql "$@"\n' \
          ${bash}/bin/bash $out/bin/.initdb > bin/initdb
        chmod +x bin/initdb
      '');

  # What this host has installed; it suits servers up to its own major version.
  installedClient = debian.take {
    name = "postgresql-client";
    packages = import ./client-packages.nix;
    files = builtins.listToAttrs (
      map
        (name: {
          name = "bin/${name}";
          value = "/usr/lib/postgresql/15/bin/${name}";
        })
        [
          "pg_dump"
          "pg_isready"
          "pg_restore"
          "psql"
        ]
    );
    libraries = [ glibc ];
    inherit interpreter;
  };

  client =
    if taken.packages == [ ] then
      installedClient
    else
      import ./client-of-suite.nix {
        inherit build;
        inherit (taken) packages;
        major = toString major;
      };

  # Becomes another user without a process in between.
  setpriv = debian.take {
    name = "setpriv";
    packages = [
      "util-linux"
      "libcap-ng0"
    ];
    files."bin/setpriv" = "/usr/bin/setpriv";
    libraries = [ glibc ];
    inherit interpreter;
  };

  entrypoint = build.runCommand "postgresql-entrypoint" { } ''
    mkdir -p $out/bin
    (echo "#!${bash}/bin/bash"; cat ${./postgresql-entrypoint.sh}) > $out/bin/docker-entrypoint.sh
    chmod +x $out/bin/docker-entrypoint.sh
  '';
in
{
  version = postgresql;
  contents = [
    server
    client
    setpriv
    bash
    busybox
    entrypoint
  ];
  env = [
    "PATH=/bin"
    "LANG=C.UTF-8"
    "PGDATA=/var/lib/postgresql/data"
    "PG_MAJOR=${toString major}"
    "PG_VERSION=${postgresql}"
  ];
  commands = ''
    mkdir -p tmp etc var/run/postgresql var/lib/postgresql/data docker-entrypoint-initdb.d
    ln -s var/run run
    chmod 1777 tmp
    chmod 1777 var/run/postgresql
    chmod 700 var/lib/postgresql/data
    printf 'root:x:0:0:root:/:/bin/sh\npostgres:x:999:999:postgres:/var/lib/postgresql:/bin/sh\n' > etc/passwd
    printf 'root:x:0:\npostgres:x:999:\n' > etc/group
    printf 'hosts: files dns\n' > etc/nsswitch.conf
  '';
  # Who owns what the commands make; root owns the rest.
  owners = {
    "var/lib/postgresql" = [
      999
      999
    ];
    "var/lib/postgresql/data" = [
      999
      999
    ];
    "var/run/postgresql" = [
      999
      999
    ];
  };
}
