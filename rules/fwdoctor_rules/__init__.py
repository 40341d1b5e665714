"""What fwdoctor knows, as data: rules, moves and surfaces. Read through ``fwdoctor.rulebook``."""

from __future__ import annotations

from pathlib import Path

#: The folder that holds the data files.
DATA = Path(__file__).parent
