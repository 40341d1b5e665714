"""FWD2xx in the forms that code has them in: aliases, spreads, copies, later assignments, look-alikes."""

from __future__ import annotations

import ast
import functools
import re

import pytest
from fwdoctor_codemods.core.source import splice
from fwdoctor_codemods.core.surfaces import Surfaces

from fwdoctor.fit.session import Context, open_port
from fwdoctor.fit.target import resolve
from fwdoctor.lint import engine
from fwdoctor.redact import redact

SHAPE = "accounts/fireworks/trainingShapes/qwen3-8b-128k-h200"
KEY = "fw_3ZqT8mXw2Lr7Kd9VbN4cYh6P"
SMALL = "fw_3zq8mxw2lr7kd9vbn4cyh6pt"


@functools.cache
def surfaces(target: str) -> Surfaces:
    return resolve(target)


def found(text: str, *, path: str = "script.py", target: str = "latest") -> list[engine.Found]:
    port = open_port(path, text, Context(surfaces(target)))
    return engine.find(port, lambda rule: rule.startswith("FWD2"))


def lines(rule: str, text: str, **options: str) -> list[int | None]:
    hits = found(text, **options)
    assert {f.finding.rule for f in hits} <= {rule}, [f.finding.message for f in hits]
    return [f.finding.location.line for f in hits if f.finding.location]


TRAINER = "from training.utils import TrainerConfig\n"
JOB = "from fireworks.training.sdk import TrainerJobConfig\n"
SERVICE = "from fireworks.training.sdk import FiretitanServiceClient as Service\nnew = Service.from_firetitan_config\n"
CLIENT = 'from fireworks.training.sdk import FireworksClient\nclient = FireworksClient(api_key="...")\n'

