"""Many versions of a surface in one file: what each name was, from which state on.

A *state* is a surface that differs from the one before; several versions may share one. Instead of a copy
per state, every name has *steps*: ``[[first state, value], …]``, a value lasting until the next step. False
means that the name is not there, null that it is a variable, a string is an alias and its target (none, if
that is outside), a list is a function, true a class, whose parts have steps of their own. Parameters are
written once a module and named by their numbers (``"0-4,9"``). Names that come and go together stand
together, under the states at which they do (``"0,12"``: there from state 0 on, gone from 12 on).

The file is lines of JSON: a header first, then one line a module, which is read when it is asked for: one
lookup takes milliseconds, not the time to read them all.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from fwdoctor.errors import FwdoctorError
from fwdoctor.surface.codec import compact, parameter, parameter_row
from fwdoctor.surface.model import (
    IMPORTED,
    MOST_ALIASES,
    Alias,
    Class,
    Function,
    Module,
    Parameter,
    Surface,
    Symbol,
    Variable,
)

FORMAT = "fwdoctor-surfaces-1"
#: Steps of a value: the state from which it holds, and the value; False is "not there".
Steps = list[list[Any]]


# --- writing ------------------------------------------------------------------------------------------


def dumps(surfaces: Sequence[Surface], extra: Mapping[str, Any]) -> str:
    """The file for these states, oldest first; ``extra`` goes into the header as it is."""
    names = sorted({name for s in surfaces for name in s.modules})
    header = {
        "format": FORMAT,
        "roots": list(surfaces[-1].roots),
        "partial": list(surfaces[-1].partial),
        "states": len(surfaces),
        "modules": {n: _toggles([n in s.modules for s in surfaces]) for n in names},
        **extra,
    }
    lines = [compact(header)]
    lines += [compact([n, _ModuleWriter([s.modules.get(n) for s in surfaces]).data()]) for n in names]
    return "\n".join(lines) + "\n"


class _ModuleWriter:
    """Turns one module's states into steps."""

    def __init__(self, modules: Sequence[Module | None]) -> None:
        self.modules = modules
        self.numbers: dict[str, int] = {}

    def data(self) -> dict[str, Any]:
        names = sorted({n for m in self.modules if m for n in m.names})
        states = {n: [m.names.get(n) if m else None for m in self.modules] for n in names}
        variables = {n for n, found in states.items() if all(s in (None, Variable()) for s in found)}
        imported = {n for n, found in states.items() if all(s in (None, IMPORTED) for s in found)}
        symbols = {n: self.name(found) for n, found in states.items() if n not in variables | imported}
        exports = [None if m is None else m.exports for m in self.modules]
        return {
            "n": symbols,
            "v": self.grouped(variables),
            "i": self.grouped(imported),
            "all": _grouped([None if e is None else set(e) for e in exports]),
            "open": _toggles([m is not None and m.dynamic for m in self.modules]),
            "listed": _toggles([e is not None for e in exports]),
            # Last: writing the names has numbered them.
            "p": [json.loads(row) for row in self.numbers],
        }

    def grouped(self, names: set[str]) -> dict[str, list[str]]:
        return _grouped([None if m is None else names & m.names.keys() for m in self.modules])

    def name(self, symbols: Sequence[Symbol | None]) -> object:
        steps = _steps([self.value(s) for s in symbols])
        classes = [s if isinstance(s, Class) else None for s in symbols]
        if not any(classes):
            return steps
        methods = sorted({n for c in classes if c for n in c.methods})
        return {
            "s": steps,
            "c": _steps([False if c is None else self.skeleton(c) for c in classes]),
            "m": {
                n: _steps(
                    [
                        self.function(c.methods[n]) if c is not None and n in c.methods else False
                        for c in classes
                    ]
                )
                for n in methods
            },
            "a": _grouped(
                [None if c is None else set(c.attributes) - {f.name for f in c.fields} for c in classes]
            ),
        }

    def value(self, symbol: Symbol | None) -> object:
        match symbol:
            case None:
                return False
            case Variable():
                return None
            case Alias(target):
                return target
            case Class():
                return True
            case Function():
                return self.function(symbol)

    def function(self, function: Function) -> list[object]:
        flags = ("o" if function.opaque else "") + ("d" if function.deprecated else "")
        ranges = self.ranges(function.parameters)
        return [ranges, flags] if flags else [ranges]

    def skeleton(self, cls: Class) -> list[object]:
        flags = ("o" if cls.opaque else "") + ("d" if cls.deprecated else "")
        constructor = self.function(cls.constructor)
        # null: no fields, true: those that the constructor takes
        fields: object = self.ranges(cls.fields) or None
        if fields == constructor[0]:
            fields = True
        row: list[object] = [constructor, fields, flags, list(cls.bases), list(cls.members)]
        while not row[-1] and len(row) > 1:
            row.pop()
        return row

    def ranges(self, parameters: Iterable[Parameter]) -> str:
        """``0-4,9``: the numbers of the parameters, in order."""
        numbers = [self.numbers.setdefault(compact(parameter_row(p)), len(self.numbers)) for p in parameters]
        parts: list[list[int]] = []
        for number in numbers:
            if parts and number == parts[-1][1] + 1:
                parts[-1][1] = number
            else:
                parts.append([number, number])
        return ",".join(f"{a}-{b}" if a != b else f"{a}" for a, b in parts)


