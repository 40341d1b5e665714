"""Measures everything, with peers that are installed for it: python -m benchmarks [options].

A virtual environment of its own gets this project and, from the package index, what it is compared with; so
all contestants run on the same Python, and none of them is one that happened to lie here.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from benchmarks.options import parse

ROOT = Path(__file__).parents[1]
PEERS = ("ruff", "flake8", "fixit")
#: Read as a package, never imported: what it depends on may be missing.
SDK = "fireworks-ai==1.2.28"


def main() -> int:
    """Install, tell the versions, measure; the exit status is 1 if an aim is missed."""
    parse((__doc__ or "").splitlines()[0])
    with tempfile.TemporaryDirectory(prefix="fwdoctor-peers-") as name:
        venv.create(name, with_pip=True)
        python = str(Path(name, "Scripts/python.exe" if sys.platform == "win32" else "bin/python"))
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, str(ROOT), *PEERS], check=True)
        subprocess.run([*install, "--no-deps", SDK], check=True)
        script = (
            "import sys; from importlib.metadata import version\n"
            "print(', '.join(f'{name} {version(name)}' for name in sys.argv[1:]) + '.\\n', flush=True)"
        )
        subprocess.run([python, "-c", script, *PEERS, "libcst", "click"], check=True)
        run = [python, str(ROOT / "benchmarks" / "run.py"), *sys.argv[1:]]
        return subprocess.run(run, cwd=name, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
