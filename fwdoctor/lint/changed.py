"""Which lines changed since a commit, as git says: findings of a pull request, and not of the whole tree."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import field

from fwdoctor.errors import FwdoctorError
from fwdoctor.finding import Finding
from fwdoctor.lean_dataclass import dataclass

_TIMEOUT_S = 60
_HUNK = re.compile(rb"@@ -\S+ \+(\d+)(?:,(\d+))? @@")
#: Variables that would change what `git diff` writes.
_STEERING = frozenset({"GIT_DIFF_OPTS", "GIT_EXTERNAL_DIFF"})
#: All lines of a file.
EVERY = range(1, 1 << 31)


@dataclass(frozen=True)
class Lines:
    """The lines of a file that are new, and those behind which some were taken out."""

    new: list[range] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)

    def touch(self, first: int, last: int) -> bool:
        """Whether something between two lines changed."""
        return any(r.start <= last and first < r.stop for r in self.new) or any(
            first <= cut < last for cut in self.cuts
        )


class Changes:
    """What changed since a commit, in each repository that a finding lies in.

    Raises (also :meth:`touches`):
        FwdoctorError: there is no git, no repository, or no such commit.
    """

    def __init__(self, reference: str, folder: str = ".") -> None:
        self._reference = reference
        self._roots: dict[str, str] = {}
        self._lines: dict[str, dict[str, Lines]] = {}
        self._of(self._root(folder))  # a wrong commit is told, whatever is found

    def touches(self, finding: Finding) -> bool:
        """Whether a finding stands on a changed line; in a notebook, whether the file changed at all."""
        place = finding.location
        if place is None:
            return False
        path = os.path.realpath(place.path)
        lines = self._of(self._root(os.path.dirname(path))).get(path)
        if lines is None or place.cell is not None or place.line is None:
            return lines is not None
        return lines.touch(place.line, place.end_line or place.line)

    def _root(self, folder: str) -> str:
        folder = os.path.realpath(folder)
        if folder not in self._roots:
            found = _git(folder, "rev-parse", "--show-toplevel").rstrip(b"\n")
            self._roots[folder] = os.path.realpath(os.fsdecode(found))
        return self._roots[folder]

    def _of(self, root: str) -> dict[str, Lines]:
        if root not in self._lines:
            self._lines[root] = since(self._reference, root)
        return self._lines[root]


def since(reference: str, root: str) -> dict[str, Lines]:
    """What changed in a working tree since the branch left ``reference`` (a commit, a branch, a tag).

    Files that git does not track yet count as new. Those that it ignores do not.
    """
    if not reference or reference.startswith("-") or ".." in reference:
        raise FwdoctorError(f"--diff-base {reference!r}: give one commit, branch or tag")
    commit = _git(root, "rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}", what=reference)
    base = _merge_base(root, os.fsdecode(commit.strip()))
    diff = _git(
        root, "-c", "core.quotepath=off", "diff", "--no-color", "--no-ext-diff", "--no-textconv", "--text",
        "--src-prefix=a/", "--dst-prefix=b/", "--unified=0", "--find-renames", "--relative", base, "--",
    )  # fmt: skip
    lines = {os.path.realpath(os.path.join(root, name)): found for name, found in _parsed(diff).items()}
    new = _git(root, "ls-files", "--others", "--exclude-standard", "-z")
    for raw in new.split(b"\0"):
        if raw:
            lines[os.path.realpath(os.path.join(root, os.fsdecode(raw)))] = Lines([EVERY])
    return lines


def _merge_base(folder: str, commit: str) -> str:
    """Where the branch left the commit; the commit itself where they have nothing in common."""
    try:
        return os.fsdecode(_git(folder, "merge-base", commit, "HEAD").strip())
    except FwdoctorError:
        return commit


def _git(folder: str, *words: str, what: str | None = None) -> bytes:
    try:
        done = subprocess.run(
            ["git", "-C", folder, *words],
            capture_output=True,
            check=False,
            timeout=_TIMEOUT_S,
            env={k: v for k, v in os.environ.items() if k not in _STEERING},
        )
    except FileNotFoundError as error:
        raise FwdoctorError("--diff-base needs git, which is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise FwdoctorError(f"--diff-base: git did not answer in {_TIMEOUT_S} seconds") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
        reason = f"there is no commit {what!r} in {folder} (a shallow clone lacks most)" if what else said
        raise FwdoctorError(f"--diff-base: {reason or 'git failed'}")
    return done.stdout


def _parsed(diff: bytes) -> dict[str, Lines]:
    """The changes of a diff without context, by the new name of each file."""
    found: dict[str, Lines] = {}
    current = Lines()
    in_header = True
    for line in diff.split(b"\n"):
        if line.startswith(b"diff --git "):
            in_header = True
        elif in_header and line.startswith(b"+++ "):
            current = Lines()
            if line[4:6] == b"b/" or line[4:7] == b'"b/':
                current = found.setdefault(_name(line[4:]), Lines())
        elif (hunk := _HUNK.match(line)) is not None:
            in_header = False
            start, count = int(hunk[1]), int(hunk[2]) if hunk[2] else 1
            if count:
                current.new.append(range(start, start + count))
            else:
                current.cuts.append(start)
    return found


def _name(shown: bytes) -> str:
    """A name as the diff's header has it: quoted where it holds odd characters, a tab behind a space."""
    shown = shown.rstrip(b"\t\r")
    if shown.startswith(b'"'):
        inner = shown[1:-1].decode("latin-1")
        shown = inner.encode("latin-1").decode("unicode_escape").encode("latin-1")
    return os.fsdecode(shown[2:])
