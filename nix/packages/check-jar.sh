# The last word on a jar that check-jar.js is not sure of. Fails when $jar cannot run on $jre: class files for a newer Java than $java, or modules that it lacks.
set -euo pipefail

# For programs that run for a second.
quick="-J-XX:TieredStopAtLevel=1 -J-XX:+UseSerialGC"

complain() {
  echo "agatha:back.$1: $2" >&2
  exit 1
}

mkdir classes
(cd classes && jar $quick --extract --file "$jar" 2> /dev/null) ||
  complain jar "the file is no jar. Point back.jar at an uber jar."
cat classes/META-INF/MANIFEST.MF 2> /dev/null | tr -d '\r' | grep -q '^Main-Class:' ||
  complain jar "the jar names no Main-Class. Point back.jar at an uber jar that \`java -jar\` can run."
# Versions of a class for other Javas, and descriptions of modules, which an uber jar has of each part.
rm -rf classes/META-INF/versions
find classes -name module-info.class -delete

# Bytes 6 and 7 of a class file are its version: 52 is Java 8, 61 is Java 17.
find classes -name '*.class' | LC_ALL=C sort > files
newest=$(
  tr '\n' '\0' < files | xargs -0 head -q -c 8 | od -An -v -tu1 -w8 |
    awk '{ version = $7 * 256 + $8; if (version > newest) { newest = version; line = NR } } END { print newest + 0, line + 0 }'
)
classVersion=${newest% *}
if [ "$classVersion" -gt $((java + 44)) ]; then
  class=$(sed -n "${newest#* }p" files)
  class=${class#classes/}
  complain jar "the jar is compiled for Java $((classVersion - 44)) (${class%.class}), which the JRE $jreVersion cannot run. Set back.java to $((classVersion - 44)), or compile the jar for Java $java."
fi

# jdeps stops at what it cannot find unless it is told to go on; to look into the JDK's own classes takes seconds.
needed=$(jdeps $quick --print-module-deps --ignore-missing-deps --no-recursive classes 2> jdeps.log | tail -n 1) || {
  echo "agatha:back.modules: jdeps could not read the jar; its modules are not checked." >&2
  tail -n 3 jdeps.log >&2
  needed=java.base
}
# As linked: with the modules that those in the list need themselves.
modules=$(sed -n 's/^MODULES="\(.*\)"/\1/p' "$jre/release")
missing=
for module in ${needed//,/ }; do
  case " $modules " in
    *" $module "*) ;;
    *) missing="$missing \"$module\"" ;;
  esac
done
[ -z "$missing" ] ||
  complain modules "the jar needs$missing, which the JRE lacks. Add to back.modules:$missing."
