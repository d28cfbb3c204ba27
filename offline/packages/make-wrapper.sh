# makeWrapper EXECUTABLE WRAPPER [OPTION...]: a script that sets variables and then becomes EXECUTABLE.
# --add-flag WORD and --append-flag WORD: one word before or after the caller's. --add-flags and --append-flags TEXT: as
# shell words. --set NAME VALUE.
makeWrapper() {
  local executable=$1 wrapper=$2 before= after= variables=
  if [ ! -x "$executable" ]; then
    echo "makeWrapper: \"$executable\" is no program." >&2
    return 1
  fi
  shift 2
  while [ $# -gt 0 ]; do
    case $1 in
      --add-flag) before="$before ${2@Q}" ;;
      --append-flag) after="$after ${2@Q}" ;;
      --add-flags) before="$before $2" ;;
      --append-flags) after="$after $2" ;;
      --set)
        variables="$variables"$'\n'"export $2=${3@Q}"
        shift
        ;;
      *)
        echo "makeWrapper: \"$1\" is an option that offline/packages does not have. Add it, as nixpkgs has it." >&2
        return 1
        ;;
    esac
    shift 2
  done
  mkdir -p "$(dirname "$wrapper")"
  printf '#!%s -e%s\nexec %s%s "$@"%s\n' '@shell@' "$variables" "${executable@Q}" "$before" "$after" > "$wrapper"
  chmod +x "$wrapper"
}
