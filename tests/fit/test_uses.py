"""What counts as a use, and what does not because the code copes without it."""

import textwrap
from pathlib import Path

import pytest

from fwdoctor.fit import versions
from fwdoctor.surface import timeline
from fwdoctor.surface.timeline import Product

CONFIG = "from training.recipes.rl_loop import Config\n"
MAIN = "from training.recipes.sft_loop import main\n"

# code → the lines that break with the newest cookbook (all of it is fine with that of May)
CASES = {
    "an old argument": (CONFIG + "Config(log_path='l', infra=1)", [2]),
    "in a dict that is spread": (CONFIG + "Config(**{'log_path': 'l', 'infra': 1})", [2]),
    "in dict()": (CONFIG + "Config(**dict(log_path='l', infra=1))", [2]),
    "in a dict of the only value of a name": (CONFIG + "kw = {'log_path': 'l',\n 'infra': 1}\nConfig(**kw)", [3]),
    "in a dict that may have changed": (CONFIG + "kw = {'log_path': 'l', 'infra': 1}\nkw.pop('infra')\nConfig(**kw)", []),
    "of what partial made": (CONFIG + "from functools import partial\nmake = partial(Config, log_path='l')\nmake(infra=1)", [4]),
    "in a thread": (MAIN + "import asyncio\nasyncio.to_thread(main, 1, rlor_mgr=2)", [3]),
    "in a pool": (MAIN + "def f(pool): pool.submit(main, 1,\n rlor_mgr=2)", [3]),
    "too many for an executor": (MAIN + "def f(loop): loop.run_in_executor(None, main, 1,\n 2)", [3]),
    "a keyword of the pool's own": (MAIN + "def f(pool): pool.submit(main, 1, key=2)", []),
    "something else in a pool": (MAIN + "def f(pool): pool.submit(print, 1, rlor_mgr=2)", []),
    "a thread's arguments": (MAIN + "Thread(target=main, args=(1,\n 2))\nThread(target=main, args=(1,), kwargs={'rlor_mgr': 2})", [3, 4]),
    "a thread's arguments that fit": (MAIN + "Thread(target=main, args=(1,), kwargs=dict(config=2), name='x')", []),
    "another thread's arguments": (MAIN + "Thread(target=print, args=(1, 2), kwargs={'rlor_mgr': 2})", []),
    "wrapped": (MAIN + "retry(main)(1, rlor_mgr=2)\nrun = ray.remote(main)\nrun.remote(1, rlor_mgr=2)", [2, 4]),
    "a wrapper's own arguments": (MAIN + "retry(main, times=3)(1, timeout=2)", []),
    "too many of what partial made": (MAIN + "from functools import partial\ngo = partial(main, 1)\ngo(2)", [4]),
    "of a partial of a partial": (MAIN + "from functools import partial\ngo = partial(partial(main, 1))\ngo(\n rlor_mgr=2)", [5]),
    "a partial of itself": (MAIN + "from functools import partial\ngo = partial(go, rlor_mgr=2)\ngo(1, rlor_mgr=2)", []),
    "behind a parameter": (CONFIG + "def f(**kw): return Config(**kw)", []),
    "a class with a constructor of its own": (CONFIG + "class C(Config):\n    def __init__(self, infra): ...\nC(infra=1)", []),
    "a class below one with a constructor of its own": (CONFIG + "class B(Config):\n    def __new__(cls, infra): ...\nclass C(B): ...\nC(infra=1)", []),
    "a class that declares it again": (CONFIG + "class C(Config):\n    infra: object = None\nC(log_path='l', infra=1)", []),
    "an attribute that is read": (CONFIG + "def f(c: Config): return c.infra", [2]),
    "an attribute that is set": (CONFIG + "c = Config(log_path='l')\nc.infra = 1\nprint(c.infra)", []),
    "an attribute that is asked for": (CONFIG + "def f(c: Config): return c.infra if hasattr(c, 'infra') else 1", []),
    "a name given another value": ("from training.recipes import rl_loop\nrl_loop.Config = dict\nrl_loop.Config(infra=1)", []),
    "a name that is patched": ("from training.recipes import rl_loop\ndef test(monkeypatch):\n    monkeypatch.setattr(rl_loop, 'Config', dict)\n    rl_loop.Config(infra=1)", []),
    "an expected error": (CONFIG + "import pytest\nwith pytest.raises(TypeError):\n    Config(log_path='l', infra=1)", []),
    "a suppressed error": (CONFIG + "import contextlib\nwith contextlib.suppress(TypeError):\n    Config(log_path='l', infra=1)", []),
    "another context": (CONFIG + "with open('x') as f:\n    Config(log_path='l', infra=1)", [3]),
    "a caught error": (CONFIG + "try:\n    Config(log_path='l', infra=1)\nexcept TypeError:\n    pass", []),
    "in the handler itself": (CONFIG + "try:\n    pass\nexcept TypeError:\n    Config(log_path='l', infra=1)", [5]),
    "another error is caught": (CONFIG + "try:\n    Config(log_path='l', infra=1)\nexcept OSError:\n    pass", [3]),
    "a guarded import": ("try:\n    from training.utils import setup_infra\nexcept ImportError:\n    setup_infra = None", []),
    "a guarded import by except*": ("try:\n    from training.utils import setup_infra\nexcept* ImportError:\n    setup_infra = None", []),
    "an import": ("from training.utils import setup_infra", [1]),
    "below a condition on the signature": (CONFIG + "import inspect\nif 'infra' in inspect.signature(Config).parameters:\n    Config(log_path='l', infra=1)", []),
    "below a flag of a guarded import": (CONFIG + "try:\n    from training.utils import TrainerConfig\n    NEW = True\nexcept ImportError:\n    NEW = False\nif not NEW:\n    Config(log_path='l', infra=1)", []),
    "all errors suppressed": (CONFIG + "import contextlib\nwith contextlib.suppress(Exception):\n    Config(log_path='l', infra=1)", [4]),
    "an error that ends the program": (CONFIG + "import sys\ntry:\n    Config(log_path='l', infra=1)\nexcept TypeError:\n    sys.exit(1)", [4]),
    "below a look at what every version has": (CONFIG + "c = Config(log_path='l')\nif getattr(c, 'lora_rank', 0):\n    Config(log_path='l', infra=1)", [4]),
    "below the SDK's version": (CONFIG + "from importlib.metadata import version\nif version('fireworks-ai') < '1.2':\n    Config(log_path='l', infra=1)", []),
    "below Python's version": (CONFIG + "import sys\nif sys.version_info > (3, 12):\n    Config(log_path='l', infra=1)", [4]),
    "behind a condition that returns": (CONFIG + "def f(t):\n    if hasattr(Config, 'trainer'):\n        return Config(log_path='l', trainer=t)\n    return Config(log_path='l', infra=t)", []),
    "below any other condition": (CONFIG + "import sys\nif sys.argv:\n    Config(log_path='l', infra=1)", [4]),
    "handed to the class above": (CONFIG + "class C(Config):\n    def __init__(self):\n        super().__init__(log_path='l', infra=1)", [4]),
    "a field of its own handed to the class above": (CONFIG + "class C(Config):\n    infra: int = 0\n    def __init__(self):\n        super().__init__(log_path='l', infra=1)", []),
    "handed to another class above": ("class B:\n    def __init__(self, infra): ...\nclass C(B):\n    def __init__(self):\n        super().__init__(infra=1)\nimport training.utils", []),
    "made by a class method": (CONFIG + "class C(Config):\n    @classmethod\n    def make(cls):\n        return cls(log_path='l', infra=1)", [5]),
    "made by a class method, its own way": (CONFIG + "class C(Config):\n    def __init__(self, infra): ...\n    @classmethod\n    def make(cls):\n        return cls(infra=1)", []),
    "a name that only import * can have brought": ("from training.utils import *\nprint(create_trainer_job)", [2]),
    "a builtin beside import *": ("from training.utils import *\nprint(len([]))", []),
    "too many positional arguments": ("from training.recipes.sft_loop import main\nmain(\n    1,\n    2,\n)", [4]),
}  # fmt: skip


