"""Renders the record of a migration: one module per format, each a function from a record to text."""

from __future__ import annotations

import importlib
import os

from fwdoctor.records import Record

#: The formats by the suffix of the report's file.
FORMATS = {".json": "json_", ".md": "markdown_", ".html": "html_"}


def render(record: Record, path: str) -> str:
    """The record in the format that a file's suffix names; one of ``FORMATS``."""
    module = importlib.import_module(f"{__name__}.{FORMATS[os.path.splitext(path)[1].lower()]}")
    text: str = module.render(record)
    return text