#: rule, code, lines that have a finding (none: all is well)
CASES = {
    # --- FWD201
    "an alias of the class": (
        "FWD201",
        f'from training.utils import TrainerConfig as T\nt = T(training_shape_id="{SHAPE}", node_count=2)\n',
        [2],
    ),
    "a dict that is spread": (
        "FWD201",
        f'{JOB}hardware = dict(node_count=2)\nj = TrainerJobConfig(base_model="m", training_shape_ref="{SHAPE}", **hardware)\n',
        [2],
    ),
    "a dict that nobody can see": (
        "FWD201",
        f'{JOB}def f(kw):\n    return TrainerJobConfig(base_model="m", training_shape_ref="{SHAPE}", **kw)\n',
        [],
    ),
    "a copy of one with a shape": (
        "FWD201",
        f'import dataclasses\n{TRAINER}t = TrainerConfig(training_shape_id="{SHAPE}")\nu = dataclasses.replace(t, node_count=4)\n',
        [4],
    ),
    "both assigned later": (
        "FWD201",
        f'{TRAINER}t = TrainerConfig()\nt.training_shape_id = "{SHAPE}"\nt.node_count: int = 2\n',
        [4],
    ),
    "two at once": (
        "FWD201",
        f'{JOB}j = TrainerJobConfig("m", training_shape_ref="{SHAPE}")\nj.node_count = j.accelerator_count = 2\n',
        [3, 3],
    ),
    "assigned through the config": (
        "FWD201",
        (
            "from training.recipes import sft_loop\n"
            f'{TRAINER}c = sft_loop.Config(log_path="r", trainer=TrainerConfig(training_shape_id="{SHAPE}"))\nc.trainer.node_count = 2\n'
        ),
        [4],
    ),
    "the shape is taken away again": (
        "FWD201",
        f'{TRAINER}t = TrainerConfig(training_shape_id="{SHAPE}", node_count=2)\nt.training_shape_id = None\n',
        [],
    ),
    "positional": ("FWD201", f'{TRAINER}t = TrainerConfig(None, "{SHAPE}", node_count=2)\n', [2]),
    "zero and None and empty": (
        "FWD201",
        f'{JOB}j = TrainerJobConfig(base_model="m", training_shape_ref="{SHAPE}", node_count=0, accelerator_type="", accelerator_count=None)\n',
        [],
    ),
    "hardware that may be None": (
        "FWD201",
        f'{JOB}import sys\nj = TrainerJobConfig(base_model="m", training_shape_ref="{SHAPE}", node_count=len(sys.argv) or None)\n',
        [],
    ),
    "a shape that may be None": (
        "FWD201",
        f'{JOB}def f(args):\n    return TrainerJobConfig(base_model="m", training_shape_ref=args.shape, node_count=2)\n',
        [],
    ),
    "a test of the refusal": (
        "FWD201",
        f'import pytest\n{JOB}with pytest.raises(ValueError):\n    TrainerJobConfig(base_model="m", training_shape_ref="{SHAPE}", node_count=2).validate()\n',
        [],
    ),
    "inside of try, as in every main()": (
        "FWD201",
        f'{TRAINER}try:\n    t = TrainerConfig(training_shape_id="{SHAPE}", node_count=2)\nexcept Exception:\n    raise\n',
        [3],
    ),
    "the shape or the hardware": (
        "FWD201",
        f'{TRAINER}import os\nt = TrainerConfig()\nif os.environ.get("S"):\n    t.training_shape_id = "{SHAPE}"\nelse:\n    t.node_count = 2\n',
        [],
    ),
    "hardware that is set on a condition": (
        "FWD201",
        f'{TRAINER}def f(big):\n    t = TrainerConfig(training_shape_id="{SHAPE}")\n    if big:\n        t.node_count = 2\n    return t\n',
        [],
    ),
    "one error handler, one shape": (
        "FWD201",
        f'{TRAINER}t = TrainerConfig(node_count=2)\ntry:\n    go(t)\nexcept OSError:\n    t.training_shape_id = "{SHAPE}"\n',
        [],
    ),
    "one case of two": (
        "FWD201",
        f'{TRAINER}def f(how):\n    t = TrainerConfig()\n    match how:\n        case "shape":\n            t.training_shape_id = "{SHAPE}"\n        case _:\n            t.node_count = 2\n    return t\n',
        [],
    ),
    "both in one branch": (
        "FWD201",
        f'{TRAINER}def f(big):\n    t = TrainerConfig()\n    if big:\n        t.training_shape_id = "{SHAPE}"\n        t.node_count = 2\n    return t\n',
        [6],
    ),
    "a copy in a branch": (
        "FWD201",
        f'import dataclasses\n{TRAINER}def f(big):\n    t = TrainerConfig(training_shape_id="{SHAPE}")\n    if big:\n        return dataclasses.replace(t, node_count=2)\n    return t\n',
        [6],
    ),
    "a key that is put into the dict before": (
        "FWD201",
        f'{TRAINER}kw = {{"training_shape_id": "{SHAPE}"}}\nkw["node_count"] = 2\nt = TrainerConfig(**kw)\n',
        [3],
    ),
    "a key that is put into the dict on a condition": (
        "FWD201",
        f'{TRAINER}def f(big):\n    kw = {{"training_shape_id": "{SHAPE}"}}\n    if big:\n        kw["node_count"] = 2\n    return TrainerConfig(**kw)\n',
        [],
    ),
    "a key that is taken out again": (
        "FWD201",
        f'{TRAINER}kw = {{"training_shape_id": "{SHAPE}", "node_count": 2}}\nkw.pop("node_count")\nt = TrainerConfig(**kw)\n',
        [],
    ),
    # --- FWD202
    "a pin in a constant": (
        "FWD202",
        f'{TRAINER}BASE = "{SHAPE}"\nPINNED = BASE + "/versions/7"\nt = TrainerConfig(reference_training_shape_id=PINNED)\n',
        [4],
    ),
    "a pin of a field that is declared again": (
        "FWD202",
        f'from dataclasses import dataclass\n{TRAINER}@dataclass\nclass Mine(TrainerConfig):\n    training_shape_id: str = "{SHAPE}/versions/7"\n',
        [5],
    ),
    "a name with two values": (
        "FWD202",
        f'{TRAINER}import sys\nshape = "{SHAPE}"\nif sys.argv[1:]:\n    shape = "{SHAPE}/versions/7"\nt = TrainerConfig(training_shape_id=shape)\n',
        [],
    ),
    "a deployment shape, which wants its version": (
        "FWD202",
        'from training.utils import DeployConfig\nd = DeployConfig(deployment_shape="accounts/fw/deploymentShapes/s/versions/7")\n',
        [],
    ),
    "an old way to format": (
        "FWD202",
        f'{TRAINER}def f(v):\n    TrainerConfig(training_shape_id="{SHAPE}/versions/%s" % v)\n    TrainerConfig(training_shape_id="{SHAPE}/versions/{{}}".format(v))\n',
        [3, 4],
    ),
    "one of two, of which one is pinned": (
        "FWD202",
        f'{TRAINER}def f(old):\n    return TrainerConfig(training_shape_id="{SHAPE}/versions/7" if old else "{SHAPE}")\n',
        [],
    ),
    # --- FWD203
    "a short name of an f-string": (
        "FWD203",
        f'{TRAINER}SIZE = "8b"\nt = TrainerConfig(training_shape_id=f"qwen3-{{SIZE}}")\n',
        [3],
    ),
    "the alias that the service takes": (
        "FWD203",
        f'{SERVICE}s = new(base_model="m", training_shape="qwen3-8b")\n',
        [3],
    ),
    "a name of which a part is not known": (
        "FWD203",
        f'{TRAINER}def f(name):\n    return TrainerConfig(training_shape_id=f"ts-{{name}}")\n',
        [],
    ),
    "a class of the same name": (
        "FWD203",
        'from training.utils import DeployConfig\nfrom mylab import TrainerConfig\nt = TrainerConfig(training_shape_id="ts-1")\n',
        [],
    ),
    "two short names to choose from": (
        "FWD203",
        f'{TRAINER}def f(big):\n    return TrainerConfig(training_shape_id="big" if big else "small")\n',
        [3],
    ),
    "a short name, or none": (
        "FWD203",
        f'{TRAINER}def f(big):\n    return TrainerConfig(training_shape_id="big" if big else None)\n',
        [3],
    ),
    "a short name or a full one": (
        "FWD203",
        f'{TRAINER}def f(big):\n    return TrainerConfig(training_shape_id="{SHAPE}" if big else "small")\n',
        [],
    ),
    "one of several targets": (
        "FWD203",
        f'{TRAINER}t = TrainerConfig()\nt.region, t.training_shape_id = "r", "short"\nt.region, *t.training_shape_id = "r", "short"\n',
        [3],
    ),
    # --- FWD204
    "a dict that is spread into the trainer": (
        "FWD204",
        (
            'from fireworks.training.sdk import DeploymentConfig, TrainerJobConfig\nwhere = {"hot_load_deployment_id": "d"}\n'
            'j = TrainerJobConfig(base_model="m", **where)\nd = DeploymentConfig(deployment_id="d", base_model="m", hot_load_trainer_job="accounts/a/rlorTrainerJobs/j")\n'
        ),
        [2],
    ),
    "two functions, two flows": (
        "FWD204",
        (
            "from fireworks.training.sdk import DeploymentConfig, TrainerJobConfig\n"
            'def one():\n    return TrainerJobConfig(base_model="m", hot_load_deployment_id="d")\n'
            'def other(job):\n    return DeploymentConfig(deployment_id="d", base_model="m", hot_load_trainer_job=job.job_name)\n'
        ),
        [],
    ),
    "two branches, two flows": (
        "FWD204",
        (
            "from fireworks.training.sdk import DeploymentConfig, TrainerJobConfig\n"
            'def f(job, first):\n    if first:\n        return TrainerJobConfig(base_model="m", hot_load_deployment_id="d")\n'
            '    else:\n        return DeploymentConfig(deployment_id="d", base_model="m", hot_load_trainer_job=job.job_name)\n'
        ),
        [],
    ),
    "an id that may be None": (
        "FWD204",
        (
            "from fireworks.training.sdk import DeploymentConfig, TrainerJobConfig\n"
            'def f(job, args, hot: str | None):\n    TrainerJobConfig(base_model="m", hot_load_deployment_id=args.hot_load_deployment_id)\n'
            '    TrainerJobConfig(base_model="m", hot_load_deployment_id=hot)\n'
            '    DeploymentConfig(deployment_id="d", base_model="m", hot_load_trainer_job=job.job_name)\n'
        ),
        [],
    ),
    "two deployments": (
        "FWD204",
        (
            "from fireworks.training.sdk import DeploymentConfig, TrainerJobConfig\n"
            'old = TrainerJobConfig(base_model="m", hot_load_deployment_id="old")\n'
            'new = DeploymentConfig(deployment_id="new", base_model="m", hot_load_trainer_job="accounts/a/rlorTrainerJobs/j")\n'
        ),
        [],
    ),
    "two handlers, two flows": (
        "FWD204",
        (
            "from fireworks.training.sdk import DeploymentConfig, TrainerJobConfig\n"
            'def f(job, go):\n    try:\n        go()\n    except OSError:\n        return TrainerJobConfig(base_model="m", hot_load_deployment_id="d")\n'
            '    except ValueError:\n        return DeploymentConfig(deployment_id="d", base_model="m", hot_load_trainer_job=job.job_name)\n'
        ),
        [],
    ),
    # --- FWD205
    "a body in a variable": (
        "FWD205",
        (
            "from fireworks.training.sdk import DeploymentManager\n"
            'm = DeploymentManager(api_key="...")\ndef f(job):\n    body = {"hotLoadTrainerJob": job.job_name, "hotLoadBucketUrl": "gs://b/rl-checkpoints/a/x"}\n    m.update("d", body, "hot_load_bucket_url")\n'
        ),
        [4],
    ),
    "a parameter whose default is None": (
        "FWD205",
        (
            "from fireworks import Fireworks\n"
            "def f(url=None, *, job=None):\n    Fireworks().deployments.create(base_model='m', hot_load_bucket_url=url, extra_body={'hotLoadTrainerJob': job})\n"
        ),
        [],
    ),
    "a dict that goes nowhere": (
        "FWD205",
        'from fireworks.training.sdk import DeploymentManager\nseen = {"hotLoadTrainerJob": "j", "hotLoadBucketUrl": "gs://b/rl-checkpoints/a/x"}\n',
        [],
    ),
    "a parameter whose default is empty": (
        "FWD205",
        (
            "from fireworks.training.sdk import DeploymentManager\nm = DeploymentManager(api_key='...')\n"
            "def f(job, url=''):\n    m.update('d', {'hotLoadBucketUrl': url, 'hotLoadTrainerJob': job}, 'hot_load_bucket_url')\n"
        ),
        [],
    ),
    "one of two parameters, as a test says": (
        "FWD205",
        (
            "from fireworks.training.sdk import DeploymentManager\nm = DeploymentManager(api_key='...')\n"
            "def f(job: str, url: str):\n    assert bool(job) != bool(url)\n"
            "    m.update('d', {'hotLoadBucketUrl': url, 'hotLoadTrainerJob': job}, 'hot_load_bucket_url')\n"
        ),
        [],
    ),
    "two parameters that are certainly there": (
        "FWD205",
        (
            "from fireworks.training.sdk import DeploymentManager\nm = DeploymentManager(api_key='...')\n"
            "def f(job: str, url: str):\n    m.update('d', {'hotLoadBucketUrl': url, 'hotLoadTrainerJob': job}, 'hot_load_bucket_url')\n"
        ),
        [4],
    ),
    # --- FWD206
    "an account that is missing": (
        "FWD206",
        'from fireworks import Fireworks as F\nc = F(api_key="...")\nc.deployments.update("d", hot_load_bucket_url="gs://b/rl-checkpoints")\n',
        [3],
    ),
    "a bucket of a type that is not known": (
        "FWD206",
        (
            "from fireworks import Fireworks\n"
            "def f(kind):\n    Fireworks().deployments.create(base_model='m', hot_load_bucket_type=kind, hot_load_bucket_url='s3://b/x')\n"
        ),
        [],
    ),
    "an address that begins with what is not known": (
        "FWD206",
        (
            "from fireworks import Fireworks\n"
            "def f(root):\n    Fireworks().deployments.create(base_model='m', hot_load_bucket_url=f'{root}/x')\n"
        ),
        [],
    ),
    "another address of a bucket that has its type": (
        "FWD206",
        'from fireworks import Fireworks as F\nc = F(api_key="...")\nc.deployments.update("d", hot_load_bucket_url="s3://mine/y")\n',
        [],
    ),
    "an address of somebody else in a bucket of Fireworks": (
        "FWD206",
        (
            'from fireworks import Fireworks as F\nc = F(api_key="...")\n'
            'c.deployments.update("d", hot_load_bucket_type="FW_HOSTED", hot_load_bucket_url="s3://mine/y")\n'
            'c.deployments.create(base_model="m", hot_load_bucket_url="s3://mine/y")\n'
        ),
        [3, 4],
    ),
    # --- FWD207
    "a long beginning": (
        "FWD207",
        f'{CLIENT}def f(n, x):\n    client.promote_checkpoint(name=n, output_model_id=f"{"a" * 64}{{x:d}}", base_model="m")\n',
        [4],
    ),
    "a resource name instead of an id": (
        "FWD207",
        'from training.recipes.rl_loop import Config\nclass Mine(Config):\n    output_model_id: str = "accounts/a/models/m"\n',
        [3],
    ),
    "hyphens at both ends, 63 characters": (
        "FWD207",
        f'from training.recipes.rl_loop import Config\nc = Config(log_path="r", output_model_id="-{"a" * 61}-")\n',
        [],
    ),
    "an empty id, which is none": (
        "FWD207",
        'from training.recipes.rl_loop import Config\nc = Config(log_path="r", output_model_id="")\n',
        [],
    ),
    "through dicts": (
        "FWD207",
        (
            'from training.recipes.rl_loop import Config\nkw = {"log_path": "r"}\nkw["output_model_id"] = "B"\nConfig(**kw)\n'
            'more = dict(log_path="r")\nConfig(**{**more, "output_model_id": "B"})\nConfig(**dict(more, output_model_id="B"))\n'
            'Config(**dict(log_path="r", **{"output_model_id": "B"}))\n'
        ),
        [3, 6, 7, 8],
    ),
    "through dicts that somebody else may change": (
        "FWD207",
        (
            'from training.recipes.rl_loop import Config\nkw = {"log_path": "r", "output_model_id": "B"}\nmend(kw)\nConfig(**kw)\n'
            'def f(given):\n    Config(**{"log_path": "r", "output_model_id": "B", **given})\n'
            'late = {"log_path": "r"}\nConfig(**late)\nlate["output_model_id"] = "B"\n'
            'twice = {"log_path": "r", "output_model_id": "B"}\ntwice["output_model_id"] = "b"\nConfig(**twice)\n'
        ),
        [],
    ),
    "a dict that is made of itself": (
        "FWD207",
        'from mylab import *\nfrom training.recipes.rl_loop import Config\nkw = {**kw, "output_model_id": "B"}\nConfig(**kw)\n',
        [3],
    ),
    "setattr, and setattr of what nobody can see": (
        "FWD207",
        (
            'from training.recipes.rl_loop import Config\nc = Config(log_path="r")\nsetattr(c, "output_model_id", "B")\n'
            'def f(other, name):\n    setattr(other, "output_model_id", "B")\n    setattr(c, name, "B")\n'
        ),
        [3],
    ),
    "an argument that partial keeps": (
        "FWD207",
        'from functools import partial\nfrom training.recipes.rl_loop import Config\nmake = partial(Config, "r", output_model_id="B")\n',
        [3],
    ),
    "two wrong ids to choose from, and a right one": (
        "FWD207",
        (
            'from training.recipes.rl_loop import Config\ndef f(x):\n    Config(log_path="r", output_model_id="A" if x else "B")\n'
            '    Config(log_path="r", output_model_id="a" if x else "B")\n'
        ),
        [3],
    ),
    # --- FWD208
    "numbers, dates and random ids": (
        "FWD208",
        (
            f"import time, uuid\n{CLIENT}def f(n, step: int):\n"
            '    date, run = time.strftime("%Y%m%d-%H%M"), str(uuid.uuid4())\n    stamp = time.strftime("%Y%m%d")\n'
            '    client.promote_checkpoint(name=n, output_model_id=f"m-{step}-{stamp}-{uuid.uuid4()}-{n.order:03d}", base_model="m")\n'
        ),
        [],
    ),
    "a date with a capital": (
        "FWD208",
        f'import time\n{CLIENT}def f(n):\n    client.promote_checkpoint(name=n, output_model_id="m-" + time.strftime("%d %b"), base_model="m")\n',
        [5],
    ),
    "an id that comes from elsewhere": (
        "FWD208",
        (
            f"{CLIENT}def f(n, args, model_id):\n    client.promote_checkpoint(name=n, output_model_id=args.model, base_model='m')\n"
            "    client.promote_checkpoint(name=n, output_model_id=model_id, base_model='m')\n"
        ),
        [],
    ),
    "an id that a function makes safe": (
        "FWD208",
        f'{CLIENT}def f(n, run):\n    run = slugify(run)\n    client.promote_checkpoint(name=n, output_model_id=f"m-{{run}}", base_model="m")\n',
        [],
    ),
    "hashes and random texts": (
        "FWD208",
        (
            f"import hashlib, secrets, uuid\n{CLIENT}def f(n, blob):\n"
            "    for end in (hashlib.sha256(blob).hexdigest()[:8], secrets.token_hex(4)):\n        pass\n"
            '    client.promote_checkpoint(name=n, output_model_id=f"m-{hashlib.sha256(blob).hexdigest()[:8]}", base_model="m")\n'
            '    client.promote_checkpoint(name=n, output_model_id=f"m-{secrets.token_hex(4)}", base_model="m")\n'
            '    client.promote_checkpoint(name=n, output_model_id="m-" + str(uuid.uuid4())[:8], base_model="m")\n'
        ),
        [],
    ),
    "dates in the f-string": (
        "FWD208",
        (
            f"from datetime import datetime\n{CLIENT}def f(n):\n"
            '    client.promote_checkpoint(name=n, output_model_id=f"m-{datetime.now():%Y%m%d-%H%M}", base_model="m")\n'
            '    client.promote_checkpoint(name=n, output_model_id=f"m-{datetime.now():%Y_%b}", base_model="m")\n'
        ),
        [6],
    ),
    "loops over what is written out": (
        "FWD208",
        (
            f'{CLIENT}KINDS = ["chosen", "rejected"]\ndef f(n):\n    for seed in (1, 2):\n        for i, kind in enumerate(KINDS):\n'
            '            client.promote_checkpoint(name=n, output_model_id=f"m-{kind}-{seed}-{i}", base_model="m")\n'
            '    for other in ("Chosen", "rejected"):\n'
            '        client.promote_checkpoint(name=n, output_model_id=f"m-{other}", base_model="m")\n'
        ),
        [9],
    ),
    "counters of all kinds": (
        "FWD208",
        (
            f"from tqdm import tqdm\n{CLIENT}total = 0\nclass Loop:\n    def __init__(self, run):\n        self.step, self.run = 0, run\n        self.epoch = 0\n"
            "    def go(self, n):\n        global total\n        total += 1\n        self.epoch += 1\n        for i in tqdm(range(3)):\n"
            '            client.promote_checkpoint(name=n, output_model_id=f"m-{self.epoch}-{total}-{i}", base_model="m")\n'
            '        client.promote_checkpoint(name=n, output_model_id=f"m-{self.run}", base_model="m")\n'
        ),
        [15],
    ),
    "options and fields that are numbers": (
        "FWD208",
        (
            f"import argparse\nfrom dataclasses import dataclass\nfrom training.recipes import sft_loop\n{CLIENT}@dataclass\nclass Args:\n    step: int = 3\n    run: str = ''\n"
            'ap = argparse.ArgumentParser()\nap.add_argument("--max-steps", type=int)\nap.add_argument("--kind", choices=["a", "b"])\nap.add_argument("--name")\nopts = ap.parse_args()\n'
            "def f(n, a: Args, c: sft_loop.Config, rank: int | None):\n"
            '    client.promote_checkpoint(name=n, output_model_id=f"m-{opts.max_steps}-{opts.kind}-{a.step}-{c.lora_rank}-{rank or 0}", base_model="m")\n'
            '    client.promote_checkpoint(name=n, output_model_id=f"m-{opts.name}", base_model="m")\n'
            '    client.promote_checkpoint(name=n, output_model_id=f"m-{a.run}", base_model="m")\n'
        ),
        [17, 18],
    ),
    "what a regular expression has cleaned": (
        "FWD208",
        (
            f"import re\n{CLIENT}def f(n, run: str):\n    name = re.sub('[^a-z0-9-]+', '-', run.lower()).strip('-')\n"
            '    client.promote_checkpoint(name=n, output_model_id=f"m-{name[:40]}", base_model="m")\n'
            '    client.promote_checkpoint(name=n, output_model_id=f"m-{run.lower()[:40]}", base_model="m")\n'
        ),
        [7],
    ),
    "an id that is checked here": (
        "FWD208",
        (
            f"import re\n{CLIENT}def f(n, run: str):\n    m = f'm-{{run}}'\n    if not re.fullmatch('[a-z0-9-]+', m):\n        raise ValueError(m)\n"
            '    client.promote_checkpoint(name=n, output_model_id=m, base_model="m")\n'
            "def g(n, part: str):\n    i = f'm-{part}'\n    ensure_id(i)\n    client.promote_checkpoint(name=n, output_model_id=i, base_model='m')\n"
            "def h(n, bit: str):\n    assert bit.isalnum()\n    client.promote_checkpoint(name=n, output_model_id=f'm-{bit}', base_model='m')\n"
        ),
        [],
    ),
    "what is only asked for, and other checks": (
        "FWD208",
        (
            f"import re\n{CLIENT}def f(n, run: str | None, path):\n    ensure_dir(path)\n    if run is None or not re.match('gs:', path):\n        return\n"
            "    save_checkpoint(run)\n    client.promote_checkpoint(name=n, output_model_id=f'm-{run}', base_model='m')\n"
        ),
        [9],
    ),
    # --- FWD209
    "zero": ("FWD209", f'{JOB}j = TrainerJobConfig(base_model="m", gradient_accumulation_steps=0)\n', [2]),
    "not known": (
        "FWD209",
        f'{JOB}def f(n):\n    return TrainerJobConfig(base_model="m", gradient_accumulation_steps=n)\n',
        [],
    ),
    # --- FWD210
    "a sum that is too long": (
        "FWD210",
        f'{TRAINER}HOURS = 4\nt = TrainerConfig(inactivity_timeout=f"{{HOURS * 3600}}s")\n',
        [3],
    ),
    "a negative timedelta, and a positional one": (
        "FWD210",
        f"import datetime as d\n{SERVICE}a = new(base_model='m', inactivity_timeout=d.timedelta(minutes=-1))\nb = new(base_model='m', inactivity_timeout=d.timedelta(1))\n",
        [4, 5],
    ),
    "an endless number": ("FWD210", f'{TRAINER}t = TrainerConfig(inactivity_timeout="{"9" * 40}s")\n', [2]),
    "somebody else's timedelta": (
        "FWD210",
        f"from mylab import timedelta\n{TRAINER}t = TrainerConfig(inactivity_timeout=timedelta(hours=9))\n",
        [],
    ),
    # --- FWD211
    "a subclass of the config": (
        "FWD211",
        "from training.recipes.igpo_loop import Config\nclass Mine(Config):\n    weight_sync_interval: int = 0\n",
        [3],
    ),
    "an object whose class an annotation names": (
        "FWD211",
        "from training.recipes import igpo_loop\ndef f(config: igpo_loop.Config):\n    config.weight_sync_interval = 0\n",
        [3],
    ),
    "an object of no known class": (
        "FWD211",
        "from training.recipes import igpo_loop\ndef f(config):\n    config.weight_sync_interval = 0\n",
        [],
    ),
    "a recipe without the field": (
        "FWD211",
        'from training.recipes.rl_loop import Config\nc = Config(log_path="r", weight_sync_interval=0)\n',
        [],
    ),
    "no number": (
        "FWD211",
        'from training.recipes.igpo_loop import Config\nc = Config(log_path="r", weight_sync_interval=False)\n',
        [2],
    ),
    # --- FWD212
    "the field of a subclass": (
        "FWD212",
        (
            "from dataclasses import dataclass\nfrom training.recipes.sft_loop import Config\n@dataclass\nclass Mine(Config):\n"
            '    dcp_save_interval: int = 10\nc = Mine(log_path="r", init_from_checkpoint="job:step-1")\n'
        ),
        [],
    ),
    "a copy sets it": (
        "FWD212",
        (
            "from dataclasses import replace\nfrom training.recipes.sft_loop import Config\n"
            'c = Config(log_path="r", init_from_checkpoint="job:step-1")\nd = replace(c, dcp_save_interval=5)\n'
        ),
        [],
    ),
    "something sets it by name": (
        "FWD212",
        'from training.recipes.sft_loop import Config\nc = Config(log_path="r", init_from_checkpoint="job:step-1")\nsetattr(c, "dcp_save_interval", 5)\n',
        [],
    ),
    "options that nobody can see": (
        "FWD212",
        'from training.recipes.sft_loop import Config\ndef f(**kw):\n    return Config(log_path="r", init_from_checkpoint="job:step-1", **kw)\n',
        [],
    ),
    "a checkpoint that may be None": (
        "FWD212",
        'import os\nfrom training.recipes.sft_loop import Config\nc = Config(log_path="r", init_from_checkpoint=os.environ.get("FROM"))\n',
        [],
    ),
    "a recipe without the setting": (
        "FWD212",
        'from training.recipes.embedding_loop import Config\nfrom training.utils import TrainerConfig\nc = Config(log_path="r", trainer=TrainerConfig(job_id="j"))\n',
        [],
    ),
    "attributes that nobody can see": (
        "FWD212",
        'from training.recipes.sft_loop import Config\ndef f(over):\n    c = Config(log_path="r", init_from_checkpoint="job:step-1")\n    for k, v in over.items():\n        setattr(c, k, v)\n',
        [],
    ),
    "a copy of which nobody can see the fields": (
        "FWD212",
        'from dataclasses import replace\nfrom training.recipes.sft_loop import Config, main\nc = Config(log_path="r", init_from_checkpoint="job:step-1")\ndef f(over):\n    main(replace(c, **over))\n',
        [],
    ),
    "the defaults of a command line": (
        "FWD212",
        'import tyro\nfrom training.recipes.sft_loop import Config, main\nmain(tyro.cli(Config, default=Config(log_path="r", init_from_checkpoint="job:step-1", dcp_save_interval=0)))\n',
        [],
    ),
    "code that may change it": (
        "FWD212",
        'from mylab import apply\nfrom training.recipes.sft_loop import Config, main\nc = Config(log_path="r", init_from_checkpoint="job:step-1")\nvars(c).update(apply())\nd = Config(log_path="r", init_from_checkpoint="job:step-1")\nmain(apply(d))\n',
        [],
    ),
    "code that cannot": (
        "FWD212",
        (
            "import asyncio\nfrom training.recipes.sft_loop import Config, main\n"
            'c = Config(log_path="r", init_from_checkpoint="job:step-1")\nprint(c)\nasyncio.to_thread(main, c)\n'
            'def run(config):\n    return main(config)\nrun(Config(log_path="r", init_from_checkpoint="job:step-1"))\n'
        ),
        [3, 8],
    ),
    "a trainer that the config makes itself": (
        "FWD212",
        'from training.recipes.sft_loop import Config\nc = Config(log_path="r")\nc.trainer.job_id = "job-1"\n',
        [2],
    ),
    "older code, in its older place": (
        "FWD212",
        (
            "from training.recipes.rl_loop import Config\nfrom training.utils import WeightSyncConfig\nimport mylab\n"
            'a = Config(log_path="r", policy_job_id="j", weight_sync=WeightSyncConfig(dcp_save_interval=10))\n'
            'b = Config(log_path="r", policy_job_id="j", weight_sync=mylab.SYNC)\n'
        ),
        [],
    ),
    "older code that never saves": (
        "FWD212",
        (
            "from training.recipes.rl_loop import Config\nfrom training.utils import WeightSyncConfig\n"
            'a = Config(log_path="r", policy_job_id="j", weight_sync=WeightSyncConfig(weight_sync_interval=1))\n'
        ),
        [3],
    ),
    "a field of one's own of the name of an older one": (
        "FWD212",
        (
            "from dataclasses import dataclass\nfrom training.recipes.rl_loop import Config\n@dataclass\nclass Mine(Config):\n"
            '    policy_job_id: str | None = None\nc = Mine(log_path="r", policy_job_id="j")\n'
        ),
        [],
    ),
    # --- FWD214
    "a number that is not known": (
        "FWD214",
        "from training.utils import ConcurrencyConfig\ndef f(n):\n    return ConcurrencyConfig(max_concurrency=n)\n",
        [],
    ),
    # --- FWD215
    "a choice at run time": (
        "FWD215",
        'from training.recipes.orpo_loop import Config\ndef f(mode):\n    return Config(log_path="r", grad_accumulation_normalization=mode)\n',
        [],
    ),
    "a loop of one's own": (
        "FWD215",
        (
            "from fireworks.training.sdk import GradAccNormalization\nfrom training.recipes.orpo_loop import Config\n"
            "def f(client, adam):\n    client.optim_step(adam, grad_accumulation_normalization=GradAccNormalization.NUM_LOSS_TOKENS)\n"
        ),
        [],
    ),
    "the default, an empty text, and a value": (
        "FWD215",
        (
            "from fireworks.training.sdk import GradAccNormalization\nfrom training.recipes import orpo_loop\nfrom training.recipes.orpo_loop import Config\n"
            'a = Config(log_path="r", grad_accumulation_normalization=Config.grad_accumulation_normalization)\n'
            "a.grad_accumulation_normalization = orpo_loop.Config.grad_accumulation_normalization\n"
            'b = Config(log_path="r", grad_accumulation_normalization="")\n'
            'c = Config(log_path="r", grad_accumulation_normalization=GradAccNormalization.NONE.value)\n'
            'd = Config(log_path="r", grad_accumulation_normalization=GradAccNormalization.NUM_SEQUENCES.value)\n'
        ),
        [8],
    ),
    # --- FWD216
    "a rank that is set later": (
        "FWD216",
        f'{TRAINER}from training.recipes import dpo_loop\nt = TrainerConfig(reference_training_shape_id="{SHAPE}")\nc = dpo_loop.Config(log_path="r", trainer=t)\nc.lora_rank = 8\n',
        [3],
    ),
    "a rank that is one of two": (
        "FWD216",
        f'{TRAINER}from training.recipes import dpo_loop\nt = TrainerConfig(reference_training_shape_id="{SHAPE}")\nc = dpo_loop.Config(log_path="r", trainer=t, lora_rank=0)\nc.lora_rank = 8\n',
        [],
    ),
    "through build_service_client": (
        "FWD216",
        (
            f"from training.utils.service import build_service_client\n{TRAINER}"
            f'def f(**kw):\n    t = TrainerConfig(reference_training_shape_id="{SHAPE}")\n    return build_service_client(max_lora_rank=8, trainer=t, **kw)\n'
        ),
        [4],
    ),
    "LoRA or a reference": (
        "FWD216",
        (
            f"{TRAINER}from training.recipes.dpo_loop import Config\ndef f(lora):\n    c = Config(log_path='r', trainer=TrainerConfig())\n"
            f'    if lora:\n        c.lora_rank = 16\n    else:\n        c.trainer.reference_training_shape_id = "{SHAPE}"\n    return c\n'
        ),
        [],
    ),
    "a trainer that the config makes for itself": (
        "FWD216",
        f'from training.recipes.dpo_loop import Config\nc = Config(log_path="r", lora_rank=16)\nc.trainer.reference_training_shape_id = "{SHAPE}"\n',
        [3],
    ),
    "a config in a branch, its trainer before": (
        "FWD216",
        f'{TRAINER}from training.recipes.dpo_loop import Config\nt = TrainerConfig(reference_training_shape_id="{SHAPE}")\ndef f(x):\n    if x:\n        return Config(log_path="r", lora_rank=16, trainer=t)\n',
        [3],
    ),
    # --- FWD217
    "a key in bytes and in a dict": (
        "FWD217",
        f'{CLIENT}headers = {{"Authorization": b"Bearer {KEY}"}}\n',
        [3],
    ),
    "a key that is a default": (
        "FWD217",
        f'import os\nimport training.recipes\nkey = os.environ.get("FIREWORKS_API_KEY", "{KEY}")\n',
        [3],
    ),
    "a key in a text of many lines": (
        "FWD217",
        f'"""Everything about training.\n\n    export FIREWORKS_API_KEY={KEY}\n"""\nimport training.recipes\n',
        [1],
    ),
    "a key of small letters, where it is called a key": (
        "FWD217",
        (
            f'{CLIENT}import os\nos.environ["FIREWORKS_API_KEY"] = "{SMALL}"\nheaders = {{"Authorization": "Bearer {SMALL}"}}\n'
            f'names = ["{SMALL}"]\nKEPT = "{SMALL}"\nother = FireworksClient(api_key=KEPT)\n'
            'sha = "fw_9f86d081884c7d659a2feaa0c55ad015"\napi_key = "fw_2026run08with3parts"\n'
        ),
        [4, 5, 8],
    ),
    "keys in comments": (
        "FWD217",
        f"{CLIENT}# é: {KEY}\nx = 1  # FIREWORKS_API_KEY={SMALL}\n# the run fw_qwen3p8b128kh200v2r1, {SMALL}\ny = '# '\n",
        [3, 4],
    ),
    "names of things": (
        "FWD217",
        (
            'import training.recipes\nnames = ["fw_2026run08with3parts", "fw_qwen3p8b128k", "https://x/fw_3ZqT8mXw2Lr7Kd9VbN4cYh6P/"]\n'
            'key = "fw_YourApiKeyGoesHere123"\n'
        ),
        [],
    ),
    "the key of somebody else's client": (
        "FWD217",
        'import training.recipes\nfrom openai import OpenAI\nc = OpenAI(api_key="q7Xw2Lr9Kd4VbN8cYh6PzT3m")\n',
        [],
    ),
}


