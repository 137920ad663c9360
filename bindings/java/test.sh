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

run_tests() { # name, JDK, class path beside the package's, sources, options of the JVM
    name=$1 jdk=$2 with=$3 sources=$4
    shift 4
    tests=$out/tests-$name
    rm -rf "$tests"
    class_path=$out/thingspace-session.jar:$with:$gson
    # shellcheck disable=SC2086
    "$jdk/bin/javac" -Xlint:all,-path,-classfile -Werror -encoding UTF-8 -proc:none \
        -cp "$class_path:$junit" -d "$tests" $sources
    # shellcheck disable=SC2086
    "$jdk/bin/java" "$@" -Dthingspace.cache="$cache" \
        -Dthingspace.test.classpath="$class_path:$tests" -Dthingspace.test.root="$root" \
        -Djava.util.logging.config.file="$here/src/test/logging.properties" \
        -jar "$junit" --class-path "$class_path:$tests" --details=tree \
        --disable-banner --disable-ansi-colors --fail-if-no-tests \
        ${chosen:---scan-class-path="$tests"} >"$out/tests-$name.log" 2>&1 || {
        cat "$out/tests-$name.log"
        fail "tests of $name:
$(grep -A 8 '^  JUnit ' "$out/tests-$name.log")"
    }
    printf '%s: ' "$name"
    grep 'tests successful' "$out/tests-$name.log"
}

sources() { # folders and files, of which some may not be there
    for folder in "$@"; do
        ! [ -e "$folder" ] || find "$folder" -name '*.java'
    done
}

# Debian's, as class paths. Axis and JAX-WS have two javax.xml.soap, so they are not used together.
in_jars() { for jar in "$@"; do printf ':%s/%s.jar' "$jars" "$jar"; done; }
axis=$out/thingspace-session-axis.jar$(in_jars axis axis-jaxrpc axis-saaj commons-discovery \
    commons-logging wsdl4j javax.mail javax.activation)
jaxws=$(in_jars javax.xml.soap-api jaxws-api jaxws-rt jaxb-api jaxb-core jaxb-runtime jaxb-impl \
    saaj-impl streambuffer stax-ex gmbal metro-policy mimepull FastInfoset jws-api \
    geronimo-annotation-1.3-spec javax.activation woodstox-core stax2-api)

run_soap_tests() { # JDK, class path beside the package's, options of the JVM
    jdk=$1 beside=$out/tests-$(jdk_version "$1"):$2
    shift 2
    if [ -f "$jars/axis.jar" ]; then
        "$here/build.sh" axis
        run_tests "$(jdk_version "$jdk")-axis" "$jdk" "$beside:$axis" \
            "$(sources "$here/axis/src/test" "$root/examples/java/AxisDevices.java")" "$@"
    else
        untested AXIS "$jars/axis.jar" libaxis-java
    fi
    if [ -f "$jars/jaxws-rt.jar" ]; then
        run_tests "$(jdk_version "$jdk")-jaxws" "$jdk" "$beside$jaxws" \
            "$(sources "$here/jaxws/test" "$root/examples/java/TokenHandler.java")" "$@"
    else
        untested JAX-WS "$jars/jaxws-rt.jar" libjaxws-java
    fi
}

untested() { # what, a file that is not there, its package
    echo "$1 WAS NOT TESTED: there is no $2 (Debian: apt install $3)."
    [ "${CI:-}" != true ] || exit 1
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
        with=$jna
        own=$(sources "$here/src/test/java")
        set --
    else
        with=$out
        own=$(sources "$here/src/test/java" "$here/src/test/java22")
        set -- --enable-native-access=ALL-UNNAMED
    fi
    run_tests "$version" "$found" "$with" "$own" "$@"
    [ -n "$chosen" ] || run_soap_tests "$found" "$with" "$@"
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
