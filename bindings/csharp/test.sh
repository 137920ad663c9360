#!/bin/sh
# Tests the C# package: builds without warnings, format, tests on the builds of both target
# frameworks, the scenarios on Mono, the package in a fresh program, the example. Uses the dotnet
# and mono on PATH; needs
#   TSM_LIBRARY   the native library; default target/release/libthingspace_session.so
#   TSM_SANDBOX   the sandbox; default target/release/thingspace-sandbox, or target/debug
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cd "$here"

say() { printf '\n== %s\n' "$*"; }
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }

command -v dotnet >/dev/null || fail "there is no dotnet on PATH (.NET SDK 10 or later is needed)"
command -v mono >/dev/null || fail "there is no mono on PATH (Debian: apt install mono-devel)"
command -v "${CC:-cc}" >/dev/null || fail "there is no C compiler, for a library of another ABI"

TSM_LIBRARY=${TSM_LIBRARY:-$root/target/release/libthingspace_session.so}
[ -f "$TSM_LIBRARY" ] || fail "there is no library at $TSM_LIBRARY (make library)"
if [ -z "${TSM_SANDBOX:-}" ]; then
    TSM_SANDBOX=$root/target/release/thingspace-sandbox
    [ -x "$TSM_SANDBOX" ] || TSM_SANDBOX=$root/target/debug/thingspace-sandbox
fi
[ -x "$TSM_SANDBOX" ] ||
    fail "there is no sandbox at $TSM_SANDBOX (cargo build -p thingspace-sandbox)"
export TSM_LIBRARY TSM_SANDBOX

work=$(mktemp -d)
sandbox=
cleanup() {
    [ -z "$sandbox" ] || kill "$sandbox" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

build() { # what, options
    dotnet build -c Release -nologo -v quiet "$@"
}

say "build"
build ThingSpace.Session.slnx -p:ThingSpaceNativeLibrary="$TSM_LIBRARY"

say "format"
# The third part, analyzers, is the build above.
dotnet format whitespace ThingSpace.Session.slnx --no-restore --verify-no-changes
dotnet format style ThingSpace.Session.slnx --no-restore --verify-no-changes

run_tests() { # name of the project
    timeout 900 dotnet exec "tests/$1/bin/Release/net10.0/$1.dll" -noLogo -noColor
}

say "tests on the net8.0 build"
run_tests ThingSpace.Tests

say "tests on the netstandard2.0 build"
run_tests ThingSpace.Tests.NetStandard

say "scenarios on Mono"
timeout 900 mono tests/ThingSpace.Mono/bin/Release/net472/ThingSpace.Mono.exe

say "package"
version=0.0.1-test
for package in ThingSpace.Session ThingSpace.Session.Extensions; do
    dotnet pack src/$package -c Release -nologo -v quiet -o "$work/feed" \
        -p:Version=$version -p:ThingSpaceNativeLibrary="$TSM_LIBRARY"
done
echo "no library" > "$work/no-library.so"
said=$(dotnet pack src/ThingSpace.Session -c Release --no-build -nologo -v quiet -o "$work/none" \
    -p:ThingSpaceNativeLibrary="$work/no-library.so") && fail "a package was made of no library"
case $said in
    *"is not libthingspace_session"*) ;;
    *) fail "of no library dotnet pack says: $said" ;;
esac
cp -r tests/Package "$work/consumer"
cd "$work/consumer"

# Sees the package alone: no other source, no cache of packages.
build Consumer.csproj -o "$work/net" -p:ThingSpaceVersion=$version \
    -p:RestoreSources="$work/feed" -p:RestorePackagesPath="$work/packages" -p:NuGetAudit=false
consumer() { env -u TSM_LIBRARY ${1:+TSM_LIBRARY="$1"} dotnet exec "$work/net/Consumer.dll"; }
[ "$(consumer)" = ok ] || fail "a fresh program cannot use the package: $(consumer)"
echo "ok    a fresh program with the package, offline"

rm -rf obj
build Consumer.csproj -o "$work/framework" -p:ThingSpaceVersion=$version \
    -p:ConsumerFramework=net472 -p:RestoreAdditionalProjectSources="$work/feed" \
    -p:RestorePackagesPath="$work/packages" -p:NuGetAudit=false
said=$(env -u TSM_LIBRARY mono "$work/framework/Consumer.exe") || true
[ "$said" = ok ] || fail "a fresh .NET Framework program cannot use the package: $said"
said=$(env -u TSM_LIBRARY mono "$work/framework/Consumer.exe" --answer) || true
[ "$said" = "{}" ] || fail "an answer without a session cannot be judged: $said"
echo "ok    a fresh .NET Framework program with the package, on Mono"

# ASP.NET on .NET Framework runs copies of a site's assemblies.
mkdir "$work/site"
cp -r "$work/framework" "$work/site/bin"
mcs -nologo "$here/tests/Package/Site.cs" -out:"$work/Site.exe"
said=$(env -u TSM_LIBRARY mono "$work/Site.exe" "$work/site") || true
[ "$said" = ok ] || fail "a site on .NET Framework cannot use the package: $said"
echo "ok    a site on .NET Framework, whose assemblies are copied"

