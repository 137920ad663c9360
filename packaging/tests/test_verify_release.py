"""How a release is compared with what its sources make."""

from __future__ import annotations

import zipfile
from pathlib import Path

from verify_release import compare, compare_with_release


def lay(folder: Path, files: dict[str, str], package: dict[str, str]) -> Path:
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_text(content)
    with zipfile.ZipFile(folder / "x.nupkg", "w") as archive:
        for name, content in package.items():
            archive.writestr(name, content)
    return folder


def test_a_release_may_have_more_than_a_build_and_nothing_else(tmp_path: Path) -> None:
    of_linux = {"_rels/.rels": "1", "lib/x.dll": "x", "runtimes/linux/x.so": "x"}
    built = lay(tmp_path / "built", {"x.whl": "x", "SHA256SUMS": "1"}, of_linux)
    of_all = {**of_linux, "_rels/.rels": "2", "runtimes/osx/x.dylib": "x"}
    more = {"x.whl": "x", "SHA256SUMS": "2", "x-macos.whl": "x"}
    assert compare_with_release(lay(tmp_path / "release", more, of_all), built) == 0
    assert compare(tmp_path / "release", built) == 3
    of_another = {**of_all, "lib/x.dll": "y"}
    assert compare_with_release(lay(tmp_path / "other", {"x.whl": "y"}, of_another), built) == 2
    assert compare_with_release(lay(tmp_path / "less", {}, of_linux), built) == 1
