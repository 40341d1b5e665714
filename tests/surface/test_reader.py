"""Reading a surface from sources: what it finds, and that what it cannot tell stays unknown."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fwdoctor.errors import FwdoctorError
from fwdoctor.surface.model import MISSING, UNKNOWN, Class, Function, Kind, Surface
from fwdoctor.surface.reader import read_surface

PACKAGE = {
    "__init__.py": "",
    "utils/__init__.py": "from pkg.utils.config import Settings, Mode\nfrom .config import Settings as S\n__all__ = ['Settings']\n",
    "utils/config.py": '''
from __future__ import annotations
import functools
import warnings
from dataclasses import dataclass, field, KW_ONLY
from enum import Enum
from typing import NamedTuple, ClassVar
from elsewhere import Foreign

@dataclass
class Base:
    first: str
    second: int = 1

def refuse(cls):
    original = cls.__init__
    @functools.wraps(original)
    def checked(self, *args, **kwargs):
        original(self, *args, **kwargs)
    cls.__init__ = checked
    return cls

@refuse
@dataclass
class Settings(Base):
    """Old.

    .. deprecated:: 2
    """
    second: int = 2
    items: list[str] = field(default_factory=list)
    hidden: int = field(default=0, init=False)
    count: ClassVar[int] = 0
    _: KW_ONLY
    last: float = 0.5

    def method(self, a, /, b, *, c=1, **rest): ...
    @property
    def size(self): ...
    @staticmethod
    def free(x): ...
    @classmethod
    def make(cls, x): ...

class Mode(Enum):
    ON = "on"
    OFF = "off"

class Plain:
    def __init__(self, a, b=2):
        self.kept = a

class Child(Foreign):
    pass

class Row(NamedTuple):
    x: int
    y: int = 0

@unknown_decorator
def odd(a): ...

alias = Plain
''',
    "stars.py": "from pkg.utils.config import *\n",
    "foreign_stars.py": "from elsewhere import *\n",
    "broken.py": "def half(:\n",
    "dynamic.py": "def __getattr__(name): ...\n",
    "choice.py": "try:\n    from fast import f\nexcept ImportError:\n    f = None\nif True:\n    g = 1\n",
}  # fmt: skip


@pytest.fixture(scope="module")
def surface(tmp_path_factory: pytest.TempPathFactory) -> Surface:
    root = tmp_path_factory.mktemp("src")
    for name, text in PACKAGE.items():
        path = root / "pkg" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return read_surface(root, ["pkg"], name="test")


def parameters(function: Function | None) -> list[tuple[str, str, str | None]]:
    assert function is not None
    return [(p.name, p.kind.value, p.default) for p in function.parameters]


def test_dataclass_fields_in_order_with_inheritance(surface: Surface) -> None:
    cls = surface.class_at("pkg.utils.config.Settings")
    assert cls is not None
    assert [(f.name, f.default) for f in cls.fields] == [
        ("first", None),
        ("second", "2"),
        ("items", "list()"),
        ("hidden", "0"),
        ("last", "0.5"),
    ]
    assert cls.fields[-1].kind is Kind.KEYWORD_ONLY
    assert cls.deprecated
    assert cls.constructor.accepts_keyword("items")
    assert not cls.constructor.accepts_keyword("hidden")
    assert {"size", "count"} <= cls.attributes


def test_methods_lose_self_only(surface: Surface) -> None:
    cls = surface.class_at("pkg.utils.config.Settings")
    assert cls is not None
    assert parameters(cls.methods["method"]) == [
        ("a", "positional_only", None),
        ("b", "positional_or_keyword", None),
        ("c", "keyword_only", "1"),
        ("rest", "var_keyword", None),
    ]
    assert parameters(cls.methods["free"]) == [("x", "positional_or_keyword", None)]
    assert parameters(cls.methods["make"]) == [("x", "positional_or_keyword", None)]


@pytest.mark.parametrize(
    ("path", "canonical"),
    [
        ("pkg.utils.Settings", "pkg.utils.config.Settings"),
        ("pkg.utils.S", "pkg.utils.config.Settings"),
        ("pkg.stars.Plain", "pkg.utils.config.Plain"),
        ("pkg.utils.config.alias", "pkg.utils.config.Plain"),
        ("pkg.utils.Mode.ON", "pkg.utils.config.Mode.ON"),
        ("pkg.utils", "pkg.utils"),
    ],
)
def test_names_are_followed_to_where_they_live(surface: Surface, path: str, canonical: str) -> None:
    assert surface.canonical(path) == canonical


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("pkg.utils.Nothing", MISSING),
        ("pkg.nothing", MISSING),
        ("pkg.utils.config.Plain.gone", MISSING),
        ("pkg.utils.config.Child.anything", UNKNOWN),
        ("pkg.dynamic.anything", UNKNOWN),
        ("pkg.broken.anything", UNKNOWN),
        ("pkg.foreign_stars.anything", UNKNOWN),
        ("elsewhere.x", UNKNOWN),
        ("pkg.utils.config.Foreign", UNKNOWN),
    ],
)
def test_missing_and_unknown_are_not_the_same(surface: Surface, path: str, expected: object) -> None:
    assert surface.locate(path) is expected


def test_signatures_that_cannot_be_told_take_anything(surface: Surface) -> None:
    for path in ("pkg.utils.config.Child", "pkg.utils.config.odd", "pkg.utils.config.Mode"):
        signature = surface.signature(path)
        assert signature is not None
        assert signature.accepts_keyword("anything")


def test_plain_and_named_tuple_constructors(surface: Surface) -> None:
    assert [p.name for p in surface.signature("pkg.utils.config.Plain").parameters] == ["a", "b"]  # type: ignore[union-attr]
    assert [p.name for p in surface.signature("pkg.utils.config.Row").parameters] == ["x", "y"]  # type: ignore[union-attr]
    plain = surface.class_at("pkg.utils.config.Plain")
    assert isinstance(plain, Class)
    assert "kept" in plain.attributes


def test_names_inside_if_and_try_count(surface: Surface) -> None:
    assert surface.canonical("pkg.choice.g") == "pkg.choice.g"
    assert surface.locate("pkg.choice.f") is UNKNOWN


def test_what_is_left_out_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "pkg" / "tests").mkdir(parents=True)
    (tmp_path / "pkg" / "__init__.py").write_text("")
    (tmp_path / "pkg" / "tests" / "a.py").write_text("x = 1")
    surface = read_surface(tmp_path, ["pkg"], name="t", leave_out=["pkg.tests"])
    assert surface.locate("pkg.tests.a") is UNKNOWN
    assert "pkg.tests.a" not in surface.modules


def test_a_folder_without_the_package_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(FwdoctorError, match="no Python package here"):
        read_surface(tmp_path, ["training"], name="t")


def test_a_folder_that_cannot_be_looked_into_is_unknown_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "pkg" / "closed"
    closed.mkdir(parents=True)
    (tmp_path / "pkg" / "open.py").write_text("x = 1\n")
    walk = os.walk

    def refusing(root: Path, onerror: Callable[[OSError], None]) -> Iterator[object]:
        onerror(PermissionError(13, "Permission denied", str(closed)))
        yield from walk(root)

    monkeypatch.setattr("fwdoctor.surface.reader.os.walk", refusing)
    surface = read_surface(tmp_path, ["pkg"], name="t")
    assert surface.canonical("pkg.open.x") == "pkg.open.x"
    assert surface.locate("pkg.closed.anything") is UNKNOWN
    assert [(u.module, u.reason) for u in surface.unreadable] == [("pkg.closed", "Permission denied")]
