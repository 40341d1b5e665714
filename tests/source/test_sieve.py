"""The sieve lets through what may use Fireworks, and little else."""

from __future__ import annotations

import ast
import os
import sysconfig
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fwdoctor.finding import Problem
from fwdoctor.source.discovery import discover
from fwdoctor.source.sieve import LARGEST, may_use_fireworks, read_bytes, sieve

PASSES = [
    "import training",
    "import fireworks",
    "import training;x",
    "import training # why",
    "import training.utils as u",
    "import training as t",
    "import os, training.utils",
    "import os,training",
    "import os as o, fireworks.client as c, sys",
    "import important, training",
    "import\ttraining",
    "import\f training",
    "import os, \\\n  training",
    "import os \\\n , \\\r\n training",
    "import \\\rtraining",
    "import training\\\n.utils",
    "import training . utils",
    "if x: import training",
    "x = 1; import training",
    "    import training",
    "from training import utils",
    "from training import*",
    "from training import(\n utils)",
    "from\ttraining . utils import x",
    "from \\\ntraining import x",
    "from training \\\n .utils \\\n import x",
    "from training.utils.rl.losses import (\n    PromptGroup,\n)",
    "from fireworks.training.sdk import TrainerJobManager",
    "from fireworks import Fireworks",
    "try:\n    from training.utils import InfraConfig\nexcept ImportError:\n    pass",
    "import os\rfrom training import utils\r",
    "import os\r\nfrom training import utils\r\n",
    'importlib.import_module("training.recipes.rl_loop")',
    "importlib.import_module('training')",
    'import_module(".utils", package="training")',
    'import_module(f"training.{name}")',
    'import_module("training.%s" % name)',
    '__import__("training")',
    '__import__("fireworks.client")',
    'pytest.importorskip("fireworks")',
    'sys.modules["training"] = fake',
    'mock.patch("training.recipes.rl_loop.setup_infra")',
    'runpy.run_module("training.recipes.rl_loop")',
    'subprocess.run([sys.executable, "-m", "training.recipes.rl_loop"])',
    'os.system("python -m training.recipes.rl_loop")',
    'exec("import training")',
    '"source": ["import os\\n", "from training import utils\\n"]',
    '"source": "import os\\nfrom training import utils\\n"',
    '"source": "import training\\n"',
]
STAYS_OUT = [
    "",
    "x = 1",
    "import os",
    "import training_utils",
    "import pretraining",
    "from pretraining import x",
    "from training_args import x",
    "from transformers.training_args import TrainingArguments",
    "from mylab.training import loop",
    "from .training import loop",
    "import tensorflow.training",
    '"""The training loop."""',
    '"""Import the training data from training. Then stop."""',
    "# from training we learn",
    "# data from training, and import it",
    "# import training data",
    "def fit(x, training=False): ...",
    "fit(x, training)",
    "mode = 'training'",
    "modes = ['training', 'test']",
    "training = True\ntraining.append(1)",
    "URL = 'https://api.fireworks.ai/inference/v1'",
    "MODEL = 'accounts/fireworks/models/llama'",
    "from ..utils import config",
]


@pytest.mark.parametrize("code", PASSES)
@pytest.mark.parametrize("frame", ["{}", "import os\n{}\nx = 1\n", "\ufeff{}", "#\u00e9\n\n\n{}"])
def test_what_uses_fireworks_passes(code: str, frame: str) -> None:
    assert may_use_fireworks(frame.replace("{}", code).encode())


@pytest.mark.parametrize("code", STAYS_OUT)
@pytest.mark.parametrize("frame", ["{}", "import os\n{}\nx = 1\n"])
def test_what_only_speaks_of_training_stays_out(code: str, frame: str) -> None:
    assert not may_use_fireworks(frame.replace("{}", code).encode())


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252"])
def test_other_encodings_are_seen_through(encoding: str) -> None:
    mark = b"\xff\xfe" if encoding == "utf-16-le" else b""
    data = mark + "# -*- coding: latin-1 -*-\n# é\nfrom training import utils\n".encode(encoding)
    assert may_use_fireworks(data)


