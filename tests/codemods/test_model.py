"""What names mean: imports, scopes, rebinding."""

import ast
import textwrap

import pytest
from fwdoctor_codemods.core.model import Model


def resolved(text: str, module_name: str | None = None) -> str | None:
    """What the last expression statement of ``text`` resolves to."""
    tree = ast.parse(textwrap.dedent(text))
    model = Model(tree, module_name=module_name)
    last = [n for n in ast.walk(tree) if isinstance(n, ast.Expr)][-1]
    return model.resolve(last.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from training.utils import InfraConfig\nInfraConfig", "training.utils.InfraConfig"),
        ("from training.utils import InfraConfig as X\nX", "training.utils.InfraConfig"),
        ("import training.utils\ntraining.utils.InfraConfig", "training.utils.InfraConfig"),
        ("import training.utils as u\nu.InfraConfig", "training.utils.InfraConfig"),
        ("import training.utils\nimport training.recipes\ntraining.recipes.x", "training.recipes.x"),
        ("from training import utils\ndef f():\n    utils.InfraConfig", "training.utils.InfraConfig"),
        (
            "def f():\n    from training.utils import InfraConfig\n    InfraConfig",
            "training.utils.InfraConfig",
        ),
        ("def g():\n    from training.utils import InfraConfig\nInfraConfig", None),
        ("from training.utils import InfraConfig\ndef f(InfraConfig):\n    InfraConfig", None),
        ("from training.utils import InfraConfig\nInfraConfig = 1\nInfraConfig", None),
        ("from training.utils import InfraConfig\nclass InfraConfig: pass\nInfraConfig", None),
        ("from training.utils import InfraConfig\nfor InfraConfig in y: pass\nInfraConfig", None),
        ("from training.utils import InfraConfig\nwith y as InfraConfig: pass\nInfraConfig", None),
        ("from training.utils import InfraConfig\n[InfraConfig for InfraConfig in y]", None),
        (
            "from training.utils import InfraConfig\nlambda InfraConfig: 0\nInfraConfig",
            "training.utils.InfraConfig",
        ),
        ("from a import x\ndef f():\n    global x\n    x = 1\nx", None),
        (
            "try:\n    from training.utils import InfraConfig\nexcept ImportError:\n    InfraConfig = None\nInfraConfig",
            None,
        ),
        ("from a import x\nclass C:\n    x = 1\n    def f(self):\n        x", "a.x"),
        ("from a import x\nclass C:\n    x = 1\n    x", None),
        ("from a import x\ndef f(y=1):\n    def x(): pass\nx", "a.x"),
    ],
)
def test_resolve(text: str, expected: str | None) -> None:
    assert resolved(text) == expected


@pytest.mark.parametrize(
    ("module_name", "expected"),
    [("training.recipes.rl_loop", "training.utils.InfraConfig"), (None, None)],
)
def test_relative_imports_need_to_know_where_they_are(module_name: str | None, expected: str | None) -> None:
    assert resolved("from ..utils import InfraConfig\nInfraConfig", module_name) == expected


def test_defaults_and_annotations_belong_to_the_enclosing_scope() -> None:
    tree = ast.parse("from a import x\ndef f(x: x = x): pass")
    model = Model(tree)
    function = tree.body[1]
    assert isinstance(function, ast.FunctionDef)
    annotation, default = function.args.args[0].annotation, function.args.defaults[0]
    assert annotation is not None
    assert model.resolve(annotation) == "a.x"
    assert model.resolve(default) == "a.x"


def test_loads_are_those_of_the_scope_only() -> None:
    tree = ast.parse("x = 1\nprint(x)\ndef f():\n    return x\ndef g(x):\n    return x")
    model = Model(tree)
    assert [n.lineno for n in model.loads("x", model.module)] == [2, 4]


def test_very_deep_code_does_not_overflow() -> None:
    text = "x = " + "+".join(["1"] * 900)
    assert Model(ast.parse(text)).module.bindings["x"]
