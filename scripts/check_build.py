"""Builds the wheel and the sdist twice, and says whether the bytes are the same.

    python scripts/check_build.py

Each build starts from a copy of what git knows, in a folder of its own, with other times and another mask
of permissions, as on the machine of somebody else. SOURCE_DATE_EPOCH is the time of the last commit, unless
it is set. Needs git, pip and a package index.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
#: Two builders who have little in common: mask of permissions, time of the files, seed of hashes, zone.
BUILDERS = ((0o022, 1_600_000_000, "1", "UTC"), (0o027, 1_700_000_000, "2", "Asia/Tokyo"))


def git(*words: str) -> str:
    """What git says about this repository."""
    return subprocess.run(
        ["git", "-C", str(ROOT), *words], stdout=subprocess.PIPE, text=True, check=True
    ).stdout


def copy(folder: Path, mask: int, when: int) -> None:
    """Copy the files that git knows, as a checkout with that mask at that time would make them."""
    for name in git("ls-files", "-z").split("\0"):
        source, target = ROOT / name, folder / name
        if not name or not source.is_file():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        target.chmod((0o777 if os.access(source, os.X_OK) else 0o666) & ~mask)
        os.utime(target, (when, when))


def build(python: Path, folder: Path, seed: str, zone: str, epoch: str) -> dict[str, str]:
    """Build in the folder; the hashes of what came, by file name."""
    environ = os.environ | {"SOURCE_DATE_EPOCH": epoch, "PYTHONHASHSEED": seed, "TZ": zone}
    subprocess.run(
        [str(python), "-m", "build", "--outdir", str(folder / "dist"), str(folder)],
        env=environ,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted((folder / "dist").iterdir())}


def main() -> int:
    """Build twice and compare; 1 if anything differs."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH") or git("log", "-1", "--format=%ct").strip()
    with tempfile.TemporaryDirectory(prefix="fwdoctor-build-") as name:
        venv.create(Path(name, "venv"), with_pip=True)
        python = Path(name, "venv", "Scripts/python.exe" if sys.platform == "win32" else "bin/python")
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "build"], check=True)
        made = []
        for number, (mask, when, seed, zone) in enumerate(BUILDERS):
            folder = Path(name, f"builder-{number}")
            copy(folder, mask, when)
            before = os.umask(mask)
            try:
                made.append(build(python, folder, seed, zone, epoch))
            finally:
                os.umask(before)
    first, second = made
    for file in sorted({*first, *second}):
        same = first.get(file) == second.get(file)
        print(f"{'same' if same else 'DIFFERS'}  {first.get(file, '-')}  {file}")
    return int(first != second)


if __name__ == "__main__":
    sys.exit(main())
