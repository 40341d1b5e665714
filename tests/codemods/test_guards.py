"""Code that is written for several versions, or whose failing is what is wanted, stays as it is."""

from __future__ import annotations

import functools

import pytest
from fwdoctor_codemods.core.surfaces import Surfaces

from fwdoctor.fit.session import Context, open_port
from fwdoctor.fit.target import resolve
from fwdoctor.lint import engine
from fwdoctor.migrate import transform

HEAD = "import pytest\nfrom contextlib import suppress\nimport inspect\nimport training.utils as tu\nfrom training.recipes import sft_loop\nfrom training.recipes.sft_loop import Config, main\n\n\n"


@functools.cache
def context() -> Context:
    return Context(surfaces())


@functools.cache
def surfaces() -> Surfaces:
    return resolve("latest")


KEPT = {
    "what is expected to fail": "with pytest.raises(TypeError):\n    main(Config(log_path='r'), rlor_mgr=None)\n",
    "one of several errors": "with pytest.raises((ValueError, TypeError)):\n    Config(log_path='r', infra=None)\n",
    "any error": "with pytest.raises(Exception):\n    Config(log_path='r', infra=None)\n",
    "what may fail": "with suppress(TypeError):\n    Config(log_path='r', infra=None)\n",
    "the old way behind the new one": "def f(t):\n    try:\n        return Config(log_path='r', trainer=t)\n    except TypeError:\n        return Config(log_path='r', infra=t)\n",
    "the old way first": "def f(cfg, mgr):\n    try:\n        return main(cfg, rlor_mgr=mgr)\n    except TypeError:\n        return main(cfg)\n",
    "an import that may fail": "try:\n    from training.utils import TrainerConfig as Hardware\nexcept ImportError:\n    from training.utils import InfraConfig as Hardware\n",
    "a look at the name": "if hasattr(tu, 'setup_infra'):\n    tu.setup_infra(None)\n",
    "a look at the field": "cfg = Config(log_path='r')\nif hasattr(cfg, 'infra'):\n    print(cfg.infra)\n",
    "a look at the signature": "kw = {}\nif 'infra' in inspect.signature(Config).parameters:\n    kw['infra'] = None\ncfg = Config(log_path='r', **kw)\n",
    "a flag": "OLD = hasattr(sft_loop, 'InfraConfig')\nif OLD:\n    cfg = Config(log_path='r', infra=None)\n",
    "an expression": "cfg = Config(log_path='r', infra=None) if hasattr(tu, 'InfraConfig') else Config(log_path='r')\n",
}
PORTED = {
    "another error is wanted": "def test(manager):\n    with pytest.raises(RuntimeError):\n        main(Config(log_path='r'), rlor_mgr=manager)\n",
    "errors are told and raised again": "try:\n    main(Config(log_path='r'), rlor_mgr=None)\nexcept Exception as error:\n    print(error)\n    raise\n",
    "a look at something else": "def run(args):\n    if getattr(args, 'train', None):\n        main(Config(log_path='r'), rlor_mgr=None)\n",
    "another module's version": "import os\nif hasattr(os, 'fork'):\n    main(Config(log_path='r'), rlor_mgr=None)\n",
    "cleanup": "try:\n    pass\nexcept TypeError:\n    pass\nfinally:\n    main(Config(log_path='r'), rlor_mgr=None)\n",
}


@pytest.mark.parametrize("code", KEPT.values(), ids=KEPT)
def test_guarded_code_stays(code: str) -> None:
    text = HEAD + code
    ported = transform.port("a.py", text, context()).text
    kept = [line for line in ported.splitlines() if "TODO(fwdoctor)" not in line]
    assert kept == text.splitlines()
    rules = {f.finding.rule for f in engine.find(open_port("a.py", text, context()))}
    assert rules <= {"FWD112"}


@pytest.mark.parametrize("code", PORTED.values(), ids=PORTED)
def test_other_code_does_not(code: str) -> None:
    text = HEAD + code
    assert "rlor_mgr" not in transform.port("a.py", text, context()).text
    assert "FWD104" in {f.finding.rule for f in engine.find(open_port("a.py", text, context()))}
