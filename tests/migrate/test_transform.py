"""Whole files through the port: what is rewritten, what is marked, what is left alone."""

import textwrap

import pytest

from fwdoctor.fit import target
from fwdoctor.fit.session import Context
from fwdoctor.migrate import transform


def port(text: str, version: str = "june", fixture: str | None = None) -> transform.Ported:
    context = Context(target.resolve(version), fixture_type=lambda _: fixture)
    return transform.port("script.py", clean(text), context)


def clean(text: str) -> str:
    return textwrap.dedent(text).strip() + "\n"


def markers(text: str) -> list[str]:
    """The rule of every marker, in order."""
    return [line.split()[2] for line in text.splitlines() if line.strip().startswith("# TODO(fwdoctor)")]


UNTOUCHED = {
    "comprehensions in f-strings": """
        from training.utils import WandBConfig
        print(f"{[x.infra for x in rows]} {', '.join(str(y) for y in WandBConfig.mro())}")
        """,
    "nothing of Fireworks": "print('InfraConfig(infra=1)')",
    "a look-alike class beside the cookbook": """
        from training.utils import WandBConfig
        from mylab.config import Config, InfraConfig
        cfg = Config(infra=InfraConfig(cpu=1), policy_job_id="x")
        print(cfg.infra.region, cfg.policy_job_id)
        """,
    "another package of that name": """
        from mylab.training.utils import InfraConfig
        infra = InfraConfig(ref_training_shape_id="x")
        """,
    "a relative import outside the cookbook": """
        from .training.utils import InfraConfig
        infra = InfraConfig(ref_training_shape_id="x")
        """,
    "a local function with an old name": """
        from training.recipes.sft_loop import main
        def create_trainer_job(infra): return infra
        create_trainer_job(infra=1)
        """,
    "a rebound import": """
        from training.utils import InfraConfig
        if fast:
            InfraConfig = dict
        infra = InfraConfig(ref_training_shape_id="x")
        """,
    "names in prose": '''
        """Uses InfraConfig(infra=...) and setup_infra of training.utils."""
        from training.utils import WandBConfig  # once InfraConfig
        text = "cfg.infra.region = InfraConfig"
        ''',
    "managers with uses of their own": """
        from fireworks.training.sdk import TrainerJobManager
        manager = TrainerJobManager(api_key="k")
        print(manager.list_checkpoints("job"))
        """,
    "a shim for two versions": """
        try:
            from training.utils import TrainerConfig as Hardware
        except ImportError:
            from training.utils import InfraConfig as Hardware
        hardware = Hardware(region="r")
        """,
}


@pytest.mark.parametrize("text", UNTOUCHED.values(), ids=UNTOUCHED)
@pytest.mark.parametrize("version", ["june", "july", "august"])
def test_left_alone_byte_for_byte(text: str, version: str) -> None:
    ported = port(text, version)
    assert ported.text == clean(text)
    assert not ported.done
    assert not ported.todo