@pytest.mark.parametrize(("rule", "text", "expected"), CASES.values(), ids=CASES)
def test_forms(rule: str, text: str, expected: list[int]) -> None:
    assert lines(rule, text) == expected


#: target, rule, code, whether it is found
VERSIONS = [
    ("may", "FWD211", "training.recipes.rl_loop", 'Config(log_path="r", weight_sync_interval=0)', False),
    (
        "may",
        "FWD216",
        "training.utils",
        f'setup_infra(infra_cfg=InfraConfig(ref_training_shape_id="{SHAPE}"), lora_rank=8)',
        True,
    ),
    (
        "2026-04-10",
        "FWD214",
        "training.utils",
        "ConcurrencyConfig(mode=None, max_concurrency=8, min_window=2)",
        False,
    ),
    ("2026-04-10", "FWD214", "training.utils", 'ConcurrencyConfig(mode="fixed", max_concurrency=8)', True),
    ("may", "FWD214", "training.utils", "ConcurrencyConfig(mode=None, max_concurrency=8)", True),
    ("june", "FWD211", "training.recipes.rl_loop", 'Config(log_path="r", weight_sync_interval=0)', True),
    ("latest", "FWD211", "training.recipes.rl_loop", 'Config(log_path="r", weight_sync_interval=0)', False),
    ("june", "FWD210", "training.utils", 'TrainerConfig(inactivity_timeout="4h")', False),
    ("july", "FWD210", "training.utils", 'TrainerConfig(inactivity_timeout="4h")', True),
    ("july", "FWD210", "training.utils", 'TrainerConfig(inactivity_timeout="14400s")', False),
    ("latest", "FWD210", "training.utils", 'TrainerConfig(inactivity_timeout="14400s")', True),
    (
        "june",
        "FWD201",
        "training.utils",
        f'TrainerConfig(training_shape_id="{SHAPE}", custom_image_tag="1")',
        True,
    ),
    (
        "july",
        "FWD201",
        "training.utils",
        f'TrainerConfig(training_shape_id="{SHAPE}", custom_image_tag="1")',
        False,
    ),
    (
        "july",
        "FWD201",
        "training.utils",
        f'TrainerConfig(training_shape_id="{SHAPE}", accelerator_count=8)',
        True,
    ),
    (
        "latest",
        "FWD201",
        "training.utils",
        f'TrainerConfig(training_shape_id="{SHAPE}", accelerator_count=8)',
        False,
    ),
]


