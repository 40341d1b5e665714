"""Code actions: mend one finding, port the whole file, silence a line.

A menu opens with every move of the cursor, and mending is slow beside looking. So an editor that can ask for
the edits of the entry that was picked (``codeAction/resolve``) gets the menu without them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from fwdoctor.finding import Applicability, Problem
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.lsp import look
from fwdoctor.lsp.diagnostics import diagnostic
from fwdoctor.lsp.positions import Lines, overlap

if TYPE_CHECKING:
    from fwdoctor.lint.engine import Found
    from fwdoctor.lsp.look import Looked

QUICK = types.CodeActionKind.QuickFix
WHOLE = "source.fixAll.fwdoctor"
KINDS = (QUICK, WHOLE)
#: In ``data``: all of the file, or else the number of the finding.
_ALL = -1
_UNUSED = "FWD001"


@dataclass(frozen=True, slots=True)
class Opened:
    """A document as the editor has it, and what was found in it."""

    uri: str
    version: int | None
    text: str
    lines: Lines
    looked: Looked


@dataclass(frozen=True, slots=True)
class Abilities:
    """What the editor can do: ask for edits later, take edits that name the version they are for."""

    resolves: bool
    versions: bool


def offered(
    opened: Opened, where: types.Range, only: Sequence[str] | None, can: Abilities
) -> list[types.CodeAction]:
    """What can be done at a place; ``only`` are the kinds that are asked for."""
    if opened.looked.linted is None:
        return []
    hits = [
        (number, found)
        for number, found in enumerate(opened.looked.found)
        if found.finding.location and overlap(opened.lines.range(found.finding.location), where)
    ]
    actions = [*_quick(opened, hits, can)] if _wanted(QUICK, only) else []
    # Who asks for no kind finds "port this file" in the menu once, not as two kinds.
    there = only is None and any(_number(action) == _ALL for action in actions)
    if _wanted(WHOLE, only) and not there and _can_be_mended(opened):
        actions.append(types.CodeAction(_title(opened), WHOLE, data=_data(opened, _ALL)))
    if not can.resolves:
        for action in actions:
            resolved(opened, action, can)
        actions = [action for action in actions if action.edit]
    return actions


def resolved(opened: Opened, action: types.CodeAction, can: Abilities) -> Problem | None:
    """Put the edits into an action that was offered without; tells why there are none, if that is a bug."""
    number = _number(action)
    if number is None:
        return None
    problem = None
    if number == _ALL:
        text, problem = look.mended(opened.looked)
    elif number < len(opened.looked.found):
        text = look.mended_one(opened.looked, opened.looked.found[number])
    else:
        text = None
    if text is not None:
        action.edit = _edit(opened, text, can)
    return problem


def version_of(action: types.CodeAction) -> tuple[str, int | None] | None:
    """The document, and the version of it, that an action was offered for."""
    data: Any = action.data
    if not isinstance(data, dict) or not isinstance(data.get("uri"), str):
        return None
    return data["uri"], data.get("version")


def _quick(opened: Opened, hits: Sequence[tuple[int, Found]], can: Abilities) -> Iterator[types.CodeAction]:
    for number, found in hits:
        if found.fix and found.finding.applicability is not Applicability.MANUAL:
            yield _own(opened, number, found)
    portable = [found for _, found in hits if _is_ported(found)]
    if portable:
        about = [diagnostic(f.finding, opened.lines) for f in portable]
        yield types.CodeAction(
            _title(opened), QUICK, diagnostics=about, is_preferred=True, data=_data(opened, _ALL)
        )
    seen = set()
    for _, found in hits:
        place = found.finding.location
        line_and_rule = (place.line if place else None, found.finding.rule)
        if found.finding.rule == _UNUSED or line_and_rule in seen:
            continue
        seen.add(line_and_rule)
        if (text := look.silenced(opened.looked, found)) is not None:
            yield types.CodeAction(
                f"Silence with # noqa: {found.finding.rule}",
                QUICK,
                diagnostics=[diagnostic(found.finding, opened.lines)],
                edit=_edit(opened, text, can),
            )


def _own(opened: Opened, number: int, found: Found) -> types.CodeAction:
    finding = found.finding
    step = finding.remedy[0].text.rstrip(".") if finding.remedy else f"Mend {finding.name}"
    safe = finding.applicability is Applicability.SAFE
    title = f"{step} ({finding.rule})" if safe else f"{step} ({finding.rule}, may change what the code does)"
    return types.CodeAction(
        title,
        QUICK,
        diagnostics=[diagnostic(finding, opened.lines)],
        is_preferred=safe,
        data=_data(opened, number),
    )


def _is_ported(found: Found) -> bool:
    """Whether a codemod may answer it."""
    finding = found.finding
    return finding.rule.startswith("FWD1") and finding.applicability is Applicability.SAFE and not found.fix


def _can_be_mended(opened: Opened) -> bool:
    linted = opened.looked.linted
    if linted is None:
        return False
    return any(
        _is_ported(f) or (f.fix and f.finding.applicability is Applicability.SAFE) for f in linted.found
    )


def _title(opened: Opened) -> str:
    linted = opened.looked.linted
    ports = linted is not None and any(map(_is_ported, linted.found))
    return "Port this file (fwdoctor)" if ports else "Mend this file (fwdoctor)"


def _wanted(kind: str, only: Sequence[str] | None) -> bool:
    """Whether a kind is one of those asked for, or a part of one."""
    return only is None or any(kind == o or kind.startswith(f"{o}.") or o == "" for o in only)


def _data(opened: Opened, number: int) -> dict[str, Any]:
    return {"uri": opened.uri, "version": opened.version, "number": number}


def _number(action: types.CodeAction) -> int | None:
    data: Any = action.data
    number = data.get("number") if isinstance(data, dict) else None
    return number if isinstance(number, int) else None


def _edit(opened: Opened, text: str, can: Abilities) -> types.WorkspaceEdit | None:
    edits = opened.lines.edits(text)
    if not edits:
        return None
    if can.versions:
        document = types.OptionalVersionedTextDocumentIdentifier(opened.uri, opened.version)
        return types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(document, edits)])
    return types.WorkspaceEdit(changes={opened.uri: edits})
