"""The archives for C: unpacked from dist/ alone, linked in every way, moved, and run."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from conftest import STORY, Place, Sandbox, artefact, needed
from targets import ROOT, TARGETS, Target, version

X64, ARM64, MUSL, MUSL_ARM64, WINDOWS = TARGETS
EXAMPLE = Path("share/doc/thingspace-session/examples/devices.c")
CMAKE = """\
cmake_minimum_required(VERSION 3.13)
project(try C)
find_package(thingspace_session 0.1 REQUIRED COMPONENTS shared static)
add_executable(with_shared devices.c)
target_link_libraries(with_shared PRIVATE thingspace_session::shared)
add_executable(with_static devices.c)
target_link_libraries(with_static PRIVATE thingspace_session::static)
add_executable(with_either devices.c)
target_link_libraries(with_either PRIVATE thingspace_session::thingspace_session)
"""


def unpack(target: Target, folder: Path) -> Path:
    """The archive of this target, as what is unpacked from it."""
    name = f"thingspace-session-{version()}-{target.name}"
    ending = ".zip" if target.is_windows else ".tar.gz"
    shutil.unpack_archive(artefact(name + ending), folder)
    return folder / name


def zig_cc(target: Target, place: Place, *arguments: str | Path) -> None:
    """Compiles for another machine. In a program without -O, zig's checks would be linked in."""
    cache = str(ROOT / "target" / "dist" / "build" / target.triple / "zig")
    zig = (sys.executable, "-m", "ziglang", "cc", "-O1", "-target", target.zig)
    place.run(*zig, *arguments, ZIG_GLOBAL_CACHE_DIR=cache)


@pytest.fixture
def unpacked(place: Place) -> Path:
    return unpack(X64, place.folder / "first place")


@pytest.mark.parametrize("compiler", ["gcc", "clang", "g++ -x c++"])
def test_shared_by_hand(compiler: str, unpacked: Path, place: Place, sandbox: Sandbox) -> None:
    compiler, *language = compiler.split()
    needed(compiler)
    place.run(
        compiler,
        *language,
        *("-Wall", "-Werror", unpacked / EXAMPLE, "-o", "devices"),
        *("-I", unpacked / "include", "-L", unpacked / "lib", "-lthingspace_session"),
        "-Wl,-rpath,$ORIGIN/lib",
    )
    # The program and the library it was shipped with, elsewhere.
    shipped = place.folder / "shipped"
    (shipped / "lib").mkdir(parents=True)
    shutil.move(place.folder / "devices", shipped)
    shutil.copy(next((unpacked / "lib").glob("*.so.*")), shipped / "lib")
    shutil.rmtree(unpacked)
    assert place.run(shipped / "devices", **sandbox.variables) == STORY


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_static_by_hand(compiler: str, unpacked: Path, place: Place, sandbox: Sandbox) -> None:
    needed(compiler)
    place.run(
        *(compiler, unpacked / EXAMPLE, "-o", "devices", "-I", unpacked / "include"),
        *(unpacked / "lib" / "libthingspace_session.a", "-lpthread", "-ldl", "-lm"),
    )
    shutil.rmtree(unpacked)
    assert place.run("./devices", **sandbox.variables) == STORY


@pytest.mark.parametrize("how", ["shared", "static"])
def test_pkg_config_at_two_places(how: str, unpacked: Path, place: Place, sandbox: Sandbox) -> None:
    needed("pkg-config", "gcc")
    second = place.folder / "another" / "place"
    second.parent.mkdir()
    for folder in (unpacked, second):
        if folder is second:
            unpacked.rename(second)
        variables = {"PKG_CONFIG_PATH": str(folder / "lib" / "pkgconfig")}
        assert place.run("pkg-config", "--modversion", "thingspace-session", **variables) == (
            f"{version()}\n"
        )
        flags = {
            "shared": "$(pkg-config --cflags --libs thingspace-session)",
            "static": "$(pkg-config --cflags --libs --static thingspace-session)",
        }[how]
        if how == "static":
            # What a program does that ships alone: no shared library is in reach.
            for library in (folder / "lib").glob("*.so*"):
                library.unlink()
        # eval: pkg-config escapes the blank in the path for the shell.
        command = f"eval gcc '\"{folder / EXAMPLE}\"' -o devices {flags}"
        place.run("sh", "-c", command, **variables)
        path = str(folder / "lib")
        printed = place.run("./devices", LD_LIBRARY_PATH=path, **sandbox.variables)
        assert printed == STORY


