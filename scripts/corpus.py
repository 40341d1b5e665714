"""Run fwdoctor over code of others, and count what must never happen.

    python scripts/corpus.py --tree "standard library=/usr/lib/python3.11" \\
        --git "cookbook=/path/to/clone@COMMIT:training" --target latest --write

``--tree NAME[@COMMIT]=FOLDER`` is a folder, ``--git NAME=REPOSITORY@COMMIT[:FOLDER]`` a commit of a clone;
both may be given again and again. Every Python file is ported and linted, also those that the quick look at
their bytes would drop. Nothing is written beside docs/quality.md (``--write``).

Counted are: crashes; ports that did not pass their own proof (the file stays as it was); files that use
neither the SDK nor the cookbook and would change; ports that a second run changes again; findings, of lint or
migrate, in files that use neither (false alarms). Exit status 1: any of them but the second.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fwdoctor.finding import FileStatus
from fwdoctor.fit.target import Choice, resolve
from fwdoctor.lint.session import Selection
from fwdoctor.lint.session import Session as Lint
from fwdoctor.migrate.session import Session as Migrate
from fwdoctor.source.sieve import may_use_fireworks

PAGE = Path(__file__).parents[1] / "docs" / "quality.md"
_FAILED_PROOF = "left as it was"


@dataclass
class Count:
    """What became of the files of one corpus."""

    name: str
    commit: str
    files: int = 0
    uses: int = 0
    ported: int = 0
    unreadable: int = 0
    unproven: list[str] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unstable: list[str] = field(default_factory=list)
    false_alarms: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def is_clean(self) -> bool:
        """Whether nothing happened that must not."""
        return not (self.crashes or self.changed or self.unstable or self.false_alarms)


class Runner:
    """Ports and lints files, one target for all."""

    def __init__(self, target: str) -> None:
        self._migrate = Migrate(Choice(target), diff=False)
        self._lint = Lint(resolve(target), Selection())

    def look(self, path: str, data: bytes, count: Count) -> None:
        """Add one file to a count."""
        count.files += 1
        linted = self._lint.lint(path, data)
        # The sieve drops what cannot use it; what it drops must come out unused here, too.
        uses = linted.uses_fireworks and may_use_fireworks(data, inside=True)
        count.uses += uses
        result = self._migrate.file(path, data)
        if result is None:  # the SDK's own files
            return
        reason = result.outcome.reason or ""
        if result.outcome.status is FileStatus.FAILED and reason.startswith(_FAILED_PROOF):
            count.unproven.append(f"{path}: {reason}")
        elif result.outcome.status is FileStatus.FAILED:
            count.unreadable += 1
        if not uses:
            told = [f.finding for f in linted.found] + list(result.findings)
            count.false_alarms += [f"{f.location}: {f.rule} {f.message}" for f in told]
            count.changed += [path] if result.new is not None else []
        elif result.new is not None:
            count.ported += 1
            again = self._migrate.file(path, result.new)
            if again is None or again.new is not None:
                count.unstable.append(path)


def files(folder: Path) -> Iterator[Path]:
    """The Python files below a folder, in order; no links, and no packages that are installed below it."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if f not in (".git", "__pycache__", "site-packages"))
        yield from (Path(place, name) for name in sorted(names) if name.endswith(".py"))


def counted(name: str, commit: str, folder: Path, runner: Runner) -> Count:
    """What happens to all files of a folder. Each crash is one, and does not end the run."""
    count = Count(name, commit)
    began = time.monotonic()
    with contextlib.chdir(folder):
        for path in files(Path(".")):
            try:
                if path.is_file():
                    runner.look(str(path), path.read_bytes(), count)
            except Exception as error:  # that is what is looked for
                count.crashes.append(f"{path}: {type(error).__name__}: {error}")
    count.seconds = time.monotonic() - began
    return count


@contextlib.contextmanager
def checked_out(repository: str, commit: str, folder: str) -> Iterator[Path]:
    """The files of a commit in a temporary folder."""
    command = ["git", "-C", repository, "archive", commit, *([folder] if folder else [])]
    data = subprocess.run(command, capture_output=True, check=True).stdout
    with tempfile.TemporaryDirectory() as scratch:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            archive.extractall(scratch, filter="data")
        yield Path(scratch)


def run(options: argparse.Namespace) -> list[Count]:
    """Look at every corpus that was asked for."""
    # Inside, an internal error is told in one line; here it has to come out.
    os.environ["FWDOCTOR_DEBUG"] = "1"
    runner = Runner(options.target)
    counts = []
    for given in options.git:
        name, _, rest = given.partition("=")
        repository, _, rest = rest.rpartition("@")
        commit, _, folder = rest.partition(":")
        with checked_out(repository, commit, folder) as place:
            counts.append(counted(name, commit[:8], place, runner))
    for given in options.tree:
        name, _, place = given.partition("=")
        name, _, commit = name.partition("@")
        counts.append(counted(name, commit, Path(place).resolve(), runner))
    return counts


def table(counts: Sequence[Count]) -> str:
    """The counts in Markdown."""
    out = [
        (
            "| corpus | commit | files | use Fireworks | ported | unreadable | crashes | others changed "
            "| second run differs | not proven | false alarms | files/s |"
        ),
        "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for c in counts:
        bad = (c.crashes, c.changed, c.unstable, c.unproven, c.false_alarms)
        numbers = (
            c.files,
            c.uses,
            c.ported,
            c.unreadable,
            *map(len, bad),
            round(c.files / max(c.seconds, 0.01)),
        )
        out.append(f"| {c.name} | {c.commit or '-'} | {' | '.join(f'{n:,}' for n in numbers)} |")
    return "\n".join(out)


def replaced(page: str, name: str, text: str) -> str:
    """A page with a new text between the marks of a block."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, _, rest = page.partition(begin)
    return f"{before}{begin}\n{text}\n{end}{rest.partition(end)[2]}"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tree", action="append", default=[], metavar="NAME[@COMMIT]=FOLDER")
    parser.add_argument("--git", action="append", default=[], metavar="NAME=REPOSITORY@COMMIT[:FOLDER]")
    parser.add_argument("--target", default="latest")
    parser.add_argument("--write", action="store_true", help="put the table into docs/quality.md")
    options = parser.parse_args()
    counts = run(options)
    for count in counts:
        rows = (*count.crashes, *count.changed, *count.unstable, *count.unproven, *count.false_alarms)
        for row in rows:
            print(f"{count.name}: {row}", file=sys.stderr)
    python = ".".join(map(str, sys.version_info[:3]))
    text = f"{dt.date.today()}, target {options.target}, Python {python}.\n\n{table(counts)}"
    print(text)
    if options.write:
        PAGE.write_text(replaced(PAGE.read_text("utf-8"), "corpus", text), "utf-8")
    return 0 if all(count.is_clean for count in counts) else 1


if __name__ == "__main__":
    sys.exit(main())
