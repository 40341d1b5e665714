"""What the reader tells from odd sources: lazy exports, deprecation, decorators, models; and what it does not."""

import pytest

from fwdoctor.surface.model import MISSING, UNKNOWN, Class, Function, Kind, Surface
from tests.surface.conftest import Read

LAZY = """
from importlib import import_module
_EXPORTS = {{"Thing": {row}}}
__all__ = {listed}
def __getattr__(name):
{body}
"""
GET = """    target = _EXPORTS.get(name)
    if target is None:
        raise AttributeError(name)
    value = getattr(import_module(target[0]), target[1])
    globals()[name] = value
    return value
"""
GET_SUBMODULE = '    if name == "other":\n        return import_module("pkg.other")\n' + GET
GET_MORE = "    return find_somewhere(name)\n"


@pytest.mark.parametrize(
    ("row", "listed", "body"),
    [
        ('("pkg.mod", "Thing")', "list(_EXPORTS)", GET),
        ('["pkg.mod", "Thing"]', "sorted([*_EXPORTS, 'other'])", GET_SUBMODULE),
        ('"pkg.mod:Thing"', "tuple(_EXPORTS.keys())", GET),
        ('"mod"', "list(_EXPORTS) + ['other']", GET),
        ('".mod"', "[*_EXPORTS]", GET),
    ],
)
def test_lazy_exports_are_followed_and_others_are_missing(
    read: Read, row: str, listed: str, body: str
) -> None:
    lazy = LAZY.format(row=row, listed=listed, body=body)
    surface = read({"__init__.py": lazy, "mod.py": "class Thing: ...\n", "other.py": ""})
    assert surface.canonical("pkg.Thing") == "pkg.mod.Thing"
    assert surface.locate("pkg.Nothing") is MISSING
    assert "Thing" in (surface.modules["pkg"].exports or ())


def test_a_getattr_that_does_more_leaves_names_unknown(read: Read) -> None:
    lazy = LAZY.format(row='("pkg.mod", "Thing")', listed="[]", body=GET_MORE)
    surface = read({"__init__.py": lazy, "mod.py": "class Thing: ...\n"})
    assert surface.locate("pkg.Nothing") is UNKNOWN


def test_a_getattr_over_all_offers_what_is_listed(read: Read) -> None:
    text = "__all__ = ['sdk', 'rest']\nsdk: object\ndef __getattr__(name):\n    if name in __all__:\n        return import_module('.sdk', __name__)\n    raise AttributeError(name)\n"
    surface = read({"__init__.py": text, "sdk.py": "x = 1\n"})
    assert surface.canonical("pkg.sdk.x") == "pkg.sdk.x"
    assert isinstance(surface.locate("pkg.rest"), tuple)
    assert surface.locate("pkg.more") is MISSING


def function(surface: Surface, path: str) -> Function:
    found = surface.signature(path)
    assert found is not None
    return found


def class_(surface: Surface, path: str) -> Class:
    found = surface.class_at(path)
    assert found is not None
    return found


WRAPS = (
    "import functools\ndef keeps(fn):\n    @functools.wraps(fn)\n    def inner(*args, **kwargs):\n"
    "        return fn(*args, **kwargs)\n    return inner\n"
)
HIDES = "def hides(fn):\n    def inner(*args):\n        return fn(*args)\n    return inner\n"


@pytest.mark.parametrize(
    ("source", "opaque"),
    [
        (WRAPS + "@keeps\ndef f(a, b=1): ...\n", False),
        ("from pkg.deco import keeps\n@keeps\ndef f(a, b=1): ...\n", False),
        ("from pkg.deco import keeps as k\n@k\ndef f(a, b=1): ...\n", False),
        ("from pkg import deco\n@deco.keeps\ndef f(a, b=1): ...\n", False),
        ("from pkg.again import keeps\n@keeps\ndef f(a, b=1): ...\n", False),
        ("from contextlib import contextmanager\n@contextmanager\ndef f(a, b=1): ...\n", False),
        ("from functools import lru_cache\n@lru_cache(maxsize=1)\ndef f(a, b=1): ...\n", False),
        (HIDES + "@hides\ndef f(a, b=1): ...\n", True),
        ("from elsewhere import something\n@something\ndef f(a, b=1): ...\n", True),
        ("from pkg.deco import keeps\n@keeps\n@unknown\ndef f(a, b=1): ...\n", True),
        (WRAPS + "class C:\n    @keeps\n    def f(self, a, b=1): ...\nf = C.f\n", False),
    ],
)
def test_decorators_that_pass_the_signature_on(read: Read, source: str, opaque: bool) -> None:
    surface = read({"m.py": source, "deco.py": WRAPS, "again.py": "from pkg.deco import keeps\n"})
    found = function(surface, "pkg.m.C.f" if "class C" in source else "pkg.m.f")
    assert [p.name for p in found.parameters] == ["a", "b"]
    assert found.opaque is opaque


