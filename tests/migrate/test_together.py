"""What belongs together is ported together, or stays: settings, what holds them, and who reads them."""

from __future__ import annotations

import textwrap

import pytest

from fwdoctor.fit import target
from fwdoctor.fit.session import Context
from fwdoctor.migrate import transform

#: name: (target, before, after)
CASES = {
    "a function of one's own makes the settings: its answer is copied": (
        "june",
        """
        from training.recipes import rl_loop
        from training.utils import InfraConfig

        def make_infra(args) -> InfraConfig:
            return InfraConfig(training_shape_id=args.shape)

        def config(args):
            return rl_loop.Config(log_path="l", infra=make_infra(args), policy_job_id=args.job)
        """,
        """
        import dataclasses
        from training.recipes import rl_loop
        from training.utils import TrainerConfig

        def make_infra(args) -> TrainerConfig:
            return TrainerConfig(training_shape_id=args.shape)

        def config(args):
            return rl_loop.Config(log_path="l", trainer=dataclasses.replace(make_infra(args), job_id=args.job))
        """,
    ),
    "a Config of one's own, by its attributes": (
        "june",
        """
        from dataclasses import dataclass
        from training.recipes import rl_loop
        from training.utils import InfraConfig

        @dataclass
        class MathConfig(rl_loop.Config):
            reward: str = "exact"

            def __post_init__(self):
                self.infra = InfraConfig(region="US_OHIO_1")

        cfg = MathConfig(log_path="l", infra=InfraConfig(region="US_OHIO_1"))
        cfg.infra.trainer_timeout_s = 7200
        cfg.weight_sync.dcp_save_interval = 10
        cfg.policy_job_id = "job-1"
        rl_loop.main(cfg)
        """,
        """
        from dataclasses import dataclass
        from training.recipes import rl_loop
        from training.utils import TrainerConfig

        @dataclass
        class MathConfig(rl_loop.Config):
            reward: str = "exact"

            def __post_init__(self):
                self.trainer = TrainerConfig(region="US_OHIO_1")

        cfg = MathConfig(log_path="l", trainer=TrainerConfig(region="US_OHIO_1"))
        cfg.trainer.timeout_s = 7200
        cfg.dcp_save_interval = 10
        # TODO(fwdoctor): FWD107 Config.policy_job_id is not in cookbook 517d206d (2026-06-01)
        cfg.policy_job_id = "job-1"
        rl_loop.main(cfg)
        """,
    ),
    "settings that are set after they were made": (
        "june",
        """
        from training.recipes import rl_loop
        from training.utils import WeightSyncConfig

        sync = WeightSyncConfig(weight_sync_interval=2)
        sync.dcp_save_interval = 20
        cfg = rl_loop.Config(log_path="l", weight_sync=sync)
        """,
        """
        from training.recipes import rl_loop
        from training.utils import WeightSyncConfig

        sync = WeightSyncConfig(weight_sync_interval=2)
        sync.dcp_save_interval = 20
        # TODO(fwdoctor): FWD110 cannot see where sync comes from: this recipe takes no dcp_timeout, first_checkpoint_type; if it sets them, they are gone
        cfg = rl_loop.Config(log_path="l", weight_sync_interval=sync.weight_sync_interval, dcp_save_interval=sync.dcp_save_interval, weight_sync_before_training=sync.weight_sync_before_training, weight_sync_timeout=sync.weight_sync_timeout)
        """,
    ),
    "settings that change behind the call": (
        "june",
        """
        from training.recipes import rl_loop
        from training.utils import WeightSyncConfig

        sync = WeightSyncConfig(weight_sync_interval=2)
        sync.dcp_save_interval = 20
        cfg = rl_loop.Config(log_path="l", weight_sync=sync)
        sync.dcp_save_interval = 30
        """,
        """
        from training.recipes import rl_loop
        from training.utils import WeightSyncConfig

        sync = WeightSyncConfig(weight_sync_interval=2)
        sync.dcp_save_interval = 20
        # TODO(fwdoctor): FWD110 cannot see where sync comes from: it changes behind this call, which reads its settings; set the fields of this Config
        # TODO(fwdoctor): FWD108 rl_loop.Config of cookbook 517d206d (2026-06-01) takes no weight_sync=
        cfg = rl_loop.Config(log_path="l", weight_sync=sync)
        sync.dcp_save_interval = 30
        """,
    ),
    "None first, a copy in its own place, a loop": (
        "june",
        """
        import dataclasses
        from training.recipes import rl_loop
        from training.utils import InfraConfig

        def launch(args):
            infra = None
            if args.shape:
                infra = InfraConfig(training_shape_id=args.shape)
            else:
                infra = InfraConfig(region="US_OHIO_1")
            infra.trainer_timeout_s = 7200
            infra.ref_training_shape_id = args.ref
            cfg = rl_loop.Config(log_path="l", infra=infra)
            if args.debug:
                cfg = dataclasses.replace(cfg, infra=InfraConfig(region="US_OHIO_1"))
            if args.job:
                cfg.policy_job_id = args.job
            return rl_loop.main(cfg)

        for hw in [InfraConfig(trainer_replica_count=2), InfraConfig()]:
            print(hw.trainer_replica_count)
        """,
        """
        import dataclasses
        from training.recipes import rl_loop
        from training.utils import TrainerConfig

        def launch(args):
            infra = None
            if args.shape:
                infra = TrainerConfig(training_shape_id=args.shape)
            else:
                infra = TrainerConfig(region="US_OHIO_1")
            infra.timeout_s = 7200
            infra.reference_training_shape_id = args.ref
            cfg = rl_loop.Config(log_path="l", trainer=infra)
            if args.debug:
                cfg = dataclasses.replace(cfg, trainer=TrainerConfig(region="US_OHIO_1"))
            if args.job:
                # TODO(fwdoctor): FWD107 Config.policy_job_id is not in cookbook 517d206d (2026-06-01)
                cfg.policy_job_id = args.job
            return rl_loop.main(cfg)

        for hw in [TrainerConfig(replica_count=2), TrainerConfig()]:
            print(hw.replica_count)
        """,
    ),
    "settings in a dictionary, and a job id beside it": (
        "june",
        """
        from training.recipes import sft_loop
        from training.utils import InfraConfig

        options = dict(log_path="l", infra=InfraConfig(region="US_OHIO_1"))
        cfg = sft_loop.Config(trainer_job_id="job-1", **options)
        """,
        """
        from training.recipes import sft_loop
        from training.utils import TrainerConfig

        options = dict(log_path="l", trainer=TrainerConfig(region="US_OHIO_1"))
        # TODO(fwdoctor): FWD109 cannot see through **options in the call of sft_loop.Config: old settings may hide in it, and what stands beside it was left as it is
        # TODO(fwdoctor): FWD108 sft_loop.Config of cookbook 517d206d (2026-06-01) takes no trainer_job_id=
        cfg = sft_loop.Config(trainer_job_id="job-1", **options)
        """,
    ),
    "a field of a class of one's own that stays old": (
        "june",
        """
        from dataclasses import dataclass
        from fireworks.training.sdk import TrainerJobManager
        from training.utils import InfraConfig, create_trainer_job

        @dataclass
        class Run:
            infra: InfraConfig

        class Backend:
            def __init__(self, run: Run, mgr: TrainerJobManager):
                self.endpoint = create_trainer_job(mgr, base_model="m", infra=run.infra)
                print(run.infra.trainer_timeout_s)

        Backend(Run(InfraConfig(trainer_timeout_s=60)), TrainerJobManager(api_key="k"))
        """,
        """
        from dataclasses import dataclass
        from fireworks.training.sdk import TrainerJobManager
        # TODO(fwdoctor): FWD107 training.utils.create_trainer_job is not in cookbook 517d206d (2026-06-01)
        from training.utils import InfraConfig, create_trainer_job

        @dataclass
        class Run:
            infra: InfraConfig

        class Backend:
            def __init__(self, run: Run, mgr: TrainerJobManager):
                self.endpoint = create_trainer_job(mgr, base_model="m", infra=run.infra)
                print(run.infra.trainer_timeout_s)

        Backend(Run(InfraConfig(trainer_timeout_s=60)), TrainerJobManager(api_key="k"))
        """,
    ),
    "a copy with settings that it gets anew": (
        "june",
        """
        import dataclasses
        from training.recipes import rl_loop
        from training.utils import WeightSyncConfig

        base = rl_loop.Config(log_path="l", weight_sync=WeightSyncConfig(weight_sync_interval=4, weight_sync_timeout=900))
        other = dataclasses.replace(base, weight_sync=WeightSyncConfig(dcp_save_interval=10))
        """,
        """
        import dataclasses
        from training.recipes import rl_loop

        base = rl_loop.Config(log_path="l", weight_sync_interval=4, weight_sync_timeout=900)
        other = dataclasses.replace(base, dcp_save_interval=10, weight_sync_interval=1, weight_sync_before_training=False, weight_sync_timeout=600)
        """,
    ),
    "settings in an attribute that change later": (
        "june",
        """
        from training.recipes import rl_loop
        from training.utils import InfraConfig

        class Run:
            def __init__(self, job=None):
                self.infra = InfraConfig(region="US_OHIO_1")
                self.cfg = rl_loop.Config(log_path="l", infra=self.infra, policy_job_id=job)

            def start(self, shape):
                self.infra.training_shape_id = shape
                return rl_loop.main(self.cfg)
        """,
        """
        from training.recipes import rl_loop
        from training.utils import TrainerConfig

        class Run:
            def __init__(self, job=None):
                self.infra = TrainerConfig(region="US_OHIO_1")
                # TODO(fwdoctor): FWD110 cannot see where self.infra comes from: job ids are its fields now, but it may be None, or it changes behind this call
                # TODO(fwdoctor): FWD108 rl_loop.Config of cookbook 517d206d (2026-06-01) takes no infra=
                # TODO(fwdoctor): FWD108 rl_loop.Config of cookbook 517d206d (2026-06-01) takes no policy_job_id=
                self.cfg = rl_loop.Config(log_path="l", infra=self.infra, policy_job_id=job)

            def start(self, shape):
                self.infra.training_shape_id = shape
                return rl_loop.main(self.cfg)
        """,
    ),
    "a new name that an old one becomes as well": (
        "june",
        """
        from training.recipes import sft_loop
        from training.utils import InfraConfig

        fresh = sft_loop.Config(log_path="a", infra=InfraConfig(region="US_OHIO_1"))
        resumed = sft_loop.Config(log_path="b", trainer_job_id="job-1")
        """,
        """
        from training.recipes import sft_loop
        from training.utils import TrainerConfig

        fresh = sft_loop.Config(log_path="a", trainer=TrainerConfig(region="US_OHIO_1"))
        resumed = sft_loop.Config(log_path="b", trainer=TrainerConfig(job_id="job-1"))
        """,
    ),
    "code for several versions reads a field": (
        "august",
        """
        import inspect
        from fireworks.training.sdk import TrainerJobConfig
        from training.utils import InfraConfig
        SUPPORTED = "trainer_replica_count" in inspect.signature(TrainerJobConfig).parameters
        def guarded(infra: InfraConfig):
            out = {}
            if infra.trainer_replica_count is not None:
                if SUPPORTED:
                    out["a"] = infra.trainer_replica_count
            return out
        """,
        """
        import inspect
        from fireworks.training.sdk import TrainerJobConfig
        from training.utils import InfraConfig
        SUPPORTED = "trainer_replica_count" in inspect.signature(TrainerJobConfig).parameters
        # TODO(fwdoctor): FWD101 InfraConfig and infra= became TrainerConfig and trainer=: code for several versions reads infra.trainer_replica_count, which has another name there; port both by hand
        def guarded(infra: InfraConfig):
            out = {}
            if infra.trainer_replica_count is not None:
                if SUPPORTED:
                    out["a"] = infra.trainer_replica_count
            return out
        """,
    ),
    "code that looks the field up itself": (
        "august",
        """
        from training.utils import InfraConfig
        def shim(infra: InfraConfig):
            if hasattr(infra, "trainer_replica_count"):
                return infra.trainer_replica_count
            return infra.replica_count
        """,
        """
        from training.utils import TrainerConfig
        def shim(infra: TrainerConfig):
            if hasattr(infra, "trainer_replica_count"):
                return infra.trainer_replica_count
            return infra.replica_count
        """,
    ),
    "an argument whose successor is needed": (
        "august",
        """
        from training.utils.rl.rollout.types import Rollout, RolloutSample
        r = Rollout(samples=[1, 2], row_meta=None)
        """,
        """
        from training.utils.rl.rollout.types import Rollout, RolloutSample
        # TODO(fwdoctor): FWD114 types.Rollout of cookbook 76821fa1 (2026-08-19) needs runs=, which this call does not pass
        # TODO(fwdoctor): FWD108 types.Rollout of cookbook 76821fa1 (2026-08-19) takes no samples=
        r = Rollout(samples=[1, 2], row_meta=None)
        """,
    ),
    "something else that the target lacks": (
        "august",
        '''
        """A recipe of one's own, with something else that the target lacks."""
        from contextlib import ExitStack
        from dataclasses import dataclass, field
        from fireworks.training.sdk import TrainerJobManager
        from training.utils import InfraConfig
        from training.utils.infra import setup_infra
        from training.utils.rl.losses import LossPath

        @dataclass
        class Mine:
            model: str = "m"
            infra: InfraConfig = field(default_factory=InfraConfig)

        def main(cfg: Mine, mgr: TrainerJobManager, key, path: LossPath):
            print(cfg.infra.trainer_replica_count)
            with ExitStack() as stack:
                infra = setup_infra(rlor_mgr=mgr, base_model=cfg.model, infra_cfg=cfg.infra, role_prefix="", api_key=key)
                for closeable in infra.closeables:
                    stack.callback(closeable.close)
                return infra.policy
        ''',
        '''
        """A recipe of one's own, with something else that the target lacks."""
        import os
        from contextlib import ExitStack
        from dataclasses import dataclass, field
        from fireworks.training.sdk import TrainerJobManager
        from training.utils import TrainerConfig, ReconnectableClient, read_api_extra_headers_env, build_service_client
        # TODO(fwdoctor): FWD107 training.utils.rl.losses.LossPath is not in cookbook 76821fa1 (2026-08-19)
        from training.utils.rl.losses import LossPath

        @dataclass
        class Mine:
            model: str = "m"
            infra: TrainerConfig = field(default_factory=TrainerConfig)

        def main(cfg: Mine, mgr: TrainerJobManager, key, path: LossPath):
            print(cfg.infra.replica_count)
            with ExitStack() as stack:
                # TODO(fwdoctor): FWD122 the service client does not take over what mgr was made with: its address, key and headers come from FIREWORKS_BASE_URL, FIREWORKS_API_KEY and FIREWORKS_API_EXTRA_HEADERS
                service = build_service_client(
                    base_model=cfg.model,
                    trainer=cfg.infra,
                    api_key=key,
                    base_url=os.environ.get("FIREWORKS_BASE_URL", "https://api.fireworks.ai"),
                    additional_headers=read_api_extra_headers_env(),
                    tokenizer_model=None,
                    max_lora_rank=0,
                    max_context_length=None,
                    learning_rate=1e-05,
                )
                stack.callback(service.close)
                training_client = service.create_training_client(cfg.model, lora_rank=0)
                policy = ReconnectableClient.from_training_client(
                    training_client,
                    base_model=cfg.model,
                    lora_rank=0,
                    job_id=service.trainer_job_id,
                    service=service,
                )
                return policy
        ''',
    ),
    "old API that needs the settings as they are": (
        "august",
        '''
        """A recipe of one's own, with something else that the target lacks."""
        from contextlib import ExitStack
        from dataclasses import dataclass, field
        from fireworks.training.sdk import TrainerJobManager
        from training.utils import InfraConfig
        from training.utils.infra import setup_infra, wait_trainer_job
        from training.utils.rl.losses import LossPath

        @dataclass
        class Mine:
            model: str = "m"
            infra: InfraConfig = field(default_factory=InfraConfig)

        def main(cfg: Mine, mgr: TrainerJobManager, key, path: LossPath, job):
            wait_trainer_job(mgr, job, infra=cfg.infra)
            print(cfg.infra.trainer_replica_count)
            with ExitStack() as stack:
                infra = setup_infra(rlor_mgr=mgr, base_model=cfg.model, infra_cfg=cfg.infra, role_prefix="", api_key=key)
                for closeable in infra.closeables:
                    stack.callback(closeable.close)
                return infra.policy
        ''',
        '''
        """A recipe of one's own, with something else that the target lacks."""
        from contextlib import ExitStack
        from dataclasses import dataclass, field
        from fireworks.training.sdk import TrainerJobManager
        from training.utils import InfraConfig
        # TODO(fwdoctor): FWD107 training.utils.infra.setup_infra is not in cookbook 76821fa1 (2026-08-19)
        # TODO(fwdoctor): FWD107 training.utils.infra.wait_trainer_job is not in cookbook 76821fa1 (2026-08-19)
        from training.utils.infra import setup_infra, wait_trainer_job
        # TODO(fwdoctor): FWD107 training.utils.rl.losses.LossPath is not in cookbook 76821fa1 (2026-08-19)
        from training.utils.rl.losses import LossPath

        @dataclass
        class Mine:
            model: str = "m"
            infra: InfraConfig = field(default_factory=InfraConfig)

        def main(cfg: Mine, mgr: TrainerJobManager, key, path: LossPath, job):
            wait_trainer_job(mgr, job, infra=cfg.infra)
            print(cfg.infra.trainer_replica_count)
            with ExitStack() as stack:
                # TODO(fwdoctor): FWD120 setup_infra is to become build_service_client: other code of this file needs its settings as they are
                infra = setup_infra(rlor_mgr=mgr, base_model=cfg.model, infra_cfg=cfg.infra, role_prefix="", api_key=key)
                for closeable in infra.closeables:
                    stack.callback(closeable.close)
                return infra.policy
        ''',
    ),
}


def _clean(text: str) -> str:
    return textwrap.dedent(text).strip() + "\n"


@pytest.mark.parametrize(("version", "before", "after"), CASES.values(), ids=CASES)
def test_together_or_not_at_all(version: str, before: str, after: str) -> None:
    context = Context(target.resolve(version))
    ported = transform.port("script.py", _clean(before), context)
    assert ported.text == _clean(after)
    assert transform.port("script.py", ported.text, context).text == ported.text


def test_a_fixture_is_ported_where_it_is_made() -> None:
    """The class of what a conftest.py makes is renamed there: tests are given the new one."""
    old = "training.utils.config.InfraConfig"
    context = Context(target.resolve("june"), fixture_type=lambda name: old if name == "infra" else None)
    before = """
        from training.recipes import rl_loop

        def test_it(infra):
            infra.trainer_timeout_s = 60
            assert rl_loop.Config(log_path="l", infra=infra, policy_job_id="p")
        """
    ported = transform.port("test_it.py", _clean(before), context)
    assert not ported.todo
    assert "infra.timeout_s = 60" in ported.text
    assert 'trainer=dataclasses.replace(infra, job_id="p")' in ported.text
