"""Rebuild the bundled timelines from a clone of the cookbook and from SDK wheels.

    python scripts/download_releases.py WHEELS
    python scripts/build_surfaces.py --cookbook CLONE --wheels WHEELS

CLONE is any git clone of fw-ai/cookbook (bare ones too); its branch main is read, commit by commit. WHEELS is
what ``download_releases.py`` leaves: the wheels, and ``releases.json`` with the day of each. Same input, same
bytes. What is new since the last build is printed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import Version as Number

from fwdoctor.errors import FwdoctorError
from fwdoctor.fit import versions
from fwdoctor.source.text import UnreadableSource
from fwdoctor.surface import history, timeline
from fwdoctor.surface.compare import compare, fingerprint
from fwdoctor.surface.essence import essence
from fwdoctor.surface.folders import COOKBOOK_LEFT_OUT, COOKBOOK_PACKAGES, SDK_LEFT_OUT, SDK_PACKAGES
from fwdoctor.surface.model import Surface
from fwdoctor.surface.parse import RawModule, parse_module
from fwdoctor.surface.reader import assemble, module_of, read_wheel
from fwdoctor.surface.timeline import FOLDER, Product, Timeline, is_sdk

#: The first release with a training client that the cookbook's history knows.
OLDEST_SDK = Number("1.0.0a36")


class Git:
    """Reads a clone: one process for all blobs."""

    def __init__(self, clone: Path, branch: str) -> None:
        self._command = ["git", "-c", "safe.directory=*", "-C", str(clone)]
        self.branch = branch
        self._blobs = subprocess.Popen(
            [*self._command, "cat-file", "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def lines(self, *args: str) -> list[str]:
        done = subprocess.run([*self._command, *args], check=True, capture_output=True)
        return done.stdout.decode().splitlines()

    def commits(self) -> Iterator[tuple[str, str]]:
        """Commit and date, oldest first, from the first one that has the cookbook's package."""
        first = self.lines(
            "log", "--first-parent", "--reverse", "--format=%H", self.branch, "--", "training/recipes"
        )
        started = False
        for line in self.lines("log", "--first-parent", "--reverse", "--format=%H %cs", self.branch):
            commit, date = line.split()
            started |= commit == first[0]
            if started:
                yield commit, date

    def tags(self) -> dict[str, str]:
        """Commit → its newest tag of a cookbook version."""
        found = {}
        for line in self.lines("for-each-ref", "refs/tags/cookbook-v*", "--sort=version:refname",
                               "--format=%(objectname) %(*objectname) %(refname:short)"):  # fmt: skip
            *objects, tag = line.split()
            found[objects[-1]] = tag
        return found

    def files(self, commit: str) -> dict[str, str]:
        """Path → blob, below training/."""
        rows = (line.split("\t") for line in self.lines("ls-tree", "-r", commit, "training/"))
        return {path: fields.split()[2] for fields, path in rows}

    def blob(self, name: str) -> bytes:
        assert self._blobs.stdin is not None
        assert self._blobs.stdout is not None
        self._blobs.stdin.write(name.encode() + b"\n")
        self._blobs.stdin.flush()
        head = self._blobs.stdout.readline().split()
        if len(head) != 3:
            raise FwdoctorError(f"the clone lacks blob {name}: it is a partial one; fetch it whole")
        data = self._blobs.stdout.read(int(head[2]))
        self._blobs.stdout.read(1)
        return data


class Recorder:
    """Collects states: a version whose surface is that of the one before adds none."""

    def __init__(self) -> None:
        self.surfaces: list[Surface] = []
        self.fingerprints: list[str] = []

    def add(self, surface: Surface) -> int:
        surface = essence(surface)
        digest = fingerprint(surface)
        if not self.fingerprints or self.fingerprints[-1] != digest:
            self.surfaces.append(surface)
            self.fingerprints.append(digest)
        return len(self.surfaces) - 1


def build_cookbook(git: Git) -> str:
    """The cookbook's timeline as a file."""
    recorder, rows, pins = Recorder(), [], list[str]()
    tags, parsed, last = git.tags(), dict[tuple[str, str], RawModule](), list[RawModule]()
    for commit, date in git.commits():
        files = git.files(commit)
        pin = _pin(git.blob(files["training/pyproject.toml"])) if "training/pyproject.toml" in files else None
        if pin is not None and pin not in pins:
            pins.append(pin)
        raw = []
        for path, blob in sorted(files.items()):
            module, is_package = module_of(path)
            if module is None or _left_out(module):
                continue
            if (module, blob) not in parsed:
                parsed[module, blob] = parse_module(module, git.blob(blob), path, is_package=is_package)
            raw.append(parsed[module, blob])
        if len(raw) == len(last) and all(a is b for a, b in zip(raw, last, strict=True)):
            state = len(recorder.surfaces) - 1
        else:
            surface = assemble(raw, COOKBOOK_PACKAGES, name=commit[:8], leave_out=COOKBOOK_LEFT_OUT)
            for file in surface.unreadable:
                print(
                    f"{commit[:8]} {file.path}:{file.line}: {file.reason}: unknown from here", file=sys.stderr
                )
            state = recorder.add(surface)
        last = raw
        row: list[object] = [commit, date, state, None if pin is None else pins.index(pin), tags.get(commit)]
        while row[-1] is None:
            row.pop()
        rows.append(row)
    return _dump(recorder, {"versions": rows, "pins": pins})


def _pin(pyproject: bytes) -> str | None:
    for text in tomllib.loads(pyproject.decode()).get("project", {}).get("dependencies", []):
        try:
            if is_sdk(Requirement(text).name):
                return str(text)
        except InvalidRequirement:
            continue
    return None


