"""What is installed where, gathered once; the checks judge it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fwdoctor.environment.cookbook import SDK, Cookbook, Pin
from fwdoctor.environment.distributions import Distribution, Distributions
from fwdoctor.environment.installer import Installer, find_installer
from fwdoctor.environment.interpreter import Interpreter, find_interpreter
from fwdoctor.environment.pins import Search, find_pins
from fwdoctor.environment.project import folder_of, folders_up, root_of
from fwdoctor.environment.reading import Reader
from fwdoctor.lean_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Facts:
    """The state of one project and one interpreter.

    ``folders`` lead from the folder that is looked at up to the project's root, both included.
    ``environ`` are the environment variables. ``pin`` is what the SDK must satisfy, mostly the
    cookbook's. ``reader`` collects what could not be read, also while the checks run.
    """

    folders: tuple[Path, ...]
    environ: Mapping[str, str]
    interpreter: Interpreter
    distributions: Distributions
    installer: Installer
    cookbook: Cookbook | None
    pin: Pin | None
    reader: Reader
    #: what was asked about: a folder, the nearest of ``folders``, or a file in it
    path: Path

    @property
    def root(self) -> Path:
        """The project's root."""
        return self.folders[-1]

    @property
    def sdk(self) -> Distribution | None:
        """The SDK that Python takes."""
        return self.distributions.get(SDK)


def gather(
    path: Path, *, python: str | None = None, cookbook: Path | None = None, environ: Mapping[str, str]
) -> Facts:
    """Look at the environment of the project around ``path``. Nothing is imported, run or fetched.

    Raises:
        FwdoctorError: ``path``, ``python`` or ``cookbook`` names nothing of its kind.
    """
    reader = Reader()
    folder = folder_of(path)
    home = environ.get("HOME") or environ.get("USERPROFILE")
    folders = folders_up(folder, root_of(folder, Path(home) if home else None))
    interpreter = find_interpreter(python, folders, environ, reader)
    distributions = Distributions(interpreter.sites, reader)
    search = Search(folders, interpreter, distributions, environ, cookbook)
    found, pin = find_pins(search, reader)
    installer = find_installer(interpreter, folders, reader)
    asked = path.absolute()
    return Facts(folders, environ, interpreter, distributions, installer, found, pin, reader, asked)
