"""What the code sets, with its places."""

from __future__ import annotations

from pathlib import Path

import pytest

from fwdoctor.causes.code import CodeSetting, settings_in
from fwdoctor.fit.target import resolve
from fwdoctor.lint.session import Selection, Session

NAMES = ("hot_load_deployment_id", "hot_load_trainer_job", "trainer_job_id", "weight_sync_scope")
MANAGED = """
from fireworks.training.sdk import TrainerJobConfig, DeploymentConfig
{before}
config = TrainerJobConfig(base_model="accounts/fireworks/models/qwen3-8b", {argument})
"""


def begin() -> Session:
    return Session(resolve("latest"), Selection())


def look(folder: Path, text: str, name: str = "train.py") -> list[CodeSetting]:
    (folder / name).write_text(text, "utf-8")
    return settings_in([str(folder)], NAMES, begin)


@pytest.mark.parametrize(
    ("before", "argument", "value"),
    [
        ("", 'hot_load_deployment_id="serving"', "serving"),
        ('NAME = "serving"', "hot_load_deployment_id=NAME", "serving"),
        ("import os", 'hot_load_deployment_id=os.environ["D"]', None),
    ],
)
def test_values(tmp_path: Path, before: str, argument: str, value: str | None) -> None:
    (found,) = look(tmp_path, MANAGED.format(before=before, argument=argument))
    assert (found.name, found.value, found.location.line) == ("hot_load_deployment_id", value, 4)
    assert found.location.path.endswith("train.py")


@pytest.mark.parametrize(
    "text",
    [
        MANAGED.format(before="", argument="lora_rank=0"),
        MANAGED.format(before="", argument="hot_load_deployment_id=None"),
        "def run(hot_load_deployment_id='x'): ...\nrun(hot_load_deployment_id='y')\n",
        "this is no Python, hot_load_deployment_id = from fireworks import\n",
    ],
)
def test_nothing_set(tmp_path: Path, text: str) -> None:
    assert look(tmp_path, text) == []


def test_tests_make_things_up(tmp_path: Path) -> None:
    text = MANAGED.format(before="", argument='hot_load_deployment_id="serving"')
    assert look(tmp_path, text, "test_train.py") == []


def test_no_session_where_nothing_uses_fireworks(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("hot_load_deployment_id = 1\n", "utf-8")

    def never() -> Session:
        raise AssertionError("nothing is to be looked at")

    assert settings_in([str(tmp_path)], NAMES, never) == []