@pytest.mark.parametrize(("target", "rule", "module", "call", "is_wrong"), VERSIONS)
def test_what_is_wrong_depends_on_the_target(
    target: str, rule: str, module: str, call: str, is_wrong: bool
) -> None:
    names = ", ".join(re.findall(r"([A-Za-z]\w+)\(", call))
    text = f"from {module} import {names}\nx = {call}\n"
    assert lines(rule, text, target=target) == ([2] if is_wrong else [])


@pytest.mark.parametrize("path", ["tests/test_launch.py", "launch_test.py", "conftest.py"])
def test_made_up_values_of_tests_are_nothing(path: str) -> None:
    text = f'{TRAINER}t = TrainerConfig(training_shape_id="ts-1", inactivity_timeout="soon")\n'
    assert len(found(text)) == 2
    assert found(text, path=path) == []


@pytest.mark.parametrize(
    "call", [f'training_shape_id="{SHAPE}/versions/7"', f'training_shape_id="{SHAPE}", node_count=2']
)
def test_made_up_shapes_of_tests_are_nothing(call: str) -> None:
    text = f"{TRAINER}t = TrainerConfig({call})\n"
    assert len(found(text)) == 1
    assert found(text, path="tests/test_launch.py") == []


def test_one_place_has_one_finding() -> None:
    """What a rule of its own says is not said again in general."""
    text = "from training.utils import ConcurrencyConfig\nc = ConcurrencyConfig(max_concurrency=8)\n"
    port = open_port("script.py", text, Context(surfaces("latest")))
    assert [f.finding.rule for f in engine.find(port)] == ["FWD214"]


