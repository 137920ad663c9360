# Finds Java: what is on PATH, in JAVA_HOME, and under /usr/lib/jvm. Read by the scripts beside it.

# The first number of a JDK's version; nothing for a folder that is no JDK.
jdk_version() { # its folder
    [ -x "$1/bin/javac" ] && [ -f "$1/release" ] &&
        sed -n 's/^JAVA_VERSION="\(1\.\)\{0,1\}\([0-9]*\).*/\2/p' "$1/release"
}

# Lines "version folder", the newest first.
jdks() {
    on_path=$(command -v javac || true)
    [ -z "$on_path" ] || on_path=$(dirname "$(dirname "$(readlink -f "$on_path")")")
    for home in "${JAVA_HOME:-}" "$on_path" /usr/lib/jvm/*; do
        version=$(jdk_version "$home") || continue
        echo "$version $(readlink -f "$home")"
    done | sort -rn -u
}

# The newest JDK whose version lies in a range; nothing if there is none.
jdk() { # from, to
    jdks | while read -r version home; do
        if [ "$version" -ge "$1" ] && [ "$version" -le "$2" ]; then
            echo "$home"
            break
        fi
    done
}
