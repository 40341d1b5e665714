"""What the formats that other programs read have in common: safe text, places, steps, what is no finding."""

from __future__ import annotations

import os
from collections.abc import Iterator

from fwdoctor.finding import Finding, Location, Remedy, Report, Severity
from fwdoctor.redact import redact
from fwdoctor.reporters import Style


def safe(text: str) -> str:
    """The text without secrets, and without what is no character (names of files may hold such)."""
    return characters(redact(text))


def characters(text: str) -> str:
    """The text with question marks for halves of characters, which no encoding takes."""
    return text.encode("utf-8", "replace").decode()


def message(finding: Finding) -> str:
    """What is wrong. It begins with the cell where a line number alone would lead astray."""
    place, text = finding.location, with_verdict(finding)
    return safe(f"{cell(place)}: {text}" if place and place.cell is not None else text)


def with_verdict(finding: Finding) -> str:
    """The message, and what the control plane says about it."""
    return f"{finding.message} ({finding.verdict})" if finding.verdict else finding.message


def cell(place: Location) -> str:
    """The cell of a notebook, and where in it: ``cell 3, line 12``."""
    line = f", line {place.line}" if place.line is not None else ""
    return f"cell {place.cell}{line}"


def steps(remedy: tuple[Remedy, ...]) -> Iterator[str]:
    """What to do, a line each, commands as a shell shows them."""
    for number, step in enumerate(remedy, 1):
        yield safe(f"{number}. {step.text}" if len(remedy) > 1 else step.text)
        yield from (safe(f"$ {command}") for command in step.commands)


def would_change(report: Report) -> Iterator[tuple[str, str]]:
    """Files that ``--check`` found to need a port, and a sentence: they set the exit status, too."""
    for file in report.files or ():
        if report.would_change and file.changed:
            moves = ", ".join(f"{name} {count}" for name, count in file.moves.items())
            yield file.path, f"would be ported: {moves}" if moves else "would be ported"


def is_failure(finding: Finding, report: Report) -> bool:
    """Whether the finding counts for the exit status."""
    return finding.severity is not Severity.INFO or report.infos_count


def is_file(path: str) -> bool:
    """Whether it names a file; ``<stderr>`` and ``-`` are streams."""
    return path != "-" and not (path.startswith("<") and path.endswith(">"))


def from_root(path: str, style: Style) -> str | None:
    """The path as the repository's root sees it, with forward slashes; None if it lies outside."""
    if style.root is not None and style.folder is not None:
        try:
            path = os.path.relpath(os.path.join(style.folder, path), style.root)
        except ValueError:  # another drive
            return None
    path = os.path.normpath(path)
    if os.path.isabs(path) or path == os.pardir or path.startswith(os.pardir + os.sep):
        return None
    return path.replace(os.sep, "/")


def counted(errors: int, warnings: int, infos: int) -> Iterator[str]:
    """``2 errors``, ``1 warning``: the findings of each severity of which there are any."""
    for count, word in ((errors, "error"), (warnings, "warning"), (infos, "info")):
        if count:
            yield f"{count} {word}{'s' if count != 1 else ''}"
