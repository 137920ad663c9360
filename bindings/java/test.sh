#!/bin/sh
# Tests the Java package on every Java that is here and matters: one of 17 to 21, where it goes over
# JNA, and one of 22 or later, where it needs nothing. What is not here stays untested: said, and a
# failure in CI. Names of test classes as arguments run those alone. Needs
#   TSM_SANDBOX   the sandbox; default target/release/thingspace-sandbox, or target/debug
# and what build.sh needs.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$here/jdks.sh"

out=$root/target/java
jars=/usr/share/java
jna=${JNA:-$jars/jna.jar}
junit=$jars/junit-platform-console-standalone.jar
gson=$jars/gson.jar

say() { printf '\n== %s\n' "$*"; }
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }

if [ -z "${TSM_SANDBOX:-}" ]; then
    TSM_SANDBOX=$root/target/release/thingspace-sandbox
    [ -x "$TSM_SANDBOX" ] || TSM_SANDBOX=$root/target/debug/thingspace-sandbox
fi
[ -x "$TSM_SANDBOX" ] ||
    fail "there is no sandbox at $TSM_SANDBOX (cargo build -p thingspace-sandbox)"
TSM_SCENARIOS=$root/tests/scenarios
export TSM_SANDBOX TSM_SCENARIOS
for jar in "$junit" "$gson"; do
    [ -f "$jar" ] || fail "there is no $jar (Debian: apt install junit5 libgoogle-gson-java)"
done

say "build"
"$here/build.sh"
"$here/build.sh" javadoc

# Nothing of the tests lands in the user's folders.
cache=$out/cache
rm -rf "$cache"
mkdir -m 700 "$cache"

run_tests() { # name, JDK, class path beside the package's, options of the JVM
    name=$1 jdk=$2 with=$3
    shift 3
    tests=$out/tests-$name
    rm -rf "$tests"
    sources=$(find "$here/src/test/java" -name '*.java')
    if [ "$(jdk_version "$jdk")" -ge 22 ]; then
        sources="$sources $(find "$here/src/test/java22" -name '*.java')"
    fi
    class_path=$out/thingspace-session.jar:$with:$gson
    # shellcheck disable=SC2086
    "$jdk/bin/javac" -Xlint:all,-path -Werror -encoding UTF-8 -proc:none \
        -cp "$class_path:$junit" -d "$tests" $sources
    # shellcheck disable=SC2086
    "$jdk/bin/java" "$@" -Dthingspace.cache="$cache" -Dthingspace.test.classpath="$class_path:$tests" \
        -Djava.util.logging.config.file="$here/src/test/logging.properties" \
        -jar "$junit" --class-path "$class_path:$tests" --details=tree \
        --disable-banner --disable-ansi-colors --fail-if-no-tests \
        ${chosen:---scan-class-path="$tests"} >"$out/tests-$name.log" 2>&1 || {
        cat "$out/tests-$name.log"
        fail "tests on Java $name"
    }
    grep 'tests successful' "$out/tests-$name.log"
}

chosen=
if [ $# -gt 0 ]; then
    for class in "$@"; do chosen="$chosen --select-class=thingspace.session.$class"; done
fi

older=$(jdk 17 21)
newer=$(jdk 22 999)
for found in "$older" "$newer"; do
    [ -n "$found" ] || continue
    version=$(jdk_version "$found")
    say "tests on Java $version"
    if [ "$version" -lt 22 ]; then
        run_tests "$version" "$found" "$jna"
    else
        run_tests "$version" "$found" "$out" --enable-native-access=ALL-UNNAMED
    fi
done
for missing in "${older:-17 TO 21}" "${newer:-22 AND LATER}"; do
    case $missing in
        /*) ;;
        *)
            echo "JAVA $missing WAS NOT TESTED: there is no such JDK."
            [ "${CI:-}" != true ] || exit 1
            ;;
    esac
done
