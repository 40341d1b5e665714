"""Notebooks: the Python of the code cells is ported, every other byte stays."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwdoctor.finding import FileStatus, Location, Report
from fwdoctor.fit import target
from fwdoctor.fit.session import Context
from fwdoctor.fit.target import Choice
from fwdoctor.migrate.notebooks import cell_diff, port_notebook
from fwdoctor.migrate.pieces import NotOurs
from fwdoctor.migrate.run import Options, migrate
from fwdoctor.migrate.transform import NotVerified
from fwdoctor.source.text import UnreadableSource

CONTEXT = Context(target.resolve("june"))

OLD = "from training.utils import InfraConfig\nfrom training.recipes import rl_loop"
NEW = "from training.utils import TrainerConfig\nfrom training.recipes import rl_loop"
CALL = "c = rl_loop.Config(log_path='l', infra=InfraConfig(region='r'))"
PORTED = "c = rl_loop.Config(log_path='l', trainer=TrainerConfig(region='r'))"


def cell(source: str | list[str], kind: str = "code", **more: Any) -> dict[str, Any]:
    outputs = {"execution_count": 1, "outputs": []} if kind == "code" else {}
    return {"cell_type": kind, "metadata": {}, **outputs, "source": source, **more}


def notebook(*sources: str | dict[str, Any], lines: bool = True, **metadata: Any) -> dict[str, Any]:
    """A notebook of code cells (texts) and others."""
    cells = [s if isinstance(s, dict) else cell(s.splitlines(keepends=True) if lines else s) for s in sources]
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def saved(document: Any) -> str:
    """As Jupyter writes it."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def ported(text: str) -> str:
    result = port_notebook("n.ipynb", text, CONTEXT, "\n")
    assert port_notebook("n.ipynb", result.text, CONTEXT, "\n").text == result.text, "a second run is quiet"
    return result.text


def sources(text: str) -> list[str]:
    return ["".join(c["source"]) for c in json.loads(text)["cells"]]


