"""Ports files one after the other: what one process shares between them."""

from __future__ import annotations

import ast
import dataclasses
import gc
import os

from fwdoctor.finding import FileOutcome, FileStatus
from fwdoctor.fit import project
from fwdoctor.fit.neighbours import Neighbours
from fwdoctor.fit.session import Context, open_port
from fwdoctor.fit.target import Choice
from fwdoctor.migrate import documents, notebooks, pieces, transform
from fwdoctor.migrate.writing import Result
from fwdoctor.source.text import SourceText, UnreadableSource, decode_source, parse_guarded
from fwdoctor.source.write import unified_diff

#: Files that people name among others; anything else that is named is taken for Python.
_NOT_PYTHON = frozenset({".rst", ".toml", ".json", ".jsonl", ".sh", ".txt", ".cfg", ".lock"})


class Session:
    """What the files of one run share."""

    def __init__(self, choice: Choice, *, diff: bool) -> None:
        # Syntax trees are many small objects that point at each other; looking for garbage among them
        # again and again takes a sixth of the time of a port. What is loaded by now stays anyway.
        gc.freeze()
        gc.set_threshold(100_000, 20, 20)
        self._surfaces = choice.surfaces()
        self._context = Context(
            self._surfaces,
            preserve_defaults=choice.preserve_defaults,
            select=choice.select,
            ignore=choice.ignore,
        )
        self._fixtures = project.Fixtures(self._surfaces)
        self._neighbours = Neighbours()
        self._diff = diff

    def file(self, path: str, data: bytes) -> Result | None:
        """Port one file; what goes wrong is its outcome, never an exception. None: it is a library's own."""
        if project.is_library(path):
            return None
        suffix = os.path.splitext(path)[1].lower()
        if suffix in _NOT_PYTHON:
            return Result(
                FileOutcome(path, FileStatus.SKIPPED, reason="only Python, notebooks and Markdown are ported")
            )
        try:
            source = decode_source(path, data)
            if suffix in documents.SUFFIXES:
                context = dataclasses.replace(self._context, abbreviated=True)
                ported = documents.port_document(path, source.text, context, source.newline)
                return self._finish(path, source, ported)
            if suffix in notebooks.SUFFIXES:
                ported = notebooks.port_notebook(path, source.text, self._context, source.newline)
                return self._finish(path, source, ported)
            return self._port(path, source, parse_guarded(source))
        except pieces.NotOurs as error:
            return Result(FileOutcome(path, FileStatus.SKIPPED, reason=str(error)))
        except UnreadableSource as error:
            return self._failed(path, error.reason)
        except transform.NotVerified as error:
            return self._failed(path, f"left as it was: {error}")
        except RecursionError:
            return self._failed(path, "left as it was: nested too deeply to port")
        except Exception as error:
            if os.environ.get("FWDOCTOR_DEBUG"):
                raise
            # One file's surprise must not cost the others their port.
            reason = f"left as it was: internal error ({type(error).__name__}); FWDOCTOR_DEBUG=1 shows where"
            return self._failed(path, reason)

    @staticmethod
    def _failed(path: str, reason: str) -> Result:
        return Result(FileOutcome(path, FileStatus.FAILED, reason=reason))

    def _port(self, path: str, source: SourceText, tree: ast.Module) -> Result:
        context = dataclasses.replace(
            self._context,
            module_name=project.module_name(path),
            fixture_type=lambda name: self._fixtures.lookup(path, name),
            taken=lambda: self._neighbours.taken_from(path),
        )
        first = open_port(path, source.text, context, source.newline, tree)
        if (other := project.lookalike(path, first.model)) is not None:
            reason = f"its imports reach the package {other}, which is not the cookbook"
            return Result(FileOutcome(path, FileStatus.SKIPPED, reason=reason))
        return self._finish(path, source, transform.port_opened(first, context))

    def _finish(self, path: str, source: SourceText, ported: transform.Ported) -> Result:
        """What became of the file, and what to write."""
        new = source.encode(ported.text)
        changed = new != source.data
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
            ignored=ported.ignored,
            guarded=ported.guarded,
        )
        return Result(outcome, (*ported.todo, *ported.notes), source.data, new if changed else None)

    @staticmethod
    def _shown(source: SourceText, text: str, data: bytes) -> str:
        """The difference that a person wants to see."""
        if source.path.lower().endswith(notebooks.SUFFIXES):
            return notebooks.cell_diff(source.path, source.text, text)
        return unified_diff(source.path, source.data, data)
