"""``fwdoctor surface`` as a user meets it: what it prints, its JSON, its exit status, bad input."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import jsonschema
import pytest

from fwdoctor.cli import run

ROOT = Path(__file__).parents[2]
OLD = str(ROOT / "tests" / "fixtures" / "old_project")
JUNE = str(ROOT / "tests" / "fixtures" / "june_project")
ENVIRON = os.environ | {"PYTHONPATH": os.pathsep.join(str(ROOT / p) for p in (".", "codemods", "rules"))}
SCHEMA = json.loads((ROOT / "docs" / "schema" / "output.json").read_text("utf-8"))


@pytest.fixture
def out(capsys: pytest.CaptureFixture[str]) -> "Out":
    return Out(capsys)


class Out:
    """Runs a command line and gives its output."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, *args: str, status: int = 0) -> str:
        assert run(["surface", *args]) == status
        return self.capsys.readouterr().out

    def json(self, *args: str, status: int = 0) -> dict[str, object]:
        data: dict[str, object] = json.loads(self(*args, "--output-format", "json", status=status))
        jsonschema.validate(data, SCHEMA)
        return data

    def error(self, *args: str) -> str:
        assert run(["surface", *args]) == 2
        text = self.capsys.readouterr().err
        assert text.startswith("fwdoctor: ")
        assert text.count("\n") == 1
        assert "internal error" not in text
        return text


def test_fit_names_the_versions_the_places_and_both_ways_out(out: Out) -> None:
    text = out("fit", OLD)
    assert "9e8f628e…68dc0d97 (2026-04-21 to 2026-05-31) with fireworks-ai[training]>=1.2.0a70,<2" in text
    assert "breaks at cookbook 517d206d (2026-06-01): 8 sites" in text
    assert "learn_refunds.py:26  rl_loop.Config takes no infra=" in text
    assert "$ git -C cookbook checkout 68dc0d97" in text
    assert "'fireworks-ai[training]==1.2.0a73'" in text
    assert f"$ fwdoctor migrate --diff --target latest {OLD}" in text


def test_fit_of_newer_code_says_what_added_it(out: Out, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        "from training.utils import TrainerConfig\nTrainerConfig(pending_timeout_s=1)\n"
    )
    text = out("fit", str(tmp_path))
    assert "fits cookbook 1311b610…76821fa1 (from 2026-07-17 on)" in text
    assert "a.py:2  config.TrainerConfig takes no pending_timeout_s= (added by 1311b610 (2026-07-17)" in text


def test_fit_of_code_that_no_version_fits_is_status_1(out: Out, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        "from training.recipes.rl_loop import Config\nConfig(log_path='l', infra=1, trainer=2)\n"
    )
    assert "fits no cookbook known" in out("fit", str(tmp_path), status=1)


def test_fit_of_code_that_uses_neither(out: Out, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("print(1)\n")
    assert "nothing that could be read here uses" in out("fit", str(tmp_path))


def test_fit_in_json(out: Out) -> None:
    data = out.json("fit", JUNE)
    fit = data["fit"]
    assert isinstance(fit, dict)
    assert fit["sdk"] is None
    (interval,) = fit["cookbook"]["fits"]
    assert interval["first"]["id"] == "517d206d"
    assert interval["last"]["tag"] == "cookbook-v2026.07.15.1"
    assert interval["until"] == "2026-07-16"
    (beyond, _) = fit["cookbook"]["breaks"]
    assert beyond["sites"][0]["dropped_by"]["id"] == "1311b610"


def test_a_file_that_does_not_parse_is_a_problem_and_the_others_are_judged(out: Out, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("import training\ndef half(:\n")
    (tmp_path / "good.py").write_text("from training.utils import InfraConfig\n")
    text = out("fit", str(tmp_path), status=2)
    assert "1 file: fits cookbook" in text


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["rl_loop.Config", "--at", "2026-07-01"], ["class in cookbook 8433ef21", "policy_loss: PolicyLoss = 'grpo'"]),
        (["training.utils.InfraConfig", "--at", "latest"], ["training.utils.config.InfraConfig  class (deprecated)", "replaced by TrainerConfig"]),
        (["TrainerConfig.pending_timeout_s", "--at", "latest"], ["field in cookbook", "added    cookbook 1311b610 (2026-07-17)"]),
        (["training.utils.config", "--at", "june"], ["module in cookbook 517d206d", "    TrainerConfig"]),
        (["WeightSyncScope", "--at", "may"], ["members PER_TRAINER, PER_DEPLOYMENT"]),
        (["fireworks.training.sdk.TrainerJobConfig", "--at", "1.2.28"], ["class in fireworks-ai 1.2.28", "inactivity_timeout: timedelta | str | None = None", "hot_load_deployment_id: str | None = None (deprecated)"]),
        (["TrainerJobManager", "--at", "2026-07-01"], ["fireworks.training.sdk.trainer.TrainerJobManager  class in fireworks-ai 1.2.0a85"]),
    ],
)  # fmt: skip
def test_show(out: Out, args: list[str], words: list[str]) -> None:
    text = out("show", *args)
    assert all(word in text for word in words), text


