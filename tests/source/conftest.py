"""Permissions are real in these tests, also where the tests run as root."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

_NOBODY = 65534
_PRELUDE = f"""
import encodings.latin_1, ast, os, sys, tempfile, tokenize
from fwdoctor.source.discovery import discover
from fwdoctor.source.sieve import sieve
from fwdoctor.source.text import UnreadableSource, read_source
from fwdoctor.source.write import WriteFailed, write_atomically
if os.geteuid() == 0:
    os.setgid({_NOBODY})
    os.setuid({_NOBODY})
"""


@pytest.fixture
def open_tree() -> Iterator[Path]:
    """A folder that other users may enter, unlike pytest's own, and may write to."""
    with tempfile.TemporaryDirectory(prefix="fwdoctor-") as name:
        root = Path(name)
        root.chmod(0o777)
        yield root
        for folder, names, _ in os.walk(root):
            for child in names:
                Path(folder, child).chmod(0o777)


@pytest.fixture
def unprivileged() -> Callable[[str, Path], str]:
    """Run statements in a folder as a user whom permissions bind; return what they print."""

    def run(statements: str, folder: Path) -> str:
        # Loaded before the change of user, who may not be allowed to read the interpreter's folders.
        script = _PRELUDE + textwrap.dedent(statements)
        ran = subprocess.run(
            [sys.executable, "-c", script],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    return run
