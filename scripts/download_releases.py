"""Download the SDK's wheels that are not there yet, and the day of every release.

    python scripts/download_releases.py WHEELS [--index URL]

WHEELS gets one wheel a release from 1.0.0a36 on and ``releases.json``: release → day of its upload, as the
index states it (its JSON API is asked; without --index, that of the index that pip asks). pip downloads, from
where it is set up to, and compares the digests; nothing is installed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
from packaging.version import Version as Number

PROJECT = "fireworks-ai"
OLDEST = Number("1.0.0a36")


def default_index() -> str:
    """The address of the index that pip asks, without the part for installers."""
    url = os.environ.get("PIP_INDEX_URL") or import_module("pip._internal.models.index").PyPI.url
    return str(url).rstrip("/").removesuffix("/simple")


def days(index: str) -> dict[str, str]:
    """Release → day of the upload of its wheel, oldest release first.

    Raises:
        SystemExit: the index does not answer, or not with what is expected.
    """
    url = f"{index.rstrip('/')}/pypi/{PROJECT}/json"
    try:
        answer = httpx.get(url, timeout=60, follow_redirects=True).raise_for_status()
        releases: dict[str, list[dict[str, Any]]] = answer.json()["releases"]
        found = {}
        for number in sorted((n for n in releases if Number(n) >= OLDEST), key=Number):
            wheel = next((f for f in releases[number] if f["packagetype"] == "bdist_wheel"), None)
            if wheel is None:
                print(f"{number}: no wheel, left out", file=sys.stderr)
            else:
                found[number] = wheel["upload_time"][:10]
    except (httpx.HTTPError, ValueError, LookupError, TypeError) as error:
        raise SystemExit(f"{url}: {error}") from error
    return found


def download(number: str, folder: Path) -> None:
    """Get the wheel of a release, unless it is there."""
    if next(folder.glob(f"fireworks_ai-{number}-*.whl"), None) is not None:
        return
    options = ["--quiet", "--no-deps", "--only-binary", ":all:", "--dest", str(folder)]
    command = [sys.executable, "-m", "pip", "download", *options, f"{PROJECT}=={number}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{number}: pip could not download it\n{done.stderr.strip()}")
    print(f"{number}: downloaded")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("wheels", type=Path)
    parser.add_argument("--index", default=default_index(), help="package index (%(default)s)")
    parser.add_argument("--newest-only", action="store_true", help="only the newest release")
    options = parser.parse_args()
    options.wheels.mkdir(parents=True, exist_ok=True)
    found = days(options.index)
    if options.newest_only:
        found = dict(list(found.items())[-1:])
    for number in found:
        download(number, options.wheels)
    (options.wheels / "releases.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    print(f"{len(found)} releases, {next(reversed(found))} the newest")
    return 0


if __name__ == "__main__":
    sys.exit(main())
