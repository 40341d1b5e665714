"""What other files take from a module."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fwdoctor.fit import neighbours
from fwdoctor.fit.neighbours import EVERYTHING, Neighbours


@pytest.mark.parametrize(
    ("other", "taken"),
    [
        ("from common import HW, run", {"HW", "run"}),
        ("from pkg.common import (\n    HW,  # the hardware\n    run as go,\n)\n", {"HW", "run"}),
        ("from .common import HW", {"HW"}),
        ("from . import common\nprint(common.HW)\n", {"HW"}),
        ("from pkg import common as c\nprint(c.HW)\n", {"HW"}),
        ("import common\nprint(common.HW, uncommon.X)\n", {"HW"}),
        ("import pkg.common\nprint(pkg.common.HW)\n", {"HW"}),
        ("import pkg.common as c\nprint(c.HW)\n", {"HW"}),
        ("if x:\n    from common import HW\n", {"HW"}),
        ("from common import *\n", {EVERYTHING}),
        ("from commons import HW\n# from common import X\n", set()),
        ("print(common.HW)\n", set()),
    ],
)
def test_what_a_file_takes(other: str, taken: set[str], tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "pkg").mkdir()
    module = tmp_path / "pkg" / "common.py"
    module.write_text("HW = 1\n")
    (tmp_path / "other.py").write_text(other)
    assert (
        taken <= Neighbours().taken_from(str(module)) <= taken | {"HW", "run", "c", "go", "the", "hardware"}
    )


def test_a_package_is_known_by_its_folder(tmp_path: Path) -> None:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pyproject.toml").touch()
    module = tmp_path / "pkg" / "__init__.py"
    module.touch()
    (tmp_path / "use.py").write_text("from pkg import HW\n")
    assert Neighbours().taken_from(str(module)) == {"HW"}


def test_what_is_not_of_the_project_is_not_asked(tmp_path: Path) -> None:
    project = tmp_path / "mine"
    for folder in (project / ".venv", project / "venv", project / "src", tmp_path / "other"):
        folder.mkdir(parents=True)
        (folder / "use.py").write_text(f"from common import {folder.name.strip('.')}\n")
    (project / "setup.py").touch()
    module = project / "common.py"
    module.touch()
    assert Neighbours().taken_from(str(module)) == {"src"}


def test_of_a_large_project_the_folder_alone_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "MOST", 4)
    (tmp_path / ".git").mkdir()
    for number in range(5):
        (tmp_path / f"m{number}.py").write_text("from common import far\n")
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "use.py").write_text("from common import near\n")
    module = tmp_path / "pkg" / "common.py"
    module.touch()
    assert Neighbours().taken_from(str(module)) == {"near"}


def test_what_cannot_be_read_takes_nothing(tmp_path: Path) -> None:
    os.symlink(tmp_path / "nowhere.py", tmp_path / "gone.py")
    (tmp_path / "bytes.py").write_bytes(b"\xff\xfe from common import HW\n")
    (tmp_path / "large.py").write_bytes(b"from common import HW\n" + b"#" * 2_000_001)
    module = tmp_path / "common.py"
    module.touch()
    assert Neighbours().taken_from(str(module)) == frozenset()