DEPRECATED_CLASSES = [
    ('class C:\n    """Deprecated: use D."""\n', True),
    ('class C:\n    """Old.\n\n    .. deprecated:: 2\n    """\n', True),
    ('class C:\n    """**Deprecated.** Use D."""\n', True),
    ('class C:\n    """Handles deprecated names."""\n', False),
    ('class C:\n    """This deprecates D."""\n', False),
    ("from warnings import deprecated\n@deprecated('use D')\nclass C: ...\n", True),
    ("import warnings\nclass C:\n    def __init__(self):\n        warnings.warn('old', DeprecationWarning)\n", True),
    ("import warnings\nclass C:\n    def __post_init__(self):\n        warnings.warn('old', DeprecationWarning, stacklevel=2)\n", True),
    ("import warnings\nclass C:\n    def __init__(self, a=None):\n        if a is not None:\n            warnings.warn('a is old', DeprecationWarning)\n", False),
    ("import warnings\nclass C:\n    def __init__(self):\n        warnings.warn('slow', UserWarning)\n", False),
    ("import warnings\nclass C:\n    def __init__(self, a=None):\n        if a is None:\n            return\n        warnings.warn('a is old', DeprecationWarning)\n", False),
]  # fmt: skip


@pytest.mark.parametrize(("source", "deprecated"), DEPRECATED_CLASSES)
def test_deprecated_classes(read: Read, source: str, deprecated: bool) -> None:
    assert class_(read({"m.py": source}), "pkg.m.C").deprecated is deprecated


FIELDS = '''
import warnings
from dataclasses import dataclass
@dataclass
class C:
    kept: int = 0
    """The number."""
    told: int = 0
    """Deprecated. Use kept."""
    warned: int | None = None
    both: int | None = None
    free: int = 0
    """Not one of the deprecated ones."""

    def __post_init__(self):
        if self.warned is not None:
            warnings.warn("warned is deprecated", DeprecationWarning, stacklevel=2)
        if self.both is not None and self.kept:
            warnings.warn(f"both is deprecated; got {self.both}", FutureWarning)
'''


def test_deprecated_fields(read: Read) -> None:
    surface = read({"m.py": FIELDS})
    old = [f.name for f in class_(surface, "pkg.m.C").fields if f.deprecated]
    assert old == ["told", "warned", "both"]
    assert not class_(surface, "pkg.m.C").deprecated
    assert [p.name for p in function(surface, "pkg.m.C").parameters if p.deprecated] == old


def test_deprecated_parameters_and_functions(read: Read) -> None:
    surface = read(
        {
            "m.py": "import warnings\n"
            "def f(a, old=None):\n    if old is not None:\n        warnings.warn('old is deprecated', DeprecationWarning)\n"
            'def g(a):\n    """Deprecated alias for f."""\n'
            "def h(a):\n    warnings.warn('use f', DeprecationWarning)\n"
        }
    )
    assert [(p.name, p.deprecated) for p in function(surface, "pkg.m.f").parameters] == [
        ("a", False),
        ("old", True),
    ]
    assert [function(surface, f"pkg.m.{n}").deprecated for n in "fgh"] == [False, True, True]


MODELS = """
from typing import ClassVar
import pydantic
from pydantic import BaseModel, ConfigDict, Field
class Strict(pydantic.BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
class Closed(Strict):
    needed: int
    asked: str = Field(..., description="x")
    given: int = Field(default=3)
    short: int = Field(4)
    made: list[int] = Field(default_factory=list)
    CONSTANT: ClassVar[int] = 1
    _private: int = 0
class Open(BaseModel):
    one: int = 1
class Renamed(Strict):
    one: int = Field(1, alias="uno")
"""


