"""Whether programs compiled against the accepted header still run with the library as it is now.

    python3 tests/abi/abi.py            compares, and says what broke
    python3 tests/abi/abi.py --accept   accepts what is there now

`tsm.h` in this folder is the header that was accepted last, and `abi.xml` what libabigail's abidw
tells of it. Both are of the header, not of the library made of Rust: that is what C programs, and
the tables of the bindings, are compiled against. Other tests hold the library to its header.
"""

from __future__ import annotations

import itertools
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
HEADER = ROOT / "include" / "tsm.h"
ACCEPTED_HEADER = HERE / "tsm.h"
ACCEPTED = HERE / "abi.xml"

WHAT_TO_DO = """
A program that was compiled before this change would misbehave with the library after it.
  - A function that was released keeps its name, its arguments and what they mean; a constant keeps
    its value. Add a new one beside it.
  - If nothing was released since the last `python3 tests/abi/abi.py --accept`, or the break is
    meant: raise TSM_ABI_VERSION (src/ffi/version.rs) where something was released, run
    `make generate`, accept, and commit tests/abi/ with the change."""


def main(arguments: list[str]) -> int:
    missing = [tool for tool in ("abidw", "abidiff") if shutil.which(tool) is None]
    if missing:
        print("THE ABI WAS NOT COMPARED: there is no abidiff (Debian: abigail-tools).")
        return 1 if os.environ.get("CI") == "true" else 0
    if platform.machine() != "x86_64":
        print("THE ABI WAS NOT COMPARED: it is described for x86_64.")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        stub = build_stub(Path(folder))
        if arguments == ["--accept"]:
            shutil.copyfile(HEADER, ACCEPTED_HEADER)
            ACCEPTED.write_text(described(stub), encoding="utf-8")
            print("accepted: commit tests/abi/")
            return 0
        broken = changed_constants() + changed_structs() + broken_functions(stub)
    if broken:
        print("THE ABI IS BROKEN:", *broken, WHAT_TO_DO, sep="\n")
        return 1
    return 0


def build_stub(folder: Path) -> Path:
    """A library with the header's functions and nothing in them, as a C compiler sees them."""
    declarations = (ROOT / "tests" / "c" / "abi.txt").read_text(encoding="utf-8").splitlines()
    functions = [line.rstrip(";") for line in declarations if re.search(r"\btsm_\w+\(", line)]
    version = constants(HEADER)["TSM_ABI_VERSION"]
    source, script, stub = (folder / name for name in ("stub.c", "stub.map", "stub.so"))
    bodies = "".join(f"{function} {{ __builtin_trap(); }}\n" for function in functions)
    source.write_text(f"#include <tsm.h>\n{bodies}")
    script.write_text(f"TSM_{version} {{ global: tsm_*; local: *; }};\n")
    subprocess.run(
        [
            *(os.environ.get("CC", "cc"), "-shared", "-fPIC", "-g", f"-I{HEADER.parent}"),
            *(f"-Wl,-soname,libthingspace_session.so.{version}", f"-Wl,--version-script={script}"),
            *("-o", stub.name, source.name),
        ],
        check=True,
        cwd=folder,
    )
    return stub


def described(stub: Path) -> str:
    options = [
        "--no-corpus-path",
        "--no-comp-dir-path",
        "--no-show-locs",
        "--type-id-style",
        "hash",
    ]
    done = subprocess.run(["abidw", *options, stub], check=True, capture_output=True, text=True)
    return done.stdout


def broken_functions(stub: Path) -> list[str]:
    """What abidiff says, where something is gone or changed; what is new breaks nothing."""
    options = ["--no-added-syms", "--no-show-locs", "--suppressions", str(HERE / "grows.ini")]
    done = subprocess.run(["abidiff", *options, ACCEPTED, stub], capture_output=True, text=True)
    return [done.stdout + done.stderr] if done.returncode else []


def changed_constants() -> list[str]:
    """Values stand in compiled programs; no debugger's information tells of them."""
    now = constants(HEADER)
    return [
        f"  {name} was {value} and is {now.get(name, 'gone')}"
        for name, value in constants(ACCEPTED_HEADER).items()
        if now.get(name) != value
    ]


def changed_structs() -> list[str]:
    """Programs read the members that they know, where they were."""
    now = structs(HEADER)
    return [
        f"  struct {name} had the member `{before}` where it now has `{after}`"
        for name, members in structs(ACCEPTED_HEADER).items()
        for before, after in itertools.zip_longest(
            members, now.get(name, [])[: len(members)], fillvalue="nothing"
        )
        if before != after
    ]


def structs(header: Path) -> dict[str, list[str]]:
    """The structs that are not opaque, with their members."""
    code = re.sub(r"/\*.*?\*/", "", header.read_text(encoding="utf-8"), flags=re.DOTALL)
    found = re.findall(r"typedef struct \w+ \{(.*?)\} (\w+);", code, re.DOTALL)
    return {
        name: [" ".join(member.split()) for member in body.split(";") if member.strip()]
        for body, name in found
    }


def constants(header: Path) -> dict[str, str]:
    text = header.read_text(encoding="utf-8")
    return dict(re.findall(r"^#define (TSM_\w+) (\S+)$", text, re.MULTILINE))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
