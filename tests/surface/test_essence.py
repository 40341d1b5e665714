"""What is stored of a surface: the public part whole; of the rest, that it exists."""

import pytest

from fwdoctor.surface.essence import essence, is_private
from fwdoctor.surface.model import IMPORTED, MISSING, UNKNOWN, Class, Function, Surface
from tests.surface.conftest import Read

FILES = {
    "m.py": "import json\nfrom pkg._core.things import Thing\ndef f(a): ...\ndef _g(b): ...\nclass C:\n    def go(self): ...\n    def _stay(self, x): ...\n__version__ = '1'\n",
    "_core/__init__.py": "",
    "_core/things.py": "from pkg._core.base import Base\nclass Thing(Base): ...\nclass Unused: ...\n",
    "_core/base.py": "class Base:\n    def own(self): ...\n",
}  # fmt: skip


@pytest.fixture
def stored(read: Read) -> Surface:
    return essence(read(FILES))


def test_public_names_are_whole(stored: Surface) -> None:
    signature = stored.signature("pkg.m.f")
    assert signature is not None
    assert [p.name for p in signature.parameters] == ["a"]


def test_private_names_exist_without_their_signatures(stored: Surface) -> None:
    assert isinstance(stored.locate("pkg.m._g"), tuple)
    assert stored.signature("pkg.m._g") is None
    assert stored.locate("pkg.m._gone") is MISSING


def test_private_methods_exist_as_attributes(stored: Surface) -> None:
    cls = stored.class_at("pkg.m.C")
    assert isinstance(cls, Class)
    assert cls.methods.keys() == {"go"}
    assert "_stay" in cls.attributes


def test_private_modules_keep_what_public_names_lead_to(stored: Surface) -> None:
    assert stored.canonical("pkg.m.Thing") == "pkg._core.things.Thing"
    thing = stored.class_at("pkg.m.Thing")
    assert thing is not None
    assert isinstance(thing.methods["own"], Function), "what it inherits is in it already"


@pytest.mark.parametrize(
    "path", ["pkg._core.things.Unused", "pkg._core.base.Base", "pkg._core.more", "pkg.m.__file__"]
)
def test_what_is_left_out_is_unknown_never_missing(stored: Surface, path: str) -> None:
    assert stored.locate(path) is UNKNOWN


def test_imports_from_outside_keep_their_names(stored: Surface) -> None:
    assert stored.modules["pkg.m"].names["json"] == IMPORTED
    assert stored.locate("pkg.m.json.dumps") is UNKNOWN


def test_it_is_its_own_essence(stored: Surface) -> None:
    assert essence(stored) == stored


@pytest.mark.parametrize(
    ("path", "private"),
    [("a.b", False), ("a._b.c", True), ("_a", True), ("a.__init__", False), ("a.__b", True)],
)
def test_is_private(path: str, private: bool) -> None:
    assert is_private(path) is private