def test_show_of_a_name_that_is_gone_tells_when_and_is_status_1(out: Out) -> None:
    text = out("show", "setup_infra", "--at", "latest", status=1)
    assert "is not in cookbook 76821fa1" in text
    assert "source training/utils/infra.py at 68dc0d97" in text
    assert "removed  cookbook 517d206d (2026-06-01)" in text
    assert "replaced by build_service_client" in text


def test_show_of_an_ambiguous_name_lists_what_it_may_mean(out: Out) -> None:
    text = out("show", "Config", "--at", "latest")
    assert "training.recipes.rl_loop.Config" in text
    assert "Give more of the name" in text


def test_show_in_json(out: Out) -> None:
    data = out.json("show", "sft_loop.Config", "--at", "68dc0d97")
    (shown,) = data["show"]  # type: ignore[misc]
    assert shown["what"] == "class"
    assert shown["source"] == "training/recipes/sft_loop.py"
    assert shown["fields"][0]["name"] == "log_path"


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["1311b610^", "76821fa1"], ["+ pending_timeout_s: float = 48 * 60 * 60", "- policy_loss"]),
        (["fireworks-ai==1.2.2", "fireworks-ai==1.2.28"], ["+ use_reservation: bool = True"]),
        (["may", "june", "setup_infra"], ["removed 1"]),
        (["june", "june"], ["no difference"]),
        (
            ["1311b610^", "latest", "--used-by", JUNE],
            ["- policy_loss", "teach_brevity.py:16  passes policy_loss="],
        ),
        (["march", "d3f5eec7", "--used-by", JUNE], ["nothing of it touches this code"]),
    ],
)
def test_diff(out: Out, args: list[str], words: list[str]) -> None:
    text = out("diff", *args)
    assert all(word in text for word in words), text


def test_diff_in_json_limited_to_what_code_uses(out: Out) -> None:
    data = out.json("diff", "1311b610^", "1311b610", "--used-by", JUNE)
    (change,) = data["diff"]["changes"]  # type: ignore[index]
    assert change["path"] == "training.recipes.rl_loop.Config"
    assert [p["name"] for p in change["parts"]] == ["policy_loss"]
    assert [s["line"] for s in change["sites"]] == [16]


def cookbook(folder: Path) -> Path:
    recipes = folder / "training" / "recipes"
    recipes.mkdir(parents=True)
    (recipes / "rl_loop.py").write_text("def main(config, mine=None): ...\n")
    return folder


def test_build_reads_a_folder_and_saves_what_the_others_take(out: Out, tmp_path: Path) -> None:
    saved = tmp_path / "mine.json"
    text = out("build", str(cookbook(tmp_path / "cb")), "--save", str(saved))
    assert "is no version known; the nearest is" in text
    assert "mine=None" in out("show", "rl_loop.main", "--at", str(saved))
    assert "+ mine=None" in out("diff", "latest", str(saved), "rl_loop.main")
    data = out.json("build", str(tmp_path / "cb" / "training"))
    assert data["build"]["modules"][0]["names"] == {"main": "function"}  # type: ignore[index]


def test_build_reads_a_wheel(out: Out, tmp_path: Path) -> None:
    wheel = tmp_path / "fireworks_ai-9.9-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("fireworks/training/sdk/__init__.py", "class WeightSyncer: ...\n")
    assert "fireworks-ai: 1 public module, 1 public name" in out("build", str(wheel))


