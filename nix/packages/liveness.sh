# agatha-liveness FAILURES START_SECONDS PROGRAM [ARGUMENT...]: docker's health check. Runs the probe PROGRAM and ends
# as it ends. Docker itself never restarts what is unhealthy, so this ends the service, for the restart policy to bring
# it up again: once it was healthy, after FAILURES failing probes in a row; before that, after twice as many beyond
# START_SECONDS, so that docker calls it unhealthy for a while first, and whoever waits for it sees that.
#
# What it counts lies in a tmpfs, which is new with each start. It needs an init as process 1 (`init: true`): that is
# spared by the signals, and ends with the service. It runs as the service's user, so no capability is needed.
set -u

state=/run/agatha/liveness
graceSeconds=5

if [ $# -lt 3 ]; then
  echo "agatha-liveness: $# arguments are too few. Give FAILURES START_SECONDS PROGRAM, as in: agatha-liveness 3 60 agatha-probe 8000 /health 200." >&2
  exit 2
fi
failures=$1 startSeconds=$2
shift 2

# The container has no `sleep`: a read of a pipe in which nothing ever comes.
pause() {
  local fd
  exec {fd}<> <(:)
  read -r -t "$1" -u "$fd"
  exec {fd}<&-
}

# Also into the service's own log, where people look for why it started again.
say() {
  echo "agatha-liveness: $1"
  { echo "agatha-liveness: $1" >> /proc/1/fd/2; } 2> /dev/null || :
}

if "$@"; then
  echo "healthy 0 0" > "$state"
  exit 0
fi

# Not the time of day, which may jump.
IFS=. read -r now _ < /proc/uptime
phase=starting count=0 since=$now
if [ -r "$state" ]; then read -r phase count since < "$state"; fi

if [ "$phase" = healthy ]; then
  limit=$failures
elif [ $((now - since)) -lt "$startSeconds" ]; then
  echo "starting 0 $since" > "$state"
  exit 1
else
  limit=$((2 * failures))
fi

count=$((count + 1))
echo "$phase $count $since" > "$state"
[ "$count" -ge "$limit" ] || exit 1

say "$count probes in a row failed: ending the service, so that it starts again"
# To every process of this user but this one and process 1.
kill -TERM -1
pause "$graceSeconds"
# Still here, so the service is too: a stopped process takes no other signal.
kill -KILL -1
exit 1