def test_pydantic_models(read: Read) -> None:
    surface = read({"m.py": MODELS})
    closed = class_(surface, "pkg.m.Closed")
    assert [(f.name, f.default) for f in closed.fields] == [
        ("needed", None), ("asked", None), ("given", "3"), ("short", "4"), ("made", "list()"),
    ]  # fmt: skip
    assert all(p.kind is Kind.KEYWORD_ONLY for p in closed.constructor.parameters)
    assert not closed.constructor.accepts_keyword("other")
    assert class_(surface, "pkg.m.Open").constructor.accepts_keyword("other"), (
        "it swallows what it does not know"
    )
    assert class_(surface, "pkg.m.Renamed").constructor.accepts_keyword("uno")
    assert surface.locate("pkg.m.Closed.model_dump") is UNKNOWN


OTHERS = """
from dataclasses import dataclass, field, InitVar
from enum import Enum
from typing import Protocol
from pkg.base import Base, Parent
@dataclass
class Sub(Base):
    last: int = 9
@dataclass
class Init:
    a: int
    seed: InitVar[int] = 0
    made: int = field(init=False, default=1)
class Plain(Base): ...
class Mode(str, Enum):
    ON = "on"
    _hidden = 1
class More(Mode): ...
class Oops(ValueError): ...
class Told(ValueError):
    def __init__(self, code): ...
class Does(Protocol):
    def act(self, x): ...
class Sets(Parent):
    def build(self):
        self.a, (self.b, *self.c) = 1, (2, 3)
        for self.d in (1,):
            with open("x") as self.e:
                self.f: int = 1
        match self.a:
            case 1:
                self.g = 1
        try:
            self.h = 1
        except ValueError:
            self.i = 1
"""
BASE = "from dataclasses import dataclass\n@dataclass\nclass Base:\n    first: int = 1\n    last: int = 2\n    more: int = 3\nclass Parent:\n    def own(self, y): ...\n"


def test_what_classes_get_from_bases_elsewhere(read: Read) -> None:
    surface = read({"m.py": OTHERS, "base.py": BASE})
    assert [(f.name, f.default) for f in class_(surface, "pkg.m.Sub").fields] == [
        ("first", "1"),
        ("last", "9"),
        ("more", "3"),
    ]
    assert [f.name for f in class_(surface, "pkg.m.Plain").fields] == ["first", "last", "more"]
    init = class_(surface, "pkg.m.Init")
    assert [f.name for f in init.fields] == ["a", "made"]
    assert [p.name for p in init.constructor.parameters] == ["a", "seed"]
    assert class_(surface, "pkg.m.Mode").members == ("ON",)
    assert class_(surface, "pkg.m.Sets").methods.keys() == {"own", "build"}
    assert class_(surface, "pkg.m.Sets").attributes >= set("abcdefghi")


def test_constructors_that_the_source_does_not_show(read: Read) -> None:
    surface = read({"m.py": OTHERS, "base.py": BASE})
    assert [p.name for p in function(surface, "pkg.m.Told").parameters] == ["code"]
    assert function(surface, "pkg.m.Oops").accepts_any_positional
    assert function(surface, "pkg.m.Does").opaque
    assert function(surface, "pkg.m.Mode").opaque


@pytest.mark.parametrize(
    "source", ["def half(:\n", "x = (\n", "\0", "é = 1\n".encode("latin-1").decode("latin-1") + "if\n"]
)
def test_a_file_that_is_no_python_is_unknown_and_told(read: Read, source: str) -> None:
    surface = read({"m.py": source, "good.py": "x = 1\n"})
    (unreadable,) = surface.unreadable
    assert unreadable.module == "pkg.m"
    assert unreadable.path.endswith("m.py")
    assert unreadable.reason
    assert surface.locate("pkg.m.anything") is UNKNOWN
    assert surface.canonical("pkg.good.x") == "pkg.good.x"


def test_a_package_without_init_has_its_modules_and_no_other(read: Read) -> None:
    surface = read({"spaces/one.py": "x = 1\n", "spaces/deep/two.py": ""})
    assert surface.canonical("pkg.spaces.one.x") == "pkg.spaces.one.x"
    assert surface.locate("pkg.spaces.gone.x") is MISSING
    assert surface.locate("pkg.spaces.deep") is UNKNOWN
    assert surface.locate("pkg.spaces._private.x") is UNKNOWN


def test_annotations_in_quotes_mean_the_same(read: Read) -> None:
    surface = read({"m.py": "def f(a: 'int | None', b: int | None, c: 'not a type('): ...\n"})
    kinds = [p.annotation for p in function(surface, "pkg.m.f").parameters]
    assert kinds == ["int | None", "int | None", "'not a type('"]
