"""What changed between two surfaces, told once and at the right place."""

import pytest

from fwdoctor.surface.compare import compare, fingerprint, own_names
from tests.surface.conftest import Read

D = "from dataclasses import dataclass\n@dataclass\n"
# before, after → (how, what, path, parts)
CASES: dict[str, tuple[dict[str, str], dict[str, str], list[tuple[str, ...]]]] = {
    "nothing": ({"m.py": "x = 1\n"}, {"m.py": "x = 2  # a value\n"}, []),
    "a function came": ({"m.py": ""}, {"m.py": "def f(a, b): ...\n"}, [("added", "function", "pkg.m.f")]),
    "a class went": ({"m.py": "class C: ...\n"}, {"m.py": ""}, [("removed", "class", "pkg.m.C")]),
    "a module went": ({"m.py": "def f(): ...\n", "n.py": ""}, {"n.py": ""}, [("removed", "module", "pkg.m")]),
    "a class moved": (
        {"m.py": "class C: ...\n", "n.py": ""},
        {"m.py": "", "n.py": "class C: ...\n"},
        [("added", "class", "pkg.n.C"), ("moved", "class", "pkg.m.C")],
    ),
    "a field came, one went, one changed": (
        {"m.py": D + "class C:\n    a: int = 1\n    b: int = 2\n"},
        {"m.py": D + "class C:\n    a: int = 3\n    c: str | None = None\n"},
        [("changed", "class", "pkg.m.C", "removed field b", "changed field a", "added field c")],
    ),
    "the order of fields": (
        {"m.py": D + "class C:\n    a: int = 1\n    b: int = 2\n"},
        {"m.py": D + "class C:\n    b: int = 2\n    a: int = 1\n"},
        [("changed", "class", "pkg.m.C", "changed field ")],
    ),
    "a parameter became keyword-only": (
        {"m.py": "def f(a, b=1): ...\n"},
        {"m.py": "def f(a, *, b=1): ...\n"},
        [("changed", "function", "pkg.m.f", "changed parameter b")],
    ),
    "a method's parameter": (
        {"m.py": "class C:\n    def go(self, a): ...\n    def stop(self): ...\n"},
        {"m.py": "class C:\n    def go(self, a, b=1): ...\n"},
        [("changed", "class", "pkg.m.C", "added parameter go(b)", "removed method stop")],
    ),
    "a member": (
        {"m.py": "from enum import Enum\nclass E(Enum):\n    A = 1\n"},
        {"m.py": "from enum import Enum\nclass E(Enum):\n    A = 1\n    B = 2\n"},
        [("changed", "class", "pkg.m.E", "added member B")],
    ),
    "deprecated now": (
        {"m.py": "def f(): ...\n"},
        {"m.py": 'def f():\n    """Deprecated."""\n'},
        [("changed", "function", "pkg.m.f", "changed function ")],
    ),
    "a function became a class": (
        {"m.py": "def f(): ...\n"},
        {"m.py": "class f: ...\n"},
        [("changed", "class", "pkg.m.f", "changed class ")],
    ),
    "a re-export is not told beside what it leads to": (
        {"m.py": "class C: ...\n", "api/__init__.py": "from pkg.m import C\n", "api/x.py": ""},
        {"m.py": "", "api/__init__.py": "", "api/x.py": ""},
        [("removed", "class", "pkg.m.C")],
    ),
    "a re-export that goes alone": (
        {"m.py": "class C: ...\n", "api/__init__.py": "from pkg.m import C\n", "api/x.py": ""},
        {"m.py": "class C: ...\n", "api/__init__.py": "", "api/x.py": ""},
        [("removed", "alias", "pkg.api.C")],
    ),
    "what a module imports is not its own": (
        {"m.py": "import json\nfrom pkg.n import C\n", "n.py": "class C: ...\n"},
        {"m.py": "", "n.py": "class C: ...\n"},
        [],
    ),
    "private names": ({"m.py": "def _f(): ...\n"}, {"m.py": "def _g(): ...\n"}, []),
    "what cannot be told": (
        {"m.py": "from elsewhere import *\n"},
        {"m.py": "def f(): ...\n"},
        [],
    ),
    "what cannot be told any more": ({"m.py": "def f(): ...\n"}, {"m.py": "def half(:\n"}, []),
    "methods below a base from outside": (
        {"m.py": "from elsewhere import B\nclass C(B):\n    def go(self): ...\n"},
        {"m.py": "from elsewhere import B\nclass C(B): ...\n"},
        [],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after", "expected"), CASES.values(), ids=CASES)
def test_compare(
    read: Read, before: dict[str, str], after: dict[str, str], expected: list[tuple[str, ...]]
) -> None:
    old, new = read(before), read(after)
    found = [
        (str(c.how), str(c.what), c.path, *(f"{d.how} {d.what} {d.name}" for d in c.details))
        for c in compare(old, new)
    ]
    assert sorted(found) == sorted(expected)
    assert compare(old, old) == []


def test_private_names_when_they_are_asked_for(read: Read) -> None:
    old, new = read({"m.py": "def _f(): ...\n"}), read({"m.py": ""})
    assert [c.path for c in compare(old, new, private=True)] == ["pkg.m._f"]


def test_parts_are_told_as_python_writes_them(read: Read) -> None:
    old = read({"m.py": "def f(a: int = 1, *rest, **more): ...\n"})
    new = read({"m.py": "def f(a: float = 0.5): ...\n"})
    (change,) = compare(old, new)
    assert [(d.before, d.after) for d in change.details] == [
        ("*rest", None),
        ("**more", None),
        ("a: int = 1", "a: float = 0.5"),
    ]


def test_a_moved_class_says_where(read: Read) -> None:
    old = read({"m.py": "class C: ...\n", "n.py": ""})
    new = read({"m.py": "", "n.py": "class C: ...\n"})
    (moved,) = [c for c in compare(old, new) if c.how == "moved"]
    assert moved.moved_to == "pkg.n.C"


def test_fingerprints_are_equal_for_equal_surfaces_only(read: Read) -> None:
    first, same = read({"m.py": "def f(a): ...\n"}), read({"m.py": "# other\ndef f(a):\n    return 1\n"})
    other = read({"m.py": "def f(a=1): ...\n"})
    assert fingerprint(first) == fingerprint(same)
    assert fingerprint(first) != fingerprint(other)


def test_a_packages_own_names_include_its_re_exports(read: Read) -> None:
    surface = read(
        {"m.py": "class C: ...\n", "api/__init__.py": "import json\nfrom pkg.m import C\n", "api/x.py": ""}
    )
    assert own_names(surface, "pkg.api").keys() == {"C"}