# before, after (for June): what a person would write.
REWRITES = {
    "star import": (
        """
        from training.utils import *
        from training.recipes.rl_loop import Config
        cfg = Config(log_path="l", infra=InfraConfig(region="r"))
        """,
        """
        from training.utils import *
        from training.recipes.rl_loop import Config
        cfg = Config(log_path="l", trainer=TrainerConfig(region="r"))
        """,
    ),
    "old settings in a dictionary that is seen whole": (
        """
        from training.recipes.rl_loop import Config
        from training.utils import InfraConfig
        options = dict(infra=InfraConfig())
        if x:
            options["log_path"] = "l"
        cfg = Config(**options)
        """,
        """
        from training.recipes.rl_loop import Config
        from training.utils import TrainerConfig
        options = dict(trainer=TrainerConfig())
        if x:
            options["log_path"] = "l"
        cfg = Config(**options)
        """,
    ),
    "the class through the recipe's module": (
        """
        from training.recipes import igpo_loop as igpo
        cfg = igpo.Config(log_path="l", infra=igpo.InfraConfig(region="r"), kl_beta=0)
        """,
        """
        from training.recipes import igpo_loop as igpo
        cfg = igpo.Config(log_path="l", trainer=igpo.TrainerConfig(region="r"), kl_beta=0)
        """,
    ),
    "stores into a variable": (
        """
        from training.recipes.sft_loop import Config
        from training.utils import InfraConfig
        infra = InfraConfig(region="r")
        if reference:
            infra.ref_training_shape_id = reference
        cfg = Config(log_path="l", infra=infra)
        """,
        """
        from training.recipes.sft_loop import Config
        from training.utils import TrainerConfig
        infra = TrainerConfig(region="r")
        if reference:
            infra.reference_training_shape_id = reference
        cfg = Config(log_path="l", trainer=infra)
        """,
    ),
    "copies": (
        """
        from dataclasses import replace
        from training.recipes.dpo_loop import Config
        from training.utils import InfraConfig
        base = InfraConfig(region="r")
        cfg = Config(log_path="l", infra=replace(base, ref_training_shape_id="s"), policy_job_id=job)
        again = replace(cfg, infra=replace(cfg.infra, trainer_replica_count=2))
        """,
        """
        from dataclasses import replace
        from training.recipes.dpo_loop import Config
        from training.utils import TrainerConfig
        base = TrainerConfig(region="r")
        cfg = Config(log_path="l", trainer=replace(base, reference_training_shape_id="s", job_id=job))
        again = replace(cfg, trainer=replace(cfg.trainer, replica_count=2))
        """,
    ),
    "conditional values": (
        """
        from training.recipes.sft_loop import Config
        from training.utils import InfraConfig
        cfg = Config(log_path="l", infra=InfraConfig(region="r") if here else InfraConfig())
        """,
        """
        from training.recipes.sft_loop import Config
        from training.utils import TrainerConfig
        cfg = Config(log_path="l", trainer=TrainerConfig(region="r") if here else TrainerConfig())
        """,
    ),
    "a subclass with fields of its own": (
        """
        from dataclasses import dataclass
        from training.recipes.sft_loop import Config
        from training.utils import InfraConfig
        @dataclass
        class Mine(Config):
            extra: int = 0
        cfg = Mine(log_path="l", extra=1, infra=InfraConfig())
        """,
        """
        from dataclasses import dataclass
        from training.recipes.sft_loop import Config
        from training.utils import TrainerConfig
        @dataclass
        class Mine(Config):
            extra: int = 0
        cfg = Mine(log_path="l", extra=1, trainer=TrainerConfig())
        """,
    ),
    "positional arguments that would slide": (
        """
        from training.recipes.rl_loop import Config
        cfg = Config("logs", "accounts/fireworks/models/m", None, "data.jsonl")
        """,
        """
        from training.recipes.rl_loop import Config
        cfg = Config(log_path="logs", base_model="accounts/fireworks/models/m", dataset="data.jsonl")
        """,
    ),
    "March's names": (
        """
        from training.recipes.rl_loop import Config
        from training.utils import HotloadConfig
        cfg = Config(log_path="l", hotload=HotloadConfig(hot_load_interval=2, hot_load_timeout=30))
        """,
        """
        from training.recipes.rl_loop import Config
        cfg = Config(log_path="l", weight_sync_interval=2, weight_sync_timeout=30)
        """,
    ),
    "another name for the class": (
        """
        from training.utils import InfraConfig
        Hardware = InfraConfig
        infra = Hardware(trainer_timeout_s=1)
        """,
        """
        from training.utils import TrainerConfig
        Hardware = TrainerConfig
        infra = Hardware(timeout_s=1)
        """,
    ),
    "a class of one's own with the new name": (
        """
        from training.utils import InfraConfig
        class TrainerConfig: ...
        infra = InfraConfig(trainer_timeout_s=1)
        """,
        """
        from training.utils import TrainerConfig as FireworksTrainerConfig
        class TrainerConfig: ...
        infra = FireworksTrainerConfig(timeout_s=1)
        """,
    ),
    "partial application": (
        """
        from functools import partial
        from training.recipes.sft_loop import Config
        from training.utils import InfraConfig
        make = partial(Config, infra=InfraConfig(), trainer_job_id=job)
        hardware = partial(InfraConfig, trainer_timeout_s=1)
        """,
        """
        from functools import partial
        from training.recipes.sft_loop import Config
        from training.utils import TrainerConfig
        make = partial(Config, trainer=TrainerConfig(job_id=job))
        hardware = partial(TrainerConfig, timeout_s=1)
        """,
    ),
    "what a partial makes": (
        """
        from functools import partial
        from training.recipes.sft_loop import Config
        from training.utils import InfraConfig
        hardware = partial(InfraConfig, region="r")
        make = partial(Config, log_path="l")
        cfg = make(infra=hardware(trainer_timeout_s=1))
        print(cfg.infra.trainer_timeout_s)
        """,
        """
        from functools import partial
        from training.recipes.sft_loop import Config
        from training.utils import TrainerConfig
        hardware = partial(TrainerConfig, region="r")
        make = partial(Config, log_path="l")
        cfg = make(trainer=hardware(timeout_s=1))
        print(cfg.trainer.timeout_s)
        """,
    ),
    "inside f-strings": (
        """
        from training.recipes.sft_loop import Config
        cfg: Config = load()
        text = f"{cfg.infra.region!r:>10} and {cfg.infra.ref_training_shape_id}" "x"
        """,
        """
        from training.recipes.sft_loop import Config
        cfg: Config = load()
        text = f"{cfg.trainer.region!r:>10} and {cfg.trainer.reference_training_shape_id}" "x"
        """,
    ),
    "from a module that does not have the new name": (
        """
        from training.utils.infra import InfraConfig
        infra = InfraConfig(trainer_timeout_s=1)
        """,
        """
        from training.utils import TrainerConfig
        infra = TrainerConfig(timeout_s=1)
        """,
    ),
    "names of one line, at the end and in the middle": (
        """
        from training.utils import WandBConfig, WeightSyncConfig, InfraConfig, DeployConfig
        from fireworks.training.sdk import FireworksClient, DeploymentManager, TrainerJobManager
        from training.recipes.rl_loop import Config, main
        a, b = 1, 2
        jobs = TrainerJobManager()
        deps = DeploymentManager()
        cfg = Config(log_path="l", weight_sync=WeightSyncConfig(), infra=None)
        main(cfg, jobs, deps)
        """,
        """
        from training.utils import WandBConfig, InfraConfig, DeployConfig
        from fireworks.training.sdk import FireworksClient
        from training.recipes.rl_loop import Config, main
        a, b = 1, 2
        cfg = Config(log_path="l")
        main(cfg)
        """,
    ),
    "comments between imported names stay": (
        """
        from training.utils import (InfraConfig, WeightSyncConfig,  # two
            WandBConfig)
        from training.recipes.rl_loop import Config
        cfg = Config(log_path="l", weight_sync=WeightSyncConfig())
        """,
        """
        from training.utils import (InfraConfig,
            # two
            WandBConfig)
        from training.recipes.rl_loop import Config
        cfg = Config(log_path="l")
        """,
    ),
    "a new import behind the docstring": (
        '''
        """Doc."""
        from __future__ import annotations

        def f(x):
            from training.recipes.orpo_loop import Config
            return Config(log_path="l", job_id=x)
        ''',
        '''
        """Doc."""
        from __future__ import annotations
        from training.utils import TrainerConfig

        def f(x):
            from training.recipes.orpo_loop import Config
            return Config(log_path="l", trainer=TrainerConfig(job_id=x))
        ''',
    ),
    "classes that functions of typing take in quotes": (
        """
        import typing as t
        from typing import TYPE_CHECKING, NewType, TypeVar, cast
        if TYPE_CHECKING:
            from training.utils import InfraConfig
        T = TypeVar("T", bound="InfraConfig")
        U = TypeVar("U", "InfraConfig", str)
        Own = NewType("Own", "InfraConfig")
        label = "InfraConfig"
        def f(raw):
            infra = cast("InfraConfig", raw)
            maybe = t.cast(typ="InfraConfig | None", val=raw)
            print(cast(str, "InfraConfig"))
            return infra.trainer_timeout_s or maybe.trainer_timeout_s
        """,
        """
        import typing as t
        from typing import TYPE_CHECKING, NewType, TypeVar, cast
        if TYPE_CHECKING:
            from training.utils import TrainerConfig
        T = TypeVar("T", bound="TrainerConfig")
        U = TypeVar("U", "TrainerConfig", str)
        Own = NewType("Own", "TrainerConfig")
        label = "InfraConfig"
        def f(raw):
            infra = cast("TrainerConfig", raw)
            maybe = t.cast(typ="TrainerConfig | None", val=raw)
            print(cast(str, "InfraConfig"))
            return infra.timeout_s or maybe.timeout_s
        """,
    ),
    "imports in several lines take a new one as a line": (
        """
        from training.recipes.orpo_loop import Config
        from training.utils import (
            DeployConfig,
            WandBConfig,
        )
        cfg = Config(log_path="l", job_id=x)
        """,
        """
        from training.recipes.orpo_loop import Config
        from training.utils import (
            DeployConfig,
            WandBConfig,
            TrainerConfig,
        )
        cfg = Config(log_path="l", trainer=TrainerConfig(job_id=x))
        """,
    ),
    "types through attributes, branches and calls": (
        """
        from typing import Optional
        from training.recipes.sft_loop import Config
        from training.utils import InfraConfig

        class Job:
            hardware: InfraConfig

            def __init__(self, cfg: "Config"):
                self.cfg = cfg

            def show(self):
                return self.cfg.infra.trainer_timeout_s, self.hardware.trainer_timeout_s

        def make() -> Optional[InfraConfig]:
            return None

        def pick(a: Config, b: Config, job: Job):
            best = a if a.log_path else b
            either = a or b
            made = make()
            if (seen := Config(log_path="l")):
                print(seen.infra.region)
            return best.infra, either.infra, made.trainer_timeout_s, job.hardware.trainer_timeout_s
        """,
        """
        from typing import Optional
        from training.recipes.sft_loop import Config
        from training.utils import TrainerConfig

        class Job:
            hardware: TrainerConfig

            def __init__(self, cfg: "Config"):
                self.cfg = cfg

            def show(self):
                return self.cfg.trainer.timeout_s, self.hardware.timeout_s

        def make() -> Optional[TrainerConfig]:
            return None

        def pick(a: Config, b: Config, job: Job):
            best = a if a.log_path else b
            either = a or b
            made = make()
            if (seen := Config(log_path="l")):
                print(seen.trainer.region)
            return best.trainer, either.trainer, made.timeout_s, job.hardware.timeout_s
        """,
    ),
    "a weight-sync object that is read elsewhere, too": (
        """
        from training.recipes.rl_loop import Config
        from training.utils import WeightSyncConfig
        sync = WeightSyncConfig(weight_sync_interval=2, dcp_timeout=2700)
        print(sync.dcp_timeout)
        cfg = Config(log_path="l", weight_sync=sync)
        """,
        """
        from training.recipes.rl_loop import Config
        from training.utils import WeightSyncConfig
        sync = WeightSyncConfig(weight_sync_interval=2, dcp_timeout=2700)
        print(sync.dcp_timeout)
        cfg = Config(log_path="l", weight_sync_interval=sync.weight_sync_interval)
        """,
    ),
    "managers by position": (
        """
        from training.recipes.dpo_loop import main
        def go(cfg, jobs=None, deployments=None):
            main(cfg, jobs, deployments)
        go(config)
        """,
        """
        from training.recipes.dpo_loop import main
        def go(cfg, jobs=None, deployments=None):
            main(cfg)
        go(config)
        """,
    ),
    "everything on one line, with a semicolon": (
        """
        from training.utils import InfraConfig; from training.recipes.sft_loop import Config
        a = 1; cfg = Config(log_path="l", infra=InfraConfig()); b = 2
        """,
        """
        from training.utils import TrainerConfig; from training.recipes.sft_loop import Config
        a = 1; cfg = Config(log_path="l", trainer=TrainerConfig()); b = 2
        """,
    ),
    "a body that would be empty": (
        """
        from fireworks.training.sdk import TrainerJobManager
        from training.recipes.sft_loop import main
        if True:
            jobs = TrainerJobManager()
        main(cfg, rlor_mgr=jobs)
        """,
        """
        from training.recipes.sft_loop import main
        if True:
            pass
        main(cfg)
        """,
    ),
}


