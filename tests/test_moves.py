"""Ratchet: what the moves say is what the stored surfaces have."""

import dataclasses
from pathlib import Path

import pytest

from fwdoctor.errors import FwdoctorError
from fwdoctor.moves import explanation, load, moves, removed, successor
from fwdoctor.rulebook import rulebook
from fwdoctor.surface import compare, timeline
from fwdoctor.surface.essence import is_private
from fwdoctor.surface.model import MISSING, Alias, Class, Function, Surface

RECIPES = ("rl", "async_rl", "dpo", "sft", "orpo", "igpo")
LINE = timeline.cookbook()
PORT = LINE.find("517d206d").state
OLD = [LINE.of_state(i) for i in range(PORT)]
NEW = [LINE.of_state(i) for i in range(PORT, len(LINE.states))]


def fields(surfaces: list[Surface], path: str) -> set[str]:
    return {f.name for s in surfaces if (c := s.class_at(path)) is not None for f in c.fields}


@pytest.mark.parametrize("move", moves().classes.values(), ids=moves().classes)
def test_class_moves(move: object) -> None:
    assert dataclasses.is_dataclass(move)
    old, new, renamed = move.old, move.new, move.fields  # type: ignore[union-attr]
    assert renamed.keys() <= fields(OLD, old), "every old field was one"
    if new:
        public = f"{move.import_from}.{new.rpartition('.')[2]}"  # type: ignore[union-attr]
        for surface in NEW:
            assert set(renamed.values()) <= fields([surface], new), "every new field is one in every target"
            assert surface.canonical(public) == new


@pytest.mark.parametrize("keyword", moves().config)
def test_config_moves(keyword: str) -> None:
    configs = [f"training.recipes.{r}_loop.Config" for r in RECIPES]
    assert any(keyword in fields(OLD, c) for c in configs), "some recipe took it"
    assert not any(keyword in fields(NEW, c) for c in configs), "none takes it any more"


@pytest.mark.parametrize("keyword", moves().main)
def test_main_moves(keyword: str) -> None:
    def takes(surface: Surface) -> bool:
        signatures = [surface.signature(f"training.recipes.{r}_loop.main") for r in RECIPES]
        return any(s is not None and s.parameter(keyword) for s in signatures)

    assert any(map(takes, OLD))
    assert not any(map(takes, NEW))


def test_managers_are_where_the_moves_say() -> None:
    for path in moves().managers:
        assert all(s.class_at(path) is not None for s in timeline.sdk().surfaces())


def test_ignored_fields_exist_somewhere() -> None:
    for ignored in moves().ignored.values():
        assert ignored.field in fields([*OLD, *NEW], ignored.class_)


def test_every_rule_that_a_move_names_exists() -> None:
    named = [*moves().classes.values(), *moves().config.values(), *moves().main.values()]
    assert {m.rule for m in named} <= rulebook().keys()


@pytest.mark.parametrize(
    "text", ["[[class", "[[class]]\nold = 'x'\n", "[[config]]\nrule='r'\nold='o'\nhow='h'\nx=1\n"]
)
def test_a_bad_file_of_moves_is_a_clear_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "m.toml"
    path.write_text(text)
    with pytest.raises(FwdoctorError, match=r"m\.toml"):
        load(path)


def own_names(state: int) -> set[str]:
    """Every public name of a state, with fields, parameters and methods; where things live, not re-exports."""
    surface, found = LINE.of_state(state), set()
    for module in (m for m in surface.modules if not is_private(m)):
        for name, symbol in compare.own_names(surface, module).items():
            if isinstance(symbol, Alias):
                continue
            found.add(path := f"{module}.{name}")
            inner = (
                [*symbol.methods, *symbol.attributes]
                if isinstance(symbol, Class)
                else [p.name for p in symbol.parameters if not p.kind.startswith("var")]
                if isinstance(symbol, Function)
                else []
            )
            found |= {f"{path}.{n}" for n in inner if not n.startswith("_")}
    return found


def is_gone(path: str, surface: Surface) -> bool:
    """Whether a surface certainly lacks a name, a field or a parameter."""
    owner, _, name = path.rpartition(".")
    found = surface.locate(owner)
    if isinstance(found, tuple) and isinstance(found[1], Function):
        return not found[1].accepts_keyword(name)
    return surface.locate(path) is MISSING


#: Module-level conveniences that nobody's code is about.
INCIDENTAL = {"logger", "cfg"}


@pytest.fixture(scope="module")
def gone() -> set[str]:
    """Every public name of the cookbook before the port that the newest one lacks."""
    newest = LINE.of_state(len(LINE.states) - 1)
    old = set().union(*(own_names(state) for state in range(PORT)))
    return {p for p in old if p.rpartition(".")[2] not in INCIDENTAL and is_gone(p, newest)}


def test_every_old_public_name_is_still_there_moved_or_explained(gone: set[str]) -> None:
    assert len(gone) > 150
    unexplained = {p for p in gone if successor(p) is None and explanation(p) is None}
    # What is below something that is explained, or moved, needs no word of its own.
    owners = {p for p in gone if successor(p) is not None or explanation(p) is not None}
    assert {p for p in unexplained if p.rpartition(".")[0] not in owners} == set()


def test_every_explanation_is_about_something_that_is_gone(gone: set[str]) -> None:
    idle = [r.path for r in removed() if not any(explanation(p) is r for p in gone)]
    assert idle == []


def test_every_successor_that_is_a_path_is_there() -> None:
    newest = LINE.of_state(len(LINE.states) - 1)
    places = [r.new for r in removed() if r.new and r.new.startswith("training.") and "," not in r.new]
    assert places
    assert all(isinstance(newest.locate(p), tuple) for p in places)


#: What a move writes, from which commit on every recipe of these has it.
PRODUCED = [
    ("training.recipes.rl_loop.Config.trainer", "517d206d"),
    ("training.recipes.async_rl_loop.Config.trainer", "517d206d"),
    ("training.recipes.dpo_loop.Config.trainer", "517d206d"),
    ("training.recipes.sft_loop.Config.trainer", "517d206d"),
    ("training.recipes.orpo_loop.Config.trainer", "517d206d"),
    ("training.recipes.igpo_loop.Config.trainer", "517d206d"),
    ("training.recipes.rl_loop.Config.cleanup_on_exit", "ffb90baf"),
    ("training.recipes.async_rl_loop.Config.cleanup_on_exit", "ffb90baf"),
    ("training.recipes.dpo_loop.Config.cleanup_on_exit", "ffb90baf"),
    ("training.recipes.igpo_loop.Config.cleanup_on_exit", "ffb90baf"),
    ("training.recipes.igpo_loop.Config.weight_sync_interval", "517d206d"),
    ("training.recipes.rl_loop.Config.dcp_save_interval", "517d206d"),
    ("training.utils.config.TrainerConfig.job_id", "517d206d"),
    ("training.utils.config.TrainerConfig.reference_job_id", "517d206d"),
    ("training.utils.config.TrainerConfig.replica_count", "517d206d"),
]


@pytest.mark.parametrize(("path", "since"), PRODUCED, ids=[p for p, _ in PRODUCED])
def test_what_a_move_writes_is_there_from_its_version_on(path: str, since: str) -> None:
    (there,) = [s for s in LINE.spans(path) if s.there]
    assert LINE.states[there.first][0].id == since
    assert there.last == len(LINE.states) - 1, "and has not gone since"
