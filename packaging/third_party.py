"""What is linked into what we ship and belongs to others: their licences, and bills of materials.

    python3 packaging/third_party.py            writes THIRD-PARTY.txt and cli/THIRD-PARTY.txt
    python3 packaging/third_party.py --check    says whether they are what it would write

They are committed, of the library and of the command line, and stand for all targets together: a
package made from a checkout has them without any tool. A bill is of one target.
"""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

from targets import ELSEWHERE, ROOT, TARGETS, UNIVERSAL2, Target, version

# Of each package that others' code is linked into: the file, and what the package is.
NOTICES = {
    "thingspace-session": (ROOT / "THIRD-PARTY.txt", "library"),
    "thingspace": (ROOT / "cli" / "THIRD-PARTY.txt", "command line"),
}
LIBRARY, COMMAND = NOTICES
# Besides the targets that are built here, those that the release workflow builds.
TRIPLES = [target.triple for target in TARGETS + ELSEWHERE if target.triple != UNIVERSAL2]
HEAD = """The {what} {package} has parts that others wrote. These are their licences.

The Rust standard library is linked in too. It is under the MIT licence or the Apache licence 2.0
(https://github.com/rust-lang/rust/blob/master/COPYRIGHT); on Linux, so is LLVM's libunwind, under
the Apache licence 2.0 with LLVM's exception (https://llvm.org/LICENSE.txt).
"""

Crate = dict[str, Any]


def main(arguments: list[str]) -> None:
    for package, (file, _) in NOTICES.items():
        if arguments != ["--check"]:
            file.write_text(notices(package), encoding="utf-8")
            print(f"wrote {file.relative_to(ROOT)}")
        elif not file.is_file() or file.read_text(encoding="utf-8") != notices(package):
            name = file.relative_to(ROOT)
            raise SystemExit(f"{name} is out of date: python3 packaging/third_party.py")


def notices(package: str) -> str:
    """Each text once, under the names of the crates that have it."""
    crates_of: dict[str, list[str]] = {}
    for crate in linked(package, TRIPLES):
        if crate["source"] is None:
            continue  # ours
        for text in licence_texts(crate):
            crates_of.setdefault(text, []).append(
                f"{crate['name']} {crate['version']} ({crate['license']})"
            )
    parts = [HEAD.format(what=NOTICES[package][1], package=package)]
    for text, crates in sorted(crates_of.items(), key=lambda item: item[1]):
        parts.append("\n".join(["-" * 80, *crates, "", text]))
    return "\n".join(parts)


def licence_texts(crate: Crate) -> list[str]:
    """MIT's where the crate offers a choice with it, else all that lie in the crate."""
    folder = Path(crate["manifest_path"]).parent
    names = ("licen", "copying", "copyright", "notice", "unlicense")
    files = sorted(file for file in folder.iterdir() if file.name.lower().startswith(names))
    mit = [file for file in files if "mit" in file.stem.lower()]
    alternatives = crate["license"].replace("/", " OR ").split(" OR ")
    if mit and "MIT" in (alternative.strip() for alternative in alternatives):
        files = mit
    if not files:
        raise SystemExit(f"{crate['name']} {crate['version']} has no licence text")
    lines = (file.read_text(encoding="utf-8").splitlines() for file in files)
    return ["\n".join(line.rstrip() for line in text).strip("\n") + "\n" for text in lines]


def write_sbom(target: Target) -> None:
    """The bill of materials of the library for one target, as CycloneDX."""
    _write_sbom(LIBRARY, target, "library", target.stage / "sbom.cdx.json")


def write_command_sbom(target: Target) -> None:
    """The same of the command line."""
    _write_sbom(COMMAND, target, "application", target.command.with_name("sbom.cdx.json"))


def _write_sbom(package: str, target: Target, kind: str, file: Path) -> None:
    crates = linked(package, [target.triple])
    own = f"pkg:cargo/{package}@{version()}"
    bill = {
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        # The same for the same release and target, as all of a build is.
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{own}?{target.triple}')}",
        "version": 1,
        "metadata": {
            "component": {
                "type": kind,
                "bom-ref": own,
                "name": package,
                "version": version(),
                "purl": own,
                "licenses": [{"expression": "MIT OR Apache-2.0"}],
                "properties": [{"name": "rust:target", "value": target.triple}],
            },
        },
        "components": [*map(component, crates), standard_library()],
        "dependencies": dependencies(package, crates, own),
    }
    file.write_text(json.dumps(bill, indent=1) + "\n", encoding="utf-8")


def component(crate: Crate) -> dict[str, Any]:
    made: dict[str, Any] = {
        "type": "library",
        "bom-ref": purl(crate),
        "name": crate["name"],
        "version": crate["version"],
        "purl": purl(crate),
        "licenses": [{"expression": crate["license"].replace("/", " OR ")}],
    }
    if crate["source"]:
        made["hashes"] = [{"alg": "SHA-256", "content": checksum(crate)}]
    if crate["repository"]:
        made["externalReferences"] = [{"type": "vcs", "url": crate["repository"]}]
    return made


def standard_library() -> dict[str, Any]:
    """Rust's, which no lock file names: it is the compiler's."""
    return {
        "type": "library",
        "bom-ref": "rust-std",
        "name": "rust-std",
        "version": output("rustc", "--version").split()[1],
        "licenses": [{"expression": "MIT OR Apache-2.0"}],
    }


def dependencies(package: str, crates: list[Crate], own: str) -> list[dict[str, Any]]:
    refs = {crate["id"]: purl(crate) for crate in crates}
    refs[crate_named(package, version())["id"]] = own
    nodes = {node["id"]: node["dependencies"] for node in metadata()["resolve"]["nodes"]}
    return [
        {"ref": ref, "dependsOn": sorted(refs[other] for other in nodes[ident] if other in refs)}
        for ident, ref in sorted(refs.items(), key=lambda item: item[1])
    ]


def linked(package: str, triples: list[str]) -> list[Crate]:
    """The crates that are linked in: not those that only build, test or expand macros."""
    found: set[tuple[str, ...]] = set()
    for triple in triples:
        tree = output(
            *("cargo", "tree", "--locked", "--quiet", f"--package={package}"),
            *("--edges=normal,no-proc-macro", f"--target={triple}"),
            *("--prefix=none", "--format={p}"),
        )
        found.update(tuple(line.split()[:2]) for line in tree.splitlines() if line)
    names = sorted((name, number.lstrip("v")) for name, number in found)
    return [crate_named(*name) for name in names if name[0] != package]


def crate_named(name: str, number: str) -> Crate:
    crates: list[Crate] = metadata()["packages"]
    return next(c for c in crates if (c["name"], c["version"]) == (name, number))


def purl(crate: Crate) -> str:
    return f"pkg:cargo/{crate['name']}@{crate['version']}"


def checksum(crate: Crate) -> str:
    lock = (ROOT / "Cargo.lock").read_text(encoding="utf-8")
    entry = f'name = "{crate["name"]}"\nversion = "{crate["version"]}"\n'
    return lock.split(entry)[1].split('checksum = "')[1].split('"')[0]


@functools.cache
def metadata() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        output("cargo", "metadata", "--format-version=1", "--locked")
    )
    return found


def output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout


if __name__ == "__main__":
    main(sys.argv[1:])
