"""What the tests of the artefacts share: dist/ as the only source, and a clean environment.

A program under test sees nothing of the checkout: it runs in a folder of its own, with the few
variables that `Place.run` gives it. `make test-dist` runs all of this without a network but
loopback, where the system lets it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "packaging"))

# What the example `devices` prints, in every language.
STORY = """\
logged in; 2 devices
the token expired and was renewed; 2 devices
the token expired and was renewed by hand; 2 devices
"""


@dataclass
class Sandbox:
    """A local ThingSpace, and the variables by which examples find it."""

    variables: dict[str, str]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    program = os.environ.get("TSM_SANDBOX", str(ROOT / "target" / "debug" / "thingspace-sandbox"))
    process = subprocess.Popen(
        [program, "--json", "--exit-with-stdin"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    where = json.loads(process.stdout.readline())
    yield Sandbox(
        {
            "TSM_BASE_URL": where["base_url"],
            "TSM_SOAP_URL": where["soap_url"],
            "TSM_USERNAME": "zbeeblebrox",
            "TSM_PASSWORD": "IMgr8",
            "TSM_APP_KEY": "key",
            "TSM_APP_SECRET": "secret",
            "TSM_STORE": "memory:",
            "TSM_SANDBOX_CONTROL": where["control_url"],
        }
    )
    process.stdin.close()
    process.wait()


@dataclass
class Place:
    """A clean folder, and a way to run programs there that sees nothing else."""

    folder: Path

    def run(self, *command: str | Path, **variables: str) -> str:
        """What it prints; all that it says, where it fails."""
        done = subprocess.run(
            [str(part) for part in command],
            cwd=self.folder,
            env={
                "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
                "HOME": str(self.folder),
                "LC_ALL": "C.UTF-8",
                **variables,
            },
            capture_output=True,
            text=True,
        )
        said = f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
        assert done.returncode == 0, said
        return done.stdout


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def artefact(name: str) -> Path:
    """A file of dist/."""
    file = ROOT / "dist" / name
    assert file.is_file(), f"dist/ has no {name}: run `make dist` first"
    return file


def needed(*tools: str) -> None:
    """Tests leave nothing out: what they need is there, or they fail."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    assert not missing, f"not installed: {', '.join(missing)} (docs/releasing.md lists the tools)"
