"""Many states in one file: what is written is what is read, whatever the states are."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwdoctor.errors import FwdoctorError
from fwdoctor.surface import codec, history
from fwdoctor.surface.compare import compare, fingerprint
from fwdoctor.surface.history import History
from fwdoctor.surface.model import (
    IMPORTED,
    Alias,
    Class,
    Function,
    Kind,
    Module,
    Parameter,
    Surface,
    Symbol,
    Variable,
)

NAMES = st.sampled_from(["a", "b", "Config", "main", "_hidden"])
MODULES = st.sampled_from(["pkg", "pkg.m", "pkg.m.deep", "pkg.n"])
parameters = st.lists(
    st.builds(
        Parameter,
        st.sampled_from(["x", "y", "z", "w"]),
        st.sampled_from(Kind),
        st.sampled_from([None, "1", "'a-b,c'", "..."]),
        st.sampled_from([None, "int", "dict[str, 'X'] | None"]),
        st.booleans(),
    ),
    max_size=4,
    unique_by=lambda p: p.name,
).map(tuple)
functions = st.builds(Function, parameters, st.booleans(), st.booleans())


@st.composite
def classes(draw: st.DrawFn) -> Class:
    constructor = draw(functions)
    fields = draw(st.one_of(st.just(()), st.just(constructor.parameters), parameters))
    attributes = draw(st.frozensets(st.sampled_from(["one", "two", "three"])))
    return Class(
        constructor,
        fields,
        draw(st.dictionaries(st.sampled_from(["go", "stop", "close"]), functions)),
        attributes | {f.name for f in fields},
        draw(st.sampled_from([(), ("ON", "OFF"), ("OFF", "ON")])),
        draw(st.sampled_from([(), ("pkg.m.Base",)])),
        draw(st.booleans()),
        draw(st.booleans()),
    )


aliases = st.sampled_from([Alias("pkg.m.a"), Alias("pkg.n.Config"), IMPORTED])
symbols: st.SearchStrategy[Symbol] = st.one_of(st.just(Variable()), aliases, functions, classes())
exports = st.one_of(st.none(), st.lists(NAMES, unique=True).map(lambda n: tuple(sorted(n))))
modules = st.builds(Module, st.dictionaries(NAMES, symbols, max_size=4), exports, st.booleans())


@st.composite
def sequences(draw: st.DrawFn) -> list[Surface]:
    """States of which each changes some of the one before."""
    current: dict[str, Module] = draw(st.dictionaries(MODULES, modules, min_size=1))
    states = [current]
    for _ in range(draw(st.integers(0, 5))):
        current = dict(current)
        for name in draw(st.sets(MODULES, max_size=2)):
            if name in current and draw(st.booleans()):
                names = dict(current[name].names)
                names[draw(NAMES)] = draw(symbols)
                current[name] = dataclasses.replace(current[name], names=names)
            elif name in current and len(current) > 1:
                del current[name]
            else:
                current[name] = draw(modules)
        states.append(current)
    return [Surface(str(i), m, ("pkg",)) for i, m in enumerate(states)]


@given(sequences())
def test_every_state_is_read_as_it_was_written(states: list[Surface]) -> None:
    text = history.dumps(states, {"note": 1})
    assert text == history.dumps(states, {"note": 1})
    read = History(Path("x"), text.encode())
    assert read.header["note"] == 1
    for i, state in enumerate(states):
        again = read.at(i, str(i))
        assert {n: dict(m.names) for n, m in again.modules.items()} == {
            n: dict(m.names) for n, m in state.modules.items()
        }
        assert {n: (m.exports, m.dynamic) for n, m in again.modules.items()} == {
            n: (m.exports, m.dynamic) for n, m in state.modules.items()
        }
        assert fingerprint(again) == fingerprint(state)
        assert compare(again, state, private=True) == []


PATHS = ["pkg", "pkg.m", "pkg.m.a", "pkg.m.Config", "pkg.m.Config.go", "pkg.m.Config.x", "pkg.n.main", "pkg.m.deep.b", "pkg.x.y"]  # fmt: skip


@given(sequences(), st.sampled_from(PATHS))
def test_answers_change_at_the_points_only(states: list[Surface], path: str) -> None:
    read = History(Path("x"), history.dumps(states, {}).encode())
    points = read.points(path)

    def answer(state: int) -> object:
        found = read.at(state, "").locate(path)
        module = isinstance(found, tuple) and isinstance(found[1], Module)
        return found[0] if module and isinstance(found, tuple) else found

    changes = {i for i in range(1, len(states)) if answer(i) != answer(i - 1)}
    assert changes <= points


@given(sequences())
def test_a_saved_surface_is_read_as_it_was_written(states: list[Surface]) -> None:
    text = codec.dumps(states[0])
    again = codec.loads(text, "x")
    assert codec.dumps(again) == text
    assert fingerprint(again) == fingerprint(states[0])


@given(sequences(), st.integers(0, 4000))
def test_a_torn_file_is_an_error_or_no_difference(states: list[Surface], cut: int) -> None:
    for text, load in (
        (codec.dumps(states[0]), lambda t: codec.loads(t, "x")),
        (history.dumps(states, {}), lambda t: History(Path("x"), t.encode()).at(0, "x")),
    ):
        try:
            surface = load(text[:cut])
            assert fingerprint(surface) == fingerprint(states[0])
        except FwdoctorError:
            assert cut < len(text)


def test_what_came_once_and_stayed_is_written_once() -> None:
    old = Surface("0", {"pkg": Module({"f": Function((Parameter("x"),))})}, ("pkg",))
    new = Surface("1", {"pkg": Module({"f": Function((Parameter("x"), Parameter("y")))})}, ("pkg",))
    line = json.loads(history.dumps([old, old, new, new, new], {}).splitlines()[1])
    assert line[1]["n"]["f"] == [[0, ["0"]], [2, ["0-1"]]]
    assert line[1]["p"] == [["x"], ["y"]]


@pytest.mark.parametrize("name", ["pkg", "pkg.m"])
def test_a_module_that_goes_and_comes_back(name: str) -> None:
    there = Surface("0", {name: Module({"x": Variable()})}, ("pkg",))
    gone = Surface("1", {}, ("pkg",))
    read = History(Path("x"), history.dumps([there, gone, there], {}).encode())
    assert [name in read.at(i, "").modules for i in range(3)] == [True, False, True]
    assert [len(read.at(i, "").modules) for i in range(3)] == [1, 0, 1]
