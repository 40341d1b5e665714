"""From what people write to a surface: a version, a release, a folder, a wheel, a surface file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from fwdoctor.errors import FwdoctorError
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
    path = Path(wanted)
    if path.exists() or wanted.endswith((".whl", ".json")) or "/" in wanted:
        return read(path)
    bare = wanted.rstrip("^")
    if timeline.is_sdk(bare):
        text = bare if "=" in bare else "latest"
        return of_version(timeline.sdk().find(text + "^" * (len(wanted) - len(bare))))
    of_both = bare == "latest" or _DATE.fullmatch(bare)
    if _RELEASE.fullmatch(wanted) or (product is Product.SDK and of_both):
        return of_version(timeline.sdk().find(wanted))
    return of_version(timeline.cookbook().find(wanted))


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

    if not path.exists():
        raise FwdoctorError(f"{path}: no such file or folder")
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
    surface = read_wheel(path, COOKBOOK_PACKAGES, name=path.name, leave_out=COOKBOOK_LEFT_OUT)
    if not any(m.startswith("training.recipes") for m in surface.modules):
        raise FwdoctorError(f"{path}: neither a cookbook nor an SDK is in this wheel")
    return Place(surface, Product.COOKBOOK, f"the cookbook in {path}")
