#!/bin/sh
# Makes the Java package in target/java. What is newer than its sources is left alone.
#   build.sh            the jar, with the native library of this machine in it
#   build.sh classes    no more than what is compiled
#   build.sh javadoc    the documentation, in a folder
#   build.sh axis       the jar for Axis 1
#   build.sh axis-javadoc   its documentation, in a folder
# Needs a JDK of 22 or later: one of 17 compiles all but the part for 22 and later, and says so.
#   TSM_LIBRARY    the native library; default target/release/libthingspace_session.so
#   TSM_JAVA_OUT   where to, instead of target/java
#   JNA, AXIS      their jars, of Axis a class path; default Debian's
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$here/jdks.sh"

out=${TSM_JAVA_OUT:-$root/target/java}
library=${TSM_LIBRARY:-$root/target/release/libthingspace_session.so}
jars=/usr/share/java
jna=${JNA:-$jars/jna.jar}
axis=${AXIS:-$jars/axis.jar:$jars/axis-jaxrpc.jar:$jars/axis-saaj.jar}
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$root/Cargo.toml" | head -n 1)
classes=$out/classes

fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }

jdk=$(jdk 22 999)
[ -n "$jdk" ] || jdk=$(jdk 17 21)
[ -n "$jdk" ] || fail "there is no JDK of 17 or later (Debian: apt install openjdk-17-jdk-headless)"
[ -f "$jna" ] || fail "there is no JNA at $jna (Debian: apt install libjna-java)"

newer() { # a file, what it is made of
    made=$1
    shift
    [ -f "$made" ] && [ -z "$(find "$@" -newer "$made" -type f | head -n 1)" ]
}

compile() {
    ! newer "$out/compiled" "$here/src/main" "$here/build.sh" || return 0
    rm -rf "$classes"
    lint="-Xlint:all -Werror -Xdoclint:all/protected -encoding UTF-8"
    # shellcheck disable=SC2046,SC2086
    "$jdk/bin/javac" $lint --release 17 -p "$jna" -d "$classes" --module-version "$version" \
        $(find "$here/src/main/java" -name '*.java')
    if [ "$(jdk_version "$jdk")" -ge 22 ]; then
        # shellcheck disable=SC2046,SC2086
        "$jdk/bin/javac" $lint --release 22 -cp "$classes" -d "$classes/META-INF/versions/22" \
            $(find "$here/src/main/java22" -name '*.java')
    else
        echo "THE PART FOR JAVA 22 AND LATER WAS NOT COMPILED: there is no such JDK."
    fi
    touch "$out/compiled"
}

pack() {
    [ -f "$library" ] || fail "there is no native library at $library (make library)"
    jar=$out/thingspace-session.jar
    ! newer "$jar" "$out/compiled" "$library" || return 0
    # Where the classes look for it: Unpacked.java.
    case $(uname -s) in
        Darwin) machine=macos-$(uname -m) ;;
        *)
            machine=linux-$(uname -m)
            ! [ -f /etc/alpine-release ] || machine=linux-musl-$(uname -m)
            ;;
    esac
    rm -rf "$out/native"
    mkdir -p "$out/native/native/$machine"
    cp "$library" "$out/native/native/$machine/"
    printf 'Multi-Release: true\n' >"$out/manifest"
    "$jdk/bin/jar" --create --file "$jar.part" --manifest "$out/manifest" \
        -C "$classes" . -C "$out/native" .
    mv "$jar.part" "$jar"
}

document() {
    ! newer "$out/javadoc/index.html" "$out/compiled" || return 0
    rm -rf "$out/javadoc"
    "$jdk/bin/javadoc" -quiet -Xdoclint:all -Werror -encoding UTF-8 --release 17 -p "$jna" \
        -d "$out/javadoc" -notimestamp --module thingspace.session \
        --module-source-path "thingspace.session=$here/src/main/java"
}

# The package itself needs nothing of Axis.
require_axis() {
    [ -f "${axis%%:*}" ] || fail "there is no Axis at $axis (Debian: apt install libaxis-java)"
}

pack_axis() {
    require_axis
    jar=$out/thingspace-session-axis.jar
    ! newer "$jar" "$here/axis/src/main" "$out/compiled" || return 0
    rm -rf "$out/axis"
    # shellcheck disable=SC2046
    "$jdk/bin/javac" -Xlint:all,-path -Werror -Xdoclint:all/protected -encoding UTF-8 \
        --release 17 -cp "$classes:$axis" -d "$out/axis" \
        $(find "$here/axis/src/main" -name '*.java')
    printf 'Automatic-Module-Name: thingspace.session.axis\n' >"$out/axis-manifest"
    "$jdk/bin/jar" --create --file "$jar.part" --manifest "$out/axis-manifest" -C "$out/axis" .
    mv "$jar.part" "$jar"
}

document_axis() {
    require_axis
    ! newer "$out/axis-javadoc/index.html" "$here/axis/src/main" "$out/compiled" || return 0
    rm -rf "$out/axis-javadoc"
    "$jdk/bin/javadoc" -quiet -Xdoclint:all -Werror -encoding UTF-8 --release 17 \
        -cp "$classes:$axis" -d "$out/axis-javadoc" -notimestamp \
        -sourcepath "$here/axis/src/main/java" thingspace.session.axis
}

mkdir -p "$out"
compile
case ${1:-} in
    classes) ;;
    javadoc) document ;;
    axis) pack_axis ;;
    axis-javadoc) document_axis ;;
    '') pack ;;
    *) fail "build.sh [classes | javadoc | axis | axis-javadoc]" ;;
esac