@pytest.mark.parametrize(("before", "after"), REWRITES.values(), ids=REWRITES)
def test_rewritten(before: str, after: str) -> None:
    ported = port(before)
    assert ported.text == clean(after)
    assert not ported.todo


# text, target, rules of the markers
MARKED = {
    "what the old recipe wrote into the Config is read": (
        """
        from training.recipes.sft_loop import Config, main
        from training.utils import InfraConfig
        cfg = Config(log_path="l", infra=InfraConfig(training_shape_id="s"), base_model="m", dataset="d", tokenizer_model="t")
        main(cfg)
        print(cfg.max_seq_len, cfg.infra.training_shape_id, cfg.learning_rate)
        """,
        "july",
        ["FWD125"],
    ),
    "what the script set itself is read": (
        """
        from training.recipes.sft_loop import Config, main
        from training.utils import InfraConfig
        cfg = Config(log_path="l", infra=InfraConfig(), max_seq_len=8, base_model="m", dataset="d", tokenizer_model="t")
        print(cfg.infra.training_shape_id)
        main(cfg)
        print(cfg.max_seq_len)
        """,
        "july",
        [],
    ),
    "a reference trainer that igpo did not make": (
        """
        from training.recipes.igpo_loop import Config
        from training.utils import InfraConfig
        cfg = Config(log_path="l", infra=InfraConfig(training_shape_id="s"), kl_beta=0.1)
        """,
        "june",
        ["FWD126"],
    ),
    "a reference on the policy's own trainer costs nothing": (
        """
        from training.recipes.igpo_loop import Config
        from training.utils import InfraConfig
        cfg = Config(log_path="l", infra=InfraConfig(training_shape_id="s"), kl_beta=0.1, lora_rank=8)
        """,
        "june",
        [],
    ),
    "a reference trainer that rl made for its shape": (
        """
        from training.recipes.rl_loop import Config
        from training.utils import InfraConfig
        cfg = Config(log_path="l", infra=InfraConfig(ref_training_shape_id="s"), kl_beta=0)
        """,
        "june",
        ["FWD126"],
    ),
    "no reference trainer, then as now": (
        """
        from training.recipes.rl_loop import Config
        from training.utils import InfraConfig
        cfg = Config(log_path="l", infra=InfraConfig(training_shape_id="s"), kl_beta=0)
        """,
        "june",
        [],
    ),
    "two trainers in one function": (
        """
        from training.utils import InfraConfig, create_trainer_job
        def f(mgr):
            a = create_trainer_job(mgr, base_model="m", infra=InfraConfig())
            b = create_trainer_job(mgr, base_model="m", infra=InfraConfig())
            return a.job_id, b.job_id
        """,
        "june",
        ["FWD107", "FWD120", "FWD120"],
    ),
    "a trainer whose arguments are hidden": (
        """
        from training.utils import InfraConfig, create_trainer_job
        def f(mgr, **options):
            a = create_trainer_job(mgr, base_model="m", infra=InfraConfig(), **options)
            return a.job_id
        """,
        "june",
        ["FWD107"],
    ),
    "a reference without a name for its policy": (
        """
        from training.utils import ReconnectableClient, TrainerConfig, build_service_client
        service = build_service_client(
            api_key=KEY, base_url=URL, additional_headers=None, base_model="m", tokenizer_model=None,
            max_lora_rank=8, max_context_length=None, learning_rate=1e-5, trainer=TrainerConfig(),
        )
        use(service.create_training_client("m", lora_rank=8))
        reference = service.create_reference_client("m", lora_rank=8)
        """,
        "august",
        ["FWD123"],
    ),
    "a removed helper": ("from training.utils import setup_infra\n", "june", ["FWD107"]),
    "a removed helper through its module": (
        "import training.utils as u\nu.setup_infra()\n",
        "june",
        ["FWD107"],
    ),
    "a setting without counterpart": (
        """
        from training.recipes.rl_loop import Config
        from training.utils import WeightSyncConfig
        cfg = Config(log_path="l", weight_sync=WeightSyncConfig(first_checkpoint_type="delta"))
        """,
        "june",
        ["FWD106"],
    ),
    "arguments that cannot be seen through": (
        """
        from training.recipes.rl_loop import Config
        cfg = Config(log_path="l", policy_job_id="j", **options)
        """,
        "june",
        ["FWD109", "FWD108"],
    ),
    "old settings behind a spread": (
        """
        from training.recipes.rl_loop import Config
        from training.utils import InfraConfig
        options = dict(load(), infra=InfraConfig())
        cfg = Config(log_path="l", **options)
        """,
        "june",
        ["FWD109"],
    ),
    "a subclass that declares an old field again": (
        """
        from dataclasses import dataclass, field
        from training.recipes.rl_loop import Config
        from training.utils import InfraConfig
        @dataclass
        class Mine(Config):
            infra: InfraConfig = field(default_factory=InfraConfig)
        """,
        "june",
        ["FWD107"],
    ),
    "a value from elsewhere": (
        """
        from training.recipes.rl_loop import Config
        def make(infra):
            return Config(log_path="l", infra=infra)
        """,
        "june",
        ["FWD110"],
    ),
    "patch targets": (
        """
        import training.recipes.rl_loop as rl
        def test(monkeypatch):
            monkeypatch.setattr(rl, "setup_infra", None)
            monkeypatch.setattr("training.recipes.rl_loop.setup_infra", None)
        """,
        "june",
        ["FWD113", "FWD113"],
    ),
    "an accelerator on June's trainer does nothing": (
        """
        from training.utils import InfraConfig
        infra = InfraConfig(accelerator_type="NVIDIA_H200")
        """,
        "june",
        ["FWD111"],
    ),
    "InfraConfig that feeds old helpers stays": (
        """
        from training.utils import InfraConfig, create_trainer_job
        infra = InfraConfig(ref_training_shape_id="s")
        job = create_trainer_job(infra=infra)
        """,
        "june",
        ["FWD107"],
    ),
    "a reading of unknown origin": (
        """
        from training.recipes import rl_loop
        cfg = load(rl_loop.Config)
        print(cfg.infra.ref_training_shape_id)
        """,
        "june",
        ["FWD110"],
    ),
    "a reading of unknown origin in a file that is ported": (
        """
        from training.recipes import rl_loop
        from training.utils import InfraConfig
        def show(cfg):
            print(cfg.infra.region)
        show(rl_loop.Config(log_path="l", infra=InfraConfig(region="EU")))
        """,
        "june",
        ["FWD110"],
    ),
    "cleanup where main is called on a parameter": (
        """
        from training.recipes.rl_loop import main
        def go(cfg, keep):
            return main(cfg, cancel_on_exit=not keep)
        """,
        "july",
        ["FWD105"],
    ),
    "a method that went": (
        """
        from training.utils import ReconnectableClient
        def use(policy: ReconnectableClient):
            return policy.create_base_reference()
        """,
        "june",
        ["FWD107"],
    ),
    "a compatibility shim": (
        """
        try:
            from training.utils import setup_infra
        except ImportError:
            setup_infra = None
        """,
        "june",
        ["FWD112"],
    ),
}


