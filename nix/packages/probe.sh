# agatha-probe PORT PATH STATUSES: exit 0 when http://127.0.0.1:PORT/PATH answers one of the comma-separated
# STATUSES within 5 seconds, and others reach that port too. Else 1, or 3 where only a new start can help, and a line
# that says what came instead.
set -u

limitSeconds=5

if [ $# -ne 3 ]; then
  echo "agatha-probe: $# arguments are not three. Give PORT PATH STATUSES, as in: agatha-probe 8000 /health 200,204." >&2
  exit 2
fi
port=$1 path=$2 statuses=$3
host=127.0.0.1

fail() {
  echo "agatha-probe: http://$host:$port$path $1"
  exit "${2:-1}"
}

# Where the port is listened on, as the kernel tells it: hexadecimal, an IPv4 address with its bytes from right to left.
# Sockets that listen come before all others.
printf -v hex %04X "$port"
listeners=
for table in /proc/net/tcp /proc/net/tcp6; do
  while read -r _ local _ state _; do
    case $state:$local in
      0A:*:"$hex") listeners+=" ${local%:*}" ;;
      0A:* | st:*) ;;
      *) break ;;
    esac
  done < "$table"
done 2> /dev/null

# Loopback is what nobody else reaches. Its IPv6 addresses: ::1, and IPv4 in IPv6, which Java listens on.
v4in6=0000000000000000FFFF0000
loopback= only=yes own=
for address in $listeners; do
  case $address in
    0B00007F) ;; # docker's own DNS, on a port of chance
    ??????7F | "$v4in6"??????7F) loopback=127.0.0.1 ;;
    00000000000000000000000001000000) loopback=::1 ;;
    00000000 | 00000000000000000000000000000000) only= own= && break ;;
    *) only= own=${address#"$v4in6"} ;;
  esac
done
[ -z "$loopback" ] || [ -z "$only" ] ||
  fail "listens on $loopback only; let it listen on 0.0.0.0" 3
# On one address of the container alone.
if [ ${#own} -eq 8 ]; then
  printf -v host '%d.%d.%d.%d' "0x${own:6:2}" "0x${own:4:2}" "0x${own:2:2}" "0x${own:0:2}"
fi

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
{ exec 3<> "/dev/tcp/$host/$port"; } 2> /dev/null || {
  [ -z "$listeners" ] || fail "refuses connections: it listens on IPv6 only; let it listen on 0.0.0.0"
  fail "refuses connections"
}
# A service that looks at the header Host knows this machine by its address for itself, if by any.
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