def test_severity_of_a_value_that_means_nothing() -> None:
    text = f'{JOB}a = TrainerJobConfig("m", gradient_accumulation_steps=1)\nb = TrainerJobConfig("m", gradient_accumulation_steps=2)\n'
    assert [f.finding.severity for f in found(text)] == ["warning", "error"]


def test_severity_of_a_run_that_goes_on() -> None:
    """A warm start that saves a checkpoint at its end is advice; what loses a whole run is more."""
    text = (
        "from training.recipes.sft_loop import Config\nfrom training.utils import TrainerConfig\n"
        'a = Config(log_path="r", init_from_checkpoint="j:step-1")\n'
        'b = Config(log_path="r", init_from_checkpoint="j:step-1", save_final_checkpoint=False)\n'
        'c = Config(log_path="r", trainer=TrainerConfig(job_id="j"))\n'
    )
    hits = [f.finding for f in found(text)]
    assert [f.severity for f in hits] == ["info", "warning", "warning"]
    assert ["on the way" in f.message for f in hits] == [True, False, True]


def test_severity_and_text_of_weight_sync_that_is_off() -> None:
    text = (
        "from training.recipes import distillation_loop, igpo_loop\n"
        'a = distillation_loop.Config(log_path="r", weight_sync_interval=0)\n'
        'b = igpo_loop.Config(log_path="r", weight_sync_interval=False)\n'
    )
    hits = [f.finding for f in found(text)]
    assert [f.severity for f in hits] == ["info", "warning"]
    assert "weight_sync_interval=0 " in hits[0].message
    assert "weight_sync_interval=False " in hits[1].message


