"""Cookbooks and SDKs on disk, in wheels and in surface files: found, told apart and read."""

from __future__ import annotations

from pathlib import Path

from fwdoctor.errors import FwdoctorError
from fwdoctor.surface.model import Surface

COOKBOOK_PACKAGES = ("training",)
SDK_PACKAGES = ("fireworks.training",)
#: Parts of a cookbook that are not an API: nobody's code is judged by them.
COOKBOOK_LEFT_OUT = ("training.tests", "training.examples", "training.provision.tests")
#: What some wheels of the SDK carry beside it.
SDK_LEFT_OUT = ("fireworks.training.sdk.tests", "fireworks.training.sdk.scripts")


def cookbook_root(folder: Path) -> Path:
    """The root of the cookbook in ``folder``, which is the root or its ``training/``.

    Raises:
        FwdoctorError: there is no cookbook there.
    """
    base = folder
    if folder.name == "training" and (folder / "recipes").is_dir():
        base = folder.parent
    if not (base / "training" / "recipes").is_dir():
        raise FwdoctorError(f"{folder}: no cookbook here: it has no training/recipes folder")
    return base


def read_cookbook(folder: Path) -> Surface:
    """Read the cookbook in ``folder``; raises as :func:`cookbook_root`."""
    # Its examples are read, too: scripts import them, and their tests patch names in them.
    from fwdoctor.surface.reader import read_surface  # what is stored is looked up without it

    left_out = [p for p in COOKBOOK_LEFT_OUT if p != "training.examples"]
    return read_surface(cookbook_root(folder), COOKBOOK_PACKAGES, name=str(folder), leave_out=left_out)
