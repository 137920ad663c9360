"""Packs the crate as crates.io gets it: dist/thingspace-session-VERSION.crate."""

from __future__ import annotations

import shutil
import subprocess

from targets import DIST, ROOT, STAGE, version


def main() -> None:
    # That it builds is tried by packaging/tests/test_crate.py, from what is packed here.
    package = ["cargo", "package", "--quiet", "--locked", "--no-verify", "--allow-dirty"]
    target = STAGE / "build"
    subprocess.run([*package, f"--target-dir={target}"], check=True, cwd=ROOT)
    name = f"thingspace-session-{version()}.crate"
    DIST.mkdir(exist_ok=True)
    shutil.copyfile(target / "package" / name, DIST / name)
    print(f"    dist/{name}", flush=True)


if __name__ == "__main__":
    main()