def _steps(values: Sequence[object]) -> Steps:
    """The values where they change; what is not there at first is not written."""
    steps: Steps = []
    for state, value in enumerate(values):
        if (steps and compact(steps[-1][1]) != compact(value)) or (not steps and value is not False):
            steps.append([state, value])
    return steps


def _toggles(present: Sequence[bool]) -> list[int]:
    """The states at which something comes and goes, in turn."""
    result, now = [], False
    for state, here in enumerate(present):
        if here != now:
            result.append(state)
            now = here
    return result


def _grouped(sets: Sequence[set[str] | None]) -> dict[str, list[str]]:
    """Names under their comings and goings."""
    groups: dict[str, list[str]] = {}
    for name in sorted({n for s in sets if s for n in s}):
        key = ",".join(map(str, _toggles([s is not None and name in s for s in sets])))
        groups.setdefault(key, []).append(name)
    return groups


# --- reading ------------------------------------------------------------------------------------------


class History:
    """All states of one product's surface; modules are decoded when they are asked for."""

    def __init__(self, path: Path, data: bytes) -> None:
        self._path = path
        head, _, rest = data.partition(b"\n")
        self._lines: dict[str, bytes] = {}
        with self._damage():
            header = json.loads(head)
            if header["format"] != FORMAT:
                raise ValueError(f"format {header['format']!r}")
            self.header: dict[str, Any] = header
            self.roots = tuple(header["roots"])
            self.partial = tuple(header["partial"])
            self.states: int = header["states"]
            self.toggles: dict[str, list[int]] = header["modules"]
            for line in rest.splitlines():
                self._lines[line[2 : line.index(b'"', 2)].decode()] = line
            if self._lines.keys() != self.toggles.keys():
                raise ValueError("modules are missing")
        self._modules: dict[str, ModuleHistory] = {}
        self._surfaces: dict[int, Surface] = {}

    @classmethod
    def load(cls, path: Path) -> History:
        """Read a file of surfaces.

        Raises:
            FwdoctorError: it cannot be read or is damaged.
        """
        try:
            data = path.read_bytes()
        except OSError as error:
            raise FwdoctorError(
                f"{path}: cannot read the stored surfaces: {error.strerror}; reinstall fwdoctor"
            ) from error
        return cls(path, data)

    def _damage(self) -> _Damage:
        return _Damage(self._path)

    def module(self, name: str) -> ModuleHistory:
        """The history of a module.

        Raises:
            KeyError: no state has such a module.
            FwdoctorError: its line is damaged.
        """
        if name not in self._modules:
            line = self._lines[name]
            with self._damage():
                self._modules[name] = ModuleHistory(json.loads(line)[1], self._damage)
        return self._modules[name]

    def has_module(self, name: str, state: int) -> bool:
        """Whether the module is there in that state."""
        toggles = self.toggles.get(name)
        return toggles is not None and _is_on(toggles, state)

    def points(self, path: str) -> set[int]:
        """States at which what stands at a dotted path may change; elsewhere it is as in the one before."""
        return self._points_of(path, set(), 0)

    def _points_of(self, path: str, seen: set[str], depth: int) -> set[int]:
        if path in seen or depth > MOST_ALIASES:
            return set()
        seen.add(path)
        parts = path.split(".")
        found: set[int] = set()
        for cut in range(1, len(parts) + 1):
            head = ".".join(parts[:cut])
            if head not in self.toggles:
                continue
            found.update(self.toggles[head])
            if cut == len(parts):
                break
            module = self.module(head)
            found.update(module.points(parts[cut]))
            for target in module.targets(parts[cut]):
                found |= self._points_of(".".join((target, *parts[cut + 1 :])), seen, depth + 1)
        # A package without a file of its own is there as long as something is below it.
        for name, toggles in self.toggles.items():
            if name.startswith(path + "."):
                found.update(toggles)
        return found

    def at(self, state: int, name: str) -> Surface:
        """The surface of a state; ``name`` is how messages call it."""
        if state not in self._surfaces:
            modules = _ModulesAt(self, state)
            self._surfaces[state] = Surface(name, modules, self.roots, self.partial)
        return self._surfaces[state]


