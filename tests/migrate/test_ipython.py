"""IPython's own lines: masked by Python of the same shape, and put back byte for byte."""

import ast
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwdoctor.migrate.ipython import mask, unmask
from fwdoctor.migrate.transform import NotVerified

#: a cell, and the lines (from 1) that are IPython's
CELLS = {
    "line magic": ("%matplotlib inline\nx = 1\n", [1]),
    "without a line feed": ("x = 1\n%who", [2]),
    "assigned": ("x = %timeit -o f()\na.b, c[0] = !ls\nd: list = !ls", [1, 2, 3]),
    "no assignment": ("x == !y\n", []),
    "continued": ("!pip install \\\n a \\\n b\nx = 1", [1]),
    "continued to the end": ("!pip install \\", [1]),
    "help": ("x?\nx.y??\n?x\n??x\n%time?\ny = x?\nx[0].y?\nx*.a*?", [1, 2, 3, 4, 5, 6, 7, 8]),
    "no help": ("# x?\ny = 'x?'\nz = 1  # x?\n!ls", [4]),
    "quotes around": ('s = \'\'\'\n!ls\n\'\'\'\nt = """\\"""\n%x"""\n!ls', [6]),
    "quotes in quotes": ("s = \"'''\"\n!ls\nt = '\\''\n%x", [2, 4]),
    "quotes in a comment": ("# '''\n!ls # \"\"\"\n%x", [2, 3]),
    "brackets around": ("f(a  # (\n%b\n)\n%who", [4]),
    "brackets in quotes": ("x = '('\n%who", [2]),
    "a backslash before": ("x = a \\\n%b\n!ls", [3]),
    "the rest of a division": ("x = (a\n/b\n)\n/f a", [4]),
    "in a block": ("if x:\n    !ls\n    for i in y:\n        %who\nelse:\n  ?x", [2, 4, 6]),
    "the only line of a block": ("def f():\n    !ls\n", [2]),
    "written without its sign": ("pip install a\nls - x\nload_ext y\nls = 3\npip.main()\n", [1, 3]),
    "a cell magic around Python": ("\n%%time\n%%capture a\n!ls\nx = 1", [2, 3, 4]),
    "CRLF": ("%who\r\nx = !a \\\r\n b\r\n", [1, 2]),
    "a secret": ("!export FIREWORKS_API_KEY=fw_1", [1]),
    "nothing": ("", []),
}


@pytest.mark.parametrize(("code", "lines"), CELLS.values(), ids=CELLS)
def test_lines_are_masked(code: str, lines: list[int]) -> None:
    masked = mask(code, "7")
    assert masked is not None
    assert [m.line for m in masked.masks] == lines
    assert masked.code.count("\n") == code.count("\n")
    assert "fw_1" not in masked.code
    assert unmask(masked.code, masked.masks) == code


@pytest.mark.parametrize("name", [n for n in CELLS if n != "no assignment"])
def test_what_is_masked_is_python(name: str) -> None:
    masked = mask(CELLS[name][0], "7")
    assert masked is not None
    ast.parse(masked.code)


SHOWN = {
    "%time f(a)": ["f(a)"],
    "%time -p x = f(a)  # why": ["f(a)"],
    "x = %timeit -n 10 f(a)": ["f(a)"],
    "%timeit x: int = f(a)": ["x", "int", "f", "a"],
    "%time if": [],
    "!echo {a.b} $c ${d} {e!r}": ["(a.b)", "(c)", "(d)", "e", "r"],
    "%pip install training": [],
    "a?": [],
    "%%timeit f(a)\nx": ["f(a)"],
}


@pytest.mark.parametrize(("code", "arguments"), SHOWN.items(), ids=SHOWN)
def test_the_python_in_a_line_stays_in_use(code: str, arguments: list[str]) -> None:
    masked = mask(code, "7")
    assert masked is not None
    text = ", ".join(['"fwdoctor: line 7.1"', *arguments])
    assert masked.code.split("\n")[0].endswith(f"get_ipython({text})")


@pytest.mark.parametrize(
    "code", ["%%bash\nls", "\n\n%%writefile x.py\nx = 1", "%%time\n%%html\n<a>", "%%time?", "%%"]
)
def test_a_cell_of_another_language_is_none(code: str) -> None:
    assert mask(code, "7") is None


@pytest.mark.parametrize(
    "change",
    [
        lambda code: code.replace("(a)", "(b)"),
        lambda code: "",
        lambda code: code * 2,
        lambda code: f"# new\n{code}",
    ],
    ids=["another", "gone", "twice", "no longer at the top"],
)
def test_a_mask_that_did_not_stay_is_refused(change: Callable[[str], str]) -> None:
    masked = mask("%%timeit f(a)\nx = 1\n", "7")
    assert masked is not None
    with pytest.raises(NotVerified, match="line 1 is IPython's"):
        unmask(change(masked.code), masked.masks)


def test_a_line_that_becomes_the_last_one() -> None:
    masked = mask("x = 1\n%who\ny = 1", "7")
    assert masked is not None
    assert unmask(masked.code.removesuffix("\ny = 1"), masked.masks) == "x = 1\n%who"


PARTS = ["%time", "!", "?", "x", " = ", "\n", "\r\n", "\\\n", "    ", "if x:", "'", '"""', "(", ")", "#", "{", "$x", "pip a", "%%", "\f"]  # fmt: skip


@given(st.lists(st.sampled_from(PARTS), max_size=14).map("".join))
def test_masks_come_off_again(code: str) -> None:
    masked = mask(code, "7")
    if masked is not None:
        assert unmask(masked.code, masked.masks) == code