@pytest.mark.parametrize(("text", "version", "rules"), MARKED.values(), ids=MARKED)
def test_marked(text: str, version: str, rules: list[str]) -> None:
    ported = port(text, version)
    assert markers(ported.text) == rules
    assert sorted(f.rule for f in ported.todo) == sorted(rules)
    assert port(ported.text, version).text == ported.text, "a second run adds no second marker"


# Where a marker may stand: above the first line of a statement that begins its line.
PLACES = {
    "a decorated function": (
        "@app.command()\n@other\ndef f(x=u.setup_infra): ...",
        "# TODO\n@app.command()\n@other\ndef f(x=u.setup_infra): ...",
    ),
    "the second of two statements": ("a = 1; u.setup_infra()", "# TODO\na = 1; u.setup_infra()"),
    "a body on the line of its head": ("if x: u.setup_infra()", "# TODO\nif x: u.setup_infra()"),
    "an elif": (
        "if x:\n    pass\nelif u.setup_infra():\n    pass",
        "if x:\n    pass\n# TODO\nelif u.setup_infra():\n    pass",
    ),
    "inside brackets": (
        "x = [\n    1,\n    u.setup_infra(),\n]",
        "# TODO\nx = [\n    1,\n    u.setup_infra(),\n]",
    ),
    "behind a backslash": ("x = 1; \\\ny = u.setup_infra()", "# TODO\nx = 1; \\\ny = u.setup_infra()"),
    "deep inside": (
        "class C:\n\tdef f(self):\n\t\twith a:\n\t\t\tu.setup_infra()",
        "class C:\n\tdef f(self):\n\t\twith a:\n\t\t\t# TODO\n\t\t\tu.setup_infra()",
    ),
    "a match": (
        "match u.setup_infra():\n    case 1:\n        pass",
        "# TODO\nmatch u.setup_infra():\n    case 1:\n        pass",
    ),
    "an except clause": (
        "try:\n    pass\nexcept u.setup_infra:\n    pass",
        "# TODO\ntry:\n    pass\nexcept u.setup_infra:\n    pass",
    ),
}