def test_cmake_at_two_places(unpacked: Path, place: Place, sandbox: Sandbox) -> None:
    needed("cmake", "gcc")
    second = place.folder / "second"
    for folder in (unpacked, second):
        if folder is second:
            unpacked.rename(second)
        project = place.folder / f"project of {folder.name}"
        project.mkdir()
        (project / "CMakeLists.txt").write_text(CMAKE)
        shutil.copy(folder / EXAMPLE, project)
        shutil.copy((folder / EXAMPLE).with_name("sandbox_control.h"), project)
        build = project / "build"
        place.run("cmake", "-S", project, "-B", build, f"-DCMAKE_PREFIX_PATH={folder}")
        place.run("cmake", "--build", build)
        for name in ("with_shared", "with_static", "with_either"):
            assert place.run(build / name, **sandbox.variables) == STORY, name


def test_cmake_refuses_another_version(unpacked: Path, place: Place) -> None:
    needed("cmake")
    for asked, answer in (("0.1", 0), ("0.0.9", 1), ("0.2", 1), ("1.0", 1), (version(), 0)):
        text = (
            "cmake_minimum_required(VERSION 3.13)\nproject(try C)\n"
            f"find_package(thingspace_session {asked})\n"
            "message(STATUS found=${thingspace_session_FOUND})\n"
        )
        (place.folder / "CMakeLists.txt").write_text(text)
        shutil.rmtree(place.folder / "build", ignore_errors=True)
        said = place.run("cmake", "-B", "build", f"-DCMAKE_PREFIX_PATH={unpacked}")
        assert f"found={1 - answer}" in said, (asked, said)


def test_two_static_libraries_made_of_rust(unpacked: Path, place: Place) -> None:
    """Rust's standard library is in both: one program can have them, if only one shows it."""
    needed("gcc", "rustc")
    (place.folder / "other.rs").write_text(
        '#[unsafe(no_mangle)]\npub extern "C" fn other() -> i32 {\n'
        "    std::panic::catch_unwind(|| panic!()).is_err() as i32\n}\n"
    )
    rustc = str(shutil.which("rustc"))
    flags = ("--edition=2024", "--crate-type=staticlib", "-o", "libother.a")
    # rustup's looks for its toolchains there.
    place.run(rustc, *flags, "other.rs", HOME=str(Path.home()))
    (place.folder / "both.c").write_text(
        "#include <tsm.h>\nint other(void);\n"
        "int main(void) { return other() == 1 && tsm_abi_version() == TSM_ABI_VERSION ? 0 : 1; }\n"
    )
    place.run(
        *("gcc", "both.c", "-o", "both", "-I", unpacked / "include", "libother.a"),
        *(unpacked / "lib" / "libthingspace_session.a", "-lpthread", "-ldl", "-lm"),
    )
    place.run("./both")


def test_a_program_of_the_accepted_header(unpacked: Path, place: Place, sandbox: Sandbox) -> None:
    """Compiled long ago: the library of today takes the place of the one it came with."""
    needed("gcc")
    shutil.copy(ROOT / "tests" / "abi" / "tsm.h", place.folder)
    place.run(
        *("gcc", "-I", place.folder, "-I", (unpacked / EXAMPLE).parent, unpacked / EXAMPLE),
        *("-o", "devices", "-L", unpacked / "lib", "-lthingspace_session"),
    )
    path = str(unpacked / "lib")
    assert place.run("./devices", LD_LIBRARY_PATH=path, **sandbox.variables) == STORY


PLUGIN = r"""
#include <stdio.h>
#include <tsm.h>
/* Logs in with the library that this file is linked with. */
int WHICH(void) {
    tsm_config *config = tsm_config_new();
    tsm_session *session = NULL;
    tsm_error *error = NULL;
    if (tsm_config_load_env(config, &error) || tsm_login(config, NULL, &session, &error))
        fprintf(stderr, "%s\n", tsm_error_message(error));
    int fine = session != NULL;
    tsm_free(session);
    tsm_config_free(config);
    tsm_error_free(error);
    return fine;
}
"""
BOTH = r"""
int first(void), second(void);
int main(void) { return first() && second() && first() && second() ? 0 : 1; }
"""


def test_two_versions_in_one_process(unpacked: Path, place: Place, sandbox: Sandbox) -> None:
    """A program and a plugin of it may bring versions that do not know each other."""
    needed("gcc")
    folder = place.folder
    (folder / "next.map").write_text("TSM_2 { global: tsm_*; local: *; };\n")
    place.run(
        *("gcc", "-shared", "-o", "libnext.so", "-Wl,-soname,libthingspace_session.so.2"),
        *("-Wl,--version-script=next.map", "-Wl,--whole-archive"),
        *(unpacked / "lib" / "libthingspace_session.a", "-Wl,--no-whole-archive"),
        *("-lpthread", "-ldl", "-lm"),
    )
    shutil.copy(folder / "libnext.so", folder / "libthingspace_session.so.2")
    (folder / "plugin.c").write_text(PLUGIN)
    (folder / "both.c").write_text(BOTH)
    flags = ("-fPIC", "-shared", "-I", unpacked / "include", "plugin.c", "-L", ".")
    with_first = ("-L", unpacked / "lib", "-lthingspace_session")
    place.run("gcc", "-DWHICH=first", *flags, "-o", "libfirst.so", *with_first)
    place.run("gcc", "-DWHICH=second", *flags, "-o", "libsecond.so", "-lnext")
    rpath = f"-Wl,-rpath,{folder},-rpath-link,{unpacked / 'lib'}"
    place.run("gcc", "both.c", "-o", "both", "-L", ".", "-lfirst", "-lsecond", rpath)
    path = f"{folder}:{unpacked / 'lib'}"
    place.run("./both", LD_LIBRARY_PATH=path, **sandbox.variables)