CASES = {
    "a new import stands above its first use": (["from training.recipes.orpo_loop import Config", "Config(log_path='l', job_id=j)", "import os"], ["from training.recipes.orpo_loop import Config\nfrom training.utils import TrainerConfig", "Config(log_path='l', trainer=TrainerConfig(job_id=j))", "import os"]),
    "a new name in an await": (["from training.recipes.orpo_loop import Config", "await f(Config(log_path='l', job_id=j))", "import os"], ["from training.recipes.orpo_loop import Config\nfrom training.utils import TrainerConfig", "await f(Config(log_path='l', trainer=TrainerConfig(job_id=j)))", "import os"]),
    "one cell": ([f"{OLD}\n{CALL}"], [f"{NEW}\n{PORTED}"]),
    "imports in one cell, the call in another": ([OLD, "x = 1", CALL], [NEW, "x = 1", PORTED]),
    "a line feed at the end": ([f"{OLD}\n", f"{CALL}\n\n"], [f"{NEW}\n", f"{PORTED}\n\n"]),
    "CRLF inside": ([f"{OLD}\n{CALL}\n".replace("\n", "\r\n")], [f"{NEW}\n{PORTED}\n".replace("\n", "\r\n")]),
    "empty cells": (["", OLD, " \n", CALL, ""], ["", NEW, " \n", PORTED, ""]),
    "a cell that is all indented": ([f"{OLD}", f"  x = 1\n\n  {CALL}"], [NEW, f"  x = 1\n\n  {PORTED}"]),
    "a comment and a semicolon at the end": ([f"{OLD}\n{CALL};\n# end"], [f"{NEW}\n{PORTED};\n# end"]),
    "line magics": ([f"%matplotlib inline\n%load_ext x\n{OLD}", f"{CALL}\n%who"], [f"%matplotlib inline\n%load_ext x\n{NEW}", f"{PORTED}\n%who"]),
    "assigned magics and commands": ([OLD, f"a, b = !ls\nt = %timeit -o f(1)\nd.x = %who\n{CALL}"], [NEW, f"a, b = !ls\nt = %timeit -o f(1)\nd.x = %who\n{PORTED}"]),
    "commands over several lines": ([f"!pip install -q \\\n   fireworks-ai \\\n\n{OLD}\n{CALL}"], [f"!pip install -q \\\n   fireworks-ai \\\n\n{NEW}\n{PORTED}"]),
    "a command without its sign": ([f"pip install -U fireworks-ai\n{OLD}\n{CALL}"], [f"pip install -U fireworks-ai\n{NEW}\n{PORTED}"]),
    "help": ([OLD, f"?rl_loop\nrl_loop.main?\nInfraConfig??\n%time?\n{CALL}\n??c"], [NEW, f"?rl_loop\nrl_loop.main?\nInfraConfig??\n%time?\n{PORTED}\n??c"]),
    "calls without parentheses": ([OLD, f"/print c\n,print a b\n;print a\n{CALL}"], [NEW, f"/print c\n,print a b\n;print a\n{PORTED}"]),
    "magics in blocks": ([OLD, f"for i in x:\n    !echo {{i}} $i\n    if i:\n    \t%time i.y()\n{CALL}"], [NEW, f"for i in x:\n    !echo {{i}} $i\n    if i:\n    \t%time i.y()\n{PORTED}"]),
    "no magics: strings, brackets, comments": ([f"!ls\n{OLD}", f"s = '''\n%who\n!ls'''\ny = (a\n%b)  # why?\nz = 'what?'\n# ?\nw = 1 \\\n    % 2\n{CALL}\n!x"], [f"!ls\n{NEW}", f"s = '''\n%who\n!ls'''\ny = (a\n%b)  # why?\nz = 'what?'\n# ?\nw = 1 \\\n    % 2\n{PORTED}\n!x"]),
    "cell magics around Python": ([f"%%capture out\n%%time\n{OLD}", f"\n%%timeit -n 1\n{CALL}"], [f"%%capture out\n%%time\n{NEW}", f"\n%%timeit -n 1\n{PORTED}"]),
    "cell magics around something else": ([OLD, f"%%bash\n{CALL}", f"%%writefile t.py\n{OLD}", f"%%python\n{OLD}\n{CALL}", "%%html?", CALL], [NEW, f"%%bash\n{CALL}", f"%%writefile t.py\n{OLD}", f"%%python\n{OLD}\n{CALL}", "%%html?", PORTED]),
    "await and IPython's names at the top": ([OLD, f"{CALL}\nr = await f(c)\nasync with a as b: pass\nasync for i in c: pass\ndisplay(_, __, In[1], Out, get_ipython())"], [NEW, f"{PORTED}\nr = await f(c)\nasync with a as b: pass\nasync for i in c: pass\ndisplay(_, __, In[1], Out, get_ipython())"]),
    "a call in an await": ([OLD, "r = await f(rl_loop.Config(log_path='l', infra=InfraConfig()))"], [NEW, "r = await f(rl_loop.Config(log_path='l', trainer=TrainerConfig()))"]),
    "a broken cell that is not about Fireworks": ([OLD, "x = (", "  a\nb", CALL], [NEW, "x = (", "  a\nb", PORTED]),
    "a future import in a later cell": ([OLD, f"from __future__ import annotations\n{CALL}"], [NEW, f"from __future__ import annotations\n{PORTED}"]),
    "a magic keeps an import in use": (["from training.utils import InfraConfig, ConcurrencyConfig\nfrom training.recipes import rl_loop", "%time print(ConcurrencyConfig)", CALL], ["from training.utils import TrainerConfig, ConcurrencyConfig\nfrom training.recipes import rl_loop", "%time print(ConcurrencyConfig)", PORTED]),
    "nothing left below a cell magic": (["from fireworks.training.sdk import TrainerJobManager\nfrom training.recipes import rl_loop", "%%time\nmgr = TrainerJobManager(api_key=k)", "rl_loop.main(c, rlor_mgr=mgr)"], ["from training.recipes import rl_loop", "%%time\npass", "rl_loop.main(c)"]),
    "nothing left in a cell": (["from fireworks.training.sdk import TrainerJobManager\nfrom training.recipes import rl_loop", "mgr = TrainerJobManager(api_key=k)", "rl_loop.main(c, rlor_mgr=mgr)"], ["from training.recipes import rl_loop", "", "rl_loop.main(c)"]),
    "nothing left below a line magic": (["from fireworks.training.sdk import TrainerJobManager\nfrom training.recipes import rl_loop", "%who\nmgr = TrainerJobManager(api_key=k)", "rl_loop.main(c, rlor_mgr=mgr)"], ["from training.recipes import rl_loop", "%who", "rl_loop.main(c)"]),
    "another language's cell, as VS Code marks it": ([OLD, cell([CALL], metadata={"vscode": {"languageId": "shellscript"}}), CALL], [NEW, CALL, PORTED]),
    "markdown and raw cells": ([cell(OLD.splitlines(True), "markdown"), OLD, cell([CALL], "raw"), CALL], [OLD, NEW, CALL, PORTED]),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("lines", [True, False], ids=["lines", "string"])
def test_cells_are_ported(before: list[Any], after: list[str], lines: bool) -> None:
    document = notebook(*before, lines=lines)
    new = json.loads(ported(saved(document)))
    assert sources(json.dumps(new)) == after
    for old_cell, new_cell in zip(document["cells"], new["cells"], strict=True):
        assert type(new_cell["source"]) is type(old_cell["source"])
        if isinstance(new_cell["source"], list):
            assert new_cell["source"] == "".join(new_cell["source"]).splitlines(keepends=True)
        new_cell["source"] = old_cell["source"]
    assert new == document


FORMS: dict[str, Callable[[Any], str]] = {
    "Jupyter": saved,
    "four spaces": lambda d: json.dumps(d, indent=4),
    "tabs": lambda d: json.dumps(d, indent="\t", ensure_ascii=False) + "\n\n",
    "one line": json.dumps,
    "compact": lambda d: json.dumps(d, separators=(",", ":")),
    "sorted": lambda d: json.dumps(d, indent=1, sort_keys=True),
    "CRLF": lambda d: saved(d).replace("\n", "\r\n"),
    "spaces all over": lambda d: saved(d).replace('":', '" :').replace(",\n", " ,\n\n"),
    "lists on one line": lambda d: json.dumps(d).replace('"cells"', '\n "cells"'),
    "capital escapes": lambda d: json.dumps(d).replace("\\u00e9", "\\u00E9").replace("=", "\\u003D"),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("lines", [True, False], ids=["lines", "string"])
def test_the_form_of_the_file_is_kept(form: Callable[[Any], str], lines: bool) -> None:
    """What was saved in some form reads as if the ported notebook had been saved in that form."""
    metadata = {"z": [1.50, 1e400, "é"], "a": {"b": None}}
    before = notebook(OLD, "x = 'é😀'", f"# é\n\n{CALL}  # é\ny = '\\t\\\\'", lines=lines, **metadata)
    after = notebook(NEW, "x = 'é😀'", f"# é\n\n{PORTED}  # é\ny = '\\t\\\\'", lines=lines, **metadata)
    before["cells"][1]["outputs"] = after["cells"][1]["outputs"] = [{"text": [OLD, CALL], "data": "\u2028"}]
    assert ported(form(before)) == form(after)


def test_lines_that_stay_are_written_as_they_were() -> None:
    text = saved(notebook(f"{OLD}\n{CALL}\nx = 'a/b'\n", "z = '<'"))
    text = text.replace("a/b", "a\\/b").replace("x =", "\\u0078 =").replace("<", "\\u003c")
    assert ported(text) == text.replace(" InfraConfig", " TrainerConfig").replace(
        "infra=InfraConfig", "trainer=TrainerConfig"
    )


def test_odd_lists_of_lines() -> None:
    """Strings of several lines, and of parts of lines, are a source as well."""
    text = saved(
        notebook(cell(["from training.utils import Infra", f"Config\n{OLD}\n", "", f"{CALL}\nx = 1\n"]))
    )
    assert (
        "".join(sources(ported(text)))
        == f"from training.utils import TrainerConfig\n{NEW}\n{PORTED}\nx = 1\n"
    )


def test_a_line_is_added_to_a_list_of_one() -> None:
    text = '{"nbformat":4,"metadata":{},"cells":[{"cell_type":"code","source":["from training.utils import setup_infra"]}]}'
    lines = json.loads(ported(text))["cells"][0]["source"]
    assert len(lines) == 2
    assert lines[0].startswith("# TODO(fwdoctor): ")
    assert '\\n","from' in ported(text), "as compact as it was"


UNTOUCHED = {
    "no Fireworks": notebook("import os\n!ls\n", "InfraConfig(region='r')"),
    "already new": notebook(NEW, PORTED),
    "Markdown only": notebook(cell([f"{OLD}\n{CALL}"], "markdown")),
    "no cells": notebook(),
    "duplicate and odd keys": {**notebook("x = 1"), "": 0, "nbformat_minor": 99},
    "a lone surrogate": notebook("x = '\ud83d'", OLD.replace("InfraConfig", "TrainerConfig")),
    "somebody else's": notebook("from lab.infra import InfraConfig", "Config(infra=InfraConfig())"),
}


@pytest.mark.parametrize("document", UNTOUCHED.values(), ids=UNTOUCHED)
@pytest.mark.parametrize("form", [json.dumps, lambda d: json.dumps(d, indent=3)], ids=["line", "indented"])
def test_everything_else_stays(document: dict[str, Any], form: Callable[[Any], str]) -> None:
    text = form(document)
    assert ported(text) == text


BAD = {
    "nothing": ("", "not JSON"),
    "cut off": (saved(notebook(OLD))[:-20], "not JSON"),
    "conflict marks": ("<<<<<<< HEAD\n" + saved(notebook(OLD)), "line 1"),
    "a number without end": ('{"nbformat": ' + "4" * 5000 + "}", "not JSON"),
    "a list": ("[]", "without nbformat"),
    "no format": ('{"cells": []}', "without nbformat"),
    "no cells": ('{"nbformat": 4}', "without nbformat"),
    "cells of another kind": ('{"nbformat": 4, "cells": {}}', "without nbformat"),
    "format 3": ('{"nbformat": 3, "worksheets": [{"cells": []}]}', "jupyter nbconvert --to notebook --nbformat 4 --inplace 'my n.ipynb'"),
    "format 2": ('{"nbformat": 2, "cells": []}', "jupyter nbconvert"),
    "format 5": ('{"nbformat": 5, "cells": []}', "format 5"),
    "a format in words": ('{"nbformat": "4", "cells": []}', "format '4'"),
    "true": ('{"nbformat": true, "cells": []}', "format True"),
    "a cell without source": ('{"nbformat": 4, "cells": [{"cell_type": "code"}]}', "cell 1 has no source"),
    "a cell that is none": ('{"nbformat": 4, "cells": [4]}', "cell 1 has no source"),
    "lines that are none": ('{"nbformat": 4, "cells": [{"source": ["x", 4]}]}', "cell 1 has no source"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "reason"), BAD.values(), ids=BAD)
def test_what_is_no_notebook_is_told(text: str, reason: str) -> None:
    with pytest.raises(UnreadableSource) as caught:
        port_notebook("my n.ipynb", text, CONTEXT, "\n")
    assert reason in caught.value.reason


LANGUAGES = {
    "R": ({"kernelspec": {"language": "R", "name": "ir"}}, "R"),
    "Julia, told by the other place": ({"language_info": {"name": "julia"}}, "julia"),
    "Python": ({"kernelspec": {"language": "python"}}, None),
    "IPython": ({"language_info": {"name": "ipython", "version": 3}}, None),
    "PySpark": ({"kernelspec": {"language": "python"}, "language_info": {"name": "pyspark"}}, None),
    "nothing told": ({}, None),
    "nothing that could be read": ({"kernelspec": 3, "language_info": {"name": 4}}, None),
}


@pytest.mark.parametrize(("metadata", "other"), LANGUAGES.values(), ids=LANGUAGES)
def test_languages(metadata: dict[str, Any], other: str | None) -> None:
    text = saved(notebook(OLD, CALL, **metadata))
    if other is None:
        assert sources(ported(text)) == [NEW, PORTED]
    else:
        with pytest.raises(NotOurs, match=other):
            ported(text)


REFUSED = {
    "a magic that would have to change": ([OLD, CALL, "x = 1\n%time rl_loop.main(c, infra=InfraConfig())"], "cell 3: line 2 is IPython's"),
    "a command that reads what goes": ([OLD, CALL, "infra = InfraConfig(ref_training_shape_id='s')", "!echo {infra.ref_training_shape_id}"], "cell 4: line 1 is IPython's"),
    "a marker above a cell magic": ([OLD, CALL, "%%timeit rl_loop.setup_infra()\nx = 1"], "cell 3: line 1 is IPython's"),
    "a broken cell with our names": ([OLD, CALL, "x = InfraConfig("], "cell 3 has a syntax error"),
    "a broken cell with our imports": (["x = 1", "from training.utils import InfraConfig\nx = ("], "cell 2 has a syntax error"),
    "our own signs": ([f"{OLD}\n{CALL}\nx = 'fwdoctor: line 1'"], "cell 1: it says"),
    "our own other signs": ([f"{OLD}\n{CALL}\nx = 'fwdoctor: block 1'"], "it says"),
}  # fmt: skip


@pytest.mark.parametrize(("cells", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_could_break_is_left(cells: list[str], reason: str) -> None:
    with pytest.raises(NotVerified, match=reason):
        port_notebook("n.ipynb", saved(notebook(*cells)), CONTEXT, "\n")


def test_findings_have_cells_and_their_lines() -> None:
    text = saved(
        notebook(
            cell(["# T"], "markdown"),
            "%who",
            OLD,
            "\n  %who\n  x = 1\n  rl_loop.main(c, cancel_on_exit=True)",
        )
    )
    result = port_notebook("n.ipynb", text, CONTEXT, "\n")
    (todo,) = result.todo
    assert todo.location == Location("n.ipynb", 4, 3, cell=4), "where its marker is"
    assert str(todo.location) == "n.ipynb:cell 4:4:3"
    assert sources(result.text)[3].split("\n")[3].startswith("  # TODO(fwdoctor): FWD105")


def test_the_difference_is_told_cell_by_cell() -> None:
    text = saved(notebook(cell(["T"], "markdown"), OLD, "x = 1", f"%who\n{CALL}"))
    assert cell_diff("n.ipynb", text, ported(text)) == (
        "--- n.ipynb:cell 2\n+++ n.ipynb:cell 2\n@@ -1,2 +1,2 @@\n"
        "-from training.utils import InfraConfig\n+from training.utils import TrainerConfig\n"
        " from training.recipes import rl_loop\n"
        f"--- n.ipynb:cell 4\n+++ n.ipynb:cell 4\n@@ -1,2 +1,2 @@\n %who\n-{CALL}\n+{PORTED}\n"
    )


# --- files on disk -------------------------------------------------------------------------------------


def run(*paths: Path, write: bool = True, diff: bool = False) -> Report:
    return migrate([str(p) for p in paths], lambda: Choice("june"), Options(write=write, diff=diff))


def test_notebooks_in_folders(tmp_path: Path) -> None:
    text = saved(notebook(OLD, CALL))
    for name in (
        "a.ipynb",
        "B.IPYNB",
        ".ipynb_checkpoints/a-checkpoint.ipynb",
        "r.ipynb",
        "v3.ipynb",
        "x.ipynb",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"\xef\xbb\xbf" * (name == "a.ipynb") + text.encode())
    (tmp_path / "r.ipynb").write_text(saved(notebook(OLD, CALL, kernelspec={"language": "R"})))
    (tmp_path / "v3.ipynb").write_text(
        '{"nbformat": 3, "worksheets": ["from training.utils import InfraConfig"]}'
    )
    (tmp_path / "x.ipynb").write_text(saved(notebook("import os")))
    (tmp_path / "code.py").write_text("x = 1\n")
    report = run(tmp_path)
    assert {Path(f.path).name: f.status for f in report.files or ()} == {
        "a.ipynb": FileStatus.PORTED,
        "r.ipynb": FileStatus.SKIPPED,
        "v3.ipynb": FileStatus.FAILED,
    }
    assert [p.message.partition(";")[0] for p in report.problems] == ["a notebook of an old format, not of 4"]
    new = (tmp_path / "a.ipynb").read_bytes()
    assert new == b"\xef\xbb\xbf" + saved(notebook(NEW, PORTED)).encode()
    assert (tmp_path / ".ipynb_checkpoints" / "a-checkpoint.ipynb").read_text() == text
    assert f"3 files contain Fireworks imports; looked at 4 .ipynb, 1 .py under {tmp_path}" in report.notes


def test_a_diff_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "n.ipynb"
    path.write_text(saved(notebook(OLD, CALL)))
    (outcome,) = run(path, write=False, diff=True).files or ()
    assert (outcome.diff or "").startswith(f"--- {path}:cell 1\n+++ {path}:cell 1\n")
    assert path.read_text() == saved(notebook(OLD, CALL))


def test_a_package_of_the_same_name(tmp_path: Path) -> None:
    (tmp_path / "training" / "utils").mkdir(parents=True)
    (tmp_path / "training" / "utils" / "__init__.py").touch()
    path = tmp_path / "n.ipynb"
    path.write_text(saved(notebook(OLD.partition("\n")[0], "InfraConfig()")))
    (outcome,) = run(path).files or ()
    assert outcome.status is FileStatus.SKIPPED
    assert "which is not the cookbook" in (outcome.reason or "")


def test_too_deep(tmp_path: Path) -> None:
    path = tmp_path / "n.ipynb"
    path.write_text('{"nbformat": 4, "cells": [], "metadata": ' + "[" * 100_000 + "]" * 100_000 + "}")
    (outcome,) = run(path).files or ()
    assert outcome.status is FileStatus.FAILED
    assert "nested too deeply" in (outcome.reason or "")


# --- properties ----------------------------------------------------------------------------------------

values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
OLD_LINES = [
    CALL, "infra = InfraConfig(region='é')", "c.infra.region", "rl_loop.main(c, cancel_on_exit=True)",
    "from training.utils import WeightSyncConfig, setup_infra", "setup_infra(c)  # é",
    "s = WeightSyncConfig(dcp_timeout=3)", "r = await rl_loop.main(c, rlor_mgr=m)",
]  # fmt: skip
OTHER_LINES = [
    "x = 1", "", "# é", "  ", "%matplotlib inline", "y = !ls $x", "!pip install a \\\n  b", "x?", "if x:\n    %who\n    z = 1",
    "s = '''\n%x\n'''", "x = '\\t\\\"😀'", "f(\n%x)", "\x0c", "(", "z = '\u2028'",
]  # fmt: skip


@st.composite
def files(draw: st.DrawFn, lines: list[str], first: str = "") -> str:
    """A notebook in some form with some of the lines."""
    cells = [cell([first])] if first else []
    for _ in range(draw(st.integers(0, 4))):
        head = draw(st.sampled_from(["", "", "%%time\n", "%%bash\n", "\n"]))
        code = head + "\n".join(draw(st.lists(st.sampled_from(lines), max_size=4)))
        source = draw(st.sampled_from([code, code.splitlines(keepends=True)]))
        kind = draw(st.sampled_from(["code", "code", "code", "markdown"]))
        cells.append(
            cell(source, kind, metadata=draw(st.dictionaries(st.text(max_size=4), values, max_size=2)))
        )
    document = notebook(*cells, extra=draw(values))
    text = json.dumps(
        document,
        indent=draw(st.sampled_from([None, 1, 4, "\t"])),
        ensure_ascii=draw(st.booleans()),
        sort_keys=draw(st.booleans()),
    )
    return text + draw(st.sampled_from(["", "\n"]))


@given(files(OTHER_LINES + [line for line in OLD_LINES if "training" not in line]))
def test_a_notebook_without_fireworks_is_byte_identical(text: str) -> None:
    result = port_notebook("n.ipynb", text, CONTEXT, "\n")
    assert result.text == text
    assert not result.todo
    assert not result.notes


@given(files(OTHER_LINES + OLD_LINES, first=OLD))
def test_only_sources_differ_and_a_second_run_changes_nothing(text: str) -> None:
    try:
        result = port_notebook("n.ipynb", text, CONTEXT, "\n")
    except NotVerified as error:
        if "has a syntax error" not in str(error):
            raise
        return
    assert port_notebook("n.ipynb", result.text, CONTEXT, "\n").text == result.text
    old, new = json.loads(text), json.loads(result.text)
    for before, after in zip(old["cells"], new["cells"], strict=True):
        if before["cell_type"] == "markdown" or "".join(before["source"]).startswith("%%bash"):
            assert after["source"] == before["source"]
        kept = [line for line in "".join(before["source"]).split("\n") if line.lstrip()[:1] in {"%", "!"}]
        assert [
            line for line in "".join(after["source"]).split("\n") if line.lstrip()[:1] in {"%", "!"}
        ] == kept
        assert type(after["source"]) is type(before["source"])
        after["source"] = before["source"]
    assert new == old