@pytest.mark.parametrize(("text", "expected"), PLACES.values(), ids=PLACES)
def test_markers_stand_where_a_comment_can(text: str, expected: str) -> None:
    head = "import training.utils as u\n"
    ported = port(head + text)
    marker = "# TODO(fwdoctor): FWD107 training.utils.setup_infra is not in cookbook 517d206d (2026-06-01)"
    assert ported.text == head + expected.replace("# TODO", marker) + "\n"
    assert port(ported.text).text == ported.text


def test_every_marker_has_a_finding_at_its_line() -> None:
    ported = port(MARKED["patch targets"][0])
    lines = ported.text.splitlines()
    for finding in ported.todo:
        assert finding.location is not None
        assert finding.location.line is not None
        assert (
            '"setup_infra"' in lines[finding.location.line - 1]
            or "rl_loop.setup_infra" in lines[finding.location.line - 1]
        )


@pytest.mark.parametrize(
    ("version", "kept"),
    [
        ("june", {"weight_sync_interval", "weight_sync_timeout"}),
        ("july", {"weight_sync_interval", "weight_sync_timeout"}),
        ("august", {"weight_sync_timeout"}),
    ],
)
def test_the_target_decides_which_fields_are_written(version: str, kept: set[str]) -> None:
    ported = port(
        """
        from training.recipes.rl_loop import Config
        from training.utils import WeightSyncConfig
        cfg = Config(log_path="l", weight_sync=WeightSyncConfig(weight_sync_interval=3, weight_sync_timeout=9))
        """,
        version,
    )
    written = {
        name for name in ("weight_sync_interval", "weight_sync_timeout") if f", {name}=" in ported.text
    }
    assert written == kept
    assert markers(ported.text) == ["FWD106"] * (2 - len(kept))


