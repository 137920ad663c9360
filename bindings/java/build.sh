#!/bin/sh
# Makes the jar in target/java, with the native library of this machine in it; with `javadoc` the
# jars of sources and documentation too. Needs a JDK of 22 or later: one of 17 compiles all but the
# part for 22 and later, and says so. What is newer than its sources is left alone.
#   TSM_LIBRARY   the native library; default target/release/libthingspace_session.so
#   JNA           JNA's jar; default Debian's
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$here/jdks.sh"

out=$root/target/java
library=${TSM_LIBRARY:-$root/target/release/libthingspace_session.so}
jna=${JNA:-/usr/share/java/jna.jar}
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$root/Cargo.toml" | head -n 1)

fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }

jdk=$(jdk 22 999)
[ -n "$jdk" ] || jdk=$(jdk 17 21)
[ -n "$jdk" ] || fail "there is no JDK of 17 or later (Debian: apt install openjdk-17-jdk-headless)"
[ -f "$jna" ] || fail "there is no JNA at $jna (Debian: apt install libjna-java)"
[ -f "$library" ] || fail "there is no native library at $library (make library)"

pack() { # the jar, a folder, what of it
    "$jdk/bin/jar" --create --file "$1.part" -C "$2" "$3"
    mv "$1.part" "$1"
}

newer() { # a file, what it is made of
    made=$1
    shift
    [ -f "$made" ] && [ -z "$(find "$@" -newer "$made" -type f | head -n 1)" ]
}

# Where the classes look for it: Platform.java.
platform=$(uname -s)-$(uname -m)
case $platform in
    Linux-*) platform=linux-$(uname -m)
        ! [ -f /etc/alpine-release ] || platform=linux-musl-$(uname -m) ;;
    Darwin-*) platform=macos-$(uname -m) ;;
esac

jar=$out/thingspace-session.jar
if ! newer "$jar" "$here/src/main" "$here/build.sh" "$library"; then
    classes=$out/classes
    rm -rf "$classes" "$jar"
    mkdir -p "$classes/native/$platform"
    lint="-Xlint:all -Werror -Xdoclint:all/protected -encoding UTF-8"
    # shellcheck disable=SC2046,SC2086
    "$jdk/bin/javac" $lint --release 17 -p "$jna" -d "$classes" --module-version "$version" \
        $(find "$here/src/main/java" -name '*.java')
    if [ "$(jdk_version "$jdk")" -ge 22 ]; then
        # shellcheck disable=SC2046,SC2086
        "$jdk/bin/javac" $lint --release 22 -cp "$classes" \
            -d "$classes/META-INF/versions/22" \
            $(find "$here/src/main/java22" -name '*.java')
    else
        echo "THE PART FOR JAVA 22 AND LATER WAS NOT COMPILED: there is no such JDK."
    fi
    cp "$library" "$classes/native/$platform/"
    printf 'Multi-Release: true\n' >"$out/manifest"
    printf 'Implementation-Title: thingspace-session\nImplementation-Version: %s\n' "$version" \
        >>"$out/manifest"
    "$jdk/bin/jar" --create --file "$jar.part" --manifest "$out/manifest" -C "$classes" .
    mv "$jar.part" "$jar"
fi

if [ "${1:-}" = javadoc ] && ! newer "$out/thingspace-session-javadoc.jar" "$jar"; then
    rm -rf "$out/javadoc"
    "$jdk/bin/javadoc" -quiet -Xdoclint:all -Werror -encoding UTF-8 --release 17 -p "$jna" \
        -d "$out/javadoc" -notimestamp \
        --module-source-path "thingspace.session=$here/src/main/java" --module thingspace.session
    pack "$out/thingspace-session-javadoc.jar" "$out/javadoc" .
    pack "$out/thingspace-session-sources.jar" "$here/src/main/java" .
fi
