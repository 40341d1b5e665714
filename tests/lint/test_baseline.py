"""The baseline: keyed by content, strict about seconds, shrinking by itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fwdoctor.cli import run
from fwdoctor.errors import FwdoctorError
from fwdoctor.lint import baseline

LINE = "from training.utils import InfraConfig\n"
OTHER = "from training.utils import WeightSyncConfig\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text(LINE + OTHER)
    (tmp_path / "src" / "b.py").write_text(LINE)
    return tmp_path


def lint(*args: str) -> int:
    return run(["lint", "--target", "latest", "--baseline", "known.json", *args])


def known(project: Path) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = json.loads((project / "known.json").read_text())["findings"]
    return found


def test_a_baseline_that_is_not_there_is_an_error(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lint() == 2
    assert "--update-baseline" in capsys.readouterr().err
    assert not (project / "known.json").exists()


def test_what_is_known_is_not_told(project: Path) -> None:
    assert lint("--update-baseline") == 0
    assert {p: sum(k.values()) for p, k in known(project).items()} == {"src/a.py": 2, "src/b.py": 1}
    assert lint() == 0


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("\n\n# moved\n" + LINE + OTHER, 0),
        (LINE + OTHER + LINE, 1),
        (LINE + OTHER + LINE.replace("InfraConfig", "InfraConfig as I"), 1),
        (OTHER, 0),
    ],
)
def test_only_new_ones_count(project: Path, text: str, status: int) -> None:
    lint("--update-baseline")
    (project / "src" / "a.py").write_text(text)
    assert lint() == status


def test_it_shrinks_and_what_was_mended_is_new_again(project: Path) -> None:
    lint("--update-baseline")
    (project / "src" / "a.py").write_text(OTHER)
    assert lint() == 0
    assert sum(known(project)["src/a.py"].values()) == 1
    (project / "src" / "a.py").write_text(LINE + OTHER)
    assert lint() == 1


def test_files_that_were_not_looked_at_keep_their_entries(project: Path) -> None:
    lint("--update-baseline")
    before = known(project)
    assert lint("src/b.py") == 0
    assert known(project) == before
    (project / "src" / "b.py").unlink()
    assert lint("src/a.py") == 0
    assert known(project) == {"src/a.py": before["src/a.py"]}, "a file that is gone has no findings"


@pytest.mark.parametrize("args", [("--select", "FWD101"), ("--ignore", "FWD102")])
@pytest.mark.parametrize("update", [False, True])
def test_rules_that_were_not_looked_for_keep_their_entries(
    project: Path, args: tuple[str, ...], update: bool
) -> None:
    lint("--update-baseline")
    before = known(project)
    assert lint(*args, *(["--update-baseline"] if update else [])) == 0
    assert known(project) == before


@pytest.mark.parametrize("update", [False, True])
def test_files_that_could_not_be_read_keep_their_entries(project: Path, update: bool) -> None:
    lint("--update-baseline")
    before = known(project)
    (project / "src" / "a.py").write_text(LINE + "def (\n")
    assert lint(*(["--update-baseline"] if update else [])) == 2
    assert known(project) == before


def test_a_file_that_cannot_be_written_does_not_cost_the_report(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lint("--update-baseline")
    (project / "src" / "a.py").write_text(OTHER + "from training.utils import setup_infra\n")
    (project / "known.json").chmod(0o444)
    capsys.readouterr()
    assert lint() == 1
    out = capsys.readouterr().out
    assert "FWD120" in out
    assert "keeps what it does not need" in out


def test_a_finding_on_a_line_that_a_fix_changed_is_not_new(project: Path) -> None:
    text = (
        "from training.recipes.rl_loop import Config, main\n\n"
        'main(Config(log_path="l"), rlor_mgr=None, cancel_on_exit=True)\n'
    )
    (project / "src" / "b.py").write_text(text)
    lint("--update-baseline")
    assert lint("--fix") == 0
    assert "rlor_mgr" not in (project / "src" / "b.py").read_text()
    assert [k.split()[0] for k in known(project)["src/b.py"]] == ["FWD105"]


def test_a_run_that_only_shows_does_not_write(project: Path) -> None:
    lint("--update-baseline")
    before = (project / "known.json").read_bytes()
    (project / "src" / "a.py").write_text(OTHER)
    lint("--diff")
    assert (project / "known.json").read_bytes() == before


def test_paths_are_relative_to_the_file(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lint("--update-baseline")
    monkeypatch.chdir(project / "src")
    assert run(["lint", "--target", "latest", "--baseline", "../known.json"]) == 0


def test_settings_can_name_it(project: Path) -> None:
    (project / "pyproject.toml").write_text('[tool.fwdoctor]\nbaseline = "known.json"\ntarget = "latest"\n')
    assert run(["lint"]) == 2
    assert run(["lint", "--update-baseline"]) == 0
    assert run(["lint"]) == 0


def test_no_source_stands_in_it(project: Path) -> None:
    (project / "src" / "a.py").write_text(LINE.replace("\n", "  # fw_abcdefgh12345678\n"))
    lint("--update-baseline")
    assert "fw_abc" not in (project / "known.json").read_text()


BROKEN = {
    "no JSON": "{",
    "a list": "[]",
    "another format": '{"baseline": 2, "findings": {}}',
    "no counts": '{"baseline": 1, "findings": {"a.py": {"x": "many"}}}',
    "no table": '{"baseline": 1, "findings": []}',
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_a_clear_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "known.json"
    path.write_text(text)
    with pytest.raises(FwdoctorError, match="no baseline of fwdoctor lint"):
        baseline.load(path)
