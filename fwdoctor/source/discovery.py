"""From the paths on the command line to the source files to look at.

A file that is named is always taken. A folder is walked; what is left out:

* what ``.gitignore`` files leave out: those in the folder and, inside a git repository, those above it up
  to the repository's root. A repository inside the folder has its own rules only. A folder that is named
  although the rules outside leave it out is walked, without those rules.
* by name: version control, caches, environments and installed packages (``SKIPPED``); any folder with a
  ``pyvenv.cfg`` or ``conda-meta``; ``build`` and ``dist`` if they lie beside a ``pyproject.toml``,
  ``setup.py`` or ``setup.cfg`` and have no ``__init__.py`` (a package may well be called ``build``).
  A folder that is named is walked whatever its name.
* links to folders. A link to a file is taken if it leads to a file inside the folder.

Paths are strings: a tree of ten thousand files is walked on every run, and a ``Path`` for each would
cost more than the walk.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence

from fwdoctor.finding import Problem
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.source.gitignore import GitIgnore
from fwdoctor.source.oserrors import describe

SKIPPED = frozenset(
    {
        ".bzr",
        ".eggs",
        ".git",
        ".hg",
        ".hypothesis",
        ".ipynb_checkpoints",
        ".mypy_cache",
        ".nox",
        ".pytest_cache",
        ".ruff_cache",
        ".svn",
        ".tox",
        ".venv",
        "__pycache__",
        "__pypackages__",
        "node_modules",
        "site-packages",
        "venv",
    }
)
_ENVIRONMENT_MARKS = frozenset({"conda-meta", "pyvenv.cfg"})
_PROJECT_MARKS = frozenset({"pyproject.toml", "setup.cfg", "setup.py"})
_OUTPUT = frozenset({"build", "dist"})
# The other entries of a folder that say something about it.
_TELLING = _ENVIRONMENT_MARKS | _PROJECT_MARKS | {".git", ".gitignore", "__init__.py"}


@dataclass(frozen=True, slots=True)
class Discovery:
    """The files to look at, in the order of the command line, and what could not be looked at.

    ``named`` are the files that are named themselves, not found in a folder. ``folders`` were walked;
    ``skipped`` folders were left out by what they are, ``ignored`` entries by a ``.gitignore``. ``notes``
    tell of single files that were left out.
    """

    files: tuple[str, ...]
    named: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    folders: int = 0
    skipped: int = 0
    ignored: int = 0


def discover(
    paths: Iterable[str | os.PathLike[str]], *, suffixes: Sequence[str] = (".py", ".pyi")
) -> Discovery:
    """Find the source files under ``paths``, each once, however many paths lead to it.

    The files of a folder come before those of its subfolders, both sorted by name; linked files come
    last. A path that leads to nothing is a problem; the others go on.
    """
    walker = _Walker(tuple(suffixes))
    roots = []
    for given in paths:
        path = os.fspath(given)
        try:
            mode = os.stat(path).st_mode
        except (OSError, ValueError) as error:
            walker.problems.append(Problem(_why_missing(path, error), path))
            continue
        if stat.S_ISDIR(mode):
            roots.append((path, True))
        elif stat.S_ISREG(mode):
            roots.append((path, False))
            folder, name = os.path.split(os.path.realpath(path))
            walker.named.setdefault(folder, set()).add(name)
        else:
            walker.problems.append(Problem("not a regular file", path))
    for path, is_folder in roots:
        if is_folder:
            walker.walk(path)
        else:
            walker.take(path)
    return Discovery(
        files=tuple(walker.files),
        named=frozenset(path for path, is_folder in roots if not is_folder).intersection(walker.files),
        problems=tuple(walker.problems),
        notes=tuple(walker.notes),
        folders=len(walker.walked),
        skipped=walker.skipped,
        ignored=walker.ignored,
    )


def _why_missing(path: str, error: OSError | ValueError) -> str:
    try:
        target = os.readlink(path)
    except (OSError, ValueError):
        return describe(error)
    if isinstance(error, FileNotFoundError):
        return f"broken symbolic link: {target} does not exist"
    return describe(error)


class _Walker:
    """What one run has seen so far.

    A file is known by its real path. Links to folders are never followed, so a file's real path is that
    of its folder and its name: one real path per folder is enough.
    """

    def __init__(self, suffixes: tuple[str, ...]) -> None:
        self.suffixes = suffixes
        self.files: list[str] = []
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self.skipped = 0
        self.ignored = 0
        self.barred = SKIPPED
        self.walked: dict[str, list[str]] = {}  # real path of a folder: the files taken from it
        self.named: dict[str, set[str]] = {}  # the same for files that are named themselves
        self.taken: set[str] = set()  # real paths of named and of linked files

    def take(self, path: str) -> None:
        """Take a file that is named."""
        real = os.path.realpath(path)
        if real not in self.taken:
            self.taken.add(real)
            self.files.append(path)

    def walk(self, root: str) -> None:
        """Take the files of a folder that is named."""
        real_root = os.path.realpath(root)
        if real_root in self.walked:
            return
        prefix = os.path.join(root, "")
        if prefix == os.path.join(".", ""):
            prefix = ""  # as ls, git and ruff print it
        state = self._state()
        left_out = self.skipped, self.ignored
        known = False
        links: list[str] = []
        # An environment that is named is walked down to its packages.
        self.barred = SKIPPED - {"site-packages"} if _is_environment(real_root) else SKIPPED
        pending = [_Folder(prefix, real_root, _rules_above(real_root, self.notes), True)]
        while pending:
            folder = pending.pop()
            if folder.real in self.walked:
                known = True
                continue
            try:
                listing = _list(folder.prefix, self.suffixes)
            except OSError as error:
                self.problems.append(Problem(describe(error), folder.prefix.rstrip(os.sep) or root))
                continue
            if not folder.is_root and _is_left_out(folder, listing.telling):
                self.skipped += 1
                continue
            known |= folder.real in self.named
            pending += reversed(self._enter(folder, listing))
            links += [folder.prefix + name for name in listing.links]
        for link in links:
            known |= self._follow(link, real_root)
        if not known and state == self._state():
            self.problems.append(
                Problem(self._nothing(self.skipped - left_out[0], self.ignored - left_out[1]), root)
            )

    def _state(self) -> tuple[int, int, int]:
        return len(self.files), len(self.problems), len(self.notes)

    def _enter(self, folder: _Folder, listing: _Listing) -> list[_Folder]:
        """Take the files of one folder; return its subfolders."""
        rules = () if ".git" in listing.telling else folder.rules  # a repository of its own
        if ".gitignore" in listing.telling:
            rules = (*rules, *_read_rules(folder.real, self.notes))
        files, names = listing.files, listing.folders
        if rules:
            files, names = self._drop_ignored(folder.real, files, names, rules)
        if folder.real in self.named:
            files = [name for name in files if name not in self.named[folder.real]]
        self.walked[folder.real] = files
        self.files += [folder.prefix + name for name in files]
        self.notes += [f"{folder.prefix}{name}: skipped, not a regular file" for name in listing.odd]
        outputs = _OUTPUT if listing.telling & _PROJECT_MARKS else frozenset()
        subfolders = []
        for name in names:
            if name in self.barred:
                self.skipped += 1
            else:
                real = os.path.join(folder.real, name)
                subfolders.append(
                    _Folder(folder.prefix + name + os.sep, real, rules, may_be_output=name in outputs)
                )
        return subfolders

    def _drop_ignored(
        self, real: str, files: list[str], folders: list[str], rules: tuple[_Rules, ...]
    ) -> tuple[list[str], list[str]]:
        kept_files = [name for name in files if not _is_ignored(os.path.join(real, name), rules)]
        kept_folders = [
            name
            for name in folders
            if name in self.barred or not _is_ignored(os.path.join(real, name), rules, folder=True)
        ]
        self.ignored += len(files) - len(kept_files) + len(folders) - len(kept_folders)
        return kept_files, kept_folders

    def _follow(self, link: str, real_root: str) -> bool:
        """Take the file that a link leads to; return whether there is one (it may be known already)."""
        try:
            real = os.path.realpath(link, strict=True)
            is_file = stat.S_ISREG(os.stat(real).st_mode)
        except OSError as error:
            self.problems.append(Problem(_why_missing(link, error), link))
            return False
        if not is_file:
            return False
        if not real.startswith(os.path.join(real_root, "")):
            self.notes.append(f"{link}: skipped, a link to {real}, which is outside of the folder")
            return False
        folder, name = os.path.split(real)
        if (
            real not in self.taken
            and name not in self.walked.get(folder, ())
            and name not in self.named.get(folder, ())
        ):
            self.taken.add(real)
            self.files.append(link)
        return True

    def _nothing(self, skipped: int, ignored: int) -> str:
        message = f"no {' or '.join(self.suffixes)} file in this folder"
        left_out = []
        if skipped:
            left_out.append(f"{skipped} environment, cache or output folder{'s' * (skipped > 1)}")
        if ignored:
            left_out.append(f"{ignored} ignored by .gitignore")
        return f"{message} (left out: {', '.join(left_out)})" if left_out else message


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder to walk: its path as it is shown (with the separator), and its real path."""

    prefix: str
    real: str
    rules: tuple[_Rules, ...]
    is_root: bool = False
    may_be_output: bool = False


