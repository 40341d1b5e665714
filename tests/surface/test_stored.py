"""The bundled surfaces: complete, round-tripping, and found by every name."""

from pathlib import Path

import fwdoctor_rules
import pytest

from fwdoctor.errors import FwdoctorError
from fwdoctor.surface import codec, stored

FOLDER = fwdoctor_rules.DATA / "surfaces"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*-*.json")), ids=lambda p: p.stem)
def test_stored_surfaces_survive_the_round_trip(path: Path) -> None:
    surface = codec.load(path)
    assert codec.dumps(surface) == path.read_text("utf-8")
    assert codec.normalized(surface).modules == surface.modules


def test_every_entry_has_its_surfaces() -> None:
    for entry in stored.index():
        assert stored.cookbook(entry.commit).commit == entry.commit
        assert stored.sdk(entry.sdk).class_at("fireworks.training.sdk.TrainerJobManager") is not None


@pytest.mark.parametrize(
    ("wanted", "commit"),
    [
        ("latest", "76821fa1"),
        ("june", "517d206d"),
        ("b425d652", "b425d652"),
        ("cookbook-v2026.08.19.1", "76821fa1"),
        ("2026-06-30", "517d206d"),
        ("2026-06-01", "517d206d"),
        ("2026-05-31", "68dc0d97"),
        ("2027-01-01", "76821fa1"),
    ],
)
def test_find(wanted: str, commit: str) -> None:
    assert stored.find(wanted).commit.startswith(commit)


@pytest.mark.parametrize("wanted", ["yuly", "2026-13-01", "2020-01-01", "0000000", ""])
def test_what_is_not_there_is_a_clear_error(wanted: str) -> None:
    with pytest.raises(FwdoctorError):
        stored.find(wanted)


@pytest.mark.parametrize("text", ["", "{", "{}", '{"modules": 1, "roots": [], "partial": []}'])
def test_a_damaged_file_is_a_clear_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "s.json"
    path.write_text(text)
    with pytest.raises(FwdoctorError, match="damaged"):
        codec.load(path)


# The dates at which the cookbook's surface changed, for the fields that the port depends on.
@pytest.mark.parametrize(
    ("path", "field", "commits"),
    [
        ("training.recipes.rl_loop.Config", "infra", {"ebed367d", "c7ec5ed5", "5b1774b4", "68dc0d97"}),
        ("training.recipes.rl_loop.Config", "trainer", {"517d206d", "b425d652", "76821fa1"}),
        ("training.recipes.rl_loop.Config", "weight_sync_interval", {"517d206d", "b425d652"}),
        ("training.recipes.igpo_loop.Config", "weight_sync_interval", {"517d206d", "b425d652", "76821fa1"}),
        ("training.recipes.rl_loop.Config", "cleanup_on_exit", {"b425d652", "76821fa1"}),
        ("training.utils.config.TrainerConfig", "accelerator_type", {"517d206d", "b425d652"}),
        ("training.utils.config.TrainerConfig", "pending_timeout_s", {"76821fa1"}),
        (
            "training.utils.config.DeployConfig",
            "deployment_region",
            {"ebed367d", "c7ec5ed5", "5b1774b4", "68dc0d97", "517d206d"},
        ),
    ],
)
def test_fields_by_version(path: str, field: str, commits: set[str]) -> None:
    having = {
        e.commit[:8]
        for e in stored.index()
        if (c := stored.cookbook(e.commit).class_at(path)) is not None and c.field_named(field)
    }
    assert having == commits
