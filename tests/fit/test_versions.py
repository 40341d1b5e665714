"""Which stored versions a file fits."""

from pathlib import Path

import pytest

from fwdoctor.fit import versions

CONFIG = "from training.recipes.rl_loop import Config\n"
# code → the first and last stored version that it fits
FITS = [
    (CONFIG + "Config(log_path='l')\n", "c7ec5ed5", "76821fa1"),
    (CONFIG + "Config(log_path='l', infra=None)\n", "c7ec5ed5", "68dc0d97"),
    (CONFIG + "Config(log_path='l', trainer=None)\n", "517d206d", "76821fa1"),
    (CONFIG + "Config(log_path='l', weight_sync_interval=1)\n", "517d206d", "b425d652"),
    (CONFIG + "Config(log_path='l', cleanup_on_exit=False)\n", "b425d652", "76821fa1"),
    ("from training.utils import HotloadConfig\n", "ebed367d", "c7ec5ed5"),
]


@pytest.mark.parametrize(("text", "first", "last"), FITS)
def test_common(tmp_path: Path, text: str, first: str, last: str) -> None:
    path = tmp_path / "a.py"
    path.write_text(text)
    fits, problems = versions.compare([str(path)])
    entries = versions.common(fits)
    assert not problems
    assert (entries[0].commit[:8], entries[-1].commit[:8]) == (first, last)


def test_sites_name_file_line_and_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text(CONFIG + "\nConfig(log_path='l', infra=None)\n")
    ((fit,), _) = versions.compare([str(path)])
    newest = "76821fa1ded720d903029381b37d3c3ea7ce9ddd"
    assert [str(s) for s in fit.sites(newest)] == [f"{path}:3 (rl_loop.Config takes no infra=)"]


def test_files_that_do_not_use_the_cookbook_do_not_count(tmp_path: Path) -> None:
    for name, text in {
        "a": "import fireworks.training.sdk\n",
        "b": "x = 1\n",
        "c": "import mytraining\n",
    }.items():
        (tmp_path / f"{name}.py").write_text(text)
    assert versions.compare([str(p) for p in tmp_path.iterdir()]) == ([], [])


def test_unreadable_files_are_problems(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"import training.utils\n\0")
    assert len(versions.compare([str(path), str(tmp_path / "gone.py")])[1]) == 2
