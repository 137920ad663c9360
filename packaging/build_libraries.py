"""Builds the shared and static library of each target into target/dist/TRIPLE/.

    shared/    what bindings load: stripped, its SONAME with the ABI's number, its exports those of
               tests/c/abi.txt alone, with a symbol version
    static/    the same code as one object that shows the same functions alone, so that it can be
               linked beside another static library made of Rust
    symbols/   the debug symbols of the shared library
    command/   the command line, stripped; with musl it needs nothing of the system it runs on
    native-static-libs.txt    what a program links besides the static library
    sbom.cdx.json             what is linked in (CycloneDX); command/ has another

Names of triples as arguments build these only. Needs cargo with the targets' std, and the tools of
packaging/requirements.txt; the C compiler and the linker are zig's, for all targets. The same
commit gives the same bytes, wherever it is built.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import third_party
from c_files import soname
from targets import ELSEWHERE, ROOT, STAGE, UNIVERSAL2, Target, abi_version, chosen, exports

BUILD = STAGE / "build"
ZIG = [sys.executable, "-m", "ziglang"]


def main(triples: list[str]) -> None:
    targets = chosen(triples)
    add_std(targets)
    for target in targets:
        print(f"{target.triple} ...", flush=True)
        if target.zig:
            build(target)
        elif target.triple == UNIVERSAL2:
            join_architectures(target)
        else:
            build_here(target)
        print(f"{target.triple}: {target.stage.relative_to(ROOT)}", flush=True)


def add_std(targets: list[Target]) -> None:
    """The standard library of each target, where rustup rules; elsewhere it must be there."""
    if shutil.which("rustup"):
        triples = [
            target.triple for target in targets if not target.triple.startswith("universal2")
        ]
        run("rustup", "--quiet", "target", "add", *triples)


def build(target: Target) -> None:
    lay_folders(target)
    built = compile_core(target)
    shutil.copy(native_libraries_file(target), target.stage)
    unstripped = built / "unstripped"
    if target.is_windows:
        objcopy("--strip-debug", built / "libthingspace_session.a", target.static)
        link_for_windows(target, built / "libthingspace_session.a", unstripped)
    else:
        compile_runtime(target, built)
        one_object = join(built / "libthingspace_session.a", unwinder(target))
        link(target, one_object, unstripped)
        archive(one_object, target.static)
    split(unstripped, target)
    third_party.write_sbom(target)
    if target.command_name:
        build_command(target)


def build_here(target: Target) -> None:
    """With the linker of this machine, which alone has what the target's system brings."""
    lay_folders(target)
    run(
        *(
            "cargo",
            "rustc",
            "--quiet",
            "--locked",
            "--profile=dist",
            "--package=thingspace-session",
        ),
        *("--lib", "--crate-type=cdylib,staticlib", f"--target={target.triple}", "--"),
        f"--print=native-static-libs={native_libraries_file(target)}",
        CARGO_TARGET_DIR=str(BUILD),
        CARGO_ENCODED_RUSTFLAGS="\x1f".join(hidden_paths() + system_flags(target)),
    )
    shutil.copy(native_libraries_file(target), target.stage)
    built = BUILD / target.triple / "dist"
    shutil.copyfile(built / target.shared.name, target.shared)
    static = "thingspace_session.lib" if target.is_msvc else target.static.name
    shutil.copyfile(built / static, target.static)
    if target.is_macos:
        run("dsymutil", "--flat", target.shared, "-o", target.symbols)
        run("strip", "-x", target.shared)
        run("strip", "-S", target.static)
        sign(target)
    else:
        shutil.copyfile(built / target.symbols.name, target.symbols)
        shutil.copyfile(built / "thingspace_session.dll.lib", target.shared.with_suffix(".lib"))
    third_party.write_sbom(target)
    build_command_here(target)


def build_command(target: Target) -> None:
    """The command line, with zig's linker."""
    run(
        scripts() / "cargo-zigbuild",
        *("build", "--quiet", "--locked", "--profile=dist", "--package=thingspace", "--bins"),
        f"--target={target.triple}",
        CARGO_TARGET_DIR=str(BUILD),
        CARGO_ENCODED_RUSTFLAGS="\x1f".join(hidden_paths()),
        CFLAGS=shlex.join(hidden_paths_for_c()),
        CC_SHELL_ESCAPED_FLAGS="1",
    )
    built = BUILD / target.triple / "dist" / target.command.name
    target.command.parent.mkdir(parents=True, exist_ok=True)
    objcopy("--strip-all", built, target.command)
    target.command.chmod(0o755)
    third_party.write_command_sbom(target)


