"""Ratchet: what the moves say is what the stored surfaces have."""

import dataclasses
from pathlib import Path

import pytest

from fwdoctor.errors import FwdoctorError
from fwdoctor.moves import load, moves
from fwdoctor.rulebook import rulebook
from fwdoctor.surface import stored

RECIPES = ("rl", "async_rl", "dpo", "sft", "orpo", "igpo")
OLD = [e for e in stored.index() if str(e.date) < "2026-06-01"]
NEW = [e for e in stored.index() if str(e.date) >= "2026-06-01"]


def fields(entries: list[stored.Entry], path: str) -> set[str]:
    return {
        f.name
        for e in entries
        if (c := stored.cookbook(e.commit).class_at(path)) is not None
        for f in c.fields
    }


@pytest.mark.parametrize("move", moves().classes.values(), ids=moves().classes)
def test_class_moves(move: object) -> None:
    assert dataclasses.is_dataclass(move)
    old, new, renamed = move.old, move.new, move.fields  # type: ignore[union-attr]
    assert renamed.keys() <= fields(OLD, old), "every old field was one"
    if new:
        for entry in NEW:
            assert set(renamed.values()) <= fields([entry], new), "every new field is one in every target"
            assert (
                stored.cookbook(entry.commit).canonical(f"{move.import_from}.{new.rpartition('.')[2]}") == new
            )  # type: ignore[union-attr]


@pytest.mark.parametrize("keyword", moves().config)
def test_config_moves(keyword: str) -> None:
    configs = [f"training.recipes.{r}_loop.Config" for r in RECIPES]
    assert any(keyword in fields(OLD, c) for c in configs), "some recipe took it"
    assert not any(keyword in fields(NEW, c) for c in configs), "none takes it any more"


@pytest.mark.parametrize("keyword", moves().main)
def test_main_moves(keyword: str) -> None:
    def takes(entry: stored.Entry) -> bool:
        surface = stored.cookbook(entry.commit)
        signatures = [surface.signature(f"training.recipes.{r}_loop.main") for r in RECIPES]
        return any(s is not None and s.parameter(keyword) for s in signatures)

    assert any(map(takes, OLD))
    assert not any(map(takes, NEW))


def test_managers_are_where_the_moves_say() -> None:
    for path in moves().managers:
        assert all(stored.sdk(e.sdk).class_at(path) is not None for e in stored.index())


def test_ignored_fields_exist_somewhere() -> None:
    for ignored in moves().ignored.values():
        assert ignored.field in fields(list(stored.index()), ignored.class_)


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