def test_a_fixture_of_known_type_needs_no_marker() -> None:
    text = """
        from training.recipes.sft_loop import Config
        def test_it(smoke_infra):
            return Config(log_path="l", infra=smoke_infra)
        """
    ported = port(text, fixture="training.utils.config.InfraConfig")
    assert "trainer=smoke_infra" in ported.text
    assert not ported.todo


# What becomes of the trainer at the end: where a target answers otherwise than the old recipe did.
FATES = [
    ("rl_loop", "june", None),
    ("rl_loop", "july", "now deleted"),
    ("rl_loop", "august", "now deleted"),
    ("async_rl_loop", "july", "now deleted"),
    ("igpo_loop", "june", "left running"),
    ("igpo_loop", "july", None),
    ("dpo_loop", "june", "left running"),
    ("dpo_loop", "august", None),
    ("sft_loop", "june", "left running"),
    ("sft_loop", "july", "left running"),
    ("sft_loop", "august", None),
    ("orpo_loop", "august", None),
]


@pytest.mark.parametrize(("recipe", "version", "told"), FATES)
def test_who_deletes_the_trainer_is_told_where_it_changed(
    recipe: str, version: str, told: str | None
) -> None:
    text = f"""
        from training.recipes.{recipe} import Config, main
        from training.utils import InfraConfig
        main(Config(log_path="l", infra=InfraConfig()))
        """
    notes = [f.message for f in port(text, version).notes if f.rule == "FWD105"]
    assert len(notes) == (told is not None)
    assert all(told is not None and told in note for note in notes)
    again = port(port(text, version).text, version)
    assert "FWD105" not in [f.rule for f in again.notes], "ported code has made its choice"


