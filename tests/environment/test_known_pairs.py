"""The list of known pairs is data, and bad data is refused."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fwdoctor.environment.known_pairs import known_pairs, load
from fwdoctor.errors import FwdoctorError

if TYPE_CHECKING:
    from tests.environment.conftest import World

GOOD = {
    "commit": "a" * 40,
    "date": "2026-08-19",
    "pin_minimum": "1.2.9",
    "sdk": ">=1.2.25",
    "symptom": "it fails",
    "cause": "Because.",
    "install": "fireworks-ai<1.2.25",
}


def test_each_pair_says_what_to_install_and_that_is_not_the_pair() -> None:
    assert known_pairs()
    for pair in known_pairs():
        assert pair.install.specifier.contains(pair.pin_minimum, prereleases=True)
        assert not pair.sdk.contains(pair.pin_minimum, prereleases=True)
        assert len(pair.commit) == 40


@pytest.mark.parametrize(
    "change",
    [{"commit": None}, {"sdk": ">>1"}, {"install": "a b"}, {"pin_minimum": "x"}, {"extra": "1"}],
)
def test_bad_data_is_refused(tmp_path: Path, change: dict[str, str | None]) -> None:
    path = tmp_path / "pairs.toml"
    rows = {**GOOD, **change}
    path.write_text("[[pair]]\n" + "".join(f'{k} = "{v}"\n' for k, v in rows.items() if v is not None))
    with pytest.raises(FwdoctorError, match=r"pairs\.toml: cannot read the known pairs"):
        load(path)


def test_good_data_is_read(tmp_path: Path) -> None:
    path = tmp_path / "pairs.toml"
    path.write_text("[[pair]]\n" + "".join(f'{k} = "{v}"\n' for k, v in GOOD.items()))
    assert [pair.symptom for pair in load(path)] == ["it fails"]


@pytest.mark.parametrize(("installed", "rules"), [((), {"FWS209"}), (("tinker",), set())])
def test_a_pair_that_lacks_a_package_is_fine_with_it(
    world: World, installed: tuple[str, ...], rules: set[str]
) -> None:
    world.cookbook(">=1.2.0a70,<2")
    world.install("fireworks-ai", "1.2.28")
    for name in installed:
        world.install(name, "0.23.0")
    assert world.check().rules == rules