def build_command_here(target: Target) -> None:
    """The command line, with the linker of this machine."""
    run(
        *("cargo", "build", "--quiet", "--locked", "--profile=dist", "--package=thingspace"),
        *("--bins", f"--target={target.triple}"),
        CARGO_TARGET_DIR=str(BUILD),
        CARGO_ENCODED_RUSTFLAGS="\x1f".join(
            hidden_paths() + (["-Ctarget-feature=+crt-static"] if target.is_msvc else [])
        ),
    )
    built = BUILD / target.triple / "dist" / target.command.name
    target.command.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(built, target.command)
    if target.is_macos:
        run("strip", target.command)
        run("codesign", "--force", "--sign", "-", target.command)
    target.command.chmod(0o755)
    third_party.write_command_sbom(target)


def system_flags(target: Target) -> list[str]:
    """What a program records as the library's name, and no wish for a runtime of Visual C++."""
    if target.is_macos:
        return [f"-Clink-arg=-Wl,-install_name,@rpath/{soname(target)}"]
    return ["-Ctarget-feature=+crt-static"]


def join_architectures(target: Target) -> None:
    """One file for both kinds of Mac, of the two that were built."""
    lay_folders(target)
    parts = [part for part in ELSEWHERE if part.is_macos and part.rid]
    run("lipo", "-create", "-output", target.shared, *(part.shared for part in parts))
    run("lipo", "-create", "-output", target.static, *(part.static for part in parts))
    sign(target)
    for name in ("native-static-libs.txt", "sbom.cdx.json"):
        shutil.copyfile(parts[0].stage / name, target.stage / name)


def sign(target: Target) -> None:
    """By nobody, as the linker does: a Mac loads no code that changed after it was signed."""
    run("codesign", "--force", "--sign", "-", target.shared)


def lay_folders(target: Target) -> None:
    shutil.rmtree(target.stage, ignore_errors=True)
    for file in (target.shared, target.static, target.symbols):
        file.parent.mkdir(parents=True)


def compile_core(target: Target) -> Path:
    """What cargo makes of the crate; the folder of it."""
    flags = hidden_paths()
    if target.is_musl:
        # Rust would put the C library itself into what it makes.
        flags.append("-Ctarget-feature=-crt-static")
    glibc = "" if target.is_windows or target.is_musl else ".2.17"
    run(
        scripts() / "cargo-zigbuild",
        *("rustc", "--quiet", "--locked", "--profile=dist", "--package=thingspace-session"),
        *("--lib", "--crate-type=staticlib", f"--target={target.triple}{glibc}", "--"),
        f"--print=native-static-libs={native_libraries_file(target)}",
        CARGO_TARGET_DIR=str(BUILD),
        CARGO_ENCODED_RUSTFLAGS="\x1f".join(flags),
        CFLAGS=shlex.join(hidden_paths_for_c()),
        CC_SHELL_ESCAPED_FLAGS="1",
    )
    return BUILD / target.triple / "dist"


def hidden_paths() -> list[str]:
    """For rustc."""
    return [f"--remap-path-prefix={path}={name}" for path, name in paths_to_hide()]


def hidden_paths_for_c() -> list[str]:
    """For C code, which also has zig's headers."""
    headers = (Path(sysconfig.get_path("platlib")), "python")
    return [f"-ffile-prefix-map={path}={name}" for path, name in [*paths_to_hide(), headers]]


def paths_to_hide() -> list[tuple[Path, str]]:
    """Folders of this machine, and what is told of them in debug symbols and panics."""
    cargo_home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
    sysroot = Path(output("rustc", "--print=sysroot").strip())
    registries = sorted((cargo_home / "registry" / "src").glob("*"))
    return [
        (ROOT, "thingspace-session"),
        (sysroot / "lib" / "rustlib" / "src" / "rust", "rust"),
        *((registry, "crates") for registry in registries),
    ]


def compile_runtime(target: Target, folder: Path) -> None:
    """What zig compiles from its sources where a program asks for it: the unwinder, and the part of
    glibc that is linked statically. Their debug symbols would tell where zig lies.
    """
    nothing, cache = folder / "nothing.c", zig_cache(target)
    nothing.touch()
    zig_cc(target, "-shared", "-o", folder / "nothing.so", nothing, "-O1", "-lunwind")
    for made in [*cache.glob("o/*/*.a"), *cache.glob("o/*/*.o")]:
        objcopy("--strip-debug", made)


def unwinder(target: Target) -> Path:
    """LLVM's libunwind. With it inside, the library needs no libgcc_s, which on musl is a package
    that may not be there.
    """
    made = zig_cache(target).glob("o/*/libunwind.a")
    # Builds before this one, with other settings, have left theirs.
    return max(made, key=lambda file: file.stat().st_mtime)


