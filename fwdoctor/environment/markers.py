"""Whether a requirement applies to the interpreter that is looked at, which is not the one that runs this."""

from __future__ import annotations

from collections.abc import Iterable

from packaging.markers import UndefinedEnvironmentName
from packaging.requirements import Requirement

from fwdoctor.environment.interpreter import Interpreter


def applies(requirement: Requirement, interpreter: Interpreter, extras: Iterable[str] = ()) -> bool:
    """Evaluate the environment marker for that interpreter and for any of these extras (or none).

    The operating system is taken to be this one.
    """
    marker = requirement.marker
    if marker is None:
        return True
    environment = {}
    if version := interpreter.version:
        environment["python_version"] = f"{version.major}.{version.minor}"
        environment["python_full_version"] = environment["implementation_version"] = str(version)
    try:
        return any(marker.evaluate({**environment, "extra": extra}) for extra in ("", *extras))
    except UndefinedEnvironmentName:
        return True