class _Damage:
    """Turns whatever a damaged file causes into one clear error."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ValueError | LookupError | TypeError | AttributeError | RecursionError):
            raise FwdoctorError(
                f"{self._path}: the stored surfaces are damaged ({error!r}); reinstall fwdoctor"
            ) from error


class ModuleHistory:
    """All states of one module."""

    def __init__(self, data: dict[str, Any], damage: Callable[[], _Damage]) -> None:
        self._damage = damage
        self.names: dict[str, Any] = data["n"]
        for kind, value in (("v", None), ("i", IMPORTED.target)):
            for key, names in data[kind].items():
                steps = [[int(t), False if i % 2 else value] for i, t in enumerate(key.split(","))]
                self.names.update(dict.fromkeys(names, steps))
        self._parameters: list[Any] = data["p"]
        self._made: dict[int, Parameter] = {}
        self._functions: dict[str, Function] = {}
        self._classes: dict[tuple[str, int], Class] = {}
        self._open: list[int] = data["open"]
        self._listed: list[int] = data["listed"]
        self._all: dict[str, list[str]] = data["all"]
        self._points: dict[str, list[int]] = {}

    def dynamic(self, state: int) -> bool:
        """Whether more names may exist in that state than the source shows."""
        return _is_on(self._open, state)

    def exports(self, state: int) -> tuple[str, ...] | None:
        """``__all__`` in that state."""
        return tuple(sorted(_on(self._all, state))) if _is_on(self._listed, state) else None

    def ever_exported(self) -> frozenset[str]:
        """What ``import *`` has brought in any state."""
        listed = {name for names in self._all.values() for name in names}
        always = self._listed == [0]  # else some state exports all of its public names
        return frozenset(listed if always else listed | {n for n in self.names if not n.startswith("_")})

    def symbol(self, name: str, state: int) -> Symbol | None:
        """What the name is in that state; None: not there."""
        entry = self.names.get(name)
        if entry is None:
            return None
        with self._damage():
            value = _value(entry["s"] if isinstance(entry, dict) else entry, state)
            match value:
                case False:
                    return None
                case None:
                    return Variable()
                case str():
                    return Alias(value)
                case True:
                    return self._class(name, entry, state)
                case _:
                    return self._function(value)

    def points(self, name: str) -> list[int]:
        """The states at which anything about the name changes, its first one included."""
        if name not in self._points:
            entry = self.names.get(name, [])
            found: set[int] = set()
            if isinstance(entry, dict):
                for steps in (entry["s"], entry["c"], *entry["m"].values()):
                    found.update(step[0] for step in steps)
                found.update(int(t) for key in entry["a"] for t in key.split(","))
            else:
                found.update(step[0] for step in entry)
            found.update(self._open)
            self._points[name] = sorted(found)
        return self._points[name]

    def targets(self, name: str) -> set[str]:
        """Where the name lives in the states in which it lives elsewhere."""
        entry = self.names.get(name, [])
        steps = entry["s"] if isinstance(entry, dict) else entry
        return {step[1] for step in steps if isinstance(step[1], str) and step[1]}

    def _class(self, name: str, entry: dict[str, Any], state: int) -> Class:
        key = (name, bisect_right(self.points(name), state))
        if key not in self._classes:
            skeleton = _value(entry["c"], state)
            constructor, fields, flags, bases, members = skeleton + [None, "", [], []][len(skeleton) - 1 :]
            methods = {n: m for n, steps in entry["m"].items() if (m := _value(steps, state)) is not False}
            function = self._function(constructor)
            own = function.parameters if fields is True else self._range(fields or "")
            self._classes[key] = Class(
                constructor=function,
                fields=own,
                methods={n: self._function(m) for n, m in methods.items()},
                attributes=frozenset((*_on(entry["a"], state), *(f.name for f in own))),
                members=tuple(members),
                bases=tuple(bases),
                deprecated="d" in flags,
                opaque="o" in flags,
            )
        return self._classes[key]

    def _function(self, value: list[str]) -> Function:
        key = " ".join(value)
        if key not in self._functions:
            flags = value[1] if len(value) > 1 else ""
            self._functions[key] = Function(self._range(value[0]), "o" in flags, "d" in flags)
        return self._functions[key]

    def _range(self, ranges: str) -> tuple[Parameter, ...]:
        result = []
        for part in ranges.split(",") if ranges else ():
            first, _, last = part.partition("-")
            result += [self._parameter(n) for n in range(int(first), int(last or first) + 1)]
        return tuple(result)

    def _parameter(self, number: int) -> Parameter:
        if number not in self._made:
            self._made[number] = parameter(self._parameters[number])
        return self._made[number]


def _value(steps: Steps, state: int) -> Any:
    index = bisect_right(steps, state, key=lambda step: step[0])
    return steps[index - 1][1] if index else False


def _is_on(toggles: Sequence[int], state: int) -> bool:
    return bisect_right(toggles, state) % 2 == 1


def _on(groups: Mapping[str, list[str]], state: int) -> Iterator[str]:
    for key, names in groups.items():
        if _is_on([int(t) for t in key.split(",")], state):
            yield from names


class _ModulesAt(Mapping[str, Module]):
    """The modules of one state."""

    def __init__(self, history: History, state: int) -> None:
        self._history = history
        self._state = state
        self._made: dict[str, Module] = {}

    def __getitem__(self, name: str) -> Module:
        if name not in self._made:
            if name not in self:
                raise KeyError(name)
            module = self._history.module(name)
            names = _NamesAt(module, self._state)
            self._made[name] = Module(names, module.exports(self._state), module.dynamic(self._state))
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._history.has_module(name, self._state)

    @cached_property
    def _all(self) -> tuple[str, ...]:
        return tuple(n for n in self._history.toggles if n in self)

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)


class _NamesAt(Mapping[str, Symbol]):
    """The names of one module in one state; each is decoded when it is asked for."""

    def __init__(self, module: ModuleHistory, state: int) -> None:
        self._module = module
        self._state = state

    def __getitem__(self, name: str) -> Symbol:
        symbol = self._module.symbol(name, self._state)
        if symbol is None:
            raise KeyError(name)
        return symbol

    def get(self, name: str, default: Any = None) -> Any:
        symbol = self._module.symbol(name, self._state)
        return default if symbol is None else symbol

    def __iter__(self) -> Iterator[str]:
        return (n for n in self._module.names if self._module.symbol(n, self._state) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)
