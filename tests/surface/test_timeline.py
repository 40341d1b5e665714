"""The bundled timelines: whole, and every version found by every name that people use."""

import datetime as dt
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version as Number

from fwdoctor.errors import FwdoctorError
from fwdoctor.surface import timeline
from fwdoctor.surface.compare import fingerprint
from fwdoctor.surface.history import History
from fwdoctor.surface.model import Module
from fwdoctor.surface.timeline import Product, Timeline

LINES = [pytest.param(timeline.timeline(p), id=p) for p in Product]


@pytest.mark.parametrize("line", LINES)
def test_every_state_reads_as_it_was_written(line: Timeline) -> None:
    # Every seventh and the ends: all of them take a second, and the build script compares all.
    states = {0, len(line.states) - 1, *range(0, len(line.states), 7)}
    assert all(fingerprint(line.of_state(i)) == line.fingerprints[i] for i in states)


@pytest.mark.parametrize("line", LINES)
def test_versions_are_in_order_and_share_states(line: Timeline) -> None:
    assert [v.index for v in line.versions] == list(range(len(line.versions)))
    states = [v.state for v in line.versions]
    assert states == sorted(states)
    assert set(states) == set(range(len(line.states)))
    assert len(set(line.fingerprints)) <= len(line.states)
    assert all(a != b for a, b in zip(line.fingerprints, line.fingerprints[1:], strict=False))


def test_the_timelines_go_from_the_first_to_the_newest() -> None:
    book, sdk = timeline.cookbook(), timeline.sdk()
    assert book.versions[0].date == dt.date(2026, 3, 3)
    assert book.newest.date >= dt.date(2026, 8, 19)
    assert sdk.versions[0].number == "1.0.0a36"
    assert Number(sdk.newest.number or "0") >= Number("1.2.30")
    assert sum((timeline.FOLDER / f"{p}.jsonl").stat().st_size for p in Product) < 700_000


@pytest.mark.parametrize(
    ("wanted", "commit"),
    [
        ("latest", "76821fa1"),
        ("june", "517d206d"),
        ("b425d652", "b425d652"),
        ("b425d652d75f87c01c3182ad1c0bf11fa1ebb84b", "b425d652"),
        ("cookbook-v2026.08.19.1", "76821fa1"),
        ("2026.8.19.1", "76821fa1"),
        ("2026-06-30", "54c75eaf"),
        ("2026-05-31", "68dc0d97"),
        ("2027-01-01", "76821fa1"),
        ("1311b610^", "b425d652"),
        ("june^", "68dc0d97"),
    ],
)
def test_find_a_cookbook(wanted: str, commit: str) -> None:
    assert timeline.cookbook().find(wanted).id == commit


@pytest.mark.parametrize(
    ("wanted", "number"),
    [
        ("latest", "1.2.30"),
        ("1.2.28", "1.2.28"),
        ("fireworks-ai==1.2.2", "1.2.2"),
        ("fireworks-ai[training]==1.2.0a87", "1.2.0a87"),
        ("1.2.0A87", "1.2.0a87"),
        ("2026-07-11", "1.2.0"),
        ("1.2.0^", "1.2.0a89"),
    ],
)
def test_find_a_release(wanted: str, number: str) -> None:
    assert timeline.sdk().find(wanted).number == number


@pytest.mark.parametrize(
    ("product", "wanted", "words"),
    [
        (Product.COOKBOOK, "yuly", "july"),
        (Product.COOKBOOK, "2026-13-01", "no date"),
        (Product.COOKBOOK, "2020-01-01", "before the oldest version known, cookbook ebed367d"),
        (Product.COOKBOOK, "0000000", "no cookbook version"),
        (Product.COOKBOOK, "", "no cookbook version"),
        (Product.COOKBOOK, "march^", "no version that far before"),
        (Product.COOKBOOK, "cookbook-v2026.08.19.2", "cookbook-v2026.08.19.1"),
        (Product.SDK, "1.0.0a66", "1.0.0a63, 1.0.1a63"),
        (Product.SDK, "1.2.99", "1.2.30"),
        (Product.SDK, "fireworks-ai>=1", "no fireworks-ai"),
        (Product.SDK, "one", "the nearest are"),
    ],
)
def test_what_is_not_there_is_a_clear_error_that_names_the_nearest(
    product: Product, wanted: str, words: str
) -> None:
    with pytest.raises(FwdoctorError, match=words.replace("(", r"\(")):
        timeline.timeline(product).find(wanted)


@pytest.mark.parametrize("text", ["", "{", "{}", '{"format": "other"}', "[]", "\0"])
def test_a_damaged_file_is_a_clear_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text(text)
    with pytest.raises(FwdoctorError, match="damaged"):
        History.load(path)


