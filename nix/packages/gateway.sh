# agatha-gateway run|check|ask|save|alive: HAProxy in the gateway's container, and conversations with it.
#
#   run    HAProxy in the foreground, with /etc/haproxy/haproxy.cfg.
#   check  Whether HAProxy takes that configuration, with its certificate.
#   ask    Sends the commands on standard input to HAProxy, one a line, and prints its answers, each with an empty line
#          after it. A line that ends with "<<" has a payload: the lines up to the next empty one.
#   save   Writes the state of all servers to /var/lib/agatha/servers, which HAProxy reads when it starts.
#   alive  Whether HAProxy answers.
#
# Ends with 1 and a sentence if HAProxy does not answer, with 2 if it is called wrongly.
set -u

socket=/run/agatha/admin.sock
state=/var/lib/agatha/servers
# Seconds that HAProxy has for an answer: a hundred times what a busy one was seen to take.
limitSeconds=5

fail() {
  echo "agatha-gateway: $1" >&2
  exit "${2:-1}"
}

# One connection for what is on standard input: HAProxy closes it after the first line and its payload.
converse() {
  local answer
  # The limit of socat itself is for what comes after the last command; a HAProxy that stands still takes longer.
  answer=$(timeout "$limitSeconds" socat -t "$limitSeconds" - "UNIX-CONNECT:$socket" 2> /dev/null && echo .)
  # Even a command without an answer has an empty line.
  case $answer in
    ?*.) printf %s "${answer%.}" ;;
    *) fail "HAProxy does not answer on $socket within $limitSeconds s. See the gateway's log." ;;
  esac
}

# Commands up to one with a payload share a line.
ask() {
  local line commands=
  while IFS= read -r line || [ -n "$line" ]; do
    [ -n "$line" ] || continue
    commands+=${commands:+;}$line
    case $line in *"<<") ;; *) continue ;; esac
    commands+=$'\n'
    while IFS= read -r line && [ -n "$line" ]; do commands+=$line$'\n'; done
    converse <<< "$commands"
    commands=
  done
  [ -z "$commands" ] || converse <<< "$commands"
}

case "${1-}" in
  run) exec haproxy -db -f /etc/haproxy/haproxy.cfg ;;
  check) exec haproxy -c -f /etc/haproxy/haproxy.cfg ;;
  ask) ask ;;
  save)
    unwritable="$state cannot be written. See that its volume has room, and is writable for this user."
    { : > "$state.new"; } 2> /dev/null || fail "$unwritable"
    servers=$(converse <<< "show servers state") || exit 1
    # HAProxy takes a server's name back only if the list says that it was set by this socket (64: SRV_ADMF_HMAINT in
    # haproxy/server-t.h), and does not say so again of a name that it has taken back itself. It ignores a list without its last
    # line break.
    while read -r -a columns; do
      [[ ${columns[17]-} =~ ^[0-9a-f]{12}$ ]] && columns[6]=$((columns[6] | 64))
      echo "${columns[*]}"
    done <<< "$servers" > "$state.new" && mv -f "$state.new" "$state" || fail "$unwritable"
    ;;
  alive) converse <<< "show version" > /dev/null ;;
  *) fail "\"${1-}\" is none of its commands. Give run, check, ask, save or alive." 2 ;;
esac
