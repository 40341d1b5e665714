"""``--target``: from what a user says, and the project around the code, to the version to compare with."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fwdoctor.fit.target import Choice


def choice(
    target: str,
    paths: Sequence[str],
    *,
    preserve_defaults: bool = False,
    select: tuple[str, ...] = (),
    ignore: tuple[str, ...] = (),
) -> Choice:
    """The choice of a target; ``auto`` is the cookbook of the project around the first path that is there.

    One that the project only names, at a commit that is known, is taken as stored.
    """
    from fwdoctor.fit.target import Choice  # not above: it reads version numbers

    found = None
    if target == "auto":
        from fwdoctor.environment.facts import gather

        there = next((p for p in paths if os.path.exists(p)), ".")
        cookbook = gather(Path(there), environ=os.environ).cookbook
        found = cookbook.folder if cookbook else None
        if cookbook and found is None and cookbook.commit:
            from fwdoctor.surface import timeline

            named = timeline.cookbook().by_commit(cookbook.commit)
            target = named.commit or target if named is not None else target
    return Choice(target, found, preserve_defaults, select, ignore)