def test_musl_shared(place: Place, sandbox: Sandbox) -> None:
    """Alpine's loader is that of Debian's package musl."""
    loader = Path("/lib/ld-musl-x86_64.so.1")
    assert loader.exists(), "not installed: musl"
    unpacked = unpack(MUSL, place.folder)
    files = ("-dynamic", unpacked / EXAMPLE, "-o", "devices", "-I", unpacked / "include")
    zig_cc(MUSL, place, *files, "-L", unpacked / "lib", "-lthingspace_session")
    path = str(unpacked / "lib")
    printed = place.run(loader, "--library-path", path, "./devices", **sandbox.variables)
    assert printed == STORY


def test_musl_static(place: Place, sandbox: Sandbox) -> None:
    """A program that needs nothing at all."""
    unpacked = unpack(MUSL, place.folder)
    files = ("-static", unpacked / EXAMPLE, "-o", "devices", "-I", unpacked / "include")
    zig_cc(MUSL, place, *files, unpacked / "lib" / "libthingspace_session.a")
    assert place.run("./devices", **sandbox.variables) == STORY


def test_arm64_shared(place: Place, sandbox: Sandbox) -> None:
    needed("qemu-aarch64")
    unpacked = unpack(ARM64, place.folder)
    files = (unpacked / EXAMPLE, "-o", "devices", "-I", unpacked / "include")
    zig_cc(ARM64, place, *files, "-L", unpacked / "lib", "-lthingspace_session")
    libraries = "/usr/aarch64-linux-gnu"
    path = f"LD_LIBRARY_PATH={unpacked / 'lib'}"
    qemu = ("qemu-aarch64", "-L", libraries, "-E", path)
    assert place.run(*qemu, "./devices", **sandbox.variables) == STORY


def test_arm64_musl_static(place: Place, sandbox: Sandbox) -> None:
    needed("qemu-aarch64")
    unpacked = unpack(MUSL_ARM64, place.folder)
    files = ("-static", unpacked / EXAMPLE, "-o", "devices", "-I", unpacked / "include")
    zig_cc(MUSL_ARM64, place, *files, unpacked / "lib" / "libthingspace_session.a")
    assert place.run("qemu-aarch64", "./devices", **sandbox.variables) == STORY


@pytest.mark.parametrize("how", ["shared", "static"])
def test_windows(how: str, place: Place, sandbox: Sandbox) -> None:
    """Under Wine, which is started as the tests of the C API start it."""
    needed("x86_64-w64-mingw32-gcc", "pkg-config")
    unpacked = unpack(WINDOWS, place.folder)
    variables = {"PKG_CONFIG_PATH": str(unpacked / "lib" / "pkgconfig")}
    asked = {
        "shared": ("--libs", "thingspace-session"),
        "static": ("--libs-only-other", "--libs-only-l", "--static", "thingspace-session"),
    }[how]
    flags = place.run("pkg-config", *asked, **variables).split()
    if how == "static":
        static = str(unpacked / "lib" / "libthingspace_session.a")
        flags = [static if flag == "-lthingspace_session" else flag for flag in flags]
    else:
        shutil.copy(unpacked / "bin" / "thingspace_session.dll", place.folder)
    files = (unpacked / EXAMPLE, "-o", "devices.exe", "-I", unpacked / "include")
    place.run("x86_64-w64-mingw32-gcc", *files, *flags, "-lws2_32")
    wine = {"WINEPREFIX": str(ROOT / "target" / "wine")}
    printed = place.run(ROOT / "tests" / "wine" / "run", "devices.exe", **wine, **sandbox.variables)
    assert printed.replace("\r", "") == STORY


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.triple)
def test_what_an_archive_holds(target: Target, place: Place) -> None:
    unpacked = unpack(target, place.folder)
    documents = unpacked / "share" / "doc" / "thingspace-session"
    for name in ("LICENSE-MIT", "LICENSE-APACHE", "THIRD-PARTY.txt", "README.md", "sbom.cdx.json"):
        assert (documents / name).stat().st_size > 500, name
    assert (unpacked / "include" / "tsm.h").is_file()
    assert (unpacked / "lib" / "libthingspace_session.a").is_file()