@dataclass(frozen=True, slots=True)
class _Listing:
    """The entries of a folder that matter, each list sorted."""

    files: list[str]
    folders: list[str]
    links: list[str]
    odd: list[str]
    telling: frozenset[str]


def _list(prefix: str, suffixes: tuple[str, ...]) -> _Listing:
    files, folders, links, odd, telling = [], [], [], [], []
    # Closed before the subfolders are opened: the number of open files stays one at any depth.
    with os.scandir(prefix or os.curdir) as entries:
        for entry in entries:
            name = entry.name
            if name in _TELLING:
                telling.append(name)
            # The kind of an entry comes with the listing; a stat for each would double the time.
            if name.endswith(suffixes):
                if entry.is_file(follow_symlinks=False):
                    files.append(name)
                elif entry.is_symlink():
                    links.append(name)
                elif entry.is_dir(follow_symlinks=False):
                    folders.append(name)
                else:
                    odd.append(name)
            elif entry.is_dir(follow_symlinks=False):
                folders.append(name)
    for names in (files, folders, links, odd):
        names.sort()
    return _Listing(files, folders, links, odd, frozenset(telling))


def _is_left_out(folder: _Folder, telling: frozenset[str]) -> bool:
    is_output = folder.may_be_output and "__init__.py" not in telling
    return is_output or bool(telling & _ENVIRONMENT_MARKS)


