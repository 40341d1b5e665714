"""``%load_ext fwdoctor``: what a cell raises is explained below it. Nothing is patched."""

from __future__ import annotations

import sys
import traceback
from typing import Any


def register(shell: Any) -> None:
    """Explain the exception of every cell that fails, from now on; ``shell`` is IPython's."""
    shell.events.register("post_run_cell", _after_cell)


def unregister(shell: Any) -> None:
    """Stop explaining."""
    shell.events.unregister("post_run_cell", _after_cell)


def _after_cell(result: Any) -> None:
    error = getattr(result, "error_in_exec", None) or getattr(result, "error_before_exec", None)
    if isinstance(error, BaseException):
        text = explanation("".join(traceback.format_exception(error)))
        if text:
            sys.stderr.write(text)


def explanation(text: str) -> str:
    """What is known of the errors in a text, for people; nothing where nothing is known."""
    from fwdoctor import reporters
    from fwdoctor.explain.inputs import Piece
    from fwdoctor.explain.run import explain
    from fwdoctor.finding import Report

    piece = Piece("<cell>", iter([text.encode("utf-8", "replace")]))
    result = explain([iter([piece])])
    if not result.findings:
        return ""
    report = Report(command="explain", findings=tuple(result.findings))
    return reporters.render(report, "text", quiet=True)
