"""Options that every command has, and how a report leaves the program."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fwdoctor.errors import FwdoctorError
from fwdoctor.finding import CheckOutcome, CheckStatus, FileOutcome, Finding, Report
from fwdoctor.lean_dataclass import dataclass

if TYPE_CHECKING:
    from fwdoctor.reporters import Style

_F = TypeVar("_F", bound=Callable[..., Any])
FORMATS = ("text", "concise", "json", "jsonl", "sarif", "github", "junit", "rdjson", "agent")
#: Those with a place for what ``surface`` and ``skill`` answer.
ANSWERS = ("text", "concise", "json", "jsonl", "agent")


@dataclass(frozen=True)
class Output:
    """What the user wants to see, where, and what it does to the exit status."""

    output_format: str
    output_file: str | None
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    exit_zero: bool
    quiet: bool
    verbose: bool
    color: bool | None
    #: codes that are wanted in addition to those of the settings
    extend_select: tuple[str, ...] = ()
    #: the codes of --select alone
    asked: tuple[str, ...] = ()

    def finish(
        self,
        report: Report,
        *,
        paged: bool = False,
        to_stderr: bool = False,
        part: str | None = None,
        statistics: bool = False,
    ) -> int:
        """Print the report, filtered, and return the exit status.

        ``paged``: through the user's pager where it goes to a terminal. ``to_stderr``: the standard output
        belongs to something else. ``part``: only its ``findings``, or only its ``summary``. ``statistics``:
        only how many findings there are of each rule.
        """
        from fwdoctor import reporters

        report = filtered(report, self.select, self.ignore)
        style = self._style(part)
        if statistics:
            from fwdoctor.reporters.statistics import render

            text = render(report, style, as_json=self.output_format == "json")
        else:
            text = reporters.render_as(report, self.output_format, style)
        if self.output_file:
            write_output(self.output_file, text)
        elif to_stderr:
            click.echo(text, err=True, nl=False)
        elif text and paged and sys.stdout is not None and sys.stdout.isatty():
            click.echo_via_pager(text, color=style.color)
        elif text:
            _print(text)
        if self.output_format in ("text", "concise"):
            from fwdoctor.reporters._secrets import without_secrets

            for problem in without_secrets(report).problems:
                click.echo(f"fwdoctor: {problem}", err=True)
        if style.job_summary:
            _append_job_summary(report, style)
        return report.exit_status(exit_zero=self.exit_zero)

    def _style(self, part: str | None) -> Style:
        """How the report is to look here; formats whose readers know the repository only get its root."""
        from fwdoctor.reporters import Style

        placed = self.output_format in ("sarif", "github")
        folder = os.getcwd() if placed else None
        return Style(
            color=self.use_color(),
            quiet=self.quiet,
            verbose=self.verbose,
            unicode=self._unicode(),
            part=part,
            folder=folder,
            root=None if folder is None else _repository(folder),
            job_summary=self.output_format == "github" and bool(os.environ.get("GITHUB_STEP_SUMMARY")),
            rest=_rest() if self.output_format == "agent" else None,
        )

    def use_color(self) -> bool:
        """--color/--no-color, else NO_COLOR, else whether this is a terminal."""
        if self.color is not None:
            return self.color
        if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or self.output_file:
            return False
        return sys.stdout is not None and sys.stdout.isatty()

    def _unicode(self) -> bool:
        encoding = "utf-8" if self.output_file else getattr(sys.stdout, "encoding", None) or "ascii"
        try:
            "✓✗·…".encode(encoding)
        except (UnicodeEncodeError, LookupError):
            return False
        return True


#: Commands, and options, of which nobody wants to do again what they do, only to read more.
_ACT = {("run",), ("resume",), ("skill",)}
_WRITE = {"--fix", "--unsafe-fixes", "--add-noqa", "--update-baseline"}
_LOOK = {"--diff", "--check"}
#: Options that say how and where a report is written.
_ELSEWHERE = ("--output-format", "--output-file", "-o")


def _rest() -> str | None:
    """The command that was given, asking for all of its findings; None where it must not be given again."""
    import shlex

    context = click.get_current_context(silent=True)
    given = context.find_root().obj if context is not None else None
    if not isinstance(given, tuple):
        return None
    if (
        given[:1] in _ACT
        or _WRITE.intersection(given)
        or (given[:1] == ("migrate",) and not _LOOK & {*given})
    ):
        return None
    words: list[str] = []
    waiting = list(given)
    while waiting:
        word = waiting.pop(0)
        if word == "--":
            words += [word, *waiting]
            break
        if word in _ELSEWHERE:
            del waiting[:1]
        elif word != "--agent" and not word.startswith(tuple(f"{name}=" for name in _ELSEWHERE)):
            words.append(word)
    # Behind the name of the command: what follows a -- is not ours.
    at = 2 if words[:1] and words[0] in ("surface", "probe", "skill") else 1
    return shlex.join(["fwdoctor", *words[:at], "--output-format", "concise", *words[at:]])


def _print(text: str) -> None:
    """Write to the standard output; file names that are no text are shown as they can be.

    Raises:
        FwdoctorError: it is closed, or full.
    """
    stream = sys.stdout
    if stream is None:  # closed before Python started
        raise FwdoctorError("the standard output is closed; -o FILE writes the report to a file")
    with _told_if_full():
        stream.write(text.encode("utf-8", "replace").decode())
        stream.flush()


def print_bytes(data: bytes) -> None:
    """Write a file's new content to the standard output.

    Raises:
        FwdoctorError: it is closed, or full.
    """
    if sys.stdout is None:
        raise FwdoctorError("the standard output is closed")
    with _told_if_full():
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


@contextlib.contextmanager
def _told_if_full() -> Iterator[None]:
    """Say why nothing more can be written; a reader that went away is for the command line to handle."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        # What is left in the buffer would be tried again at exit, and complained about again.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise FwdoctorError(f"cannot write to the standard output: {error.strerror or error}") from error


