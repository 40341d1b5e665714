"""Every codemod's examples: the text that comes out, that it parses, and that a second run is quiet."""

import ast
import textwrap

import pytest
from fwdoctor_codemods.core import registry
from fwdoctor_codemods.core.example import Example

from fwdoctor.fit import target
from fwdoctor.fit.session import Context, open_port
from fwdoctor.migrate import transform

CASES = [
    pytest.param(example, id=f"{name}: {example.name}")
    for name in registry.names()
    for example in registry.examples(name)
]


def source(text: str) -> str:
    return textwrap.dedent(text).strip() + "\n"


@pytest.mark.parametrize("example", CASES)
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_example(example: Example, newline: str) -> None:
    before = source(example.before).replace("\n", newline)
    expected = before if example.after is None else source(example.after).replace("\n", newline)
    context = Context(target.resolve(example.target), preserve_defaults=example.preserve_defaults)

    ported = transform.port("example.py", before, context, newline=newline)

    ast.parse(expected)
    assert ported.text == expected
    assert transform.port("example.py", ported.text, context, newline=newline).text == expected


@pytest.mark.parametrize("name", registry.names())
def test_every_codemod_shows_what_it_does_and_what_it_leaves_alone(name: str) -> None:
    examples = registry.examples(name)
    assert any(e.after is not None for e in examples)
    assert len({e.name for e in examples}) == len(examples)


def test_codemods_run_after_those_that_they_name() -> None:
    order = registry.names()
    for name, codemod in zip(order, registry.classes(), strict=True):
        assert all(order.index(earlier) < order.index(name) for earlier in codemod.after)


def test_an_unchanged_example_has_no_edit_at_all() -> None:
    """Rewriting something to the same text looks like no change and is one."""
    for name in registry.names():
        for example in registry.examples(name):
            if example.after is None:
                context = Context(target.resolve(example.target))
                port = open_port("example.py", source(example.before), context, "\n")
                port.run([codemod(port) for codemod in registry.classes()])
                assert port.edits == []
                assert port.done == {}