def test_long_texts_are_cut_in_messages() -> None:
    text = f'from training.recipes.sft_loop import Config\nc = Config(log_path="r", output_model_id="{"Ab_" * 400}")\n'
    (hit,) = found(text)
    assert len(hit.finding.message) < 200
    assert "…" in hit.finding.message


#: code, and the same with the fix of every finding applied
FIXES = {
    "between others": (
        f'{TRAINER}t = TrainerConfig(training_shape_id="{SHAPE}", node_count=2, region="r")\n',
        f'{TRAINER}t = TrainerConfig(training_shape_id="{SHAPE}", region="r")\n',
    ),
    "the last one, and a comma behind it": (
        f'{TRAINER}t = TrainerConfig(\n    training_shape_id="{SHAPE}",\n    node_count=2,\n)  # mine\n',
        f'{TRAINER}t = TrainerConfig(\n    training_shape_id="{SHAPE}",\n)  # mine\n',
    ),
    "a line of its own": (
        f'{TRAINER}t = TrainerConfig(\n    node_count=2,\n    training_shape_id="{SHAPE}",\n)\n',
        f'{TRAINER}t = TrainerConfig(\n    training_shape_id="{SHAPE}",\n)\n',
    ),
    "a comment would go with it": (
        f'{TRAINER}t = TrainerConfig(\n    node_count=2,  # big\n    training_shape_id="{SHAPE}",\n)\n',
        None,
    ),
    "nothing would be left": (
        "from training.utils import ConcurrencyConfig\nc = ConcurrencyConfig(max_concurrency=8)\n",
        None,
    ),
    "a number that another mode may want": (
        'from training.utils import ConcurrencyConfig\nc = ConcurrencyConfig(mode="fixed", max_concurrency=8)\n',
        None,
    ),
    "a number that the mode has no use for": (
        'from training.utils import ConcurrencyConfig\nc = ConcurrencyConfig(mode="adaptive", max_concurrency=8)\n',
        'from training.utils import ConcurrencyConfig\nc = ConcurrencyConfig(mode="adaptive")\n',
    ),
    "a version in quotes of any kind, behind letters of two bytes": (
        f"{TRAINER}n = 'é'; t = TrainerConfig(region='é', training_shape_id='''{SHAPE}/versions/7''')\n",
        f"{TRAINER}n = 'é'; t = TrainerConfig(region='é', training_shape_id='''{SHAPE}''')\n",
    ),
    "a version that stands elsewhere": (
        f'{TRAINER}S = "{SHAPE}/versions/7"\nt = TrainerConfig(training_shape_id=S)\n',
        None,
    ),
}