# what is in the file beside the imports: how many launches are told
LAUNCHES = {
    "a Config of a function": (
        """
        def build(shape) -> rl_loop.Config:
            return rl_loop.Config(log_path="l", infra=InfraConfig(training_shape_id=shape))
        rl_loop.main(build("a"))
        """,
        1,
    ),
    "a copy of a Config": (
        """
        base = rl_loop.Config(log_path="l", infra=InfraConfig())
        cfg = dataclasses.replace(base, log_path="m")
        rl_loop.main(cfg)
        """,
        1,
    ),
    "a Config of another file": ("infra = InfraConfig()\nrl_loop.main(cfg)", 1),
    "in a thread": ("infra = InfraConfig()\npool.submit(rl_loop.main, cfg)", 1),
    "as a thread's target": ("infra = InfraConfig()\nThread(target=rl_loop.main, args=(cfg,)).start()", 1),
    "said to a thread's target": (
        "infra = InfraConfig()\nThread(target=rl_loop.main, args=(cfg,), kwargs={'cancel_on_exit': True}).start()",
        0,
    ),
    "another thread's target": ("infra = InfraConfig()\nThread(target=work, args=(cfg,)).start()", 0),
    "once for a partial and its calls": (
        "infra = InfraConfig()\ngo = functools.partial(rl_loop.main, cfg)\ngo()",
        1,
    ),
    "a partial that somebody else calls": (
        "infra = InfraConfig()\nuse(functools.partial(rl_loop.main, cfg))",
        1,
    ),
    "said by place": ('cfg = rl_loop.Config(log_path="l")\nrl_loop.main(cfg, None, None, True)', 0),
    "said to a partial": (
        "infra = InfraConfig()\ngo = functools.partial(rl_loop.main, cancel_on_exit=True)\ngo(cfg)",
        0,
    ),
    "said in the copy": (
        "infra = InfraConfig()\nrl_loop.main(dataclasses.replace(base, cleanup_on_exit=True))",
        0,
    ),
    "said in the function": (
        """
        infra = InfraConfig()
        def build():
            return rl_loop.Config(log_path="l", cleanup_on_exit=True)
        cfg = build()
        rl_loop.main(cfg)
        """,
        0,
    ),
    "said afterwards": ("infra = InfraConfig()\ncfg.cleanup_on_exit = False\nrl_loop.main(cfg)", 0),
    "ported beside old code": (
        'infra = InfraConfig()\nrl_loop.main(rl_loop.Config(log_path="l", trainer=t))',
        0,
    ),
    "nothing old": ("rl_loop.main(cfg)", 0),
}


@pytest.mark.parametrize(("text", "told"), LAUNCHES.values(), ids=LAUNCHES)
@pytest.mark.parametrize("version", ["july", "august"])
def test_a_launch_is_told_wherever_its_config_is_made(text: str, told: int, version: str) -> None:
    head = "import dataclasses, functools\nfrom training.recipes import rl_loop\nfrom training.utils import InfraConfig\n"
    ported = port(head + clean(text), version)

    notes = [f.message for f in ported.notes if f.rule == "FWD105"]
    assert len(notes) == told
    assert all("now deleted" in note for note in notes)


def test_code_of_july_kept_no_trainer() -> None:
    text = """
        from training.recipes import rl_loop
        from training.utils import TrainerConfig
        other = rl_loop.Config(log_path="l", trainer=TrainerConfig(), weight_sync_interval=1)
        rl_loop.main(cfg)
        """
    ported = port(text, "august")
    assert [f.rule for f in ported.todo] == ["FWD106"], "it is old"
    assert "FWD105" not in [f.rule for f in ported.notes]


def test_what_no_version_ever_had_is_reported_but_not_marked() -> None:
    text = """
        from training.recipes.sft_loop import Config
        cfg = Config(log_path="l", lerning_rate=1)
        """
    ported = port(text)
    assert ported.text == clean(text)
    assert [f.rule for f in ported.notes] == ["FWD108"]
    assert not ported.todo


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("'https://api.fireworks.ai'", False),
        ("os.environ.get('FIREWORKS_BASE_URL', 'https://x')", False),
        ("None", False),
        ("URL", False),
        ("args.url", True),
        ("'https://staging.example.com'", True),
    ],
)
def test_a_manager_with_an_address_of_its_own(url: str, told: bool) -> None:
    ported = port(
        f"""
        import os
        from fireworks.training.sdk import TrainerJobManager
        from training.recipes.sft_loop import main
        URL = os.getenv("FIREWORKS_BASE_URL")
        jobs = TrainerJobManager(api_key=KEY, base_url={url})
        main(cfg, rlor_mgr=jobs)
        """
    )
    assert markers(ported.text) == ["FWD104"] * told
    assert "TrainerJobManager" not in ported.text


