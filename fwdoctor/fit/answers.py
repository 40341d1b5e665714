"""What a surface answers to what code asks of it: the one comparison of code with a surface.

A surface answers with what is wrong, most often nothing. Unknown is never wrong.
"""

from __future__ import annotations

from dataclasses import field
from functools import lru_cache

from fwdoctor.fit.uses import Asks, Question
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.surface.model import MISSING, Class, Function, Surface, signature_of
from fwdoctor.surface.timeline import Product, timeline


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with a use: the rule, and the name that is missing, not taken or needed.

    ``place`` is the positional argument that is too many, counted from 0.
    """

    rule: str
    name: str = ""
    place: int | None = field(default=None, compare=False)


#: The surface has what the code asks for, or cannot tell.
FITS: tuple[Wrong, ...] = ()


def answer(question: Question, surface: Surface) -> tuple[Wrong, ...]:
    """What is wrong with a use in this surface."""
    if not surface.covers(question.path):
        return FITS
    match question.asks:
        case Asks.NAME | Asks.GUARDED_NAME | Asks.STRING:
            return _name(question, surface)
        case Asks.ATTRIBUTE | Asks.OWN_ATTRIBUTE:
            cls = surface.class_at(question.path)
            fits = cls is None or cls.opaque or has_attribute(cls, question.name)
            return FITS if fits else (Wrong("FWD107", question.name),)
        case Asks.COPIED_FIELD:
            cls = surface.class_at(question.path)
            fits = cls is None or not cls.fields or cls.opaque or cls.field_named(question.name) is not None
            return FITS if fits else (Wrong("FWD108", f"{question.name}="),)
        case Asks.REDECLARED_FIELD:
            cls = surface.class_at(question.path)
            fits = cls is None or cls.opaque or cls.field_named(question.name) is not None
            return FITS if fits else (Wrong("FWD107", question.name),)
    signature = surface.signature(question.path)
    if signature is None or signature.opaque:
        return FITS
    return _call(question, signature)


def _name(question: Question, surface: Surface) -> tuple[Wrong, ...]:
    if surface.locate(question.path) is not MISSING:
        return FITS
    if question.name and surface.covers(question.name) and surface.locate(question.name) is MISSING:
        return FITS  # of a.b.c, where a.b is missing already, that is told
    rules = {Asks.NAME: "FWD107", Asks.GUARDED_NAME: "FWD112", Asks.STRING: "FWD113"}
    return (Wrong(rules[question.asks], question.path),)


def _call(question: Question, signature: Function) -> tuple[Wrong, ...]:
    order = signature.positional
    if question.asks is Asks.KEYWORD:
        fits = signature.accepts_keyword(question.name)
        return FITS if fits else (Wrong("FWD108", f"{question.name}="),)
    if question.asks is Asks.POSITIONAL:
        fits = question.positional <= len(order) or signature.accepts_any_positional
        return FITS if fits else (Wrong("FWD108", f"{question.positional} positional arguments", len(order)),)
    missing = signature.missing(question.positional, question.given)
    return tuple(Wrong("FWD114", f"{name}=") for name in missing)


def has_attribute(cls: Class, name: str) -> bool:
    """Whether objects of the class have the attribute."""
    return (
        name in cls.methods
        or name in cls.attributes
        or name in cls.members
        or cls.field_named(name) is not None
    )


@dataclass(frozen=True, slots=True)
class Era:
    """What is wrong in the states ``first`` to ``last`` of a timeline, both included.

    ``there``: these states have what the question is about (the name, the argument, the signature of the
    call), so that "nothing wrong" is a fact, not ignorance.
    """

    first: int
    last: int
    wrong: tuple[Wrong, ...]
    there: bool


def product_of(path: str) -> Product:
    """Whose timeline tells about a path."""
    return Product.SDK if path.partition(".")[0] == "fireworks" else Product.COOKBOOK


@lru_cache(maxsize=2**16)
def eras(question: Question) -> tuple[Era, ...]:
    """The answers of all stored versions, oldest first; neighbours with the same answer are one."""
    line = timeline(product_of(question.path))
    starts = {span.first for span in line.spans(question.path)}
    if "." in question.name:
        starts |= {span.first for span in line.spans(question.name)}
    ends = [start - 1 for start in sorted(starts)[1:]] + [len(line.states) - 1]
    result: list[Era] = []
    for first, last in zip(sorted(starts), ends, strict=True):
        surface = line.of_state(first)
        wrong, there = answer(question, surface), _is_there(question, surface)
        if result and result[-1].wrong == wrong and result[-1].there == there:
            first = result.pop().first
        result.append(Era(first, last, wrong, there))
    return tuple(result)


def _is_there(question: Question, surface: Surface) -> bool:
    found = surface.locate(question.path)
    if not isinstance(found, tuple):
        return False
    symbol = found[1]
    match question.asks:
        case Asks.NAME | Asks.GUARDED_NAME | Asks.STRING:
            return True
        case Asks.ATTRIBUTE | Asks.OWN_ATTRIBUTE:
            return isinstance(symbol, Class) and has_attribute(symbol, question.name)
    signature = signature_of(symbol)
    if signature is None:
        return False
    if question.asks in (Asks.POSITIONAL, Asks.ENOUGH):
        return not signature.opaque
    return signature.parameter(question.name) is not None


def was_right(question: Question, wrong: Wrong, states: int | None = None) -> bool:
    """Whether some stored version (of the first ``states``) has what the code asks for."""
    found = (e for e in eras(question) if states is None or e.first < states)
    return any(e.there and wrong not in e.wrong for e in found)
