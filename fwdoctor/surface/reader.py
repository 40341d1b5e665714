"""Reads a surface from a folder of sources or a wheel, without importing or running any of it.

Tolerant: a file that does not parse, a decorator or base class that cannot be followed, ``__getattr__``,
``import *`` from elsewhere all make the part they touch unknown, never an error.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from fwdoctor.errors import FwdoctorError
from fwdoctor.surface.model import Surface, Unreadable
from fwdoctor.surface.parse import RawModule, parse_module
from fwdoctor.surface.resolve import resolve


def read_surface(
    folder: Path, packages: Sequence[str], *, name: str, leave_out: Sequence[str] = ()
) -> Surface:
    """Read the dotted ``packages`` below ``folder`` (``training`` is ``folder/training``).

    ``leave_out`` are dotted subpackages that are not read and so stay unknown. Files that cannot be read or
    parsed are the surface's ``unreadable``.

    Raises:
        FwdoctorError: none of the packages is there.
    """
    with no_garbage():
        raw: list[RawModule] = []
        for package in packages:
            closed: list[RawModule] = []
            for module, path, is_package in _files(
                folder.joinpath(*package.split(".")), package, leave_out, closed
            ):
                raw.append(_read(module, path, is_package))
            raw += closed
        if not raw:
            wanted = " or ".join(str(folder.joinpath(*p.split("."))) for p in packages)
            raise FwdoctorError(f"{folder}: no Python package here; expected {wanted}")
        return assemble(raw, packages, name=name, leave_out=leave_out)


def read_wheel(wheel: Path, packages: Sequence[str], *, name: str, leave_out: Sequence[str] = ()) -> Surface:
    """As :func:`read_surface`, from a wheel or another zip archive.

    Raises:
        FwdoctorError: it is no zip archive, is damaged, or has none of the packages.
    """
    import zipfile

    roots = tuple(p.replace(".", "/") for p in packages)
    raw = []
    try:
        with zipfile.ZipFile(wheel) as archive:
            for entry in sorted(archive.namelist()):
                module, is_package = module_of(entry)
                if (
                    module is None
                    or not any(entry == f"{r}.py" or entry.startswith(f"{r}/") for r in roots)
                    or _is_below(module, leave_out)
                ):
                    continue
                raw.append(parse_module(module, archive.read(entry), entry, is_package=is_package))
    except (OSError, zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError) as error:
        raise FwdoctorError(f"{wheel}: cannot read this wheel: {error}") from error
    if not raw:
        raise FwdoctorError(f"{wheel}: no {' or '.join(packages)} in it")
    return assemble(raw, packages, name=name, leave_out=leave_out)


def assemble(
    raw: Iterable[RawModule], packages: Sequence[str], *, name: str, leave_out: Sequence[str] = ()
) -> Surface:
    """The surface that parsed modules make."""
    modules = {m.name: m for m in raw}
    unreadable = tuple(m.unreadable for m in modules.values() if m.unreadable)
    return Surface(name, resolve(modules), tuple(packages), tuple(leave_out), unreadable)


def module_of(path: str) -> tuple[str | None, bool]:
    """The dotted name of ``package/module.py``, and whether it is an ``__init__``; None if it is neither."""
    stem, suffix = os.path.splitext(path)
    parts = stem.split("/")
    if suffix != ".py" or not all(p.isidentifier() for p in parts):
        return None, False
    if parts[-1] == "__init__":
        return ".".join(parts[:-1]) or None, True
    return ".".join(parts), False


def _read(name: str, path: Path, is_package: bool) -> RawModule:
    try:
        data = path.read_bytes()
    except OSError as error:
        unreadable = Unreadable(name, str(path), None, error.strerror or str(error))
        return RawModule(name, is_package, dynamic=True, unreadable=unreadable)
    return parse_module(name, data, str(path), is_package=is_package)


@contextmanager
def no_garbage() -> Iterator[None]:
    """Without the cyclic garbage collector: syntax trees are many objects, and it looks at each again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _is_below(module: str, packages: Sequence[str]) -> bool:
    return any(module == p or module.startswith(p + ".") for p in packages)


def _files(
    root: Path, package: str, leave_out: Sequence[str], closed: list[RawModule]
) -> Iterator[tuple[str, Path, bool]]:
    """The modules below ``root``; folders that cannot be looked into are added to ``closed``."""

    def on_error(error: OSError) -> None:
        if not root.is_dir():
            return  # there is no such package
        path = Path(error.filename or root)
        dotted = ".".join((package, *path.relative_to(root).parts))
        unreadable = Unreadable(dotted, str(path), None, error.strerror or str(error))
        closed.append(RawModule(dotted, is_package=True, dynamic=True, unreadable=unreadable))

    if root.with_suffix(".py").is_file() and not root.is_dir():
        yield package, root.with_suffix(".py"), False
        return
    for directory, folders, files in os.walk(root, onerror=on_error):
        relative = Path(directory).relative_to(root).parts
        dotted = ".".join((package, *relative))
        folders[:] = sorted(
            f for f in folders if f.isidentifier() and f"{dotted}.{f}" not in leave_out and f != "__pycache__"
        )
        if dotted in leave_out:
            continue
        for file in sorted(files):
            stem, suffix = os.path.splitext(file)
            if suffix != ".py" or not stem.isidentifier():
                continue
            path = Path(directory, file)
            yield (dotted, path, True) if stem == "__init__" else (f"{dotted}.{stem}", path, False)
