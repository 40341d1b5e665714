"""Small source trees for the tests of the reader."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from fwdoctor.surface.model import Surface
from fwdoctor.surface.reader import read_surface

Read = Callable[[Mapping[str, str]], Surface]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Writes files below a package ``pkg`` and reads its surface."""

    def make(files: Mapping[str, str]) -> Surface:
        root = tmp_path / f"tree{len(list(tmp_path.iterdir()))}"
        for name, text in {"__init__.py": "", **files}.items():
            path = root / "pkg" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        return read_surface(root, ["pkg"], name="test")

    return make
