"""A baseline: the findings that a project lives with for now. Only new ones are told.

A finding is known by its rule, its file and the text of its line, and every entry counts: code that moves
stays known, and a second hit of the same kind is new. What is mended leaves the file by itself, so that it
cannot come back unseen.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fwdoctor.errors import FwdoctorError
from fwdoctor.finding import Finding
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.lint.run import Seen
from fwdoctor.source.write import WriteFailed, put, write_atomically

FORMAT = 1


@dataclass(frozen=True)
class Baseline:
    """The entries of a file: for each path (relative to the file's folder) how often each key is known."""

    path: Path
    entries: Mapping[str, Mapping[str, int]]
    data: bytes | None = None

    def sift(self, findings: Sequence[Finding]) -> list[Finding]:
        """The findings that are not known."""
        left = {path: Counter(keys) for path, keys in self.entries.items()}
        new = []
        for finding in findings:
            known = left.get(self._relative(finding))
            found = key(finding)
            if known is not None and known[found] > 0:
                known[found] -= 1
            else:
                new.append(finding)
        return new

    def shrunk(self, seen: Seen) -> Baseline:
        """Without what is not needed any more: of what was looked for, and of files that are gone."""
        found = self._counted(seen.findings)
        entries = {}
        for path, keys in self.entries.items():
            full = self._full(path)
            if not os.path.lexists(full):
                continue
            there = found.get(path, Counter())
            kept = {k: min(n, there[k]) if seen.judged(full, _rule(k)) else n for k, n in keys.items()}
            if kept := {k: n for k, n in kept.items() if n}:
                entries[path] = kept
        return Baseline(self.path, entries, self.data)

    def grown(self, seen: Seen) -> Baseline:
        """With all findings of what was looked for, and the old entries of what was not."""
        entries: dict[str, dict[str, int]] = {}
        for path, keys in self.entries.items():
            full = self._full(path)
            if os.path.lexists(full):
                entries[path] = {k: n for k, n in keys.items() if not seen.judged(full, _rule(k))}
        for path, found in self._counted(seen.findings).items():
            entries[path] = {**entries.get(path, {}), **found}
        return Baseline(self.path, {p: k for p, k in entries.items() if k}, self.data)

    def rekeyed(self, seen: Seen) -> Baseline:
        """With new keys for what is left in files that fixes changed: the line is new, the finding is not."""
        entries = {p: dict(k) for p, k in self.entries.items()}
        for path, keys in self.entries.items():
            if self._full(path) not in seen.fixed:
                continue
            rules: Counter[str] = Counter()
            for k, n in keys.items():
                rules[_rule(k)] += n
            new: Counter[str] = Counter()
            for finding in seen.findings:
                if self._relative(finding) == path and rules[finding.rule] > 0:
                    rules[finding.rule] -= 1
                    new[key(finding)] += 1
            entries[path] = dict(new)
        return Baseline(self.path, entries, self.data)

    def write(self) -> bool:
        """Put it on disk if it says anything new; whether it did.

        Raises:
            FwdoctorError: it cannot be written; an old file stays as it is.
        """
        table = {
            "tool": "fwdoctor",
            "baseline": FORMAT,
            "findings": {p: dict(sorted(k.items())) for p, k in sorted(self.entries.items())},
        }
        data = (json.dumps(table, indent=2, ensure_ascii=False) + "\n").encode()
        if data == self.data:
            return False
        try:
            if self.data is None:
                put(self.path, data)
            else:
                write_atomically(self.path, data, expected=self.data)
        except WriteFailed as error:
            raise FwdoctorError(str(error)) from error
        except OSError as error:
            raise FwdoctorError(
                f"{self.path}: cannot write the baseline: {error.strerror or error}"
            ) from error
        return True

    def _counted(self, findings: Iterable[Finding]) -> dict[str, Counter[str]]:
        found: dict[str, Counter[str]] = {}
        for finding in findings:
            found.setdefault(self._relative(finding), Counter())[key(finding)] += 1
        return found

    def _relative(self, finding: Finding) -> str:
        return self._shown(finding.location.path if finding.location else "")

    def _full(self, path: str) -> str:
        folder = os.path.dirname(os.path.abspath(self.path))
        return os.path.normpath(os.path.join(folder, path))

    def _shown(self, path: str) -> str:
        folder = os.path.dirname(os.path.abspath(self.path))
        return os.path.relpath(os.path.abspath(path), folder).replace(os.sep, "/")


def key(finding: Finding) -> str:
    """What makes two findings of a file the same: the rule and the text of the line, as a digest.

    A digest, because the line may hold a key, and the file is committed.
    """
    text = " ".join((finding.excerpt or finding.message).split())
    return f"{finding.rule} {hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _rule(known: str) -> str:
    """The rule of a key."""
    return known.partition(" ")[0]


def load(path: Path, *, create: bool = False) -> Baseline:
    """Read a baseline; with ``create`` a file that is not there is an empty one.

    Raises:
        FwdoctorError: it is not there, or it is none.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        if create:
            return Baseline(path, {})
        raise FwdoctorError(
            f"{path}: there is no such baseline; --update-baseline makes it from what is found now"
        ) from error
    except OSError as error:
        raise FwdoctorError(f"{path}: cannot read the baseline: {error.strerror or error}") from error
    try:
        return Baseline(path, _entries(json.loads(data)), data)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise FwdoctorError(f"{path}: this is no baseline of fwdoctor lint ({error})") from error


def _entries(table: Any) -> dict[str, dict[str, int]]:
    if table["baseline"] != FORMAT:
        raise ValueError(f"format {table['baseline']!r}; this version reads {FORMAT}")
    return {str(p): {str(k): int(n) for k, n in keys.items()} for p, keys in table["findings"].items()}