def read_input() -> bytes:
    """All of the standard input.

    Raises:
        FwdoctorError: it is closed.
    """
    if sys.stdin is None:  # closed before Python started
        raise FwdoctorError("'-' is the standard input, and that is closed")
    return sys.stdin.buffer.read()


def of_input(report: Report, name: str) -> Report:
    """The report on the standard input, ``name`` by --stdin-filename.

    Commands on that file are suggested only where somebody said what it is called, and it is there.
    """
    from click.core import ParameterSource

    from fwdoctor.suggested import without_file

    context = click.get_current_context()
    given = context.get_parameter_source("stdin_filename") is not ParameterSource.DEFAULT
    return report if given and os.path.isfile(name) else without_file(report, name)


def write_output(path: str, text: str) -> None:
    """Write the report to a file.

    Raises:
        FwdoctorError: it cannot be written.
    """
    from fwdoctor.source.write import put

    try:
        put(path, text.encode("utf-8", "replace"))
    except OSError as error:
        raise FwdoctorError(f"{path}: cannot write the report: {error.strerror or error}") from error


def _repository(folder: str) -> str:
    """The root of the repository that the folder is in; the folder itself if it is in none."""
    root = folder
    while not os.path.lexists(os.path.join(root, ".git")):
        parent = os.path.dirname(root)
        if parent == root:
            return folder
        root = parent
    return root


def _append_job_summary(report: Report, style: Style) -> None:
    """Add all findings to the summary of the job on GitHub; a summary that cannot be written is only told."""
    from fwdoctor.reporters import github_

    path = os.environ["GITHUB_STEP_SUMMARY"]
    try:
        taken = os.path.getsize(path) if os.path.exists(path) else 0
        text = github_.summary(report, style, github_.SUMMARY - taken)
        if not text:
            click.echo(f"fwdoctor: {path}: the job summary is full; nothing was added to it", err=True)
        with open(path, "a", encoding="utf-8", errors="replace", newline="") as file:
            file.write(text)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        click.echo(f"fwdoctor: {path}: cannot write the job summary: {reason}", err=True)


