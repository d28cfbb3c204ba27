# The official image's contract: prepares PGDATA once, from POSTGRES_USER, POSTGRES_PASSWORD (or _FILE), POSTGRES_DB,
# POSTGRES_INITDB_ARGS, POSTGRES_HOST_AUTH_METHOD and /docker-entrypoint-initdb.d, then becomes `postgres`. Starts as
# root and becomes postgres (999:999), or starts as any other user. How it asks for passwords, and that the server's
# arguments count for the temporary server too, was read in docker-library/postgres, 17/bookworm/docker-entrypoint.sh at
# 2925b19f (pg_setup_hba_conf, docker_temp_server_start).
set -euo pipefail

initFolder=/docker-entrypoint-initdb.d
socketFolder=/var/run/postgresql

fail() {
  echo "docker-entrypoint: $1" >&2
  exit 1
}

# readVariable NAME DEFAULT: NAME from the environment or the file that NAME_FILE names.
readVariable() {
  local name=$1 file=${1}_FILE value
  if [ -n "${!name:-}" ] && [ -n "${!file:-}" ]; then
    fail "$name and $file are both set. Set one of them."
  fi
  if [ -n "${!name:-}" ]; then
    value=${!name}
  elif [ -n "${!file:-}" ]; then
    [ -r "${!file}" ] || fail "$file: \"${!file}\" cannot be read. Mount it, readable by user $(id -u)."
    # Once, and whatever its size says: it may be a device that answers anew each time.
    value=$(< "${!file}")
  else
    value=$2
  fi
  unset "$file"
  export "$name=$value"
}

# SQL on the server that runs while PGDATA is prepared, reached by its socket alone.
runSql() {
  psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --no-password --host "$socketFolder" "$@"
}

ownDataFolder() {
  mkdir -p "$PGDATA" /var/run/postgresql
  chmod 00700 "$PGDATA" 2> /dev/null || :
  chmod 03775 /var/run/postgresql 2> /dev/null || :
  if [ "$(id -u)" = 0 ]; then
    # A volume that root made.
    find "$PGDATA" \! -user postgres -exec chown postgres '{}' +
    find /var/run/postgresql \! -user postgres -exec chown postgres '{}' +
  fi
}

requirePassword() {
  if [ -z "$POSTGRES_PASSWORD" ] && [ "$POSTGRES_HOST_AUTH_METHOD" != trust ]; then
    fail "POSTGRES_PASSWORD is empty and the database has no password yet. Set POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE."
  fi
}

# makeDatabase ARGUMENTS OF THE SERVER
makeDatabase() {
  local log method
  # Word splitting is meant: these are arguments. Written to the disk once, at the end.
  # shellcheck disable=SC2086
  log=$(initdb --username "$POSTGRES_USER" --pwfile <(printf '%s\n' "$POSTGRES_PASSWORD") --encoding UTF8 --no-sync \
    ${POSTGRES_INITDB_ARGS:-} -D "$PGDATA" 2>&1) || fail "initdb failed: $log"
  # As its passwords are kept: md5 up to version 13, where nobody says otherwise.
  method=${POSTGRES_HOST_AUTH_METHOD:-$(postgres -C password_encryption "$@")}
  printf '\nhost all all all %s\n' "$method" >> "$PGDATA/pg_hba.conf"
}

runInitFiles() {
  local file
  for file in "$initFolder"/*; do
    case $file in
      *.sh)
        echo "docker-entrypoint: running $file"
        if [ -x "$file" ]; then "$file"; else . "$file"; fi
        ;;
      *.sql) echo "docker-entrypoint: running $file" && runSql --dbname "$POSTGRES_DB" -f "$file" ;;
      *.sql.gz) echo "docker-entrypoint: running $file" && gunzip -c "$file" | runSql --dbname "$POSTGRES_DB" ;;
      *.sql.xz) echo "docker-entrypoint: running $file" && xzcat "$file" | runSql --dbname "$POSTGRES_DB" ;;
      "$initFolder/*") ;;
      *) echo "docker-entrypoint: ignoring $file" ;;
    esac
  done
}

# Makes the database beside where it will be and moves it there when it is whole: whoever kills this half-way finds an
# empty folder's work begun anew, and not half a database. Its arguments are those of the server.
prepare() {
  local final=$PGDATA begun=$PGDATA/.preparing
  requirePassword
  echo "docker-entrypoint: preparing the database \"$POSTGRES_DB\" of user \"$POSTGRES_USER\""
  rm -rf "$begun"
  export PGDATA=$begun
  makeDatabase "$@"
  export PGHOST=$socketFolder PGUSER=$POSTGRES_USER PGDATABASE=$POSTGRES_DB
  pg_ctl -D "$PGDATA" -w start \
    -o "$(printf '%q ' "$@" -c listen_addresses= -c "unix_socket_directories=$socketFolder" -p 5432 -c fsync=off)"
  if [ "$POSTGRES_DB" != postgres ]; then
    runSql --dbname postgres --set db="$POSTGRES_DB" <<< 'create database :"db";'
  fi
  runInitFiles
  pg_ctl -D "$PGDATA" -m fast -w stop
  unset PGHOST PGUSER PGDATABASE
  initdb --sync-only -D "$PGDATA" > /dev/null
  export PGDATA=$final
  mv "$begun" "$PGDATA/.prepared"
}

# The last step of the above, again if it was interrupted: PG_VERSION, which says that all is there, comes last.
adoptPrepared() {
  local file
  for file in "$PGDATA"/.prepared/*; do
    [ "${file##*/}" = PG_VERSION ] || mv "$file" "$PGDATA/"
  done
  mv "$PGDATA/.prepared/PG_VERSION" "$PGDATA/"
  rm -rf "$PGDATA/.prepared"
  echo "docker-entrypoint: the database is prepared"
}

main() {
  # Only for the server: any other command is run as it is.
  case ${1:-} in
    -*) set -- postgres "$@" ;;
  esac
  [ "${1:-}" = postgres ] || exec "$@"
  for argument in "$@"; do
    case $argument in
      -'?' | --help | --describe-config | -V | --version) exec "$@" ;;
    esac
  done

  ownDataFolder
  if [ "$(id -u)" = 0 ]; then
    # From the start, as the user that keeps it.
    exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
  fi

  if [ ! -s "$PGDATA/PG_VERSION" ] && [ ! -e "$PGDATA/.prepared/PG_VERSION" ]; then
    # With id 1, a signal that is not asked for is ignored.
    trap 'exit 143' TERM INT
    readVariable POSTGRES_PASSWORD ""
    readVariable POSTGRES_USER postgres
    readVariable POSTGRES_DB "$POSTGRES_USER"
    readVariable POSTGRES_INITDB_ARGS ""
    export POSTGRES_HOST_AUTH_METHOD=${POSTGRES_HOST_AUTH_METHOD:-}
    prepare "${@:2}"
    trap - TERM INT
  fi
  [ ! -e "$PGDATA/.prepared" ] || adoptPrepared
  # Known to the database from here on, and to no other process.
  unset POSTGRES_PASSWORD
  exec "$@"
}

main "$@"
