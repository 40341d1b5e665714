"""Which lines changed since a commit, as git says: findings of a pull request, and not of the whole tree."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence

from fwdoctor.errors import FwdoctorError
from fwdoctor.finding import Finding

_TIMEOUT_S = 60
_HUNK = re.compile(rb"@@ -\S+ \+(\d+)(?:,(\d+))? @@")
#: All lines of a file.
EVERY = range(1, 1 << 31)


class Changes:
    """The lines that are new since a commit, by real path."""

    def __init__(self, lines: Mapping[str, Sequence[range]]) -> None:
        self._lines = lines

    def touches(self, finding: Finding) -> bool:
        """Whether a finding stands on a changed line; in a notebook, whether the file changed at all."""
        place = finding.location
        if place is None:
            return False
        ranges = self._lines.get(os.path.realpath(place.path), ())
        if place.cell is not None or place.line is None:
            return bool(ranges)
        last = place.end_line or place.line
        return any(r.start <= last and place.line < r.stop for r in ranges)


def since(reference: str, folder: str = ".") -> Changes:
    """What changed in the working tree since the branch left ``reference`` (a commit, a branch, a tag).

    Files that git does not track yet count as new. Those that it ignores do not.

    Raises:
        FwdoctorError: there is no git, no repository, or no such commit.
    """
    root = os.fsdecode(_git(folder, "rev-parse", "--show-toplevel").rstrip(b"\n"))
    if reference.startswith("-"):
        raise FwdoctorError(f"--diff-base {reference}: this is no commit")
    commit = _git(folder, "rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}", what=reference)
    base = _merge_base(folder, os.fsdecode(commit.strip()))
    diff = _git(
        root, "-c", "core.quotepath=off", "diff", "--no-color", "--no-ext-diff", "--no-textconv",
        "--src-prefix=a/", "--dst-prefix=b/", "--unified=0", "--find-renames", "--relative", base, "--",
    )  # fmt: skip
    lines: dict[str, list[range]] = {}
    for name, found in _parsed(diff).items():
        lines[os.path.realpath(os.path.join(root, name))] = found
    new = _git(root, "ls-files", "--others", "--exclude-standard", "-z")
    for raw in new.split(b"\0"):
        if raw:
            lines[os.path.realpath(os.path.join(root, os.fsdecode(raw)))] = [EVERY]
    return Changes(lines)


def _merge_base(folder: str, commit: str) -> str:
    """Where the branch left the commit; the commit itself where they have nothing in common."""
    try:
        return os.fsdecode(_git(folder, "merge-base", commit, "HEAD").strip())
    except FwdoctorError:
        return commit


def _git(folder: str, *words: str, what: str | None = None) -> bytes:
    try:
        done = subprocess.run(
            ["git", "-C", folder, *words], capture_output=True, check=False, timeout=_TIMEOUT_S
        )
    except FileNotFoundError as error:
        raise FwdoctorError("--diff-base needs git, which is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise FwdoctorError(f"--diff-base: git did not answer in {_TIMEOUT_S} seconds") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
        reason = f"there is no commit {what!r} here (a shallow clone lacks most)" if what else said
        raise FwdoctorError(f"--diff-base: {reason or 'git failed'}")
    return done.stdout


def _parsed(diff: bytes) -> dict[str, list[range]]:
    """The new lines of a diff without context, by the new name of each file."""
    found: dict[str, list[range]] = {}
    current: list[range] = []
    in_header = True
    for line in diff.split(b"\n"):
        if line.startswith(b"diff --git "):
            in_header = True
        elif in_header and line.startswith(b"+++ "):
            current = []
            if line[4:6] == b"b/" or line[4:7] == b'"b/':
                current = found.setdefault(_name(line[4:]), [])
        elif (hunk := _HUNK.match(line)) is not None:
            in_header = False
            start, count = int(hunk[1]), int(hunk[2]) if hunk[2] else 1
            if count:
                current.append(range(start, start + count))
    return found


def _name(shown: bytes) -> str:
    """A name as the diff's header has it: quoted where it holds odd characters, a tab behind a space."""
    shown = shown.rstrip(b"\t\r")
    if shown.startswith(b'"'):
        inner = shown[1:-1].decode("latin-1")
        shown = inner.encode("latin-1").decode("unicode_escape").encode("latin-1")
    return os.fsdecode(shown[2:])
