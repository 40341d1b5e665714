"""Dataclasses that cost less to make: ``dataclass`` as in the standard library, for the parameters used here.

Nearly every command starts anew for each call, and what it starts with is to a large part the making of such
classes: ``dataclasses`` compiles six methods for a frozen one, here it compiles ``__init__`` alone and the
others are shared. With 76 classes, ``fwdoctor lint`` of one file took 101 instead of 124 ms
(docs/performance.md tells how that is measured).

Type checkers see the standard library's ``dataclass``; it is they who refuse to write to a frozen object, at
run time nothing does. ``dataclasses.fields``, ``replace`` and ``is_dataclass`` work as always.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    import dataclasses
    from operator import attrgetter

    def dataclass(cls=None, /, *, frozen=False, eq=True, slots=False):
        """As ``dataclasses.dataclass``: a decorator with or without parameters."""

        def make(cls):
            made = dataclasses.dataclass(eq=False, repr=False, slots=slots)(cls)
            fields = dataclasses.fields(made)
            if "__repr__" not in cls.__dict__:
                made.__repr__ = _repr([field.name for field in fields if field.repr])
            if eq:
                compared = _values([field.name for field in fields if field.compare])
                if "__eq__" not in cls.__dict__:
                    made.__eq__ = _eq(compared)
                if "__hash__" not in cls.__dict__:
                    made.__hash__ = _hash(compared) if frozen else None
            return made

        return make if cls is None else make(cls)

    def _values(names):
        return attrgetter(*names) if names else lambda self: ()

    def _repr(names):
        def __repr__(self):
            shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
            return f"{type(self).__qualname__}({shown})"

        return __repr__

    def _eq(values):
        def __eq__(self, other):
            if other.__class__ is not self.__class__:
                return NotImplemented
            return values(self) == values(other)

        return __eq__

    def _hash(values):
        def __hash__(self):
            return hash(values(self))

        return __hash__
