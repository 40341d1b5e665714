"""Installing: what is there decides, and nothing of anybody's is lost."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from fwdoctor.errors import FwdoctorError
from fwdoctor.skill import install as module
from fwdoctor.skill.agents import Place
from fwdoctor.skill.copies import State, look
from fwdoctor.skill.install import install
from fwdoctor.skill.tree import MANIFEST, Tree, contents


def everything(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_copy_is_whole_and_a_second_run_does_nothing(there: Place, skill: Tree) -> None:
    assert install(there, skill).action == "installed"
    assert contents(there.folder) == skill.files
    manifest = json.loads((there.folder / MANIFEST).read_text("utf-8"))
    assert manifest["version"] == skill.version
    assert manifest["files"] == skill.files
    before = everything(there.folder)
    assert install(there, skill).action == "up to date"
    assert everything(there.folder) == before
    assert os.listdir(there.folder.parent) == ["fireworks-doctor"]


def test_an_older_copy_is_replaced_as_a_whole(there: Place, skill: Tree, older: Tree) -> None:
    install(there, older)
    found = look(there.folder, skill)
    assert (found.state, found.version, found.stale) == (State.OUTDATED, "0.0.9", True)
    assert install(there, skill).action == "updated"
    assert contents(there.folder) == skill.files  # what the older one had in addition is gone
    assert look(there.folder, skill).state is State.CURRENT


def test_a_missing_file_is_put_back(there: Place, skill: Tree) -> None:
    install(there, skill)
    (there.folder / "SKILL.md").unlink()
    assert install(there, skill).action == "updated"
    assert contents(there.folder) == skill.files


def changed_text(folder: Path) -> None:
    with open(folder / "SKILL.md", "a") as file:
        file.write("mine\n")


def added_file(folder: Path) -> None:
    (folder / "references" / "mine.md").write_text("mine")


@pytest.mark.parametrize(("change", "name"), [(changed_text, "SKILL.md"), (added_file, "references/mine.md")])
@pytest.mark.parametrize("version", ["same", "older"])
def test_what_somebody_changed_stays(
    there: Place, skill: Tree, older: Tree, change: Callable[[Path], None], name: str, version: str
) -> None:
    install(there, older if version == "older" else skill)
    change(there.folder)
    before = everything(there.folder)
    with pytest.raises(FwdoctorError, match=name):
        install(there, skill)
    assert everything(there.folder) == before
    done = install(there, skill, force=True)
    assert done.action == "replaced"
    assert contents(there.folder) == skill.files
    (backup,) = there.folder.parent.parent.glob("fireworks-doctor.backup-*")
    assert everything(backup) == before
    assert done.note is not None
    assert str(backup) in done.note


def test_backups_do_not_overwrite_each_other(there: Place, skill: Tree) -> None:
    for _ in range(3):
        install(there, skill, force=True)
        changed_text(there.folder)
    install(there, skill, force=True)
    names = sorted(p.name for p in there.folder.parent.parent.iterdir())
    assert names == [*(f"fireworks-doctor.backup-{n}" for n in (1, 2, 3)), "skills"]


def foreign_folder(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_text("---\nname: fireworks-doctor\n---\nanother\n")


def foreign_file(folder: Path) -> None:
    folder.parent.mkdir(parents=True)
    folder.write_text("a file")


def foreign_link(folder: Path) -> None:
    target = folder.parent.parent / "elsewhere"
    target.mkdir(parents=True)
    (target / "SKILL.md").write_text("another")
    folder.parent.mkdir()
    folder.symlink_to(target, target_is_directory=True)


def broken_manifest(folder: Path) -> None:
    foreign_folder(folder)
    (folder / MANIFEST).write_text("[[[")


@pytest.mark.parametrize("build", [foreign_folder, foreign_file, foreign_link, broken_manifest])
def test_a_foreign_skill_of_that_name_stays(there: Place, skill: Tree, build: Callable[[Path], None]) -> None:
    build(there.folder)
    home = there.folder.parent.parent
    before = everything(home)
    with pytest.raises(FwdoctorError, match="--force"):
        install(there, skill)
    assert everything(home) == before
    assert install(there, skill, force=True).action == "replaced"
    assert contents(there.folder) == skill.files
    assert not there.folder.is_symlink()
    kept = everything(home)
    assert set(before.values()) <= set(kept.values())


def test_a_newer_one_stays(there: Place, skill: Tree, older: Tree) -> None:
    install(there, skill)
    found = look(there.folder, older)
    assert found.state is State.NEWER
    with pytest.raises(FwdoctorError, match="newer"):
        install(there, older)
    assert contents(there.folder) == skill.files


def test_the_same_text_from_elsewhere_is_up_to_date(there: Place, skill: Tree) -> None:
    for name in skill.files:
        path = there.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((skill.folder / name).read_bytes().replace(b"\n", b"\r\n"))
    assert install(there, skill).action == "up to date"


# --- links --------------------------------------------------------------------------------------------


def test_a_link_follows_and_becomes_a_copy_if_asked(there: Place, skill: Tree) -> None:
    done = install(there, skill, how="link")
    assert done.action == "installed"
    assert there.folder.is_symlink()
    assert there.folder.resolve() == skill.folder.resolve()
    assert install(there, skill).action == "up to date"
    assert install(there, skill, how="copy").action == "updated"
    assert not there.folder.is_symlink()
    assert contents(there.folder) == skill.files
    assert contents(skill.folder) == skill.files  # the original is untouched
    assert install(there, skill, how="link").action == "updated"
    assert there.folder.is_symlink()


def test_where_no_link_can_be_made_it_is_a_copy(
    there: Place, skill: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "a required privilege is not held by the client")

    monkeypatch.setattr(module.os, "symlink", refuse)
    done = install(there, skill, how="link")
    assert done.action == "installed"
    assert done.note == "links cannot be made here: it is a copy"
    assert contents(there.folder) == skill.files


@pytest.mark.parametrize("how", [None, "copy", "link"])
def test_a_link_to_nowhere_is_replaced(there: Place, skill: Tree, how: str | None) -> None:
    there.folder.parent.mkdir(parents=True)
    there.folder.symlink_to(there.folder.parent / "gone", target_is_directory=True)
    assert look(there.folder, skill).state is State.BROKEN_LINK
    assert install(there, skill, how=how).action == "installed"
    assert contents(there.folder) == skill.files


def test_a_link_to_an_older_fwdoctor_is_replaced_and_that_one_stays(
    there: Place, skill: Tree, older: Tree
) -> None:
    install(there, older, how="link")
    assert look(there.folder, skill).state is State.OUTDATED
    assert install(there, skill).action == "updated"
    assert there.folder.resolve() == skill.folder.resolve()
    assert contents(older.folder) == older.files


def test_a_folder_of_skills_that_is_the_skills_own_is_left_alone(
    tmp_path: Path, there: Place, older: Tree
) -> None:
    there.folder.parent.parent.mkdir(parents=True)
    there.folder.parent.symlink_to(older.folder.parent, target_is_directory=True)
    for how in (None, "copy", "link"):
        assert install(there, older, how=how).action == "up to date"
    assert contents(older.folder) == older.files


def test_linked_parents_are_followed(tmp_path: Path, there: Place, skill: Tree) -> None:
    dotfiles = tmp_path / "dotfiles"
    dotfiles.mkdir()
    there.folder.parent.parent.symlink_to(dotfiles, target_is_directory=True)
    assert install(there, skill).action == "installed"
    assert contents(dotfiles / "skills" / "fireworks-doctor") == skill.files
    assert there.folder.parent.parent.is_symlink()


# --- what goes wrong ----------------------------------------------------------------------------------


def test_a_home_that_cannot_be_written(there: Place, skill: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    there.folder.parent.mkdir(parents=True)

    def refuse(path: object, *_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system", os.fspath(path))  # type: ignore[call-overload]

    monkeypatch.setattr(module.os, "mkdir", refuse)
    with pytest.raises(FwdoctorError, match=r"the file system is read-only.*--project") as error:
        install(there, skill)
    assert str(there.folder) in str(error.value)
    assert ".tmp" not in str(error.value)
    assert os.listdir(there.folder.parent) == []


def test_a_file_where_the_folder_should_be(there: Place, skill: Tree) -> None:
    there.folder.parent.parent.write_text("a file")
    with pytest.raises(FwdoctorError, match="cannot be written"):
        install(there, skill)
    assert there.folder.parent.parent.read_text() == "a file"


@pytest.mark.parametrize("how", ["copy", "link"])
def test_an_interruption_leaves_the_old_one(
    there: Place, skill: Tree, older: Tree, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    install(there, older)
    rename = os.rename

    def fail_second(old: os.PathLike[str], new: os.PathLike[str]) -> None:
        is_new = not os.fspath(old).endswith(".old.tmp")
        if is_new and os.fspath(new) == os.fspath(there.folder):
            raise OSError(errno.ENOSPC, "full")
        rename(old, new)

    monkeypatch.setattr(module.os, "rename", fail_second)
    with pytest.raises(FwdoctorError, match="no space left"):
        install(there, skill, how=how)
    assert contents(there.folder) == older.files
    assert os.listdir(there.folder.parent) == ["fireworks-doctor"]
