"""Which stored versions a file fits, where it breaks, and when what it asks for came and went."""

from pathlib import Path

import pytest

from fwdoctor.fit import versions
from fwdoctor.surface import timeline
from fwdoctor.surface.timeline import Product

CONFIG = "from training.recipes.rl_loop import Config\n"
# code → the first and last stored version that it fits
FITS = [
    (CONFIG + "Config(log_path='l')\n", "d6c10c87", "76821fa1"),
    (CONFIG + "Config(log_path='l', infra=None)\n", "d6c10c87", "68dc0d97"),
    (CONFIG + "Config(log_path='l', trainer=None)\n", "517d206d", "76821fa1"),
    (CONFIG + "Config(log_path='l', weight_sync_interval=1)\n", "517d206d", "61dcc986"),
    (CONFIG + "Config(log_path='l', cleanup_on_exit=False)\n", "ffb90baf", "76821fa1"),
    ("from training.utils import HotloadConfig\n", "ebed367d", "c7ec5ed5"),
]


@pytest.mark.parametrize(("text", "first", "last"), FITS)
def test_common(tmp_path: Path, text: str, first: str, last: str) -> None:
    path = tmp_path / "a.py"
    path.write_text(text)
    fits, problems = versions.compare([str(path)])
    (found,) = versions.intervals(fits, Product.COOKBOOK)
    assert not problems
    assert (found.first.id, found.last.id) == (first, last)


def test_sites_name_file_line_and_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text(CONFIG + "\nConfig(log_path='l', infra=None)\n")
    ((fit,), _) = versions.compare([str(path)])
    newest = timeline.cookbook().newest
    message = "rl_loop.Config takes no infra=: 517d206d (2026-06-01) dropped it"
    assert [str(s) for s in fit.sites(newest)] == [f"{path}:3 ({message})"]


def test_a_site_of_newer_code_names_what_added_it(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("from training.utils import TrainerConfig\nTrainerConfig(pending_timeout_s=60)\n")
    ((fit,), _) = versions.compare([str(path)])
    (site,) = fit.sites(timeline.cookbook().find("2026-07-06"))
    assert site.added_by is not None
    assert site.added_by.id == "1311b610"
    assert "1311b610 (2026-07-17) added it and needs fireworks-ai[training]>=1.2.0a87,<2" in str(site)


def test_the_sdk_has_versions_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text(
        "from fireworks.training.sdk import TrainerJobConfig\n"
        "TrainerJobConfig(base_model='m', inactivity_timeout='60s')\n"
    )
    (fits, _) = versions.compare([str(path)])
    (found,) = versions.intervals(fits, Product.SDK)
    assert found.first.number == "1.2.0a72"
    assert found.last is timeline.sdk().newest


def test_a_change_that_was_taken_back_leaves_a_gap(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text(
        "from training.utils import WeightSyncScope\nfrom training.recipes.rl_loop import main\nmain(1, cancel_on_exit=True)\n"
    )
    (fits, _) = versions.compare([str(path)])
    found = [(i.first.id, i.last.id) for i in versions.intervals(fits, Product.COOKBOOK)]
    assert found == [("761f82bf", "b40d0b7e"), ("9e8f628e", "68dc0d97")]


def test_what_no_version_ever_had_says_nothing_about_versions(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text(CONFIG + "Config(log_path='l', lerning_rate=1)\nfrom training.utils import Nothing\n")
    (fits, _) = versions.compare([str(path)])
    assert versions.intervals(fits, Product.COOKBOOK)


def test_the_sdk_to_stay_with_is_of_the_cookbooks_time_and_pin(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text(CONFIG + "Config(log_path='l', infra=None)\n")
    (fits, _) = versions.compare([str(path)])
    release = versions.sdk_for(timeline.cookbook().find("68dc0d97"), fits)
    assert release is not None
    assert release.number == "1.2.0a73"


def test_files_that_use_neither_do_not_count(tmp_path: Path) -> None:
    for name, text in {
        "b": "x = 1\n",
        "c": "import mytraining\n",
    }.items():
        (tmp_path / f"{name}.py").write_text(text)
    assert versions.compare([str(p) for p in tmp_path.iterdir()]) == ([], [])


def test_unreadable_files_are_problems(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"import training.utils\n\0")
    assert len(versions.compare([str(path), str(tmp_path / "gone.py")])[1]) == 2
