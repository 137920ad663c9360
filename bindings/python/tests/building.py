"""Builds wheels and sdists from a copy of the checkout, with a cargo that builds nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from sandbox import REPOSITORY

PROJECT = Path(__file__).resolve().parents[1]
LIBRARY = Path(os.environ["TSM_LIBRARY"])
HATCHLING = [sys.executable, "-m", "hatchling", "build", "--target"]


def clean_environment(**more: str) -> dict[str, str]:
    """This one's, without what the tests set for themselves, and without cargo."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("TSM_", "PYTHON"))
    }
    return {**kept, "PATH": os.pathsep.join(folders_without_cargo()), **more}


def folders_without_cargo() -> list[str]:
    return [
        folder
        for folder in os.environ["PATH"].split(os.pathsep)
        if not shutil.which("cargo", path=folder)
    ]


class Checkout:
    """A copy of the parts of the repository that packages are built from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.project = folder / "bindings" / "python"
        self.project.mkdir(parents=True)
        for name in ("Cargo.toml", "LICENSE-APACHE", "LICENSE-MIT"):
            shutil.copy(REPOSITORY / name, folder)
        for path in PROJECT.iterdir():
            if path.is_file():
                shutil.copy(path, self.project, follow_symlinks=False)
        shutil.copytree(PROJECT / "src", self.project / "src")
        self._tools = folder / "tools"
        self._tools.mkdir()

    @property
    def release(self) -> Path:
        """Where cargo puts the library by itself."""
        folder = self.folder / "target" / "release"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / LIBRARY.name

    def give_cargo(self, built: Path) -> Path:
        """A cargo that has built this file. Returns the file that tells how it was called."""
        artifact = {
            "reason": "compiler-artifact",
            "target": {"name": "thingspace_session", "kind": ["cdylib"]},
            "filenames": [str(built.with_suffix(".a")), str(built)],
        }
        lines = [json.dumps({"reason": "build-script-executed"}), json.dumps(artifact)]
        calls = self._tools / "calls"
        printed = " ".join(f"'{line}'" for line in lines)
        self._script(f'echo "$PWD: $*" >> "{calls}"\nprintf "%s\\n" {printed}\n')
        return calls

    def give_failing_cargo(self) -> None:
        self._script('[ "$1" = --version ] && echo cargo 1.63.0 && exit 0\nexit 101\n')

    def _script(self, text: str) -> None:
        cargo = self._tools / "cargo"
        cargo.write_text(f"#!/bin/sh\n{text}")
        cargo.chmod(0o755)

    def environment(self, **more: str) -> dict[str, str]:
        env = clean_environment(**more)
        return {**env, "PATH": os.pathsep.join([str(self._tools), env["PATH"]])}

    def wheel(self, output: Path, **environment: str) -> subprocess.CompletedProcess[str]:
        return wheel_of(self.project, output, self.environment(**environment))


def wheel_of(
    project: Path, output: Path, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    return run([*HATCHLING, "wheel", "--directory", str(output)], environment, project)


def sdist_of(
    project: Path, output: Path, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    return run([*HATCHLING, "sdist", "--directory", str(output)], environment, project)


def run(
    command: list[str], environment: dict[str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    """What it prints, errors too, is in ``stdout``."""
    return subprocess.run(
        command,
        env=environment,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )


def the_wheel(output: Path, built: subprocess.CompletedProcess[str]) -> Path:
    assert built.returncode == 0, built.stdout
    (wheel,) = output.glob("*.whl")
    return wheel


def fresh_python(folder: Path) -> str:
    venv.create(folder, with_pip=True)
    return str(folder / ("Scripts" if os.name == "nt" else "bin") / "python")


def library_of(folder: Path, source: str, *options: str, name: str = "made.so") -> Path:
    """A shared library made from C."""
    path = folder / name
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", str(path), "-x", "none", *options],
        input=source,
        text=True,
        check=True,
    )
    return path