def test_a_half_written_file_is_told_and_the_rest_is_read(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = cookbook(tmp_path)
    (folder / "training" / "utils.py").write_text("def half(:\n")
    assert run(["surface", "build", str(folder)]) == 2
    captured = capsys.readouterr()
    assert "utils.py:1: cannot be read as Python (invalid syntax)" in captured.err
    assert "public modules" in captured.out


BAD = {
    "no such version": (["show", "Config", "--at", "yuly"], "near it: july"),
    "no such release": (["diff", "1.2.2", "1.2.99"], "the nearest are 1.2.30"),
    "no such date": (["show", "Config", "--at", "2026-02-30"], "no date"),
    "no such folder": (["build", "no/such/folder"], "no such file or folder"),
    "no such path": (["fit", "no/such/folder"], "no/such/folder"),
    "no cookbook": (["build", str(ROOT / "docs")], "neither a cookbook"),
    "not comparable": (["diff", "1.2.2", "june"], "cannot be compared"),
    "no such name": (["show", "TrainerConfg", "--at", "june"], "near it: TrainerConfig"),
}


@pytest.mark.parametrize(("args", "words"), BAD.values(), ids=BAD)
def test_bad_input_is_one_clear_line(out: Out, args: list[str], words: str) -> None:
    assert words in out.error(*args)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": "fwdoctor-surface-1"}', "\0\0"])
def test_a_damaged_surface_file_is_a_clear_error(out: Out, tmp_path: Path, text: str) -> None:
    path = tmp_path / "s.json"
    path.write_text(text)
    assert "surface" in out.error("diff", str(path), "latest")


@pytest.mark.parametrize("data", [b"", b"not a zip", b"PK\x03\x04broken"])
def test_a_damaged_wheel_is_a_clear_error(out: Out, tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "fireworks_ai-9-py3-none-any.whl"
    path.write_bytes(data)
    assert "cannot read this wheel" in out.error("build", str(path))


def test_a_wheel_of_something_else_is_a_clear_error(out: Out, tmp_path: Path) -> None:
    path = tmp_path / "other-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("other/__init__.py", "")
    assert "neither an SDK nor a cookbook is in this wheel" in out.error("build", str(path))


@pytest.mark.parametrize("output_format", ["concise", "jsonl"])
@pytest.mark.parametrize(
    "args",
    [["fit", JUNE], ["show", "InfraConfig", "--at", "may"], ["diff", "may", "june"]],
    ids=lambda a: a[0],
)
def test_every_format_says_something(out: Out, args: list[str], output_format: str) -> None:
    lines = out(*args, "--output-format", output_format).splitlines()
    assert lines
    if output_format == "jsonl":
        assert any(json.loads(line)["type"] == args[0] for line in lines)


def test_a_folder_does_not_hide_a_version_and_can_be_meant(
    out: Out, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    cookbook(tmp_path / "june")
    assert "in cookbook 517d206d" in out("show", "rl_loop.main", "--at", "june")
    assert "mine=None" in out("show", "rl_loop.main", "--at", "./june")


@pytest.mark.parametrize("length", [300, 5000])
def test_a_name_that_is_too_long_is_no_crash(out: Out, length: int) -> None:
    out.error("build", "a" * length)
    out.error("show", "X", "--at", "a" * length)
    out.error("diff", "a" * length, "latest")


def test_names_that_do_not_exist_are_told_by_diff(out: Out) -> None:
    assert "has nosuch" in out.error("diff", "june", "latest", "nosuch")


def test_a_package_without_a_file_of_its_own_is_shown(out: Out) -> None:
    assert "    rl_loop" in out("show", "training.recipes", "--at", "latest")


def test_what_is_not_stored_is_not_called_missing(out: Out) -> None:
    assert "is not stored" in out.error("show", "training.examples.rl", "--at", "latest")


def test_what_a_half_written_file_offers_is_unknown(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = cookbook(tmp_path)
    (folder / "training" / "recipes" / "rl_loop.py").write_text("def half(:\n")
    assert run(["surface", "show", "training.recipes.rl_loop.Config", "--at", str(folder)]) == 2
    assert "cannot be told from the sources" in capsys.readouterr().out


def test_several_paths_are_several_arguments(out: Out, tmp_path: Path) -> None:
    for name in ("a b.py", "c.py"):
        (tmp_path / name).write_text("from training.utils import InfraConfig, setup_infra\n")
    text = out("fit", str(tmp_path / "a b.py"), str(tmp_path / "c.py"))
    assert f"--target latest '{tmp_path / 'a b.py'}' {tmp_path / 'c.py'}\n" in text


@pytest.mark.parametrize("redirection", [">&-", "> /dev/full"])
def test_an_output_that_takes_nothing_is_one_line_and_status_2(redirection: str) -> None:
    command = f"{sys.executable} -m fwdoctor surface show InfraConfig --at latest {redirection}"
    done = subprocess.run(
        command, shell=True, cwd=ROOT, env=ENVIRON, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("fwdoctor: ")
    assert done.stderr.count("\n") == 1


def test_files_of_different_times_are_told_apart(out: Out, tmp_path: Path) -> None:
    (tmp_path / "old.py").write_text("from training.utils import setup_infra\n")
    (tmp_path / "new.py").write_text("from training.utils import TrainerConfig\n")
    text = out("fit", str(tmp_path), status=1)
    assert "fits no cookbook known" in text
    assert "old.py  fits cookbook 761f82bf…68dc0d97" in text
    assert "new.py  fits cookbook 517d206d…76821fa1" in text