@pytest.mark.parametrize(("old", "new"), FIXES.values(), ids=FIXES)
def test_fixes(old: str, new: str | None) -> None:
    hits = found(old)
    assert hits
    edits = [edit for hit in hits for edit in hit.fix]
    fixed = splice(old.encode(), edits).decode() if edits else None
    assert fixed == new
    if fixed is not None:
        ast.parse(fixed)
        assert found(fixed) == []


@pytest.mark.parametrize(
    "text",
    [
        f'{CLIENT}other = FireworksClient("{KEY}")\n',
        f'{CLIENT}x = f"{{client}} {KEY}"\n',
        f"{CLIENT}x = b'{KEY}'\n",
        f'{CLIENT}x = """\nexport FIREWORKS_API_KEY={KEY}\n"""\n',
        'from fireworks.training.sdk import FireworksClient\nc = FireworksClient(api_key="q7Xw2Lr9Kd4VbN8cYh6PzT3m")\n',
        'from fireworks.training.sdk import FireworksClient\nMINE = "q7Xw2Lr9Kd4VbN8cYh6PzT3m"\nc = FireworksClient(api_key=MINE)\n',
    ],
)
def test_a_key_is_found_and_never_shown(text: str) -> None:
    hits = found(text)
    assert [f.finding.rule for f in hits] == ["FWD217"]
    shown = (
        repr(hits[0].finding.message)
        + repr(hits[0].finding.variables)
        + redact(hits[0].finding.excerpt or "")
    )
    assert KEY[3:11] not in shown
    assert "q7Xw2Lr9" not in shown
