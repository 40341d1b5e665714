"""Ports files one after the other: what one process shares between them."""

from __future__ import annotations

import ast
import gc
import os

from fwdoctor.finding import FileOutcome, FileStatus, Finding
from fwdoctor.fit import project
from fwdoctor.fit.session import Context, open_port
from fwdoctor.fit.target import Choice
from fwdoctor.migrate import documents, notebooks, pieces, transform
from fwdoctor.source.text import SourceText, UnreadableSource, decode_source, parse_guarded
from fwdoctor.source.write import WriteFailed, unified_diff, write_atomically

#: Files that people name among others; anything else that is named is taken for Python.
_NOT_PYTHON = frozenset({".rst", ".yaml", ".yml", ".toml", ".json", ".jsonl", ".sh", ".txt", ".cfg", ".lock"})


class Session:
    """What the files of one run share."""

    def __init__(self, choice: Choice, *, write: bool, diff: bool) -> None:
        # Syntax trees are many small objects that point at each other; looking for garbage among them
        # again and again takes a sixth of the time of a port. What is loaded by now stays anyway.
        gc.freeze()
        gc.set_threshold(100_000, 20, 20)
        self._surfaces = choice.surfaces()
        self._preserve_defaults = choice.preserve_defaults
        self._fixtures = project.Fixtures(self._surfaces)
        self._write = write
        self._diff = diff

    def file(self, path: str, data: bytes) -> tuple[FileOutcome, tuple[Finding, ...]] | None:
        """Port one file; what goes wrong is its outcome, never an exception. None: it is a library's own."""
        if project.is_library(path):
            return None
        suffix = os.path.splitext(path)[1].lower()
        if suffix in _NOT_PYTHON:
            return FileOutcome(
                path, FileStatus.SKIPPED, reason="only Python, notebooks and Markdown are ported"
            ), ()
        try:
            source = decode_source(path, data)
            if suffix in documents.SUFFIXES:
                context = Context(self._surfaces, abbreviated=True, preserve_defaults=self._preserve_defaults)
                ported = documents.port_document(path, source.text, context, source.newline)
                return self._finish(path, source, ported)
            if suffix in notebooks.SUFFIXES:
                context = Context(self._surfaces, preserve_defaults=self._preserve_defaults)
                ported = notebooks.port_notebook(path, source.text, context, source.newline)
                return self._finish(path, source, ported)
            return self._port(path, source, parse_guarded(source))
        except pieces.NotOurs as error:
            return FileOutcome(path, FileStatus.SKIPPED, reason=str(error)), ()
        except UnreadableSource as error:
            return self._failed(path, error.reason), ()
        except transform.NotVerified as error:
            return self._failed(path, f"left as it was: {error}"), ()
        except WriteFailed as error:
            return self._failed(path, str(error).removeprefix(f"{path}: ")), ()
        except RecursionError:
            return self._failed(path, "left as it was: nested too deeply to port"), ()
        except Exception as error:
            if os.environ.get("FWDOCTOR_DEBUG"):
                raise
            # One file's surprise must not cost the others their port.
            reason = f"left as it was: internal error ({type(error).__name__}); FWDOCTOR_DEBUG=1 shows where"
            return self._failed(path, reason), ()

    @staticmethod
    def _failed(path: str, reason: str) -> FileOutcome:
        return FileOutcome(path, FileStatus.FAILED, reason=reason)

    def _port(
        self, path: str, source: SourceText, tree: ast.Module
    ) -> tuple[FileOutcome, tuple[Finding, ...]]:
        context = Context(
            self._surfaces,
            project.module_name(path),
            lambda name: self._fixtures.lookup(path, name),
            preserve_defaults=self._preserve_defaults,
        )
        first = open_port(path, source.text, context, source.newline, tree)
        if (other := project.lookalike(path, first.model)) is not None:
            reason = f"its imports reach the package {other}, which is not the cookbook"
            return FileOutcome(path, FileStatus.SKIPPED, reason=reason), ()
        return self._finish(path, source, transform.port_opened(first, context))

    def _finish(
        self, path: str, source: SourceText, ported: transform.Ported
    ) -> tuple[FileOutcome, tuple[Finding, ...]]:
        """Write what was ported, if that is wanted, and say what became of the file."""
        new = source.encode(ported.text)
        changed = new != source.data
        if changed and self._write:
            write_atomically(path, new, expected=source.data)
        status = FileStatus.PORTED if changed else FileStatus.UNCHANGED
        if ported.todo:
            status = FileStatus.PARTIAL
        outcome = FileOutcome(
            path,
            status,
            moves=ported.done,
            todo=ported.todo,
            diff=self._shown(source, ported.text, new) if self._diff and changed else None,
            changed=changed,
        )
        return outcome, (*ported.todo, *ported.notes)

    @staticmethod
    def _shown(source: SourceText, text: str, data: bytes) -> str:
        """The difference that a person wants to see."""
        if source.path.lower().endswith(notebooks.SUFFIXES):
            return notebooks.cell_diff(source.path, source.text, text)
        return unified_diff(source.path, source.data, data)