def test_a_damaged_line_is_a_clear_error_when_it_is_read() -> None:
    data = (timeline.FOLDER / "cookbook.jsonl").read_bytes().splitlines()
    place = next(i for i, line in enumerate(data) if line.startswith(b'["training.utils.config"'))
    data[place] = data[place][:200]
    history = History(Path("cookbook.jsonl"), b"\n".join(data))
    assert history.at(0, "x").locate("training.recipes.rl_loop.Config")
    with pytest.raises(FwdoctorError, match="damaged"):
        history.at(0, "x").locate("training.utils.config.InfraConfig")


def test_a_missing_line_is_a_clear_error() -> None:
    data = (timeline.FOLDER / "cookbook.jsonl").read_bytes().splitlines()
    with pytest.raises(FwdoctorError, match="damaged"):
        History(Path("cookbook.jsonl"), b"\n".join(data[:-1]))


@pytest.mark.parametrize(
    "path",
    [
        "training.utils.InfraConfig",
        "training.utils.infra.setup_infra",
        "training.recipes.rl_loop.Config",
        "training.recipes.rl_loop.Config.infra",
        "training.utils.client.ReconnectableClient.close",
        "training.recipes.opd_loop",
        "training.utils.rl",
        "training.nothing",
        "training.tests.x",
        "elsewhere.x",
    ],
)
def test_spans_say_what_every_state_says(path: str) -> None:
    line = timeline.cookbook()
    spans = line.spans(path)
    assert [s.first for s in spans] == [0, *(s.last + 1 for s in spans[:-1])]
    assert spans[-1].last == len(line.states) - 1
    for span in spans:
        for state in range(span.first, span.last + 1):
            found = line.of_state(state).locate(path)
            if isinstance(found, tuple) and isinstance(found[1], Module):
                assert isinstance(span.found, tuple)  # what a module holds has spans of its own
            else:
                assert found == span.found


def test_the_sdk_of_a_cookbook_is_allowed_by_its_pin() -> None:
    for version in timeline.cookbook().versions:
        release = timeline.sdk_of(version)
        if version.sdk_pin:
            assert Requirement(version.sdk_pin).specifier.contains(release.number or "", prereleases=True)


def test_names_mean_versions() -> None:
    for name, commit in timeline.names().items():
        assert timeline.cookbook().find(name).id == commit
        assert timeline.name_of(timeline.cookbook().find(name)) == name


# The dates at which the cookbook's surface changed, for the fields that the port depends on.
@pytest.mark.parametrize(
    ("path", "spans"),
    [
        ("training.recipes.rl_loop.Config.infra", [("ebed367d", "68dc0d97")]),
        ("training.recipes.rl_loop.Config.trainer", [("517d206d", "76821fa1")]),
        ("training.recipes.rl_loop.Config.weight_sync_interval", [("517d206d", "61dcc986")]),
        ("training.recipes.igpo_loop.Config.weight_sync_interval", [("517d206d", "76821fa1")]),
        ("training.recipes.rl_loop.Config.cleanup_on_exit", [("ffb90baf", "76821fa1")]),
        ("training.utils.config.TrainerConfig.accelerator_type", [("517d206d", "e219f161")]),
        ("training.utils.config.TrainerConfig.pending_timeout_s", [("1311b610", "76821fa1")]),
        ("training.utils.config.DeployConfig.deployment_region", [("ebed367d", "5f1e2e06")]),
        (
            "training.utils.config.DeployConfig.enable_hot_load",
            [("946c68e8", "946c68e8"), ("7c2c22fc", "76821fa1")],
        ),
    ],
)
def test_fields_by_version(path: str, spans: list[tuple[str, str]]) -> None:
    line = timeline.cookbook()
    there = [(line.states[s.first][0].id, line.states[s.last][-1].id) for s in line.spans(path) if s.there]
    assert there == spans


@pytest.mark.parametrize(
    ("wanted", "first", "best"),
    [
        ("may", "1.2.0a70", "1.2.0a73"),
        ("ffb90baf", "1.2.0a78", "1.2.0a78"),  # imports what 1.2.0a78 added; its pin says >=1.2.0a70
        ("1311b610", "1.2.1", "1.2.1"),
        ("2e447c8a", "1.2.4", "1.2.4"),
        ("august", "1.2.8", "1.2.9"),
    ],
)
def test_the_sdk_has_what_the_cookbooks_own_code_uses(wanted: str, first: str, best: str) -> None:
    version = timeline.cookbook().find(wanted)
    needed = timeline.sdk_range(version)
    assert needed is not None
    assert needed[0].number == first
    assert timeline.sdk_of(version).number == best


def test_a_damaged_list_of_pairs_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pairs.json").write_text("[[")
    monkeypatch.setattr(timeline, "FOLDER", tmp_path)
    with pytest.raises(FwdoctorError, match="damaged"):
        timeline._pairs.__wrapped__()
