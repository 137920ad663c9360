"""How the shared library is found, and what is said when it is not the right one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "thingspace_session"
LIBRARY = Path(os.environ["TSM_LIBRARY"])
SHOW = "import thingspace_session; print(thingspace_session._library.PATH)"


def load(package_parent: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name != "TSM_LIBRARY"}
    env.update(environment, PYTHONPATH=str(package_parent))
    return subprocess.run(
        [sys.executable, "-c", SHOW], env=env, capture_output=True, text=True, timeout=60
    )


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the package with no library beside it."""
    shutil.copytree(
        PACKAGE,
        tmp_path / "thingspace_session",
        ignore=shutil.ignore_patterns("*.so", "*.dylib", "*.dll", "__pycache__"),
    )
    return tmp_path


def other_library(folder: Path, source: str) -> str:
    """A shared library made from C."""
    path = folder / "other.so"
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", str(path)],
        input=source,
        text=True,
        check=True,
    )
    return str(path)


def test_beside_the_package_comes_first(package: Path) -> None:
    beside = package / "thingspace_session" / LIBRARY.name
    shutil.copy(LIBRARY, beside)
    assert load(package, TSM_LIBRARY="/nonexistent").stdout.strip() == str(beside)


def test_then_the_environment(package: Path) -> None:
    assert load(package, TSM_LIBRARY=str(LIBRARY)).stdout.strip() == str(LIBRARY)


def test_then_the_systems_path(package: Path) -> None:
    found = load(
        package, LD_LIBRARY_PATH=str(LIBRARY.parent), DYLD_LIBRARY_PATH=str(LIBRARY.parent)
    )
    assert found.stdout.strip() == LIBRARY.name, found.stderr


def test_a_library_that_does_not_load_says_why_and_where_it_was_looked_for(
    package: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.so"
    broken.write_text("no library")
    for environment in (
        {},
        {"TSM_LIBRARY": "/nonexistent/libthingspace_session.so"},
        {"TSM_LIBRARY": str(broken)},
    ):
        failed = load(package, **environment)
        assert failed.returncode == 1
        assert "ImportError: cannot load the thingspace-session shared library" in failed.stderr
        assert "TSM_LIBRARY" in failed.stderr
        assert environment.get("TSM_LIBRARY", "libthingspace_session") in failed.stderr


def test_another_abi_is_refused(package: Path, tmp_path: Path) -> None:
    library = other_library(tmp_path, "unsigned tsm_abi_version(void) { return 2; }")
    assert "speaks ABI version 2, this package needs 1" in load(package, TSM_LIBRARY=library).stderr


def test_a_library_that_is_not_ours_is_refused(package: Path, tmp_path: Path) -> None:
    library = other_library(tmp_path, "int something_else;")
    assert "is not a thingspace-session library" in load(package, TSM_LIBRARY=library).stderr
    library = other_library(tmp_path, "unsigned tsm_abi_version(void) { return 1; }")
    said = load(package, TSM_LIBRARY=library).stderr
    assert "lacks the function tsm_" in said
    assert "another release than this package" in said


def test_importing_makes_no_callback_and_needs_no_http_library(package: Path) -> None:
    script = (
        "import sys, thingspace_session; "
        "assert not thingspace_session._log._callbacks; "
        "assert thingspace_session._call._interrupt._ask is None; "
        "assert not {'requests', 'httpx', 'anyio'} & set(sys.modules); "
        "assert thingspace_session.requests.ThingSpaceAuth; "
        "assert thingspace_session.httpx.ThingSpaceAuth"
    )
    env = {**os.environ, "PYTHONPATH": str(package)}
    subprocess.run([sys.executable, "-c", script], env=env, check=True, timeout=60)
