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

TRIED = "try:\n    from training.utils import TrainerConfig\nexcept ImportError:\n    "
USE = "    main(Config(log_path='r'), rlor_mgr=None)\n"
FLAG = f"if not HAVE_NEW:\n{USE}"
CHOSEN = "def old(t):\n    return Config(log_path='r', infra=t)\n\n\ndef new(t):\n    return Config(log_path='r', trainer=t)\n\n\n"


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
    "an import under any error": "try:\n    from training.utils import TrainerConfig as Hardware\nexcept Exception:\n    from training.utils import InfraConfig as Hardware\n",
    "an import under a bare except": "try:\n    from training.utils import TrainerConfig\nexcept:\n    TrainerConfig = None\n\n\ndef f(t):\n    if TrainerConfig is None:\n        return Config(log_path='r', infra=t)\n    return Config(log_path='r', trainer=t)\n",
    "an import under suppress": f"HAVE_NEW = False\nwith suppress(ImportError):\n    from training.utils import TrainerConfig\n\n    HAVE_NEW = True\n{FLAG}",
    "what follows a try that returns": "def f(t):\n    try:\n        return Config(log_path='r', trainer=t)\n    except TypeError:\n        pass\n    return Config(log_path='r', infra=t)\n",
    "methods that a flag chooses": "class Trainer:\n    def run(self, cfg):\n        if hasattr(Config, 'trainer'):\n            self._new(cfg)\n        else:\n            self._old(cfg)\n\n    def _new(self, cfg):\n        main(cfg)\n\n    def _old(self, cfg):\n        main(cfg, rlor_mgr=None)\n",
    "a test that some versions skip": "@pytest.mark.skipif(hasattr(Config, 'trainer'), reason='old')\ndef test_old():\n    main(Config(log_path='r'), rlor_mgr=None)\n",
    "a test that shall fail": "@pytest.mark.xfail(raises=TypeError)\ndef test_old():\n    main(Config(log_path='r'), rlor_mgr=None)\n",
    "what may fail in one of several ways": "with suppress(AttributeError, ValueError):\n    Config(log_path='r', infra=None)\n",
    "an import that gives None": f"{TRIED}TrainerConfig = None\n\n\ndef f(t):\n    if TrainerConfig is not None:\n        return Config(log_path='r', trainer=t)\n    return Config(log_path='r', infra=t)\n",
    "an import and its old name": f"{TRIED}TrainerConfig = None\n    from training.utils import InfraConfig\n\n\ndef f():\n    if TrainerConfig is None:\n        return Config(log_path='r', infra=InfraConfig(trainer_timeout_s=1))\n    return Config(log_path='r', trainer=TrainerConfig(timeout_s=1))\n",
    "a flag beside an import": f"HAVE_NEW = False\n{TRIED}HAVE_NEW = False\nelse:\n    HAVE_NEW = True\n{FLAG}",
    "what follows a loop's continue": "for t in ():\n    if hasattr(Config, 'trainer'):\n        continue\n    Config(log_path='r', infra=t)\n",
    "what follows an elif": "def f(t):\n    if t is None:\n        return None\n    elif hasattr(Config, 'trainer'):\n        return Config(log_path='r', trainer=t)\n    return Config(log_path='r', infra=t)\n",
    "what follows two ends": "def f(t, b):\n    if hasattr(Config, 'trainer'):\n        if b:\n            return Config(log_path='r', trainer=t)\n        else:\n            return None\n    return Config(log_path='r', infra=t)\n",
    "functions that a flag chooses": f"OLD = not hasattr(tu, 'TrainerConfig')\n{CHOSEN}make = old if OLD else new\n",
    "functions that are called on a condition": f"{CHOSEN}if hasattr(Config, 'trainer'):\n    cfg = new(None)\nelse:\n    cfg = old(None)\n",
    "classes that a flag chooses": "class Old:\n    def run(self, cfg):\n        main(cfg, rlor_mgr=None)\n\n\nclass New:\n    def run(self, cfg):\n        main(cfg)\n\n\nbackend = New() if hasattr(tu, 'TrainerConfig') else Old()\n",
    "a function that knows": "def is_old():\n    return not hasattr(tu, 'TrainerConfig')\n\n\nif is_old():\n    main(Config(log_path='r'), rlor_mgr=None)\n",
    "a package's version": f"from importlib.metadata import version\nfrom packaging.version import Version\nif Version(version('fireworks-ai')) < Version('1.2'):\n{USE}",
    "its version by another name": f"from importlib.metadata import version as v\nNAME = 'fireworks-ai'\nFOUND = v(NAME).split('.')\nif FOUND < ['1', '2']:\n{USE}",
    "its version through the module": f"import importlib.metadata as md\nif md.version('fireworks-training-cookbook') < '2':\n{USE}",
    "its distribution": f"import pkg_resources\nif pkg_resources.get_distribution('fireworks-ai').version < '1.2':\n{USE}",
    "its version with a backport": f"try:\n    from importlib.metadata import version\nexcept ImportError:\n    from importlib_metadata import version\nif version('fireworks-ai') < '1.2':\n{USE}",
    "its own version": f"from fireworks import __version__ as fireworks_version\nif fireworks_version < '1.2':\n{USE}",
    "a handler that tries again": "try:\n    main(Config(log_path='r'), rlor_mgr=None)\nexcept TypeError:\n    main(Config(log_path='r'))\n    raise SystemExit\n",
}
PORTED = {
    "work under any error": "try:\n    from training.utils import DeployConfig\n    main(Config(log_path='r', deployment=DeployConfig()), rlor_mgr=None)\nexcept Exception as error:\n    print(error)\n",
    "what follows a try that goes on": "def f(t):\n    try:\n        print(t.x)\n    except AttributeError:\n        pass\n    return main(Config(log_path='r'), rlor_mgr=None)\n",
    "what follows a try of something else": "def f(t):\n    try:\n        return int(t)\n    except TypeError:\n        pass\n    return main(Config(log_path='r'), rlor_mgr=None)\n",
    "what follows a try whose errors end it": "def f(t):\n    try:\n        t = int(t)\n    except TypeError:\n        return None\n    return main(Config(log_path='r'), rlor_mgr=None)\n",
    "a method that others call": "class Trainer:\n    def run(self, cfg):\n        self._new(cfg) if hasattr(Config, 'trainer') else self._old(cfg)\n        self._old(cfg)\n\n    def _new(self, cfg):\n        main(cfg)\n\n    def _old(self, cfg):\n        main(cfg, rlor_mgr=None)\n",
    "a test that some machines skip": "import sys\n\n\n@pytest.mark.skipif(sys.platform == 'win32', reason='x')\ndef test_old():\n    main(Config(log_path='r'), rlor_mgr=None)\n",
    "an error that ends the program": "import sys\ntry:\n    main(Config(log_path='r'), rlor_mgr=None)\nexcept (KeyError, TypeError) as error:\n    sys.exit(f'bad config: {error}')\n",
    "an error that is told and ends the program": "import os\ntry:\n    main(Config(log_path='r'), rlor_mgr=None)\nexcept TypeError as error:\n    print(error)\n    os._exit(1)\n",
    "an error that becomes another": "try:\n    main(Config(log_path='r'), rlor_mgr=None)\nexcept TypeError as error:\n    raise ValueError from error\n",
    "deaf to all errors": "with suppress(Exception):\n    main(Config(log_path='r'), rlor_mgr=None)\n",
    "a look at a name that all have": "cfg = Config(log_path='r')\nif getattr(cfg, 'lora_rank', 0) == 0:\n    main(cfg, rlor_mgr=None)\n",
    "a look at a name that none has": "cfg = Config(log_path='r')\nif hasattr(cfg, 'my_own'):\n    main(cfg, rlor_mgr=None)\n",
    "an import of something else": f"try:\n    import wandb\nexcept ImportError:\n    wandb = None\nif wandb is not None:\n{USE}",
    "a flag of something else": f"try:\n    import wandb\n    HAVE = True\nexcept ImportError:\n    HAVE = False\nif HAVE:\n{USE}",
    "another package's version": f"from importlib.metadata import version\nif version('torch') < '2':\n{USE}",
    "what the code needs": "if not hasattr(tu, 'setup_infra'):\n    raise RuntimeError('too old')\nmain(Config(log_path='r'), rlor_mgr=None)\n",
    "what follows a condition that goes on": "if hasattr(tu, 'TrainerConfig'):\n    print('new')\nmain(Config(log_path='r'), rlor_mgr=None)\n",
    "a function that both ways use": "def run(cfg):\n    main(cfg, rlor_mgr=None)\n\n\nif hasattr(tu, 'TrainerConfig'):\n    run(1)\nelse:\n    run(2)\n",
    "a function that others use": f"{CHOSEN}make = new if hasattr(tu, 'TrainerConfig') else old\nold(1)\nmain(Config(log_path='r'), rlor_mgr=None)\n",
    "the program, where there is a cookbook": "def run(cfg):\n    main(cfg, rlor_mgr=None)\n\n\nif hasattr(tu, 'TrainerConfig'):\n    run(1)\n",
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