@pytest.mark.parametrize(("text", "lines"), CASES.values(), ids=CASES)
def test_what_breaks(tmp_path: Path, text: str, lines: list[int]) -> None:
    path = tmp_path / "a.py"
    path.write_text(textwrap.dedent(text) + "\n")
    (fits, problems) = versions.compare([str(path)])
    newest, may = timeline.cookbook().newest, timeline.cookbook().find("may")
    assert not problems
    assert [s.location.line for f in fits for s in f.sites(newest)] == lines
    assert [str(s) for f in fits for s in f.sites(may)] == []
    assert any(f.misfits(Product.COOKBOOK) >> newest.state & 1 for f in fits) is bool(lines)


@pytest.mark.parametrize(
    ("text", "products"),
    [
        ("import os\nfrom fireworks.training.sdk import TrainerJobManager\n", {Product.SDK}),
        ("import os\nfrom fireworks import Fireworks\nFireworks()\n", None),
        ("import torch\nfrom training.utils import DeployConfig\n", {Product.COOKBOOK}),
        (CONFIG + "import fireworks.training.sdk\n", {Product.COOKBOOK, Product.SDK}),
        ("import os\nx = 'training.utils.InfraConfig'\n", None),
    ],
)
def test_whose_code_it_is(tmp_path: Path, text: str, products: set[Product] | None) -> None:
    path = tmp_path / "a.py"
    path.write_text(text)
    (fits, _) = versions.compare([str(path)])
    assert [f.products for f in fits] == ([] if products is None else [products])


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("def f(**kw):\n    Config(**kw)\n", [3]),
        ("def f(*a):\n    Config(*a)\n", [3]),
        ("Config(**{'log_path': 'l'})\n", []),
        ("kw = {'log_path': 'l'}\nConfig(**kw)\n", []),
        ("def f(**kw):\n    print(**kw)\n", []),
    ],
)
def test_what_cannot_be_looked_into_is_told(tmp_path: Path, text: str, lines: list[int]) -> None:
    path = tmp_path / "a.py"
    path.write_text(CONFIG + text)
    ((fit,), _) = versions.compare([str(path)])
    assert [place.line for place in fit.unseen] == lines
