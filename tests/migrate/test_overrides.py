"""Settings of recipes in YAML and on command lines: what is renamed, what is told, what nobody touches."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwdoctor.finding import FileStatus
from fwdoctor.fit import target
from fwdoctor.migrate import overrides
from fwdoctor.migrate.run import Options, migrate

JUNE = target.resolve("june")


def port(name: str, text: str) -> tuple[str, list[tuple[int | None, str]]]:
    result = overrides.port(name, text.encode(), JUNE, diff=False)
    if result is None:
        return text, []
    found = [(f.location.line if f.location else None, f.variables["new"]) for f in result.findings]
    return (result.new or result.old).decode(), found


RENAMED = {
    "a Config and what lies below": (
        (
            "train:\n"
            "  _target_: training.recipes.rl_loop.Config  # the recipe\n"
            "  log_path: logs\n"
            "  infra:  # hardware\n"
            "    # one node\n"
            "    training_shape_id: a\n"
            "    ref_training_shape_id: 'b'\n"
            "other:\n"
            "  infra:\n"
            "    ref_training_shape_id: c\n"
        ),
        (
            "train:\n"
            "  _target_: training.recipes.rl_loop.Config  # the recipe\n"
            "  log_path: logs\n"
            "  trainer:  # hardware\n"
            "    # one node\n"
            "    training_shape_id: a\n"
            "    reference_training_shape_id: 'b'\n"
            "other:\n"
            "  infra:\n"
            "    ref_training_shape_id: c\n"
        ),
    ),
    "the class itself, CRLF, keys above it": (
        "infra:\r\n  trainer_timeout_s: 60\r\n  _target_: training.utils.InfraConfig\r\n",
        "infra:\r\n  timeout_s: 60\r\n  _target_: training.utils.TrainerConfig\r\n",
    ),
    "a class inside a Config": (
        (
            "_target_: training.recipes.sft_loop.Config\ninfra:\n  _target_: training.utils.config.InfraConfig\n"
            "  ref_training_shape_id: x\n"
        ),
        (
            "_target_: training.recipes.sft_loop.Config\ntrainer:\n  _target_: training.utils.config.TrainerConfig\n"
            "  reference_training_shape_id: x\n"
        ),
    ),
}


@pytest.mark.parametrize(("before", "after"), RENAMED.values(), ids=RENAMED)
def test_renamed(before: str, after: str) -> None:
    assert port("conf.yaml", before) == (after, [])
    assert port("conf.yaml", after) == (after, [])


def test_what_dissolves_gets_a_marker_once() -> None:
    text = (
        "_target_: training.recipes.rl_loop.Config\npolicy_job_id: j\nweight_sync:\n  dcp_save_interval: 5\n"
    )
    new, found = port("conf.yml", text)
    assert new.count("# TODO(fwdoctor): FWD116") == 2
    assert [n for _, n in found] == [
        "trainer.job_id",
        "the settings below it, one by one, as fields of the Config",
    ]
    assert new.splitlines()[(found[0][0] or 0) - 1] == "policy_job_id: j"
    assert port("conf.yml", new) == (new, found)


LEFT = {
    "no evidence": "infra:\n  ref_training_shape_id: a\nweight_sync:\n  dcp_save_interval: 5\n",
    "another class": "_target_: hawk.training.recipes.rl_loop.Config\ninfra:\n  a: 1\n",
    "ported already": "_target_: training.recipes.rl_loop.Config\ntrainer:\n  training_shape_id: a\n",
    "flow style": "{_target_: training.recipes.rl_loop.Config, infra: {a: 1}}\n",
    "only a comment": "# _target_: training.recipes.rl_loop.Config\ninfra:\n  a: 1\n",
}


@pytest.mark.parametrize("text", LEFT.values(), ids=LEFT)
def test_left(text: str) -> None:
    assert port("conf.yaml", text) == (text, [])


COMMANDS = {
    "overrides of a recipe": (
        (
            "#!/bin/sh\npython -m training.recipes.rl_loop infra.ref_training_shape_id=a \\\n"
            "  weight_sync.dcp_save_interval=5 policy_job_id=$JOB log_path=x\n"
        ),
        [(2, "trainer.reference_training_shape_id"), (3, "dcp_save_interval"), (3, "trainer.job_id")],
    ),
    "another program": ("python train.py infra.training_shape_id=a\n", []),
    "flags of a script": ("python -m training.examples.rl.train --ref-training-shape a\n", []),
    "a comment": ("# python -m training.recipes.rl_loop infra.region=a\n", []),
    "ported already": ("python -m training.recipes.rl_loop trainer.region=a dcp_save_interval=5\n", []),
}


@pytest.mark.parametrize(("text", "expected"), COMMANDS.values(), ids=COMMANDS)
def test_command_lines_are_told_and_left(text: str, expected: list[tuple[int, str]]) -> None:
    assert port("run.sh", text) == (text, expected)


def test_a_secret_is_not_shown() -> None:
    result = overrides.port(
        "run.sh", b"python -m training.recipes.rl_loop weight_sync.api_key=sesame\n", JUNE, diff=False
    )
    assert result is not None
    assert "sesame" not in result.findings[0].message


@given(st.text(alphabet="abc_:. \n#-{}'infra", max_size=200))
def test_without_evidence_nothing_happens(text: str) -> None:
    assert port("x.yaml", text) == (text, [])
    assert port("x.sh", text) == (text, [])


def test_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "conf.yaml").write_text(RENAMED["a Config and what lies below"][0])
    (tmp_path / "ci.yaml").write_text("infra:\n  ref_training_shape_id: training.x\n")
    (tmp_path / "a.py").write_text("x = 1\n")
    report = migrate([str(tmp_path)], lambda: target.Choice("june"), Options())
    assert [(Path(f.path).name, f.status) for f in report.files or ()] == [("conf.yaml", FileStatus.PORTED)]
    assert (tmp_path / "conf.yaml").read_text() == RENAMED["a Config and what lies below"][1]
    assert "looked at 1 .py" in report.notes[-1]