def _is_environment(folder: str) -> bool:
    return any(os.path.exists(os.path.join(folder, mark)) for mark in _ENVIRONMENT_MARKS)


@dataclass(frozen=True, slots=True)
class _Rules:
    """One ``.gitignore``, with the real path of its folder (and the separator)."""

    prefix: str
    ignore: GitIgnore


def _is_ignored(real: str, rules: tuple[_Rules, ...], *, folder: bool = False) -> bool:
    """Ask the nearest file first: the last word is its. Ignored folders above have been left out."""
    for rule in reversed(rules):
        relative = real[len(rule.prefix) :].replace(os.sep, "/")
        verdict = rule.ignore.verdict(relative, folder=folder)
        if verdict is not None:
            return verdict
    return False


def _rules_above(real_root: str, notes: list[str]) -> tuple[_Rules, ...]:
    """Read the rules of the folders above, up to the repository's root."""
    above = []
    folder = real_root
    while not os.path.lexists(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return ()  # not in a repository
        above.append(folder)
        folder = parent
    rules: tuple[_Rules, ...] = ()
    for child in reversed(above):
        if os.path.lexists(os.path.join(folder, ".gitignore")):
            rules = (*rules, *_read_rules(folder, notes))
        if _is_ignored(child, rules, folder=True):
            return ()
        folder = child
    return rules


def _read_rules(folder: str, notes: list[str]) -> tuple[_Rules, ...]:
    path = os.path.join(folder, ".gitignore")
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return ()  # git does not follow a link here either
        with open(path, "rb") as file:
            ignore = GitIgnore(file.read())
    except OSError as error:
        notes.append(f"{path}: {describe(error)}; its rules were not applied")
        return ()
    return (_Rules(os.path.join(folder, ""), ignore),)