MADE = "TrainerJobManager(api_key=k, base_url='https://staging.example.com')"
PLAIN = "TrainerJobManager(api_key=k, base_url=os.environ['FIREWORKS_BASE_URL'])"
# the code beside the imports; what the launch is told about its manager
MANAGERS = {
    "in an attribute": (
        f"class R:\n    def __init__(self):\n        self.m = {MADE}\n    def run(self, c):\n        main(c, rlor_mgr=self.m)",
        "of self.m has no effect",
    ),
    "in an attribute of declared type": (
        f"class R:\n    def __init__(self):\n        self.m: object = {MADE}\n    def run(self, c):\n        main(c, rlor_mgr=self.m)",
        "of self.m has no effect",
    ),
    "in an attribute of the class": (
        f"class R:\n    m = {MADE}\n    def run(self, c):\n        main(c, rlor_mgr=self.m)",
        "of self.m has no effect",
    ),
    "in an attribute, without an address": (
        f"class R:\n    def __init__(self):\n        self.m = {PLAIN}\n    def run(self, c):\n        main(c, rlor_mgr=self.m)",
        None,
    ),
    "in an attribute that is filled elsewhere": (
        "class R:\n    m: object\n    def run(self, c):\n        main(c, rlor_mgr=self.m)",
        "cannot see what self.m was made with",
    ),
    "in an attribute, given to __init__": (
        f"class R:\n    def __init__(self, m):\n        self.m = m\n    def run(self, c):\n        main(c, rlor_mgr=self.m)\nR({MADE})",
        "of self.m has no effect",
    ),
    "a parameter": ("def f(c, m):\n    main(c, rlor_mgr=m)", "cannot see what m was made with"),
    "a parameter with calls": (f"def f(c, m):\n    main(c, rlor_mgr=m)\nf(c, {MADE})", "of m has no effect"),
    "a parameter with harmless calls": (f"def f(c, *, m=None):\n    main(c, m)\nf(c, m={PLAIN})\nf(c)", None),
    "a parameter with calls that hide it": (
        "def f(c, m):\n    main(c, rlor_mgr=m)\nf(*given)",
        "cannot see what m was made with",
    ),
    "of a function": (f"def f():\n    return {MADE}\nm = f()\nmain(c, m)", "of m has no effect"),
    "of a function of a recursion": ("def f():\n    return f()\nmain(c, f())", None),
    "of one of two": (f"m = None\nif staging:\n    m = {MADE}\nmain(c, rlor_mgr=m)", "of m has no effect"),
    "of a choice": (f"main(c, rlor_mgr={PLAIN} if a else {MADE})", "has no effect"),
    "of another module": ("from mylab import m\nmain(c, rlor_mgr=m)", "cannot see what m was made with"),
    "with settings that are spread": (
        "m = TrainerJobManager(**o)\nmain(c, m)",
        "cannot see what m was made with",
    ),
    "two of another module": (
        "from mylab import a, b\nfrom training.recipes import dpo_loop\ndpo_loop.main(c, a, b)",
        "cannot see what a and b were made with",
    ),
    "none": ("main(c, rlor_mgr=None)", None),
    "a mock": ("from unittest.mock import MagicMock\nmain(c, rlor_mgr=MagicMock())", None),
}


@pytest.mark.parametrize(("text", "told"), MANAGERS.values(), ids=MANAGERS)
def test_where_a_manager_was_made(text: str, told: str | None) -> None:
    head = "import os\nfrom fireworks.training.sdk import TrainerJobManager\nfrom training.recipes.sft_loop import main\n"
    ported = port(head + text)
    messages = [f.message for f in (*ported.todo, *ported.notes) if f.rule == "FWD104"]

    assert len(messages) == (told is not None)
    assert all(told is not None and told in message for message in messages)


def test_secrets_are_not_repeated_in_markers_or_findings() -> None:
    ported = port(
        """
        from fireworks.training.sdk import TrainerJobManager
        from training.recipes.sft_loop import main
        jobs = TrainerJobManager(api_key="fw_0123456789abcdef", additional_headers={"X-Token": "hush-hush"})
        main(cfg, rlor_mgr=jobs)
        """
    )
    assert markers(ported.text) == ["FWD104"]
    assert "hush-hush" not in ported.text
    assert "0123456789" not in repr(ported)


def test_a_long_setting_is_shortened() -> None:
    value = "x" * 300
    ported = port(
        f"""
        from training.recipes.rl_loop import Config
        from training.utils import WeightSyncConfig
        Config(log_path="l", weight_sync=WeightSyncConfig(first_checkpoint_type="{value}"))
        """
    )
    assert value not in ported.text
    assert "..." in ported.text


OLD_CODE = (
    "from training.recipes.rl_loop import Config, main\n"
    "from training.utils import DeployConfig, InfraConfig, WeightSyncScope\n"
    "c = Config(log_path='l', infra=InfraConfig(), deployment=DeployConfig(weight_sync_scope=WeightSyncScope.PER_DEPLOYMENT))\n"
    "main(c, cancel_on_exit=True)\n"
)


@pytest.mark.parametrize("version", ["68dc0d97", "9e8f628e"])
def test_nothing_is_ported_to_a_version_in_which_the_old_names_are_right(version: str) -> None:
    ported = transform.port("a.py", OLD_CODE, Context(target.resolve(version)))
    assert (ported.text, ported.todo) == (OLD_CODE, ())


def test_going_back_in_time_takes_nothing_away() -> None:
    text = "from training.recipes.rl_loop import Config, main\nfrom training.utils import TrainerConfig\nmain(Config(log_path='l', trainer=TrainerConfig(), cleanup_on_exit=False))\n"
    ported = transform.port("a.py", text, Context(target.resolve("2026-03-13")))
    assert ported.text == text


def test_a_name_of_the_sdk_is_told_as_the_sdks() -> None:
    text = "from fireworks.training.sdk import FiretitanServiceClient\nFiretitanServiceClient.from_firetitan_config\n"
    ported = transform.port("a.py", text, Context(target.resolve("march")))
    assert not any("cookbook" in f.message for f in (*ported.todo, *ported.notes))
