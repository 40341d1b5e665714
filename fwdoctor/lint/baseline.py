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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fwdoctor.errors import FwdoctorError
from fwdoctor.finding import Finding
from fwdoctor.source.write import WriteFailed, write_atomically

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

    def shrunk(self, findings: Iterable[Finding], looked_at: Iterable[str]) -> Baseline:
        """Without the entries that the files which were looked at do not need any more."""
        seen = self._counted(findings)
        judged = {self._shown(path) for path in looked_at}
        entries = {}
        for path, keys in self.entries.items():
            if path not in judged:
                entries[path] = dict(keys)
                continue
            kept = {k: min(count, seen.get(path, Counter())[k]) for k, count in keys.items()}
            if kept := {k: count for k, count in kept.items() if count}:
                entries[path] = kept
        return Baseline(self.path, entries, self.data)

    def grown(self, findings: Iterable[Finding], looked_at: Iterable[str]) -> Baseline:
        """With all findings of the files that were looked at, and the old entries of the others."""
        judged = {self._shown(path) for path in looked_at}
        entries = {p: dict(k) for p, k in self.entries.items() if p not in judged}
        entries |= {p: dict(k) for p, k in self._counted(findings).items()}
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
                self.path.write_bytes(data)
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

    def _shown(self, path: str) -> str:
        folder = os.path.dirname(os.path.abspath(self.path))
        return os.path.relpath(os.path.abspath(path), folder).replace(os.sep, "/")


def key(finding: Finding) -> str:
    """What makes two findings of a file the same: the rule and the text of the line, as a digest.

    A digest, because the line may hold a key, and the file is committed.
    """
    text = " ".join((finding.excerpt or finding.message).split())
    return f"{finding.rule} {hashlib.sha256(text.encode()).hexdigest()[:16]}"


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
