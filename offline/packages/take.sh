# Functions that take files of Debian packages into $out. Needs $md5sums, $libraries and $interpreter.

# take TARGET SOURCE: copies a file of a package, if it is the one that dpkg installed.
take() {
  local target=$out/$1 source wanted actual
  source=$(realpath "$2")
  # dpkg names files as packaged, in /lib or /usr/lib, which are the same.
  wanted=${source#/} wanted=${wanted#usr/}
  wanted=$(awk -v file="$wanted" '{ path = $2; sub("^usr/", "", path) } path == file { print $1; exit }' "$md5sums")
  if [ -z "$wanted" ]; then
    echo "offline/packages: \"$source\" belongs to no package that the derivation $name names. Add its package there." >&2
    return 1
  fi
  actual=$(md5sum "$source") actual=${actual%% *}
  if [ "$actual" != "$wanted" ]; then
    echo "offline/packages: \"$source\" is not the file that dpkg installed. Reinstall its package." >&2
    return 1
  fi
  mkdir -p "$(dirname "$target")"
  cp "$source" "$target"
  chmod u+w "$target"
}

isElf() {
  [ "$(head -c 4 "$1" | tr -d '\0')" = $'\x7fELF' ]
}

# patchElf FILE: makes an ELF file find its libraries in $out/lib and $libraries, in that order. Without a loader
# (glibc itself) there is nothing to patch.
patchElf() {
  local file=$1 path=$out/lib library
  if [ -z "$interpreter" ] || ! isElf "$file"; then return; fi
  for library in $libraries; do path=$path:$library/lib; done
  patchelf --set-rpath "$path" "$file"
  if patchelf --print-interpreter "$file" > /dev/null 2>&1; then
    patchelf --set-interpreter "$interpreter" "$file"
  fi
}

# takeLibrariesOf FILE: the Debian libraries that FILE needs and that neither $out/lib nor $libraries have, into $out/lib.
takeLibrariesOf() {
  local needed source library
  isElf "$1" || return 0
  ldd "$1" 2> /dev/null | awk '$2 == "=>" && $3 ~ /^\// { print $1, $3 }' | while read -r needed source; do
    case $source in "$out"/*) continue ;; esac
    for library in $out $libraries; do
      [ ! -e "$library/lib/$needed" ] || continue 2
    done
    take "lib/$needed" "$source"
    patchElf "$out/lib/$needed"
  done
}

# takeFiles: all of $files, with their libraries.
takeFiles() {
  local target source
  while read -r target source; do
    take "$target" "$source"
    # Before patching: the host's ldd runs the host's loader.
    [ -z "$interpreter" ] || takeLibrariesOf "$out/$target"
    patchElf "$out/$target"
  done <<< "$files"
}