@pytest.mark.parametrize(
    ("code", "passes"),
    [
        ("from ..utils import config", True),
        ("from . import config", True),
        ("from.config import x", True),
        ("from \\\n .config import x", True),
        ("from os import path", False),
        ("from training.utils import x", True),
        ("# training\nfrom .a import b", True),
        ("# training", False),
    ],
)
def test_inside_of_the_packages_a_relative_import_counts(code: str, passes: bool) -> None:
    assert may_use_fireworks(code.encode(), inside=True) is passes


# -- Whatever Python takes for an import of ours passes -------------------------------------------------

gaps = st.lists(st.sampled_from([" ", "\t", "\f", "\\\n", "\\\r\n"]), min_size=1, max_size=4).map("".join)
maybe_gaps = st.one_of(st.just(""), gaps)
others = st.sampled_from(
    ["os", "os.path", "training_utils", "mylab.training", "xfireworks", "été", "imports"]
)
ours = st.sampled_from(
    ["training", "fireworks", "training.utils", "training.recipes.rl_loop", "fireworks.training.sdk"]
)
aliases = st.sampled_from(["", "u", "training", "é"])


@st.composite
def modules(draw: st.DrawFn, names: st.SearchStrategy[str]) -> str:
    """A module's name, with gaps around its dots."""
    parts = draw(names).split(".")
    return "".join(
        [parts[0], *(f"{draw(maybe_gaps)}.{draw(maybe_gaps)}{part}" for part in parts[1:])],
    )


@st.composite
def imports(draw: st.DrawFn) -> str:
    """One statement that imports modules, among them one of ours or not."""
    names = st.one_of(ours, others)
    if draw(st.booleans()):
        imported = draw(st.sampled_from(["*", "a", "training", "(a,\n  b as c\n)"]))
        return f"from{draw(gaps)}{draw(modules(names))}{draw(gaps)}import{draw(gaps)}{imported}"
    clauses = []
    for name in draw(st.lists(modules(names), min_size=1, max_size=4)):
        alias = draw(aliases)
        clauses.append(f"{name}{draw(gaps)}as{draw(gaps)}{alias}" if alias else name)
    separator = f"{draw(maybe_gaps)},{draw(maybe_gaps)}"
    return f"import{draw(gaps)}{separator.join(clauses)}{draw(maybe_gaps)}"


@st.composite
def dynamic_imports(draw: st.DrawFn) -> str:
    """A call that imports a module by its name."""
    function = draw(st.sampled_from(["import_module", "importlib.import_module", "__import__"]))
    name = draw(st.one_of(ours, others))
    literal = draw(st.sampled_from(['"{}"', "'{}'", '"""{}"""', "r'{}'", "u'{}'"])).format(name)
    return f"{function}{draw(maybe_gaps)}({draw(st.sampled_from(['', ' ', chr(10)]))}{literal})"


@st.composite
def programs(draw: st.DrawFn) -> str:
    statements = draw(
        st.lists(
            st.one_of(
                imports(),
                dynamic_imports(),
                st.sampled_from(["x = 'training'", "# import training", "'''from training.'''", "pass"]),
            ),
            min_size=1,
            max_size=4,
        )
    )
    heads = st.sampled_from(["", "", "if x: ", "x = 1; ", "try:\n  import os; "])
    lines = []
    for statement in statements:
        head = draw(heads)
        lines.append(f"{head}{statement}\nfinally: pass" if head.startswith("try") else head + statement)
    newline = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    return newline.join(lines) + draw(st.sampled_from(["", newline]))


