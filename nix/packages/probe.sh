# agatha-probe PORT PATH STATUSES: exit 0 when http://127.0.0.1:PORT/PATH answers one of the comma-separated
# STATUSES within 5 seconds, else 1 and a line that says what came instead.
set -u

limitSeconds=5

if [ $# -ne 3 ]; then
  echo "agatha-probe: $# arguments are not three. Give PORT PATH STATUSES, as in: agatha-probe 8000 /health 200,204." >&2
  exit 2
fi
port=$1 path=$2 statuses=$3

fail() {
  echo "agatha-probe: http://127.0.0.1:$port$path $1"
  exit 1
}

# A limit without `timeout` (coreutils): a read of a pipe in which nothing ever comes.
trap 'fail "did not answer within $limitSeconds s"' TERM
(
  exec 9<> <(:)
  read -r -t "$limitSeconds" -u 9
  kill -TERM $$
) > /dev/null 2>&1 &
limit=$!
trap 'kill $limit 2> /dev/null' EXIT

# In braces: `exec` alone would keep bash's own words about the refusal.
{ exec 3<> "/dev/tcp/127.0.0.1/$port"; } 2> /dev/null || fail "refuses connections"
printf 'GET %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nUser-Agent: agatha-probe\r\nConnection: close\r\n\r\n' \
  "$path" "$port" >&3
# With its own limit: a trap runs only once a plain `read` is over.
IFS= read -r -t "$limitSeconds" -u 3 line || fail "did not answer within $limitSeconds s"
line=${line%$'\r'}
read -r _ status _ <<< "$line"

case ",$statuses," in
  *",${status:-none},"*) exit 0 ;;
  *) fail "answered \"$line\", not one of $statuses" ;;
esac
