"""``fwdoctor.lean_dataclass`` against the standard library's: what one does, the other does."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from dataclasses import field
from typing import Any

import pytest

from fwdoctor import lean_dataclass

PARAMETERS: list[dict[str, bool]] = [
    {},
    {"frozen": True},
    {"frozen": True, "slots": True},
    {"slots": True},
    {"eq": False},
    {"frozen": True, "eq": False},
]


def _classes(decorate: Any, **parameters: bool) -> tuple[type, ...]:
    """The same classes, made by either decorator."""

    @decorate(**parameters)
    class None_:
        """No field at all."""

    @decorate(**parameters)
    class One:
        """A single field."""

        a: object = 1

    @decorate(**parameters)
    class Many:
        """Fields of all sorts."""

        a: object = 1
        b: list[int] = field(default_factory=list, compare=False)
        c: str = field(default="secret", repr=False)

        @property
        def double(self) -> tuple[object, object]:
            """Something that slots must not lose."""
            return (self.a, self.a)

    @decorate(**parameters)
    class Own:
        """Methods of its own stay."""

        a: object = 1

        def __repr__(self) -> str:
            return "own"

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 7

    @decorate(**parameters)
    class Heir(Many):
        """Fields of a base come first."""

        d: object = 4

    return None_, One, Many, Own, Heir


def _told(make: Any) -> object:
    """What can be seen of a value, or the kind of error."""
    try:
        return make()
    except Exception as error:
        return type(error)


def _look(made: Any, arguments: tuple[object, ...]) -> list[object]:
    """All that can be seen of a value of the class made, with these arguments."""
    return [
        _told(lambda: repr(made(*arguments)).replace(made.__qualname__, "It")),
        _told(lambda: made(*arguments) == made()),
        _told(lambda: made(*arguments) == 3),
        _told(lambda: hash(made(*arguments)) == hash(made())),
        _told(lambda: repr(dataclasses.replace(made(), a=3)).count("3")),
        _told(lambda: copy.copy(made(*arguments)).a == made(*arguments).a),
    ]


@pytest.mark.parametrize("parameters", PARAMETERS, ids=str)
def test_it_does_what_the_standard_library_does(parameters: dict[str, bool]) -> None:
    theirs = _classes(dataclasses.dataclass, **parameters)
    ours = _classes(lean_dataclass.dataclass, **parameters)
    for their, our in zip(theirs, ours, strict=True):
        assert our.__doc__ == their.__doc__
        assert [f.name for f in dataclasses.fields(our)] == [f.name for f in dataclasses.fields(their)]
        assert hasattr(our(), "__dict__") == hasattr(their(), "__dict__")
        for arguments in ((), (2,), ([],), (1, [5]), (1, [5], "other"), (1, 2, 3, 4, 5)):
            looks = [_look(made, arguments) for made in (their, our)]
            assert looks[0] == looks[1], (their, arguments)


@lean_dataclass.dataclass(frozen=True, slots=True)
class Sent:
    """Something that workers send to each other."""

    a: int
    b: dict[str, int] = field(default_factory=dict)


def test_values_travel_between_processes() -> None:
    assert pickle.loads(pickle.dumps(Sent(1, {"x": 2}))) == Sent(1, {"x": 2})


def test_one_class_is_not_another_with_the_same_values() -> None:
    first, second = _classes(lean_dataclass.dataclass, frozen=True)[1:3]
    assert first() != second()


def test_without_parentheses() -> None:
    @lean_dataclass.dataclass
    class Bare:
        """As the standard library's, it can stand alone."""

        a: int

    assert Bare(1) == Bare(1)
    assert repr(Bare(1)).endswith("Bare(a=1)")