def uses_ours(tree: ast.Module) -> bool:
    """The same question, put to the parser."""
    names: list[str] = []
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                names += [alias.name for alias in node.names]
            case ast.ImportFrom(module=str(module), level=0):
                names.append(module)
            case ast.Call(args=[ast.Constant(value=str(name))]):
                names.append(name)
    return any(name.partition(".")[0] in ("training", "fireworks") for name in names)


@settings(deadline=None)
@given(programs())
def test_no_import_of_ours_is_missed(program: str) -> None:
    data = program.encode()
    try:
        tree = ast.parse(data)
    except SyntaxError:
        return  # a gap where Python takes none
    if uses_ours(tree):
        assert may_use_fireworks(data)


def test_hardly_a_file_of_the_installed_packages_passes_that_does_not_import_ours() -> None:
    roots = [sysconfig.get_path("stdlib"), sysconfig.get_path("purelib")]
    own = (f"{os.sep}fwdoctor", f"{os.sep}fireworks{os.sep}")  # the SDK is there for other tests
    files = [path for path in discover(roots).files if not any(o in path for o in own)]
    files = list(islice(files, 3000))
    passed = [(path, data) for path, data in sieve(files) if isinstance(data, bytes)]
    wrong = [path for path, data in passed if not uses_ours(ast.parse(data))]
    assert len(wrong) < len(files) / 100


# -- Reading --------------------------------------------------------------------------------------------


def write(path: Path, data: bytes) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return str(path)


def test_the_sieve_yields_what_passes_with_its_bytes(tmp_path: Path) -> None:
    ours = write(tmp_path / "a.py", b"import training\r\n")
    other = write(tmp_path / "b.py", b"import os\n")
    empty = write(tmp_path / "c.py", b"")
    assert list(sieve([ours, other, empty])) == [(ours, b"import training\r\n")]


def test_a_file_that_cannot_be_read_is_yielded_with_its_problem(tmp_path: Path) -> None:
    good = write(tmp_path / "a.py", b"import training")
    missing = str(tmp_path / "missing.py")
    folder = str(tmp_path)
    assert list(sieve([missing, folder, good, "a\0b"])) == [
        (missing, Problem("no such file or folder", missing)),
        (folder, Problem("is a folder, not a file", folder)),
        (good, b"import training"),
        ("a\0b", Problem("the path has a NUL byte in it", "a\0b")),
    ]


def test_a_file_without_permission_is_yielded_with_its_problem(
    open_tree: Path, unprivileged: Callable[[str, Path], str]
) -> None:
    write(open_tree / "a.py", b"import training")
    (open_tree / "a.py").chmod(0)
    output = unprivileged("print([str(found) for _, found in sieve(discover(['.']).files)])", open_tree)
    assert output == "['a.py: permission denied']\n"


@pytest.mark.parametrize("folder", ["training/recipes", "vendor/training", "fireworks"])
def test_files_inside_of_the_packages_pass_by_a_relative_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    code = b"from ..utils import config"
    inside = write(tmp_path / folder / "a.py", code)
    outside = write(tmp_path / "pretraining" / "a.py", code)
    assert list(sieve([inside, outside])) == [(inside, code)]
    monkeypatch.chdir(tmp_path / folder)
    assert list(sieve(["a.py"])) == [("a.py", code)]


def test_a_pipe_does_not_keep_the_reader_waiting(tmp_path: Path) -> None:
    path = str(tmp_path / "pipe.py")
    os.mkfifo(path)
    assert read_bytes(path) == b""
    assert list(sieve([path])) == []


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 131_072, 3_000_000])
def test_files_of_any_size_are_read_whole(tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    assert read_bytes(write(tmp_path / "a.py", data)) == data


def test_a_file_beyond_all_measure_is_a_problem(tmp_path: Path) -> None:
    path = write(tmp_path / "a.py", b"")
    os.truncate(path, LARGEST + 1)
    assert list(sieve([path])) == [(path, Problem("larger than 256 MiB: not looked at", path))]