def join(library: Path, unwinder: Path) -> Path:
    """One object of all that the exports need; it shows nothing else to the linker."""
    names = library.with_name("exports.txt")
    names.write_text("\n".join(exports()) + "\n")
    joined, shown = library.with_name("joined.o"), library.with_name("shown.o")
    wanted = [f"--undefined={name}" for name in exports()]
    run(rust_tool("gcc-ld/ld.lld"), "--relocatable", *wanted, "-o", joined, library, unwinder)
    # Rust's std brings bitcode for those who link with LTO: of no use now, and it confuses `nm`.
    bitcode = ("--remove-section=.llvmbc", "--remove-section=.llvmcmd")
    objcopy(*bitcode, f"--keep-global-symbols={names}", joined, shown)
    return shown


def link(target: Target, one_object: Path, library: Path) -> None:
    """The shared library.

    rustc would write a version script of its own, without a name for the version, and no linker
    takes a second one. So the linker is called here.
    """
    script = library.with_name("exports.map")
    names = "".join(f"        {name};\n" for name in exports())
    script.write_text(f"TSM_{abi_version()} {{\n    global:\n{names}    local:\n        *;\n}};\n")
    needs = (target.stage / "native-static-libs.txt").read_text().split()
    needs = [need for need in needs if need != "-lgcc_s"]
    options = (
        f"-soname,{soname(target)}",
        f"--version-script={script}",
        # Threads run code of the library when they end, after any `dlclose`.
        *("-z,nodelete", "-z,relro", "-z,now", "--gc-sections", "--as-needed", "--build-id=sha1"),
    )
    # O1: without it, checks of zig's would be linked in.
    linked = ("-O1", *(f"-Wl,{option}" for option in options))
    zig_cc(target, "-shared", "-o", library, one_object, *linked, *needs)


def link_for_windows(target: Target, static: Path, library: Path) -> None:
    """The DLL, and what programs link with. By itself, the linker would export all C code."""
    definitions = library.with_name("exports.def")
    names = "".join(f"    {name}\n" for name in exports())
    definitions.write_text(f"LIBRARY {target.shared.name}\nEXPORTS\n{names}")
    needs = (target.stage / "native-static-libs.txt").read_text().split()
    # Brepro: a hash, where else the time of the build would stand.
    options = ("-O1", "-Wl,-Brepro", "-Wl,--gc-sections")
    zig_cc(target, "-shared", "-o", library, static, definitions, "-lunwind", *needs, *options)
    imports = target.shared.with_suffix(".lib")
    run(*ZIG, "dlltool", "-m", "i386:x86-64", "-d", definitions, "-l", imports)


def archive(one_object: Path, library: Path) -> None:
    """A static library of this one object, without debug symbols."""
    member = one_object.with_name("thingspace_session.o")
    objcopy("--strip-debug", one_object, member)
    # D: no dates, users and groups in it.
    run(*ZIG, "ar", "rcsD", library, member)


def split(unstripped: Path, target: Target) -> None:
    """The library, and its symbols, which a debugger finds by the name noted in the library."""
    objcopy("--only-keep-debug", unstripped, target.symbols)
    objcopy(
        "--strip-all" if target.is_windows else "--strip-unneeded",
        f"--add-gnu-debuglink={target.symbols}",
        unstripped,
        target.shared,
    )


def zig_cc(target: Target, *arguments: str | Path) -> None:
    """zig as the C compiler and linker of a target, with a cache of its own."""
    cache = str(zig_cache(target))
    run(*ZIG, "cc", "-target", target.zig, *arguments, ZIG_GLOBAL_CACHE_DIR=cache)


def native_libraries_file(target: Target) -> Path:
    """Kept with what cargo keeps: a build that finds all compiled does not write it again."""
    folder = BUILD / target.triple
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "native-static-libs.txt"


def zig_cache(target: Target) -> Path:
    return BUILD / target.triple / "zig"


def objcopy(*arguments: str | Path) -> None:
    """The one that Rust brings: it knows every machine's files."""
    libraries = Path(output("rustc", "--print=sysroot").strip()) / "lib"
    run(rust_tool("rust-objcopy"), *arguments, LD_LIBRARY_PATH=str(libraries))


def rust_tool(name: str) -> Path:
    """A tool that lies in Rust's toolchain, beside the std of the machine it runs on."""
    libraries = Path(output("rustc", "--print=target-libdir").strip())
    return libraries.parent / "bin" / name


def scripts() -> Path:
    """Where pip put the programs of this Python."""
    return Path(sysconfig.get_path("scripts"))


def run(*command: str | Path, **environment: str) -> None:
    """Runs it, and ends this program with its words where it fails."""
    # cargo-zigbuild finds zig by it.
    path = f"{scripts()}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, **environment}
    # Of those that choose another linker for tests; cargo-zigbuild would take it.
    environment = {
        name: value
        for name, value in environment.items()
        if not re.fullmatch(r"CARGO_TARGET_.+_LINKER", name)
    }
    try:
        subprocess.run([str(part) for part in command], check=True, env=environment, cwd=ROOT)
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"{command[0]} failed (exit code {error.returncode})") from None


def output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout


if __name__ == "__main__":
    main(sys.argv[1:])
