"""What expressions are worth: known, partly known, unknown; in linear time, whatever they look like."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from fwdoctor.fit.session import Context, open_port
from fwdoctor.fit.target import resolve
from fwdoctor.lint.file import File
from fwdoctor.lint.values import HOLE, UNKNOWN


def value(code: str) -> tuple[Any, str | None]:
    """The value and the text of ``x`` where it is used last."""
    port = open_port("a.py", f"import training.utils\n{code}\nprint(x)\n", Context(resolve("latest")))
    file = File(port)
    last = port.model.tree.body[-1]
    assert isinstance(last, ast.Expr)
    assert isinstance(last.value, ast.Call)
    return file.value(last.value.args[0]), file.text(last.value.args[0])


CASES: list[tuple[str, Any, str | None]] = [
    ("x = 'a'", "a", "a"),
    ("x = ''", "", ""),
    ("x = 3", 3, None),
    ("x = -3.5", -3.5, None),
    ("x = None", None, None),
    ("x = True", True, None),
    ("A = 'a'\nx = f'{A}-b'", "a-b", "a-b"),
    ("A = 2\nx = f'v{A}'", "v2", "v2"),
    ("x = f'{y}-b'", UNKNOWN, f"{HOLE}-b"),
    ("x = f'{1:03d}-b'", UNKNOWN, f"{HOLE}-b"),
    ("x = f'{y}'", UNKNOWN, None),
    ("x = 'a' + 'b'", "ab", "ab"),
    ("x = 'a' + y", UNKNOWN, f"a{HOLE}"),
    ("x = y + z", UNKNOWN, None),
    ("x = 2 * 3600", 7200, None),
    ("x = 7 - 4 + 1", 4, None),
    ("x = True + 1", UNKNOWN, None),
    ("x = 'a' * 3", UNKNOWN, None),
    ("x = 'a'\nx = 'b'", UNKNOWN, None),
    ("from mylab import *\nx = f'{x}-v2'", UNKNOWN, f"{HOLE}-v2"),
    ("from mylab import *\nx = x * 2", UNKNOWN, None),
    ("from mylab import *\nx = -x", UNKNOWN, None),
    ("a = b\nb = a\nx = a", UNKNOWN, None),
    (f"N = {'9' * 4000}\nx = f'{{N * N}}s'", UNKNOWN, f"{HOLE}s"),
]


@pytest.mark.parametrize(("code", "known", "text"), CASES)
def test_values(code: str, known: Any, text: str | None) -> None:
    found = value(code)
    assert found == (known, text)
    assert type(found[0]) is type(known)


@pytest.mark.parametrize(
    "step", ["a{i} = f'{{a{j}}}{{a{j}}}'", "a{i} = a{j} + a{j}", "a{i} = a{j} * a{j}"], ids=["f", "+", "*"]
)
@pytest.mark.parametrize("first", ["'x'", "3"])
def test_what_doubles_at_every_step_takes_no_time(step: str, first: str) -> None:
    lines = [f"a0 = {first}", *(step.format(i=i, j=i - 1) for i in range(1, 200)), "x = a199"]
    assert value("\n".join(lines))[0] is UNKNOWN
