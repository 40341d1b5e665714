"""For people: sections or files first, then each finding with what to do, then one line that sums up."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

from fwdoctor.finding import (
    SEVERAL_VERSIONS,
    CheckStatus,
    FileOutcome,
    FileStatus,
    Finding,
    Link,
    Report,
    Severity,
    Side,
)
from fwdoctor.redact import redact
from fwdoctor.reporters import Line, Style, ascii_only
from fwdoctor.reporters._common import counted
from fwdoctor.reporters._excerpt import underlined

_MARKS = {
    CheckStatus.OK: ("✓", "ok", "green"),
    CheckStatus.FINDING: ("✗", "!!", "red"),
    CheckStatus.SKIPPED: ("-", "--", "dim"),
    CheckStatus.ERROR: ("?", "??", "magenta"),
}
_COLORS = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.INFO: "bold blue"}
_SIDES = {
    Side.USER: "you must act",
    Side.PLATFORM: "Fireworks must act",
    Side.NOBODY: "nobody must act",
    Side.UNKNOWN: "not clear who must act",
}
_ORDER = tuple(Severity)


def render(report: Report, style: Style) -> str:
    """The report as text; coloured where the style says so."""
    lines = list(_lines(report, style))
    if style.part is None and lines[:1] == [()]:
        del lines[0]  # it keeps a finding apart from what is above it
    if not style.color:
        text = "".join("".join(t for t, _ in line) + "\n" for line in lines)
        return text if style.unicode else ascii_only(text)
    from rich.console import Console
    from rich.text import Text

    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, highlight=False, soft_wrap=True)
    for line in lines:
        console.print(Text.assemble(*line))
    return stream.getvalue()


def _lines(report: Report, style: Style) -> Iterator[Line]:
    if not style.quiet:
        yield from _checks(report, style)
        yield from _diffs(report)
        yield from _files(report)
    if style.part != "summary":
        yield from (((note, "bold yellow"),) for note in report.preface)
    if report.result is not None:
        from fwdoctor.reporters._results import lines_of

        yield from lines_of(report.result, style)
    shown = list(report.findings)
    if report.command != "lint":  # there, the order of the code is what people go by
        shown.sort(key=lambda f: (f.preexisting, _ORDER.index(f.severity)))
    if style.part == "summary":
        shown = []
    told = False
    for finding in shown:
        yield ()
        if finding.preexisting and not told:
            yield (("Wrong before the port, and left as it was:", "bold"),)
            told = True
        yield from _finding(finding, style)
    if not style.quiet and report.result is None and style.part != "findings":
        if shown:
            yield ()
        yield from _summary(report, style)


def _checks(report: Report, style: Style) -> Iterator[Line]:
    checks = report.checks or ()
    width = max((len(c.section) for c in checks), default=0)
    for check in checks:
        fancy, plain, color = _MARKS[check.status]
        mark = fancy if style.unicode else plain
        reason = "skipped: " if check.status is CheckStatus.SKIPPED else ""
        codes = "  " + " ".join(dict.fromkeys(f.rule for f in check.findings)) if check.findings else ""
        yield (mark, color), (f" {check.section:<{width}}  {reason}{check.detail}", ""), (codes, "bold")


def _diffs(report: Report) -> Iterator[Line]:
    colors = {"+": "green", "-": "red", "@": "cyan"}
    for file in report.files or ():
        for row in redact(file.diff or "").split("\n")[:-1]:
            header = row.startswith(("--- ", "+++ "))
            yield ((row, "bold" if header else colors.get(row[:1], "")),)


def _files(report: Report) -> Iterator[Line]:
    colors = {FileStatus.PORTED: "green", FileStatus.PARTIAL: "yellow", FileStatus.FAILED: "red"}
    for file in report.files or ():
        if file.status is FileStatus.UNCHANGED or file.status is FileStatus.FAILED:
            continue
        moves = ", ".join(f"{name} {count}" for name, count in file.moves.items())
        detail = file.reason or moves
        left = f" ({len(file.todo)} left for you)" if file.todo else ""
        word = _word(report, file)
        yield (
            (f"{word:<9}", colors.get(file.status, "dim")),
            (f" {file.path}", "bold"),
            (f"  {detail}" if detail else "", ""),
            (left, "yellow"),
        )


def _word(report: Report, file: FileOutcome) -> str:
    """What happened to a file, in a word."""
    if report.command != "lint":
        return file.status
    return "silenced" if "noqa" in file.moves else "fixed"


def _finding(finding: Finding, style: Style) -> Iterator[Line]:
    dot = " · " if style.unicode else " - "
    times = f" ×{finding.count}" if style.unicode else f" x{finding.count}"
    yield (
        (finding.rule, _COLORS[finding.severity]),
        (f" {finding.name}", "bold"),
        (f"{dot}{finding.severity}{dot}{_SIDES[finding.side]}", ""),
        (times if finding.count > 1 else "", ""),
        (f"{dot}matched by its wording alone" if finding.matched_by == "text" else "", "dim"),
    )
    if finding.location or finding.resource:
        yield (("  at ", "dim"), (str(finding.location or finding.resource), ""))
    yield from _excerpt(finding, style)
    yield ((f"  {finding.message}", ""),)
    if finding.evidence:
        for i, row in enumerate(finding.evidence.splitlines()):
            yield (("  seen " if i == 0 else "       ", "dim"), (row, ""))
    yield from _links("  because ", finding.chain)
    # Of an error, the cause is the answer; of a rule it is the background.
    if (style.verbose or finding.matched_by) and finding.cause:
        yield (("  why ", "dim"), (finding.cause, ""))
    if finding.verdict:
        yield (("  now ", "dim"), (str(finding.verdict), "bold"))
    for number, step in enumerate(finding.remedy, 1):
        label = f"  {number}. " if len(finding.remedy) > 1 else "  do "
        yield ((label, "dim"), (step.text, ""))
        for command in step.commands:
            yield (("     $ ", "dim"), (command, "cyan"))
    yield from _links("  so ", finding.consequences)


def _links(label: str, links: Sequence[Link]) -> Iterator[Line]:
    """What belongs to a cause, a line each."""
    for number, link in enumerate(links):
        lead = label if number == 0 else " " * len(label)
        yield (lead, "dim"), (f"{link.witness:<6} ", "dim"), (str(link), "")


def _excerpt(finding: Finding, style: Style) -> Iterator[Line]:
    """The source line, and carets below what is meant."""
    found = underlined(finding, unicode=style.unicode)
    if found is None:
        return
    number, text, carets = found
    bar = "│" if style.unicode else "|"
    yield (f"  {number} {bar} ", "dim"), (text, "")
    if carets:
        yield (f"  {' ' * len(number)} {bar} ", "dim"), (carets, _COLORS[finding.severity])


def _ignored(report: Report, style: Style) -> Iterator[Line]:
    """What comments or the code around keep from being told: how many, and with --verbose each and why."""
    files = report.files or ()
    for found, why in (
        ([f for file in files for f in file.ignored], "ignored by comments"),
        ([f for file in files for f in file.guarded], f"left: {SEVERAL_VERSIONS}"),
    ):
        if found:
            count = "1 finding is" if len(found) == 1 else f"{len(found)} findings are"
            yield ((f"{count} {why}", "dim"),)
        for finding in found if style.verbose else ():
            reason = f": {finding.evidence}" if finding.evidence else ""
            yield ((f"  {finding.location} {finding.rule}{reason}", "dim"),)


def _summary(report: Report, style: Style) -> Iterator[Line]:
    yield from _ignored(report, style)
    if style.verbose or not any(f.status is not FileStatus.UNCHANGED for f in report.files or ()):
        for note in report.notes:
            yield ((note, "dim"),)
    if report.command != "resume" or report.findings:  # it does something, and looks for nothing
        yield from _totals(report, style)


def _is_settled(files: Sequence[FileOutcome]) -> bool:
    """Whether all that is left is for a person: "partial" alone sounds like another port.

    A file that was to be written, and was not, has its moves and another status.
    """
    kept = {FileStatus.SKIPPED, FileStatus.FAILED}
    to_write = any(f.changed or (f.status in kept and f.moves) for f in files)
    return any(f.todo for f in files) and not to_write


def _totals(report: Report, style: Style) -> Iterator[Line]:
    """One line: how much of everything there is."""
    parts = []
    if report.files is not None and report.command == "lint":
        fixed = sum(n for f in report.files for name, n in f.moves.items() if name != "noqa")
        parts += [f"{fixed} fixed"] if fixed else []
    elif report.files is not None:
        for status in FileStatus:
            count = sum(f.status is status for f in report.files)
            if status is FileStatus.UNCHANGED and report.looked_at is not None:
                count += report.looked_at - len(report.files)
            if count or status in (FileStatus.PORTED, FileStatus.UNCHANGED):
                parts.append(f"{status} {count}")
        parts += ["nothing to write"] if _is_settled(report.files) else []
    counts = report.summary
    parts += counted(counts.errors, counts.warnings, counts.infos)
    if report.checks is not None:
        skipped = sum(c.status is CheckStatus.SKIPPED for c in report.checks)
        if skipped:
            parts.append(f"{skipped} skipped")
        if not report.findings and not report.problems:
            parts.insert(0, "nothing found")
    joint = " · " if style.unicode else ", "
    if parts or not report.infos_count:  # text in which no error is known is not clean
        told = joint.join(parts) or ("" if report.problems else "nothing found")
        if told:
            yield ((told, "bold"),)
