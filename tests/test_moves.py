"""Ratchet: what the moves say is what the stored surfaces have."""

import dataclasses
from pathlib import Path

import pytest

from fwdoctor.errors import FwdoctorError
from fwdoctor.moves import load, moves
from fwdoctor.rulebook import rulebook
from fwdoctor.surface import timeline
from fwdoctor.surface.model import Surface

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
