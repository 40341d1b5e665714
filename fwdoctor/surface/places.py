"""From what people write to a surface: a version, a release, a folder, a wheel, a surface file."""

from __future__ import annotations

import re
from pathlib import Path

from fwdoctor.errors import FwdoctorError
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.surface import codec, timeline
from fwdoctor.surface.folders import (
    COOKBOOK_LEFT_OUT,
    COOKBOOK_PACKAGES,
    SDK_LEFT_OUT,
    SDK_PACKAGES,
    cookbook_root,
    read_cookbook,
)
from fwdoctor.surface.model import Surface
from fwdoctor.surface.timeline import Product, Version

#: How much of a path an error shows.
_LONGEST = 200
_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}")
_RELEASE = re.compile(r"v?\d{1,3}(\.\d+)+((a|b|rc|\.?dev|\.?post)\d+)*\^*")


@dataclass(frozen=True)
class Place:
    """A surface, what it is of, how messages call it, and the version that it is, if it is a stored one."""

    surface: Surface
    product: Product
    label: str
    version: Version | None = None


def find(wanted: str, product: Product | None = None) -> Place:
    """The surface that ``wanted`` names.

    A folder with a cookbook or an SDK, a wheel of the SDK, a file that ``surface build --save`` wrote;
    ``fireworks-ai==1.2.2`` or ``1.2.2``; else a version of the cookbook, or of ``product`` where that is
    said (``latest``, dates). ``^`` at the end means the one before.

    Raises:
        FwdoctorError: there is no such thing; the message names the nearest.
    """
    bare = wanted.rstrip("^")
    if not wanted.strip():
        raise FwdoctorError("an empty version: give 'latest', a date, a tag, a commit, a release or a path")
    # A folder that happens to be called "june" does not hide the version; "./june" means the folder.
    if not is_version(wanted) and (
        _exists(wanted) or wanted.endswith((".whl", ".json")) or "/" in wanted or wanted in (".", "..")
    ):
        return read(Path(wanted))
    if timeline.is_sdk(bare):
        text = bare if "=" in bare else "latest"
        return of_version(timeline.sdk().find(text + "^" * (len(wanted) - len(bare))))
    of_both = bare == "latest" or _DATE.fullmatch(bare)
    if _RELEASE.fullmatch(wanted) or (product is Product.SDK and of_both):
        return of_version(timeline.sdk().find(wanted))
    return of_version(timeline.cookbook().find(wanted))


def is_version(wanted: str) -> bool:
    """Whether this is certainly how a version is called, whatever files there are."""
    bare = wanted.rstrip("^")
    line = timeline.cookbook()
    return (
        bare == "latest"
        or bare in timeline.names()
        or _DATE.fullmatch(bare) is not None
        or _RELEASE.fullmatch(wanted) is not None
        or timeline.is_sdk(bare)
        or any(v.tag == bare or (len(bare) >= 7 and (v.commit or "").startswith(bare)) for v in line.versions)
    )


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False  # too long, or with a NUL: no path at all


def of_version(version: Version) -> Place:
    """A stored version."""
    line = timeline.timeline(version.product)
    return Place(line.surface(version), version.product, version.label, version)


def read(path: Path) -> Place:
    """Read what is at ``path``.

    Raises:
        FwdoctorError: it is neither a cookbook nor an SDK nor a surface file.
    """
    from fwdoctor.surface.reader import read_surface

    try:
        path.stat()
    except FileNotFoundError as error:
        raise FwdoctorError(f"{_short(path)}: no such file or folder") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise FwdoctorError(f"{_short(path)}: {reason[:1].lower()}{reason[1:]}") from error
    if path.is_file():
        return _file(path)
    if (path / "fireworks" / "training" / "sdk").is_dir() and not (path / "training" / "recipes").is_dir():
        surface = read_surface(path, SDK_PACKAGES, name=str(path), leave_out=SDK_LEFT_OUT)
        return Place(surface, Product.SDK, f"the SDK in {path}")
    for above in (path.parent, path.parent.parent, path.parent.parent.parent):
        # fireworks/, fireworks/training/ or fireworks/training/sdk/ itself
        if (
            path.absolute().is_relative_to((above / "fireworks").absolute())
            and (above / "fireworks" / "training" / "sdk").is_dir()
        ):
            return read(above)
    try:
        cookbook_root(path)
    except FwdoctorError:
        raise FwdoctorError(
            f"{path}: neither a cookbook (no training/recipes in it) nor an SDK (no fireworks/training/sdk)"
        ) from None
    return Place(read_cookbook(path), Product.COOKBOOK, f"the cookbook in {path}")


def _short(path: Path) -> str:
    text = str(path)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _file(path: Path) -> Place:
    from fwdoctor.surface.reader import read_wheel

    if path.suffix == ".json":
        surface = codec.load(path)
        product = Product.SDK if surface.roots == SDK_PACKAGES else Product.COOKBOOK
        return Place(surface, product, f"the surface in {path}")
    if path.suffix not in (".whl", ".zip"):
        raise FwdoctorError(f"{path}: neither a folder nor a wheel (.whl) nor a surface file (.json)")
    try:
        surface = read_wheel(path, SDK_PACKAGES, name=path.name, leave_out=SDK_LEFT_OUT)
        return Place(surface, Product.SDK, f"the SDK in {path}")
    except FwdoctorError as error:
        if "cannot read" in str(error):
            raise
    nothing = f"{path}: neither an SDK nor a cookbook is in this wheel"
    try:
        surface = read_wheel(path, COOKBOOK_PACKAGES, name=path.name, leave_out=COOKBOOK_LEFT_OUT)
    except FwdoctorError as error:
        raise FwdoctorError(nothing) from error
    if not any(m.startswith("training.recipes") for m in surface.modules):
        raise FwdoctorError(nothing)
    return Place(surface, Product.COOKBOOK, f"the cookbook in {path}")
