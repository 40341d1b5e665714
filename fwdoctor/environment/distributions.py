"""The distributions of an interpreter, read from its site-packages folders without running it.

The folders are listed once. What a name's metadata holds is read only when asked for: an environment has
hundreds of distributions, and a check needs a dozen.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from fwdoctor.environment.reading import Reader
from fwdoctor.lean_dataclass import dataclass

_METADATA_FOLDER = re.compile(
    r"(?P<name>[A-Za-z0-9][\w.]*?)(?:-(?P<version>[^-]+)(?:-.*)?)?\.(?:dist|egg)-info"
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a distribution was installed from (``direct_url.json``, PEP 610).

    ``folder`` is set for a local folder, ``editable`` says whether it is used in place; ``commit`` is
    set for a repository.
    """

    url: str
    folder: Path | None = None
    editable: bool = False
    commit: str | None = None


@dataclass(frozen=True, slots=True)
class Distribution:
    """One ``.dist-info`` (or ``.egg-info``) of a folder on the interpreter's path.

    ``version`` is None where ``raw_version`` follows no known scheme or is missing. ``site`` is the
    folder that Python searches, ``metadata`` what describes the distribution in it.
    """

    name: str
    version: Version | None
    raw_version: str | None
    site: Path
    metadata: Path
    _reader: Reader

    @property
    def metadata_file(self) -> Path:
        """The file with the core metadata."""
        if self.metadata.suffix == ".dist-info":
            return self.metadata / "METADATA"
        return self.metadata / "PKG-INFO" if self.metadata.is_dir() else self.metadata

    @property
    def requires(self) -> tuple[Requirement, ...]:
        """What it depends on; entries that are no requirement are left out."""
        parsed = (_requirement(raw) for raw in self._fields().get("requires_dist", ()))
        return tuple(requirement for requirement in parsed if requirement is not None)

    @property
    def requires_python(self) -> str | None:
        """The Python versions that it accepts, as it says it."""
        required: str | None = self._fields().get("requires_python")
        return required

    @property
    def is_complete(self) -> bool:
        """Whether it has core metadata and a version: without them pip and Python do not see it."""
        return self.version is not None and bool(self._fields().get("name"))

    @property
    def origin(self) -> Origin | None:
        """Where it was installed from, if not from an index."""
        path = self.metadata / "direct_url.json"
        text = self._reader.text(path) if self.metadata.suffix == ".dist-info" else None
        if text is None:
            return None
        try:
            return _origin(json.loads(text))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self._reader.problem(path, "not a direct_url.json as PEP 610 describes it")
            return None

    def files(self) -> frozenset[str] | None:
        """The files that were installed, relative to ``site``; None where no list was kept."""
        data = self._reader.data(self.metadata / "RECORD") if self.metadata.suffix == ".dist-info" else None
        if data is None:
            return None
        lines = data.decode("utf-8", "replace").splitlines()
        return frozenset(line.rsplit(",", 2)[0].strip('"').replace("\\", "/") for line in lines if line)

    def owns(self, file: str) -> bool:
        """Whether its list of files names ``file``. A search in bytes: the list of torch has 2 MB."""
        record = self.metadata / "RECORD"
        data = self._reader.data(record) if self.metadata.suffix == ".dist-info" else None
        return data is not None and re.search(rb"(?m)^" + re.escape(file.encode()) + rb",", data) is not None

    def _fields(self) -> Any:
        data = self._reader.data(self.metadata_file)
        if data is None:
            return {}
        from packaging.metadata import parse_email  # it brings the package email

        return parse_email(data)[0]


class Distributions:
    """What is installed, by canonical name. Of several with one name the first on the path counts."""

    def __init__(self, sites: Iterable[Path], reader: Reader) -> None:
        self._reader = reader
        self._entries: dict[str, list[tuple[Path, str, str | None]]] = {}
        #: Folders that pip renamed and then failed to remove.
        self.leftovers: list[Path] = []
        for site in sites:
            for entry in reader.names(site):
                if found := _METADATA_FOLDER.fullmatch(entry):
                    name = canonicalize_name(found["name"])
                    self._entries.setdefault(name, []).append((site, entry, found["version"]))
                elif entry.startswith("~"):
                    self.leftovers.append(site / entry)

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def all(self, name: str) -> tuple[Distribution, ...]:
        """Every distribution of that name, in the order of the path."""
        entries = self._entries.get(canonicalize_name(name), [])
        return tuple(self._distribution(canonicalize_name(name), *entry) for entry in entries)

    def get(self, name: str) -> Distribution | None:
        """The distribution that Python takes; None if none is installed."""
        found = self.all(name)
        return next((d for d in found if d.is_complete), found[0] if found else None)

    def owners(self, file: str) -> tuple[Distribution, ...]:
        """The distributions whose list of files names ``file``."""
        everything = (d for name in self for d in self.all(name))
        return tuple(d for d in everything if d.owns(file))

    def _distribution(self, name: str, site: Path, entry: str, version: str | None) -> Distribution:
        distribution = Distribution(name, _version(version), version, site, site / entry, self._reader)
        if distribution.version is not None:
            return distribution
        written = distribution._fields().get("version")
        return Distribution(name, _version(written), written or version, site, site / entry, self._reader)


def _version(raw: str | None) -> Version | None:
    try:
        # A version in a folder's name has "_" where the version itself has "-".
        return None if raw is None else Version(raw.replace("_", "-"))
    except InvalidVersion:
        return None


def _requirement(raw: str) -> Requirement | None:
    try:
        return Requirement(raw)
    except InvalidRequirement:
        return None


def _origin(content: dict[str, Any]) -> Origin:
    url = str(content["url"])
    parts = urlsplit(url)
    if "dir_info" in content and parts.scheme == "file":
        from urllib.request import url2pathname  # it brings half of the standard library

        folder = Path(url2pathname(parts.path))
        return Origin(url, folder, editable=bool(content["dir_info"].get("editable", False)))
    commit = content["vcs_info"]["commit_id"] if "vcs_info" in content else None
    return Origin(url, commit=None if commit is None else str(commit))
