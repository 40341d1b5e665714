"""Compare the newest SDK on the package index with the bundled timeline; run on a schedule.

    python scripts/check_newest_sdk.py [--index URL]
    python scripts/check_newest_sdk.py --wheel fireworks_ai-1.2.30-py3-none-any.whl

Exit status 0: the release is stored as it is, or offers what the newest stored one offers. 1: it drifted; the
differences are listed, and docs/surfaces.md says how to take them in.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from fwdoctor.errors import FwdoctorError
from fwdoctor.finding import Report
from fwdoctor.reporters import render
from fwdoctor.surface import places, report, timeline
from fwdoctor.surface.compare import fingerprint
from fwdoctor.surface.essence import essence

DOWNLOAD = Path(__file__).with_name("download_releases.py")


def judge(wheel: Path) -> tuple[bool, str]:
    """Whether a wheel offers what the timeline says, and what to print."""
    number = wheel.name.split("-")[1]
    line = timeline.sdk()
    stored = line.release(number)
    place, known = places.read(wheel), stored or line.newest
    if fingerprint(essence(place.surface)) == line.fingerprints[known.state]:
        return True, f"fireworks-ai {number} offers what is stored for {known.label}\n"
    result = report.diff(places.of_version(known), place)
    text = render(Report(command="surface diff", result=result), "text", verbose=True)
    how = "is not as it is stored" if stored else "is not stored, and differs from the newest that is"
    return False, f"fireworks-ai {number} {how}:\n{text}"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--index", help="package index; without it, the one that pip asks")
    parser.add_argument("--wheel", type=Path, help="compare this wheel instead of the newest release")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        wheel = options.wheel
        if wheel is None:
            command = [sys.executable, str(DOWNLOAD), scratch, "--newest-only"]
            command += ["--index", options.index] if options.index else []
            if subprocess.run(command, check=False).returncode:
                return 2
            wheel = next(Path(scratch).glob("*.whl"))
        try:
            same, text = judge(wheel)
        except FwdoctorError as error:
            print(error, file=sys.stderr)
            return 2
    print(text, end="")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
