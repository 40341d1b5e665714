"""What --target may name."""

from pathlib import Path

import pytest

from fwdoctor.errors import FwdoctorError
from fwdoctor.fit import target
from fwdoctor.surface import timeline


def checkout(folder: Path) -> Path:
    (folder / "training" / "recipes").mkdir(parents=True)
    (folder / "training" / "__init__.py").write_text("")
    (folder / "training" / "recipes" / "sft_loop.py").write_text("def main(config, extra=None): ...\n")
    return folder


@pytest.mark.parametrize(
    ("wanted", "commit"), [("june", "517d206d"), ("latest", "76821fa1"), ("auto", "76821fa1")]
)
def test_stored_versions(wanted: str, commit: str) -> None:
    surfaces = target.resolve(wanted)
    assert commit in surfaces.label
    version = timeline.cookbook().find(commit)
    assert surfaces.target is timeline.cookbook().surface(version)
    assert surfaces.past[0].states == version.state, "what came later is no past"


@pytest.mark.parametrize("inside", [False, True])
def test_a_folder_is_read_as_it_is(tmp_path: Path, inside: bool) -> None:
    folder = checkout(tmp_path / "cb")
    surfaces = target.resolve(str(folder / "training" if inside else folder))
    signature = surfaces.target.signature("training.recipes.sft_loop.main")
    assert signature is not None
    assert [p.name for p in signature.parameters] == ["config", "extra"]
    assert surfaces.past[0].states <= len(timeline.cookbook().states)
    assert str(tmp_path) not in surfaces.label, "it ends up in markers, and those in other people's checkouts"


def test_auto_takes_the_cookbook_that_was_found(tmp_path: Path) -> None:
    assert target.resolve("auto", checkout(tmp_path)).label == "your cookbook"


@pytest.mark.parametrize(
    "era", ["2026-03-03", "5a72c339", "761f82bf", "517d206d", "1311b610", "2e447c8a", "62c410aa"]
)
def test_every_point_of_the_timeline_is_a_target(era: str) -> None:
    surfaces = target.resolve(era)
    assert surfaces.target.class_at("training.recipes.rl_loop.Config") is not None
    assert surfaces.sdk is not None


def test_a_half_written_file_in_the_target_is_a_clear_error(tmp_path: Path) -> None:
    folder = checkout(tmp_path)
    (folder / "training" / "half.py").write_text("def half(:\n")
    with pytest.raises(FwdoctorError, match=r"half\.py:1: cannot be read as Python"):
        target.resolve(str(folder))


@pytest.mark.parametrize("wanted", ["yuly", "no/such/folder", "./nowhere"])
def test_a_wrong_one_is_a_clear_error(wanted: str) -> None:
    with pytest.raises(FwdoctorError):
        target.resolve(wanted)


def test_a_folder_without_a_cookbook_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(FwdoctorError, match="no cookbook here"):
        target.resolve(str(tmp_path))
