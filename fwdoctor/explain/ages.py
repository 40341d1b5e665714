"""Versions that have a name and versions that have not → in words, who is behind and what to do.

A history is a list with one answer for each state of a timeline: True (it is there), False (it certainly is
not, and the error could come from this version), None (this version says nothing about the error).
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from fwdoctor.surface.model import Absent, Class, Function, Module, signature_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from fwdoctor.surface.model import Symbol
    from fwdoctor.surface.timeline import Timeline

Answers = list[bool | None]


@functools.lru_cache(maxsize=2**12)
def name_history(path: str, line: Timeline) -> dict[str, str] | None:
    """When a dotted path came and went; None where no version ever had it."""
    answers: Answers = [None] * len(line.states)
    for span in line.spans(path):
        answers[span.first : span.last + 1] = [span.there] * (span.last + 1 - span.first)
    if not any(answers):
        return None
    return told(answers, line, path.rpartition(".")[2])


@functools.lru_cache(maxsize=2**12)
def in_module_history(module: str, name: str, line: Timeline) -> dict[str, str] | None:
    """The same of a name in a module, as far as versions that have the module go."""
    answers: Answers = [None] * len(line.states)
    for span in line.spans(module):
        for state in range(span.first, span.last + 1) if span.there else ():
            answers[state] = False
    for span in line.spans(f"{module}.{name}"):
        for state in range(span.first, span.last + 1):
            if span.there or span.found is Absent.UNKNOWN:
                answers[state] = True if span.there else None
    return told(answers, line, name) if _is_telling(answers) else None


@functools.lru_cache(maxsize=2**12)
def module_history(module: str, line: Timeline, *, in_a_file: bool = False) -> dict[str, str] | None:
    """When a module came and went, as far as versions with its parent go: Python found that one.

    ``in_a_file``: Python says that the parent is no package. None where no version ever had the module, or
    where every version that could raise the error has it.
    """
    parent = module.rpartition(".")[0]
    answers: Answers = [None] * len(line.states)
    for span in line.spans(parent):
        # Of a package without __init__.py it cannot be told what it holds; that it is there can.
        for state in range(span.first, span.last + 1) if span.found is not Absent.MISSING else ():
            answers[state] = False
    for span in line.spans(module):
        is_module = isinstance(span.found, tuple) and isinstance(span.found[1], Module)
        for state in range(span.first, span.last + 1):
            if is_module:
                answers[state] = True
            elif span.found is Absent.UNKNOWN:
                answers[state] = None
    if in_a_file:
        for state, answer in enumerate(answers):
            if answer is False and line.of_state(state).is_package(parent):
                answers[state] = None
    return told(answers, line, module) if _is_telling(answers) else None


@functools.lru_cache(maxsize=2**12)
def member_history(
    paths: tuple[str, ...], name: str, line: Timeline, *, of_class: bool = False
) -> dict[str, str] | None:
    """When the classes at the paths began and ceased to have an attribute.

    ``of_class``: it was asked of the class itself, where fields and what ``__init__`` sets do not count.
    """

    def has(symbol: Symbol | Module) -> bool | None:
        if not isinstance(symbol, Class):
            return None
        if name in symbol.methods or name in symbol.members:
            return True
        # Of opaque classes, too: what one defines in a version it hardly inherited from elsewhere in another.
        return not of_class and (name in symbol.attributes or symbol.field_named(name) is not None)

    answers = _of_spans(paths, line, has)
    return told(answers, line, name) if _is_telling(answers) else None


@functools.lru_cache(maxsize=2**12)
def parameter_history(paths: tuple[str, ...], name: str, line: Timeline) -> dict[str, str] | None:
    """When the callables at the paths began and ceased to take an argument."""

    def takes(symbol: Symbol | Module) -> bool | None:
        function = signature_of(symbol)
        if not isinstance(function, Function):
            return None
        if function.parameter(name) is not None:
            return True
        return None if function.accepts_keyword(name) else False

    answers = _of_spans(paths, line, takes)
    return told(answers, line, f"{name}=") if _is_telling(answers) else None


def _of_spans(
    paths: tuple[str, ...], line: Timeline, ask: Callable[[Symbol | Module], bool | None]
) -> Answers:
    """One question to what stands at the paths; a yes of one of them is a yes."""
    answers: Answers = [None] * len(line.states)
    for path in paths:
        for span in line.spans(path):
            answer = ask(span.found[1]) if isinstance(span.found, tuple) else None
            for state in range(span.first, span.last + 1):
                if answer is not None:
                    answers[state] = bool(answers[state]) or answer
    return answers


def _is_telling(answers: Answers) -> bool:
    """Whether some version has it and another has not: only then can ages be the reason."""
    return True in answers and False in answers


def told(answers: Answers, line: Timeline, what: str) -> dict[str, str]:
    """In words: what brought it, what dropped it, who is behind and which version to take."""
    from fwdoctor.surface.timeline import Product

    having = [i for i, a in enumerate(answers) if a]
    noun = "SDK" if line.product is Product.SDK else "cookbook"
    if not having:
        return {
            "verdict": f"no known version of the {noun} has {what}",
            "advice": f"Look at the spelling; else it is newer than what fwdoctor {_version()} knows.",
            "install": "fwdoctor check",
        }
    added, last = line.states[having[0]][0], line.states[having[-1]][-1]
    # Not simply the next state: where the class itself is gone, nothing can be read from it either.
    lacking = (i for i in range(having[-1] + 1, len(answers)) if answers[i] is False)
    dropped = next(lacking, None)
    gone = None if dropped is None else line.states[dropped][0]
    came = f"{added.label} added {what}" if having[0] else f"{what} is there since {added.label}"
    if gone is None:
        verdict, pin = f"{came}: the one at hand is older", f">={added.id}"
        within = ", as far as the cookbook's pin allows" if line.product is Product.SDK else ""
        advice = f"Upgrade the {noun} to {added.id} or newer{within}."
    else:
        verdict, pin = f"{gone.label} dropped {what} ({came})", f">={added.id},<{gone.id}"
        advice = f"The code is older than the {noun}: port it, or stay with {last.label}."
    if line.product is Product.SDK:
        install = f"pip install 'fireworks-ai[training]{pin}{_cap(added.id) if gone is None else ''}'"
    else:
        install = f"git checkout {(last if gone else added).id}"
    return {"verdict": verdict, "advice": advice, "install": install}


def _cap(oldest: str) -> str:
    """``,<1.2.25``: where releases begin that fail with known cookbooks, if that is above ``oldest``.

    Installers take the newest release that is allowed: the remedy must not lead into the next failure.
    """
    from packaging.version import Version

    from fwdoctor.environment.known_pairs import known_pairs

    starts = {Version(s.version) for pair in known_pairs() for s in pair.sdk if s.operator in (">=", ">")}
    above = sorted(start for start in starts if start > Version(oldest))
    return f",<{above[0]}" if above else ""


def _version() -> str:
    from fwdoctor import __version__

    return __version__
