"""Which of the stored cookbook versions a file of code fits, and where it does not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fwdoctor_codemods._port import Port, Surfaces, span

from fwdoctor.finding import Problem
from fwdoctor.fit import misfits, project
from fwdoctor.fit.session import Context, open_port
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


@dataclass(frozen=True)
class FileFit:
    """A file that uses the cookbook.

    ``sites`` are the places that break, by the key of what the file was compared with: a stored
    version's commit, or ``found`` for the cookbook on disk. No site: it fits.
    """

    path: str
    sites: Mapping[str, tuple[Site, ...]]

    def fits(self, key: str) -> bool:
        return not self.sites[key]


def compare(files: Iterable[str], found: Surfaces | None = None) -> tuple[list[FileFit], list[Problem]]:
    """Compare each file that uses the cookbook with every stored version, and with ``found``."""
    result: list[FileFit] = []
    problems: list[Problem] = []
    wanted: dict[str, Surfaces] | None = None
    for path, data in sieve(files):
        if isinstance(data, Problem):
            problems.append(data)
            continue
        try:
            source = decode_source(path, data)
            parse_guarded(source)
        except UnreadableSource as error:
            problems.append(error.problem)
            continue
        if wanted is None:
            wanted = _all_versions()
            if found is not None:
                wanted["found"] = found
        try:
            fit = _compare(path, source.text, wanted)
        except RecursionError:
            problems.append(Problem("nested too deeply to look at", path))
            continue
        if fit is not None:
            result.append(fit)
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


def _compare(path: str, text: str, wanted: Mapping[str, Surfaces]) -> FileFit | None:
    sites: dict[str, tuple[Site, ...]] = {}
    for key, surfaces in wanted.items():
        context = Context(surfaces, project.module_name(path))
        port = open_port(path, text, context)
        if not sites and (not uses_cookbook(port) or project.lookalike(path, port.model)):
            return None
        sites[key] = tuple(
            Site(path, span(m.node)[0], _SHORT[m.rule].format(**m.variables))
            for m in misfits.find(port)
            if m.rule in BREAKING and m.known
        )
    return FileFit(path, sites)


def uses_cookbook(port: Port) -> bool:
    """Whether the file imports the cookbook itself, not only the SDK."""
    scopes = (port.model.module, *port.model.scopes.values())
    return any(
        b.path is not None and b.path.split(".")[0] == "training"
        for scope in scopes
        for bindings in scope.bindings.values()
        for b in bindings
    ) or any(s.startswith("training.") for scope in scopes for s in scope.stars)


def newest_fit(fits: Sequence[FileFit]) -> stored.Entry | None:
    """The newest stored version that all of the files fit, or None."""
    for entry in reversed(stored.index()):
        if all(f.fits(entry.commit) for f in fits):
            return entry
    return None


def oldest_fit(fits: Sequence[FileFit]) -> stored.Entry | None:
    """The oldest stored version that all of the files fit, or None."""
    for entry in stored.index():
        if all(f.fits(entry.commit) for f in fits):
            return entry
    return None
