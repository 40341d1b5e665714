"""--add-noqa: silences exactly what was found, keeps the code, and does nothing the second time."""

from __future__ import annotations

import ast
import functools
from pathlib import Path

import pytest

from fwdoctor.cli import run
from fwdoctor.fit.target import resolve
from fwdoctor.lint.noqa import silence
from fwdoctor.lint.session import Selection, Session

IMPORT = "from training.utils import InfraConfig"


@functools.cache
def session() -> Session:
    return Session(resolve("latest"), Selection())


CASES = {
    "plain": f"{IMPORT}\n",
    "a comment": f"{IMPORT}  # why\n",
    "codes already": f"{IMPORT}  # noqa: E501\n",
    "codes and words": f"{IMPORT}  # noqa: E501 too long\n",
    "no line end": IMPORT,
    "tabs and spaces": f"if True:\n\t{IMPORT} \t\n",
    "two on a line": "from training.utils import InfraConfig, WeightSyncConfig\n",
    "a backslash": "from training.utils import \\\n    InfraConfig\n",
    "a backslash behind a form feed": f'x = "\x0c"\n{IMPORT}\nu = InfraConfig \\\n    (region="b")\n',
    "a string": f'{IMPORT}\nu = InfraConfig(region="""\na\n""")\n',
    "an f-string": f'{IMPORT}\nu = f"""{{InfraConfig()}}\n"""\n',
    "a comment that ends in a backslash": f"{IMPORT}  # \\\n",
    "several lines": f"{IMPORT}\nu = InfraConfig(\n    region='b',\n)\n",
    "a line separator of Unicode": f"x = '\u2028\x85\x1c'\n{IMPORT}\n",
    "a dead comment": f"{IMPORT}\nx = 1  # noqa: FWD999\n",
    "a dead code": f"{IMPORT}\nx = InfraConfig()  # noqa: FWD999\n",
    "a decorator": f"{IMPORT}\n\n\n@print\ndef f(x: InfraConfig): ...\n",
}


@pytest.mark.parametrize("text", CASES.values(), ids=CASES)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_everything_is_silenced_and_the_code_is_the_same(text: str, newline: str) -> None:
    text = text.replace("\n", newline)
    linted = session().lint("a.py", text.encode())
    assert linted.problem is None
    wanted = [f for f in linted.found if f.finding.rule != "FWD001"]
    assert wanted
    new, count = silence(linted)
    assert count == len(wanted)
    assert ast.dump(ast.parse(new)) == ast.dump(ast.parse(text))
    again = session().lint("a.py", new.encode())
    assert [f.finding.rule for f in again.found if f.finding.rule != "FWD001"] == []
    assert len(again.silenced) == count
    assert silence(again) == (new, 0)


def test_the_command_writes_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_text(f"{IMPORT}\nx = InfraConfig()  # noqa: FWD102\n")
    run(["lint", "--target", "latest", "--add-noqa"])
    first = (tmp_path / "a.py").read_text()
    assert first == f"{IMPORT}  # noqa: FWD101\nx = InfraConfig()  # noqa: FWD102, FWD101\n"
    run(["lint", "--target", "latest", "--add-noqa"])
    assert (tmp_path / "a.py").read_text() == first


@pytest.mark.parametrize(
    "args",
    [
        ["--add-noqa", "--fix"],
        ["--add-noqa", "--unsafe-fixes"],
        ["--add-noqa", "--baseline", "known.json"],
        ["--add-noqa", "--diff-base", "HEAD"],
        ["--fix", "--diff-base", "HEAD"],
        ["--diff", "--baseline", "known.json", "--update-baseline"],
        ["--update-baseline"],
        ["--statistics", "--output-format", "sarif"],
        ["-", "a.py"],
        ["--add-noqa", "-"],
    ],
)
def test_what_does_not_go_together_is_said(
    args: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "known.json").write_text('{"baseline": 1, "findings": {}}')
    assert run(["lint", *args]) == 2
    assert "Usage:" in capsys.readouterr().err
