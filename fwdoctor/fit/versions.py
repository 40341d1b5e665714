"""Which of the stored cookbook versions a file of code fits, and where it does not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fwdoctor_codemods.core.port import Port
from fwdoctor_codemods.core.source import span
from fwdoctor_codemods.core.surfaces import Surfaces

from fwdoctor.finding import Problem
from fwdoctor.fit import misfits, project
from fwdoctor.fit.session import Context, open_port, reopen
from fwdoctor.source.sieve import sieve
from fwdoctor.source.text import UnreadableSource, decode_source, parse_guarded
from fwdoctor.surface import stored

#: Misfits that make code fail; the others are doubts.
BREAKING = frozenset({"FWD107", "FWD108", "FWD114"})
#: What is wrong at a site, in few words: many of them share one finding.
_SHORT = {
    "FWD107": "no {old}",
    "FWD108": "{callee} takes no {argument}",
    "FWD114": "{callee} needs {argument}",
}


@dataclass(frozen=True)
class Site:
    """One place that does not fit."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} ({self.message})"


#: The key of the cookbook on disk; a stored version's key is its commit.
FOUND = "found"


class FileFit:
    """A file that uses the cookbook, compared with versions as they are asked for."""

    def __init__(self, port: Port, wanted: Mapping[str, Surfaces]) -> None:
        self.path = port.path
        self._port = port
        self._wanted = wanted
        self._sites: dict[str, tuple[Site, ...]] = {}

    def sites(self, key: str) -> tuple[Site, ...]:
        """The places that break with a version. None: the file fits it."""
        if key not in self._sites:
            port = reopen(self._port, Context(self._wanted[key]))
            self._sites[key] = tuple(
                Site(self.path, span(m.node)[0], _SHORT[m.rule].format(**m.variables))
                for m in misfits.find(port)
                if m.rule in BREAKING and m.known
            )
        return self._sites[key]

    def fits(self, key: str) -> bool:
        """Whether nothing breaks with a version."""
        return not self.sites(key)


def compare(files: Iterable[str], found: Surfaces | None = None) -> tuple[list[FileFit], list[Problem]]:
    """Open each file that uses the cookbook, for comparison with the stored versions and with ``found``."""
    result: list[FileFit] = []
    problems: list[Problem] = []
    wanted: dict[str, Surfaces] | None = None
    for path, data in sieve(files):
        if isinstance(data, Problem):
            problems.append(data)
            continue
        if project.is_library(path):
            continue
        if wanted is None:
            wanted = _all_versions()
            if found is not None:
                wanted[FOUND] = found
        try:
            source = decode_source(path, data)
            tree = parse_guarded(source)
            context = Context(wanted[stored.newest().commit], project.module_name(path))
            port = open_port(path, source.text, context, source.newline, tree)
            if uses_cookbook(port) and not project.lookalike(path, port.model):
                result.append(FileFit(port, wanted))
        except UnreadableSource as error:
            problems.append(error.problem)
        except RecursionError:
            problems.append(Problem("nested too deeply to look at", path))
    return result, problems


def _all_versions() -> dict[str, Surfaces]:
    entries = stored.index()
    surfaces = {e.commit: stored.cookbook(e.commit) for e in entries}
    result = {}
    for entry in entries:
        # Newer ones count as origins, too: a name is known if any version had it.
        others = tuple(s for c, s in reversed(surfaces.items()) if c != entry.commit)
        result[entry.commit] = Surfaces(surfaces[entry.commit], entry.label, others)
    return result


def uses_cookbook(port: Port) -> bool:
    """Whether the file imports the cookbook itself, not only the SDK."""
    return any(path.split(".")[0] == "training" for path in port.model.imported)


def common(fits: Sequence[FileFit]) -> list[stored.Entry]:
    """The stored versions that all of the files fit, oldest first."""
    return [e for e in stored.index() if all(f.fits(e.commit) for f in fits)]