def build_sdk(wheels: Path) -> str:
    """The SDK's timeline as a file."""
    dates: dict[str, str] = json.loads((wheels / "releases.json").read_text("utf-8"))
    recorder, rows = Recorder(), []
    for number in sorted((n for n in dates if Number(n) >= OLDEST_SDK), key=Number):
        wheel = next(iter(wheels.glob(f"fireworks_ai-{number}-*.whl")), None)
        if wheel is None:
            raise FwdoctorError(f"{wheels}: no wheel of {number}, which releases.json names")
        surface = read_wheel(wheel, SDK_PACKAGES, name=number, leave_out=SDK_LEFT_OUT)
        rows.append([number, dates[number], recorder.add(surface)])
    return _dump(recorder, {"versions": rows})


def build_pairs(git: Git) -> str:
    """Which SDK releases have what the cookbook's own code uses, from each commit on that changes it."""
    line, sdk = timeline.cookbook(), timeline.sdk()
    masks: dict[tuple[str, str], int] = {}
    rows: list[list[object]] = []
    for version in line.versions:
        bad, allowed = 0, 0
        for release in sdk.versions:
            pin = Requirement(version.sdk_pin).specifier if version.sdk_pin else None
            if pin is None or pin.contains(release.number or "", prereleases=True):
                allowed |= 1 << release.state
        for path, blob in sorted(git.files(version.commit or "").items()):
            module, _ = module_of(path)
            if module is None or _left_out(module):
                continue
            if (path, blob) not in masks:
                masks[path, blob] = _misfits(path, git.blob(blob), module)
            if allowed & ~masks[path, blob]:  # else it is the file's own mistake
                bad |= masks[path, blob]
        good = [r for r in sdk.versions if allowed >> r.state & 1 and not bad >> r.state & 1]
        found = [good[0].number, good[-1].number] if good else [None, None]
        # A gap would be a range that lies; the newest stretch is the one to use.
        for i in range(len(good) - 1, 0, -1):
            if good[i].index - good[i - 1].index > 1:
                found = [good[i].number, good[-1].number]
                break
        if not rows or rows[-1][1:] != found:
            rows.append([version.index, *found])
    return "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n"


def _misfits(path: str, data: bytes, module: str) -> int:
    if b"fireworks" not in data:
        return 0
    try:
        return versions.of_source(path, data, module).misfits(Product.SDK)
    except (UnreadableSource, RecursionError):
        return 0


def _left_out(module: str) -> bool:
    return any(module == p or module.startswith(p + ".") for p in COOKBOOK_LEFT_OUT)


def _dump(recorder: Recorder, extra: dict[str, Any]) -> str:
    return history.dumps(recorder.surfaces, {**extra, "fingerprints": recorder.fingerprints})


def news(before: Timeline | None, after: Timeline) -> list[str]:
    """A line for each version that the last build did not have, and for each state that reads otherwise."""
    lines = []
    known = {v.id: v for v in before.versions} if before else {}
    for version in after.versions:
        first = version.index == 0 or after.versions[version.index - 1].state != version.state
        old = known.get(version.id)
        if old is not None and before is not None:
            if before.fingerprints[old.state] != after.fingerprints[version.state]:
                lines.append(f"{version.label}: is read otherwise than before")
            continue
        counts = "offers what the one before offers"
        if first and version.state:
            changes = compare(after.of_state(version.state - 1), after.surface(version))
            counts = f"{len(changes)} public names changed"
        lines.append(f"new: {version.label}: {counts}")
    gone = known.keys() - {v.id for v in after.versions}
    return lines + [f"gone: {known[i].label}" for i in sorted(gone)]


def write(product: Product, make: Callable[[], str], *, check: bool) -> bool:
    """Write the file of a product if it changed; say what is new. True if it is as it was."""
    path = FOLDER / f"{product}.jsonl"
    data = make().encode()
    old = path.read_bytes() if path.exists() else None
    after = Timeline(product, history.History(path, data))
    try:
        before = Timeline(product, history.History(path, old)) if old is not None else None
    except FwdoctorError:
        before = None
    for line in news(before, after):
        print(line)
    same = old == data
    print(f"{path.name}: {len(data):,} bytes, {len(after.versions)} versions, {len(after.states)} states: "
          f"{'as before' if same else 'differs' if check else 'written'}")  # fmt: skip
    if not same and not check:
        path.write_bytes(data)
    return same


def write_pairs(text: str, *, check: bool) -> bool:
    """Write which releases go with which commits, if that changed. True if it is as it was."""
    path = FOLDER / "pairs.json"
    same = path.exists() and path.read_text("utf-8") == text
    print(f"{path.name}: {len(text):,} bytes: {'as before' if same else 'differs' if check else 'written'}")
    if not same and not check:
        path.write_text(text, "utf-8")
    return same


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cookbook", type=Path, help="a clone of the cookbook")
    parser.add_argument("--branch", default="main", help="its branch (%(default)s)")
    parser.add_argument("--wheels", type=Path, help="wheels of the SDK and releases.json")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if anything is new")
    options = parser.parse_args(arguments)
    if not (options.cookbook or options.wheels):
        parser.error("give --cookbook, --wheels or both")
    same = True
    if options.cookbook:
        git = Git(options.cookbook, options.branch)
        same &= write(Product.COOKBOOK, lambda: build_cookbook(git), check=options.check)
    if options.wheels:
        same &= write(Product.SDK, lambda: build_sdk(options.wheels), check=options.check)
    if options.cookbook and (same or not options.check):
        # With the timelines as they are now: nothing has read them before.
        same &= write_pairs(build_pairs(git), check=options.check)
    return 1 if options.check and not same else 0


if __name__ == "__main__":
    sys.exit(main())
