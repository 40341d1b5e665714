"""Download the SDK's wheels that are not there yet, and the day of every release.

    python scripts/download_releases.py WHEELS [--index https://pypi.org]

WHEELS gets one wheel a release from 1.0.0a36 on and ``releases.json``: release → day of its upload. Each
download is compared with the digest that the index states. Nothing is installed or imported.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import httpx
from packaging.version import Version as Number

PROJECT = "fireworks-ai"
OLDEST = Number("1.0.0a36")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("wheels", type=Path)
    parser.add_argument("--index", default="https://pypi.org", help="package index (%(default)s)")
    parser.add_argument("--newest-only", action="store_true", help="only the newest release")
    options = parser.parse_args()
    options.wheels.mkdir(parents=True, exist_ok=True)
    with httpx.Client(timeout=60, follow_redirects=True) as client:
        answer = client.get(f"{options.index}/pypi/{PROJECT}/json")
        answer.raise_for_status()
        releases: dict[str, list[dict[str, Any]]] = answer.json()["releases"]
        dates = {}
        numbers = sorted((n for n in releases if Number(n) >= OLDEST), key=Number)
        for number in numbers[-1:] if options.newest_only else numbers:
            wheel = next((f for f in releases[number] if f["packagetype"] == "bdist_wheel"), None)
            if wheel is None:
                print(f"{number}: no wheel, left out", file=sys.stderr)
                continue
            dates[number] = wheel["upload_time"][:10]
            path = options.wheels / wheel["filename"]
            if not path.exists():
                data = client.get(wheel["url"]).raise_for_status().content
                if hashlib.sha256(data).hexdigest() != wheel["digests"]["sha256"]:
                    raise SystemExit(f"{path.name}: its digest is not what the index states")
                path.write_bytes(data)
                print(f"{path.name}: downloaded")
    text = json.dumps(dates, indent=1) + "\n"
    (options.wheels / "releases.json").write_text(text, "utf-8")
    print(f"{len(dates)} releases")
    return 0


if __name__ == "__main__":
    sys.exit(main())
