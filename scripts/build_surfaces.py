"""Rebuild the bundled surfaces from a clone of the cookbook and from SDK wheels.

    python scripts/build_surfaces.py --cookbook CLONE --wheels DIR

CLONE is any git clone of fw-ai/cookbook (bare ones too); DIR holds wheels as ``pip download --no-deps
fireworks-ai==VERSION`` leaves them. Which versions are stored stands in VERSIONS. Same input, same bytes.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from fwdoctor.surface import codec
from fwdoctor.surface.reader import read_surface
from fwdoctor.surface.stored import COOKBOOK_LEFT_OUT

OUT = Path(__file__).parents[1] / "rules" / "fwdoctor_rules" / "surfaces"

#: commit, names that --target takes, SDK release whose surface goes with it (the newest of that day).
VERSIONS: list[tuple[str, list[str], str]] = [
    ("ebed367d", ["march"], "1.0.0a41"),
    ("c7ec5ed5", [], "1.0.0a41"),
    ("5b1774b4", [], "1.2.0a70"),
    ("68dc0d97", ["may"], "1.2.0a70"),
    ("517d206d", ["june"], "1.2.0a77"),
    ("b425d652", ["july"], "1.2.0"),
    ("76821fa1", ["august", "cookbook-v2026.08.19.1"], "1.2.9"),
]


def git(clone: Path, *args: str) -> bytes:
    return subprocess.run(
        ["git", "-c", "safe.directory=*", "-C", str(clone), *args], check=True, capture_output=True
    ).stdout


def check_out(clone: Path, commit: str, folder: Path) -> None:
    """Write the Python files of the cookbook's package into ``folder``; a partial clone will do."""
    for line in git(clone, "ls-tree", "-r", commit, "training/").decode().splitlines():
        fields, path = line.split("\t")
        if path.endswith(".py") or path == "training/pyproject.toml":
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(git(clone, "cat-file", "blob", fields.split()[2]))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cookbook", type=Path, required=True)
    parser.add_argument("--wheels", type=Path, required=True)
    options = parser.parse_args()
    rows = []
    for short, names, sdk in VERSIONS:
        commit, date = git(options.cookbook, "log", "-1", "--format=%H %cs", short).decode().split()
        with tempfile.TemporaryDirectory() as scratch:
            check_out(options.cookbook, commit, Path(scratch))
            pyproject = Path(scratch) / "training" / "pyproject.toml"  # the first commits had none
            pin = re.search(
                r'"(fireworks-ai[^"]*)"', pyproject.read_text("utf-8") if pyproject.exists() else ""
            )
            surface = read_surface(
                Path(scratch),
                ["training"],
                name=short,
                leave_out=COOKBOOK_LEFT_OUT,
                date=date,
                commit=commit,
                sdk_pin=pin[1] if pin else None,
            )
        write(f"cookbook-{short}.json", codec.dumps(surface))
        row = {"commit": commit, "date": date, "names": names, "sdk": sdk, "sdk_pin": surface.sdk_pin}
        rows.append(row)
    for sdk in sorted({sdk for _, _, sdk in VERSIONS}):
        wheel = next(options.wheels.glob(f"fireworks_ai-{sdk}-*.whl"))
        with tempfile.TemporaryDirectory() as scratch:
            zipfile.ZipFile(wheel).extractall(scratch)
            surface = read_surface(Path(scratch), ["fireworks.training"], name=sdk)
        write(f"sdk-{sdk}.json", codec.dumps(surface))
    write("index.json", json.dumps({"cookbook": rows}, indent=1) + "\n")
    return 0


def write(name: str, text: str) -> None:
    path = OUT / name
    before = path.read_text("utf-8") if path.exists() else ""
    path.write_text(text, "utf-8")
    print(
        f"{name}: {'unchanged' if before == text else 'new' if not before else 'changed'}, {len(text)} bytes"
    )


if __name__ == "__main__":
    sys.exit(main())
