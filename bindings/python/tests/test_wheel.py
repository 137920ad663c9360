"""The wheel: built, installed in a fresh virtual environment, and used there."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

from sandbox import ACCOUNTS, REPOSITORY, Sandbox

PROJECT = Path(__file__).resolve().parents[1]
BUILD = [
    sys.executable,
    "-m",
    "pip",
    "wheel",
    "--no-deps",
    "--no-build-isolation",
    str(PROJECT),
    "--wheel-dir",
]


def clean_environment() -> dict[str, str]:
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("TSM_", "PYTHON"))
    }


def build(folder: Path, **environment: str) -> Path:
    env = {**clean_environment(), "TSM_LIBRARY": os.environ["TSM_LIBRARY"], **environment}
    subprocess.run([*BUILD, str(folder)], env=env, check=True, capture_output=True, timeout=300)
    (wheel,) = folder.glob("*.whl")
    return wheel


def test_a_wheel_works_in_a_fresh_environment(tmp_path: Path, sandbox: Sandbox) -> None:
    wheel = build(tmp_path / "wheel")
    platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    assert wheel.name.endswith(f"-py3-none-{platform}.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert f"thingspace_session/{Path(os.environ['TSM_LIBRARY']).name}" in names
    assert "thingspace_session/py.typed" in names
    assert not [
        name
        for name in names
        if not name.startswith(("thingspace_session/", "thingspace_session-"))
    ]

    venv.create(tmp_path / "venv", with_pip=True)
    python = str(tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python")
    install = [python, "-m", "pip", "install", "--no-index", "--no-deps", str(wheel)]
    subprocess.run(install, env=clean_environment(), check=True, capture_output=True, timeout=300)
    script = f"""
import thingspace_session
assert "site-packages" in thingspace_session._library.PATH, thingspace_session._library.PATH
with thingspace_session.login(
        base_url={sandbox.base_url!r}, username="zbeeblebrox", password="IMgr8",
        app_key="key", app_secret="secret", store="memory:") as session:
    print(session.get({ACCOUNTS!r}).status_code)
"""
    run = [python, "-c", script]
    assert (
        subprocess.check_output(run, env=clean_environment(), cwd=tmp_path, timeout=60) == b"200\n"
    )


def test_the_platform_tag_can_be_given(tmp_path: Path) -> None:
    wheel = build(tmp_path, TSM_WHEEL_PLATFORM="manylinux_2_17_x86_64")
    assert wheel.name.endswith("-py3-none-manylinux_2_17_x86_64.whl")


def test_a_wheel_without_a_library_is_refused(tmp_path: Path) -> None:
    env = {**clean_environment(), "TSM_LIBRARY": str(tmp_path / "none.so")}
    failed = subprocess.run(
        [*BUILD, str(tmp_path)], env=env, capture_output=True, text=True, timeout=300
    )
    assert failed.returncode != 0
    assert "which is not a file" in failed.stdout + failed.stderr


def test_the_version_is_the_crates() -> None:
    crate = (REPOSITORY / "Cargo.toml").read_text().split("[package]")[1]
    (version,) = [
        line.split('"')[1] for line in crate.splitlines() if line.startswith("version = ")
    ]
    for file, name in (
        ("pyproject.toml", "version"),
        ("src/thingspace_session/__init__.py", "__version__"),
    ):
        assert f'\n{name} = "{version}"\n' in (PROJECT / file).read_text()