said_of() { # words, the property that makes the build say them
    said=$(dotnet build Consumer.csproj -c Release -nologo -v quiet -o "$work/elsewhere" \
        -p:ThingSpaceVersion=$version -p:RestoreAdditionalProjectSources="$work/feed" \
        -p:RestorePackagesPath="$work/packages" -p:NuGetAudit=false -p:UseAppHost=false \
        -p:SelfContained=false "$2" ${3:+"$3"}) || true
    rm -rf obj
    case $said in *"$1"*"has it for linux"*) ;; *) fail "with $2 the build says: $said" ;; esac
    echo "ok    said while building: $1"
}
said_of "no native library for RuntimeIdentifier osx-arm64" -p:RuntimeIdentifier=osx-arm64
said_of "no native library for this machine (win-arm64)" \
    -p:NETCoreSdkPortableRuntimeIdentifier=win-arm64
for property in PlatformTarget=x86 Prefer32Bit=true; do
    said_of "no native library for a program of 32 bits" -p:$property -p:ConsumerFramework=net472
done

# What the READMEs show, in the languages of their readers.
cp -r "$here/tests/Readme" "$work/readme"
shown() { # project, framework, language
    rm -rf "$work/readme/obj" "$work/readme/Host/obj"
    build "$work/readme/$1" -o "$work/shown" -p:ThingSpaceVersion=$version \
        -p:ReadmeFramework="$2" -p:ReadmeLanguage="$3" -p:NuGetAudit=false \
        -p:RestoreAdditionalProjectSources="$work/feed" -p:RestorePackagesPath="$work/packages"
    echo "ok    $1 in C# $3 for $2"
}
shown Readme.csproj net472 7.3
shown Readme.csproj net10.0 10
shown Readme.csproj net10.0 12
shown Host/Host.csproj net10.0 10
shown Host/Host.csproj net10.0 12

library() { # name, its source
    echo "$2" > "$1.c"
    "${CC:-cc}" -shared -fPIC -o "$work/lib$1.so" "$1.c"
}
library other 'unsigned tsm_abi_version(void) { return 2; }'
library old 'unsigned tsm_abi_version(void) { return 1; } void tsm_exchange_free(void) {}'
library nothing 'int nothing;'
refused() { # library, words that must be said
    for run in "dotnet exec $work/net/Consumer.dll" "mono $work/framework/Consumer.exe"; do
        said=$(TSM_LIBRARY=$1 $run) && fail "$1 was not refused by $run"
        case $said in *"$1"*"$2"*) ;; *) fail "of $1 $run says: $said" ;; esac
    done
    echo "ok    refused: $2"
}
refused "$work/libother.so" \
    "has ABI version 2, and this ThingSpace.Session assembly needs version 1"
refused "$work/libold.so" "is too old for this ThingSpace.Session assembly"
refused "$work/libnothing.so" "is not libthingspace_session: it has no function tsm_abi_version"
refused "$work/no-such.so" "there is no such file"
refused "$work" "which is a folder"
said=$(TSM_LIBRARY=$work/libother.so dotnet exec "$work/net/Consumer.dll" "$TSM_LIBRARY") &&
    fail "a library was exchanged for another"
case $said in
    *"$work/libother.so has ABI version 2"*) ;;
    *) fail "of a library that was named too late it says: $said" ;;
esac
echo "ok    the library that was loaded is the one that is named"
said=$(TSM_LIBRARY=$work/no-such.so \
    dotnet exec "$work/net/Consumer.dll" --resolver "$TSM_LIBRARY") || true
[ "$said" = ok ] || fail "a program's own resolver is not asked: $said"
echo "ok    a program's own resolver finds the library"
rm -rf "$work/net/runtimes"
said=$(consumer) && fail "the library was found though it is nowhere"
case $said in
    *"was not found. Looked for"*TSM_LIBRARY*) ;;
    *) fail "of a missing library it says: $said" ;;
esac
echo "ok    a missing library is said to be missing"
cd "$here"

say "example"
build "$root/examples/csharp" -o "$work/example" -p:ThingSpaceNativeLibrary="$TSM_LIBRARY"
mkfifo "$work/stdin"
"$TSM_SANDBOX" --json --exit-with-stdin < "$work/stdin" > "$work/places" &
sandbox=$!
exec 9> "$work/stdin"
while ! grep -q control_url "$work/places"; do kill -0 $sandbox || fail "the sandbox ended"; done
place() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" "$work/places"; }
for how in "" --soap; do
    TSM_BASE_URL=$(place base_url) TSM_SOAP_URL=$(place soap_url) \
    TSM_SANDBOX_CONTROL=$(place control_url) TSM_STORE=memory: \
    TSM_USERNAME=zbeeblebrox TSM_PASSWORD=IMgr8 TSM_APP_KEY=key TSM_APP_SECRET=secret \
        dotnet exec "$work/example/Devices.dll" $how > "$work/said"
    cat "$work/said"
    [ "$(grep -c 'renewed' "$work/said")" = 2 ] || fail "the example $how does not tell its story"
done
exec 9>&-

say "C#: all passed"