def _codes(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    codes = tuple(c.strip() for v in values for c in v.split(",") if c.strip())
    from fwdoctor.settings import check_codes

    try:
        check_codes(codes)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    return codes


_FILTERS = ("select", "extend_select", "ignore")
_FLAGS = ("exit_zero", "quiet", "verbose")


def _options_without(*left_out: str, formats: Sequence[str] = FORMATS) -> Callable[[_F], _F]:
    """Gives a command the common options, but not those that would do nothing there.

    It gets all of them as ``output=Output(...)``; what is left out has its default.
    """
    codes: dict[str, Any] = {"multiple": True, "callback": _codes, "metavar": "RULES"}
    # The others are refused with the reason, when there is an answer to be shown.
    shown = f"[{'|'.join(formats)}]"
    no_color = "Colour, or none. NO_COLOR is honoured."
    options = {
        "output_format": click.option(
            "--output-format", type=click.Choice(FORMATS), default="text", show_default=True, metavar=shown
        ),
        "output_file": click.option(
            "-o", "--output-file", type=click.Path(dir_okay=False), help="Write the report here."
        ),
        "select": click.option(
            "--select", **codes, help="Only findings of these rules: FWD, FWD106, a name …"
        ),
        "extend_select": click.option("--extend-select", **codes, help="Findings of these rules, too."),
        "ignore": click.option("--ignore", **codes, help="No findings of these rules."),
        "exit_zero": click.option(
            "--exit-zero", is_flag=True, help="Exit with 0 in spite of findings (not instead of 2)."
        ),
        "quiet": click.option("-q", "--quiet", is_flag=True, help="Only findings."),
        "verbose": click.option("-v", "--verbose", is_flag=True, help="More: causes, and what was fine."),
        "color": click.option("--color/--no-color", default=None, help=no_color),
    }
    defaults: dict[str, Any] = dict.fromkeys(_FILTERS, ()) | dict.fromkeys(_FLAGS, False)
    missing = {name: defaults[name] for name in left_out}

    def decorate(function: _F) -> _F:
        @functools.wraps(function)
        def wrapper(**values: Any) -> Any:
            values |= missing
            names = [f.name for f in dataclasses.fields(Output)]
            taken = {n: values.pop(n) for n in names if n not in ("select", "asked")}
            # Without --select all rules are wanted, and there is nothing to add to them.
            asked = values.pop("select")
            select = (*asked, *taken["extend_select"]) if asked else ()
            return function(output=Output(select=select, asked=asked, **taken), **values)

        for name, option in reversed(options.items()):
            if name not in missing:
                wrapper = option(wrapper)
        return wrapper  # type: ignore[return-value]

    return decorate


#: The options of commands that report findings.
output_options = _options_without()
#: Of one whose exit status is that of another command.
passing_options = _options_without("exit_zero")
#: Of those that answer without findings: there is nothing to choose, and formats of findings cannot hold it.
answer_options = _options_without(*_FILTERS, "quiet", formats=ANSWERS)
#: Of an answer that is never a failure.
fact_options = _options_without(*_FILTERS, "quiet", "exit_zero", formats=ANSWERS)
#: Of a fact that is one line.
line_options = _options_without(*_FILTERS, "quiet", "exit_zero", "verbose", formats=ANSWERS)
#: Of a command that does something, and says what it did.
doing_options = _options_without(*_FILTERS, "verbose", formats=ANSWERS)


def filtered(report: Report, select: tuple[str, ...], ignore: tuple[str, ...]) -> Report:
    """The report with only the findings that were asked for; every format gets the same."""
    if not select and not ignore:
        return report

    from fwdoctor.rulebook import is_selected

    def wanted(finding: Finding) -> bool:
        return is_selected(finding.rule, finding.name, select, ignore)

    def check(outcome: CheckOutcome) -> CheckOutcome:
        kept = tuple(f for f in outcome.findings if wanted(f))
        if outcome.findings and not kept:
            # Neither found nor fine: nobody asked.
            return dataclasses.replace(
                outcome, status=CheckStatus.SKIPPED, detail="not selected", findings=()
            )
        return dataclasses.replace(outcome, findings=kept)

    def file(outcome: FileOutcome) -> FileOutcome:
        return dataclasses.replace(outcome, todo=tuple(f for f in outcome.todo if wanted(f)))

    return dataclasses.replace(
        report,
        findings=tuple(f for f in report.findings if wanted(f)),
        checks=None if report.checks is None else tuple(map(check, report.checks)),
        files=None if report.files is None else tuple(map(file, report.files)),
    )
