"""Markdown: the Python blocks are ported, every other byte stays."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwdoctor.finding import FileStatus
from fwdoctor.fit import target
from fwdoctor.fit.session import Context
from fwdoctor.fit.target import Choice
from fwdoctor.migrate.documents import port_document
from fwdoctor.migrate.run import Options, migrate

CONTEXT = Context(target.resolve("june"), abbreviated=True)


def ported(text: str, newline: str = "\n") -> str:
    result = port_document("d.md", text.replace("\n", newline), CONTEXT, newline)
    again = port_document("d.md", result.text, CONTEXT, newline)
    assert again.text == result.text, "a second run is quiet"
    return result.text.replace(newline, "\n")


OLD = "from training.utils import InfraConfig\nfrom training.recipes import rl_loop\n"
NEW = "from training.utils import TrainerConfig\nfrom training.recipes import rl_loop\n"
CALL = "c = rl_loop.Config(log_path='l', infra=InfraConfig(region='r'))\n"
PORTED = "c = rl_loop.Config(log_path='l', trainer=TrainerConfig(region='r'))\n"

CASES = {
    "one block": (f"# Title\n\n```python\n{OLD}{CALL}```\nInfraConfig, in prose\n", f"# Title\n\n```python\n{NEW}{PORTED}```\nInfraConfig, in prose\n"),
    "imports in one block, the call in another": (f"```py\n{OLD}```\ntext\n```py\n{CALL}```\n", f"```py\n{NEW}```\ntext\n```py\n{PORTED}```\n"),
    "no imports at all": (f"```python\n{CALL}```\n", f"```python\n{PORTED}```\n"),
    "a call that leaves out what it needs": ("```python\nrl_loop.Config(infra=InfraConfig())\n```\n", "```python\nrl_loop.Config(trainer=TrainerConfig())\n```\n"),
    "tildes, and words after the language": (f"~~~~python title=x\n{OLD}{CALL}~~~~\n", f"~~~~python title=x\n{NEW}{PORTED}~~~~\n"),
    "attributes in braces": (f"```{{.python .numberLines}}\n{OLD}{CALL}```\n", f"```{{.python .numberLines}}\n{NEW}{PORTED}```\n"),
    "indented in a list": (f"1. one\n\n   ```python\n   {CALL}\n   x = 1\n   ```\n", f"1. one\n\n   ```python\n   {PORTED}\n   x = 1\n   ```\n"),
    "a block that is no Python beside one that is": (f"```python\nConfig(infra=...\n```\n```python\n{OLD}{CALL}```\n", f"```python\nConfig(infra=...\n```\n```python\n{NEW}{PORTED}```\n"),
    "a future import in the second block": (f"```python\n{OLD}{CALL}```\n```python\nfrom __future__ import annotations\n{OLD}{CALL}```\n", f"```python\n{NEW}{PORTED}```\n```python\nfrom __future__ import annotations\n{NEW}{PORTED}```\n"),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_blocks_are_ported(before: str, after: str, newline: str) -> None:
    assert ported(before, newline) == after


UNTOUCHED = {
    "another language": f"```sh\n{CALL}```\n",
    "no language": f"```\n{CALL}```\n",
    "never closed": f"```python\n{CALL}",
    "prose": f"{OLD}{CALL}",
    "names of its own": "```python\nclass InfraConfig: ...\nrl_loop = make()\nrl_loop.Config(infra=InfraConfig())\n```\n",
    "somebody else's": "```python\nfrom lab.infra import InfraConfig\nConfig(infra=InfraConfig())\n```\n",
    "settings without a recipe": "```python\nInfraConfig(region='r')\n```\n",
    "less indentation inside": f"  ```python\n{OLD}{CALL}  ```\n",
    "blank lines with blanks": "```python\nx = 1\n   \n\t\ny = 2   \n```\n",
    "nothing": "",
}


@pytest.mark.parametrize("text", UNTOUCHED.values(), ids=UNTOUCHED)
def test_everything_else_stays(text: str) -> None:
    assert ported(text) == text


@given(st.text(alphabet=st.sampled_from("`~ \t\nx=1#\r'\"pyton"), max_size=80))
def test_what_names_nothing_of_ours_is_byte_identical(text: str) -> None:
    assert port_document("d.md", text, CONTEXT, "\n").text == text


def test_markers_and_findings_have_the_documents_lines() -> None:
    text = f"# Title\n\n- item\n\n  ```python\n  x = 1\n  rl_loop.main(c, cancel_on_exit=True)\n  ```\n\n```python\n{CALL}```\n"
    result = port_document("d.md", text, CONTEXT, "\n")
    lines = result.text.split("\n")
    (todo,) = result.todo
    assert lines[6].startswith("  # TODO(fwdoctor): FWD105")
    assert lines[7] == "  rl_loop.main(c)"
    assert todo.location is not None
    assert (todo.location.line, todo.location.path) == (7, "d.md"), "where its marker is"


@pytest.mark.parametrize(
    ("markdown", "named", "changed"), [(False, True, True), (True, False, True), (False, False, False)]
)
def test_documents_are_taken_when_named_or_asked_for(
    tmp_path: Path, markdown: bool, named: bool, changed: bool
) -> None:
    path = tmp_path / "guide.md"
    path.write_text(f"```python\n{OLD}{CALL}```\n")
    (tmp_path / "code.py").write_text("x = 1\n")
    report = migrate([str(path if named else tmp_path)], lambda: Choice("june"), Options(markdown=markdown))
    assert not report.problems
    assert ("TrainerConfig" in path.read_text()) is changed
    assert [f.status for f in report.files or ()] == ([FileStatus.PORTED] if changed else [])
