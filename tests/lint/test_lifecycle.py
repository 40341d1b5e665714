"""Lifecycle rules on code that is not straight: whoever may close, wait or use a thing elsewhere is believed."""

from __future__ import annotations

import ast

import pytest
from fwdoctor_codemods.core.source import splice

from fwdoctor.fit.session import Context, open_port
from fwdoctor.fit.target import resolve
from fwdoctor.lint import engine

HEAD = """\
import asyncio, atexit, contextlib, functools, os, signal, weakref
from contextlib import ExitStack, closing
from pathlib import Path
import tinker
from fireworks.training.sdk import (
    DeploymentConfig, DeploymentManager, FireworksClient, FiretitanServiceClient, TrainerJobConfig, TrainerJobManager
)
from fireworks.training.sdk.client import FiretitanTrainingClient
from training.utils import ReconnectableClient, TrainerConfig
from training.utils.service import build_service_client


def make(**settings):
    ...


"""
MAKE = "FiretitanServiceClient.from_firetitan_config(cleanup_trainer_on_close=True)"


def found(body: str, target: str = "latest", path: str = "example.py") -> list[str]:
    """The ids of the lifecycle rules that find something, in the order of the text."""
    port = open_port(path, HEAD + body.replace("MAKE", MAKE), Context(resolve(target)))
    return [f.finding.rule for f in engine.find(port) if f.finding.rule.startswith("FWD3")]


NEVER_CLOSED = {
    "in a function": """
def main():
    service = MAKE
    service.create_training_client()
""",
    "under another name": """
from training.utils import service as services
build = services.build_service_client
def main():
    service = build(api_key="k", trainer=TrainerConfig(), cleanup_trainer_on_close=True)
    again = service
    again.create_training_client()
""",
    "conditionally": """
def main(remote):
    service = None
    if remote:
        service = MAKE
    if service is not None:
        service.create_training_client()
""",
    "walrus": """
def main():
    if (service := MAKE):
        service.create_training_client()
""",
    "async": """
async def main():
    service = MAKE
    await service.create_training_client_from_state_async("x")
""",
    "annotated": """
def main():
    service: FiretitanServiceClient = MAKE
    service.create_training_client()
""",
    "used by a nested function": """
def main():
    service = MAKE
    def train():
        return service.create_training_client()
    train()
""",
    "another thing of that name is closed": """
def main():
    service = MAKE
    service.create_training_client()
def other(service):
    service.close()
""",
    "lent to a wrapper": """
def main():
    service = MAKE
    policy = ReconnectableClient.from_training_client(
        service.create_training_client(), base_model="b", job_id=service.trainer_job_id, service=service)
    policy.save_state("x")
""",
    "nothing is to be cleaned up": """
def main():
    service = FiretitanServiceClient.from_firetitan_config(base_model="b")
    service.create_training_client()
""",
    "attached, and cleans up": """
def main():
    service = FiretitanServiceClient.from_firetitan_config(
        trainer_job_id="j", cleanup_deployment_on_close="delete")
    service.create_training_client()
""",
    "module of a script": """
service = MAKE
if __name__ == "__main__":
    service.create_training_client()
""",
    "settings that nobody sees": """
def main(**settings):
    service = FiretitanServiceClient.from_firetitan_config(**settings)
    service.create_training_client()
""",
    "its id is logged": """
import json, logging
def main(out):
    service = MAKE
    service.create_training_client()
    job = service.trainer_job_id
    logging.info("job %s", job)
    print(f"job {job}, {service.deployment_id}")
    out.write(json.dumps({"job": job}))
""",
    "its trainer is looked at": """
def main():
    service = MAKE
    service.create_training_client()
    print(TrainerJobManager(api_key="k").get(service.trainer_job_id))
""",
    "made with another thing": """
def main():
    service, step = MAKE, 0
    service.create_training_client()
""",
}


@pytest.mark.parametrize("body", NEVER_CLOSED.values(), ids=NEVER_CLOSED)
def test_service_that_stays_open(body: str) -> None:
    assert found(body) == ["FWD301"]


MAY_BE_CLOSED = {
    "try, finally": """
def main():
    service = MAKE
    try:
        service.create_training_client()
    finally:
        service.close()
""",
    "finally asks whether it was made": """
def main():
    service = None
    try:
        service = MAKE
        service.create_training_client()
    finally:
        if service:
            service.close()
""",
    "closing": """
def main():
    service = MAKE
    with closing(service):
        service.create_training_client()
""",
    "closing, imported as a module": """
def main():
    with contextlib.closing(MAKE) as service:
        service.create_training_client()
""",
    "stack, callback": """
def main():
    with ExitStack() as stack:
        service = MAKE
        stack.callback(service.close)
        service.create_training_client()
""",
    "stack, closing": """
def main():
    with ExitStack() as stack:
        service = stack.enter_context(closing(MAKE))
        service.create_training_client()
""",
    "atexit": """
def main():
    service = MAKE
    atexit.register(service.close)
    service.create_training_client()
""",
    "finalize": """
def main(owner):
    service = MAKE
    weakref.finalize(owner, service.close)
    service.create_training_client()
""",
    "a nested function closes it": """
def main():
    service = MAKE
    def stop(*_):
        service.close()
    signal.signal(signal.SIGTERM, stop)
    service.create_training_client()
""",
    "a lambda closes it": """
def main():
    service = MAKE
    atexit.register(lambda: service.close())
    service.create_training_client()
""",
    "returned": """
def main():
    service = MAKE
    service.create_training_client()
    return service
""",
    "returned with others": """
def main():
    service = MAKE
    return service, service.create_training_client()
""",
    "yielded": """
def main():
    service = MAKE
    service.create_training_client()
    yield service
""",
    "on self": """
class Run:
    def __init__(self):
        self.service = MAKE
        self.client = self.service.create_training_client()
""",
    "on self, through a name": """
class Run:
    def __init__(self):
        service = MAKE
        self.client = service.create_training_client()
        self.service = service
""",
    "in a container": """
def main(services):
    service = MAKE
    service.create_training_client()
    services.append(service)
""",
    "global": """
service = None
def main():
    global service
    service = MAKE
    service.create_training_client()
""",
    "nonlocal": """
def main():
    service = None
    def start():
        nonlocal service
        service = MAKE
        service.create_training_client()
    start()
""",
    "passed to own code": """
def main(train):
    service = MAKE
    service.create_training_client()
    train(service)
""",
    "partial": """
def main(train):
    service = MAKE
    return functools.partial(train, service, service.create_training_client())
""",
    "for other modules": """
service = MAKE
def client():
    return service.create_training_client()
""",
    "nothing is provisioned": """
def main():
    service = MAKE
""",
    "a test with a stand-in": """
def test_it(monkeypatch):
    service = MAKE
    assert service.create_training_client()
""",
    "attached to look on": """
def main():
    service = build_service_client(api_key="k", trainer=TrainerConfig(job_id="j"))
    service.create_training_client()
""",
    "kept on purpose": """
def main():
    service = FiretitanServiceClient.from_firetitan_config(cleanup_trainer_on_close=False)
    service.create_training_client()
""",
    "no managed service": """
def main():
    service = FiretitanServiceClient(api_key="k", base_url="u")
    service.create_training_client()
""",
    "somebody else's class": """
class Service:
    @classmethod
    def from_firetitan_config(cls, **settings):
        return cls()
def main():
    service = Service.from_firetitan_config(cleanup_trainer_on_close=True)
    service.create_training_client()
""",
    "deleted by hand": """
def main():
    service = MAKE
    service.create_training_client()
    service._managed_handle.close()
""",
    "everything closes it": """
def main(how):
    service = MAKE
    service.create_training_client()
    getattr(service, how)()
""",
    "except closes it, and so does the end": """
def main():
    service = MAKE
    try:
        service.create_training_client()
    except BaseException:
        service.close()
        raise
    service.close()
""",
    "close at once": """
def main():
    service = MAKE
    service.close()
""",
    "closed where nothing can go wrong": """
def main():
    service = MAKE
    name = "x"
    def helper():
        return len(name)
    service.close()
""",
    "errors are caught": """
def main():
    service = MAKE
    try:
        service.create_training_client()
    except (ValueError, Exception) as error:
        print(error)
    service.close()
""",
    "nothing is lost": """
def main():
    service = FiretitanServiceClient.from_firetitan_config()
    service.create_training_client()
    service.close()
""",
    "trainer deleted in finally": """
def main():
    service = MAKE
    try:
        service.create_training_client()
    finally:
        TrainerJobManager(api_key="k").delete(service.trainer_job_id)
""",
    "trainer cancelled in finally": """
def main():
    service = MAKE
    try:
        service.create_training_client()
    finally:
        TrainerJobManager(api_key="k").cancel(service.trainer_job_id)
""",
    "trainer cancelled by another id": """
def main():
    service = MAKE
    client = service.create_training_client()
    manager = TrainerJobManager(api_key="k")
    manager.cancel(client.job_id)
""",
    "trainer deleted by another id": """
def main():
    service = MAKE
    client = service.create_training_client()
    manager = TrainerJobManager(api_key="k")
    manager.delete(client.job_id)
""",
    "trainer deleted by a request": """
import requests
def main():
    service = MAKE
    service.create_training_client()
    url = f"https://example.com/jobs/{service.trainer_job_id}"
    requests.delete(url)
""",
    "trainer deleted by a text that grows": """
def main(run):
    service = MAKE
    service.create_training_client()
    text = f"{service.trainer_job_id}"
    text = text + " " + text
    text = text + "!"
    print(text)
    run(text)
""",
    "trainer deleted by a program": """
import subprocess
def main():
    service = MAKE
    service.create_training_client()
    subprocess.run(["firectl", "delete", str(service.managed_trainer_job_id)])
""",
    "deployment scaled by hand": """
def main():
    service = MAKE
    service.create_training_client()
    DeploymentManager(api_key="k").scale_to_zero(service.deployment_id)
""",
    "its id is given away": """
def main():
    service = MAKE
    service.create_training_client()
    return service.trainer_job_id
""",
    "only read, not provisioned": """
def main():
    service = MAKE
    print(service, service.managed_trainer_job_id, service.managed_training_profile)
""",
    "fails as a test wants": """
import pytest
def test_it():
    service = MAKE
    with pytest.raises(ValueError):
        service.create_training_client()
    with pytest.raises(ValueError):
        MAKE.create_training_client()
""",
    "a fixture puts stand-ins in place": """
import pytest
@pytest.fixture(autouse=True)
def offline(monkeypatch):
    monkeypatch.setattr(FiretitanServiceClient, "from_firetitan_config", make)
def test_it():
    service = MAKE
    assert service.create_training_client()
""",
    "mock under its own name": """
import unittest.mock
def test_it():
    service = MAKE
    assert service.create_training_client()
""",
    "errors are suppressed": """
def main():
    service = MAKE
    with contextlib.suppress(Exception):
        service.create_training_client()
    service.close()
""",
    "errors are suppressed in a coroutine": """
async def main():
    service = MAKE
    with contextlib.suppress(KeyError, BaseException):
        client = service.create_training_client()
        await client.optim_step(None)
    service.close()
""",
    "only words between": """
import logging
def main():
    service = MAKE
    service.create_training_client
    print("dry run")
    logging.info("it is %s", str(1))
    service.close()
""",
    "errors are caught, and else only prints": """
def main():
    service = MAKE
    code = 0
    try:
        service.create_training_client()
    except BaseException:
        code = 1
    else:
        print("done")
    service.close()
    return code
""",
    "never provisioned, and closed": """
def main(work):
    service = MAKE
    work()
    service.close()
""",
    "closed under a condition": """
def main(keep):
    service = MAKE
    service.create_training_client()
    if not keep:
        service.close()
""",
}


@pytest.mark.parametrize("body", MAY_BE_CLOSED.values(), ids=MAY_BE_CLOSED)
def test_service_that_somebody_may_close(body: str) -> None:
    assert found(body) == []


SKIPPED = {
    "straight": """
def main():
    service = MAKE
    service.create_training_client()
    service.close()
""",
    "narrow handler": """
def main():
    service = MAKE
    try:
        service.create_training_client()
    except KeyError:
        pass
    service.close()
""",
    "handler that leaves": """
def main():
    service = MAKE
    try:
        service.create_training_client()
    except Exception:
        raise SystemExit(1)
    service.close()
""",
    "in the try, behind the work": """
def main():
    service = MAKE
    try:
        service.create_training_client()
        service.close()
    except Exception:
        raise
""",
    "in the try, and errors are logged": """
def main(span):
    service = MAKE
    with span:
        try:
            service.create_training_client()
            service.close()
        except Exception as error:
            print(error)
""",
    "narrow suppress": """
def main():
    service = MAKE
    with contextlib.suppress(KeyError):
        service.create_training_client()
    service.close()
""",
    "loop": """
def main(rows):
    service = MAKE
    client = service.create_training_client()
    for row in rows:
        client.save_state(row).result()
    service.close()
""",
}


@pytest.mark.parametrize("body", SKIPPED.values(), ids=SKIPPED)
def test_closing_that_an_error_skips(body: str) -> None:
    assert found(body) == ["FWD302"]


def test_skipped_closing_is_not_told_in_notebooks() -> None:
    body = f"service = {MAKE}\nservice.create_training_client()\nservice.close()\n"
    assert found(body) == ["FWD302"]
    assert found(body, path="example.ipynb") == []


ENTERED = {
    "async with": ("async def main():\n    async with MAKE as s:\n        s.create_training_client()\n", 1),
    "a name": ("def main():\n    s = MAKE\n    with s:\n        s.create_training_client()\n", 1),
    "two": ("with open('x') as f, MAKE as s:\n    s.create_training_client()\n", 1),
    "plain client": ("with FiretitanServiceClient(api_key='k') as s:\n    print(s)\n", 1),
    "a name for what closing gives": ("def main():\n    s = closing(MAKE)\n    with s:\n        ...\n", 0),
    "unknown": ("def main(s):\n    with s:\n        s.create_training_client()\n", 0),
    "nullcontext": ("with contextlib.nullcontext(MAKE) as s:\n    print(s)\n", 0),
    "other client": ("with FireworksClient(api_key='k') as c:\n    print(c)\n", 0),
    "a test wants it to fail": (
        "import pytest\ndef test_it():\n    with pytest.raises(TypeError):\n        with MAKE:\n            ...\n",
        0,
    ),
    "asks for the method": (
        "def main():\n    s = MAKE\n    if hasattr(s, '__enter__'):\n        with s:\n            ...\n",
        0,
    ),
    "asks for another method": (
        "def main():\n    s = MAKE\n    if hasattr(s, 'flush'):\n        with s:\n            ...\n",
        1,
    ),
    "ready for the error": (
        "def main():\n    try:\n        with MAKE as s:\n            ...\n    except AttributeError:\n        ...\n",
        0,
    ),
    "ready for another error": (
        "def main():\n    try:\n        with MAKE as s:\n            ...\n    except OSError:\n        ...\n",
        1,
    ),
    "a fixture of another file": (
        "import pytest\ndef test_it(s: FiretitanServiceClient):\n    with s:\n        ...\n",
        0,
    ),
    "other type in a branch": (
        "def main(x):\n    s = MAKE if x else contextlib.nullcontext()\n    with s:\n        ...\n",
        0,
    ),
}


@pytest.mark.parametrize(("body", "count"), ENTERED.values(), ids=ENTERED)
def test_service_in_with(body: str, count: int) -> None:
    assert found(body) == ["FWD307"] * count


def test_service_in_with_is_not_told_of_targets_whose_service_has_no_close() -> None:
    assert found("with FiretitanServiceClient(api_key='k') as s:\n    print(s)\n", "may") == []


MANAGERS = {
    "for a trainer": ("m = TrainerJobManager(api_key='k')\nm.create(TrainerJobConfig(base_model='b'))\n", 1),
    "on self": (
        """
class Run:
    def __init__(self):
        self.jobs = TrainerJobManager(api_key='k')
    def start(self):
        return self.jobs.create_and_wait(TrainerJobConfig(base_model='b'))
""",
        1,
    ),
    "through functions": (
        """
def manager():
    return TrainerJobManager(api_key='k')
def start(jobs):
    return jobs.create_and_wait(TrainerJobConfig(base_model='b'))
def main():
    start(manager())
""",
        1,
    ),
    "in with": ("with TrainerJobManager(api_key='k') as m:\n    print(m.list_checkpoints('j'))\n", 1),
    "passed to a recipe": (
        """
from training.recipes import distillation_loop as loop
loop.main(loop.Config(), rlor_mgr=TrainerJobManager(api_key='k'))
""",
        1,
    ),
    "beside other work": (
        "m = TrainerJobManager(api_key='k')\nprint(m.get('j'))\nm.promote_checkpoint(name='n')\n",
        0,
    ),
    "given away": ("def main(f):\n    f(TrainerJobManager(api_key='k'))\n", 0),
    "private": ("m = TrainerJobManager(api_key='k')\nm._account_id = 'a'\nm.list_checkpoints('j')\n", 0),
    "not used": ("m = TrainerJobManager(api_key='k')\n", 0),
    "fixture": (
        "import pytest\n@pytest.fixture\ndef jobs():\n    return TrainerJobManager(api_key='k')\n",
        0,
    ),
    "stand-in": ("def test_it(monkeypatch):\n    TrainerJobManager(api_key='k').create(None)\n", 0),
    "cleaning up": ("m = DeploymentManager(api_key='k')\nm.scale_to_zero('d')\nm.delete('d')\n", 0),
    "attached client without a manager": ("ReconnectableClient(None, 'j', 'b', endpoint=make())\n", 0),
    "somebody else's": ("class WeightSyncer:\n    ...\nWeightSyncer()\n", 0),
    "serving, beside serverless training": (
        """
def train():
    service = FiretitanServiceClient(api_key='k', base_url='https://api.fireworks.ai/training/v1/serverless')
    service.create_lora_training_client(base_model='b', rank=8)
    service.close()
def serve(model):
    DeploymentManager(api_key='k').create_or_get(DeploymentConfig(deployment_id='d', base_model=model))
""",
        0,
    ),
    "deployment of a trainer": (
        """
def serve(job):
    config = DeploymentConfig(deployment_id='d', base_model='b', hot_load_trainer_job=job)
    DeploymentManager(api_key='k').create_or_get(config)
""",
        1,
    ),
    "deployment in a file that starts trainers": (
        """
def serve(jobs: TrainerJobManager):
    jobs.create_and_wait(TrainerJobConfig(base_model='b'))
    DeploymentManager(api_key='k').create_or_get(DeploymentConfig(deployment_id='d', base_model='b'))
""",
        1,
    ),
    "fails as a test wants": (
        "import pytest\nm = TrainerJobManager(api_key='k')\nwith pytest.raises(TypeError):\n    m.create()\n",
        0,
    ),
    "free client": ("c = FireworksClient(api_key='k')\nc.list_checkpoints('j')\n", 0),
}


@pytest.mark.parametrize(("body", "count"), MANAGERS.values(), ids=MANAGERS)
def test_manager(body: str, count: int) -> None:
    assert found(body) == ["FWD303"] * count


def test_manager_of_a_recipe_is_left_out() -> None:
    """What to do instead depends on what a manager is made for."""
    port = open_port("example.py", HEAD + MANAGERS["passed to a recipe"][0], Context(resolve("latest")))
    told = [f.finding for f in engine.find(port) if f.finding.rule == "FWD303"]
    assert [f.remedy[0].text.partition(",")[0] for f in told] == ["Leave it out"]


def test_managers_are_right_where_there_is_no_service() -> None:
    assert found("TrainerJobManager(api_key='k').create(None)\n", "may") == []


CLEANUP = {
    '"scale_to_zero"': 0,
    '"delete"': 0,
    "None": 0,
    "False": 0,
    '"Scale To Zero"': 1,
    '"DELETE"': 1,
    '"none"': 1,
    "1": 1,
    "os.environ['X']": 0,
    '"delete" if make() else "zero"': 1,
    '("delete")': 0,
}


@pytest.mark.parametrize(("value", "count"), CLEANUP.items(), ids=CLEANUP)
def test_cleanup_of_a_deployment(value: str, count: int) -> None:
    settings = f"cleanup_deployment_on_close={value}"
    text = f"with closing(FiretitanServiceClient.from_firetitan_config({settings})) as s:\n    print(s)\n"
    assert found(text) == ["FWD304"] * count


CLEANUP_IN_TESTS = {
    "refused at once": """
import pytest
with pytest.raises(ValueError):
    FiretitanServiceClient.from_firetitan_config(cleanup_deployment_on_close="zero").close()
""",
    "refused later": """
import pytest
service = FiretitanServiceClient.from_firetitan_config(cleanup_deployment_on_close="zero")
with pytest.raises(ValueError):
    service.close()
""",
    "a stand-in": """
def test_it(mocker):
    FiretitanServiceClient.from_firetitan_config(cleanup_trainer_on_close="no")
""",
}


@pytest.mark.parametrize("body", CLEANUP_IN_TESTS.values(), ids=CLEANUP_IN_TESTS)
def test_cleanup_that_a_test_tries_out(body: str) -> None:
    assert found(body) == []


TRAIN = "def main(c: FiretitanTrainingClient, p: tinker.AdamParams, w: ReconnectableClient):\n"
FUTURES = {
    "c.optim_step(p)": 1,
    "c.optim_step(p).result()": 0,
    "f = c.optim_step(p)": 1,
    "f: object = c.optim_step(p)": 1,
    "_ = c.optim_step(p)": 1,
    "for b in 'ab': f = c.forward_backward(b, 'x')": 1,
    "f = c.forward_backward([], 'x'); c.optim_step(p).result()": 0,
    "f = c.forward_backward([], 'x'); f = c.optim_step(p); f.result()": 0,
    "f = c.forward_backward([], 'x'); w.list.append(c.optim_step(p))": 0,
    "f = c.forward_backward([], 'x'); print(c.optim_step(p).metrics)": 2,
    "f = c.save_state('x', timeout=5)": 0,
    "f = c.optim_step(p); print(locals())": 0,
    "w.last = c.optim_step(p)": 0,
    "a, b = c.forward_backward([], 'x'), c.optim_step(p); print(a.metrics, b.result())": 1,
    "a, b = c.forward_backward([], 'x'), c.optim_step(p); a = a.result(); print(a.metrics, b.result())": 0,
    "c.optim_step(p) if w else None": 1,
    "w and c.optim_step(p)": 1,
    "print(c.forward([], 'x')['loss'])": 1,
    "f = c.forward([], 'x'); print(f['loss'])": 1,
    "f = c.forward([], 'x').result(); print(f['loss'])": 0,
    "print(w.table[c.forward([], 'x')])": 0,
    "return c.optim_step(p)": 0,
    "print(c.optim_step(p))": 0,
    "[c.optim_step(p) for _ in 'ab']": 1,
    "[c.optim_step(p).result() for _ in 'ab']": 0,
    "fs = [c.optim_step(p) for _ in 'ab']; print(fs)": 0,
    "print([c.optim_step(p) for _ in 'ab'])": 0,
    "yield c.optim_step(p)": 0,
    "f = c.optim_step(p); f.add_done_callback(print)": 0,
    "f = c.optim_step(p); print(f.metrics)": 1,
    "f = c.optim_step(p); f = f.result(); print(f.metrics)": 0,
    "f = c.optim_step(p).result(); print(f.metrics)": 0,
    "(f := c.forward([], 'x'))": 0,
    "lambda: c.optim_step(p)": 0,
    "c.save_state('x', timeout=5)": 0,
    "c.save_state('x', timeout=None)": 1,
    "c.save_state('x', timeout=5).path": 1,
    "c.save_weights_for_sampler_ext('x').path": 0,
    "c.list_checkpoints()": 0,
    "c.weight_sync()": 1,
    "c.forward_backward_contrastive([])": 1,
    "w.optim_step(p)": 0,
    "w.submit_optim_step(p)": 1,
    "w.save_weights_for_sampler('x').path": 0,
    "getattr(c, 'optim_step')(p)": 0,
    "c._client.optim_step(p)": 0,
}


@pytest.mark.parametrize(("line", "count"), FUTURES.items(), ids=FUTURES)
def test_future(line: str, count: int) -> None:
    assert found(f"{TRAIN}    {line}\n") == ["FWD305"] * count


IN_DOUBT = {
    "asks for the attribute": """
def main(c: FiretitanTrainingClient):
    out = c.forward_backward([], "x")
    if hasattr(out, "metrics"):
        return out.metrics
    return out.result().metrics
""",
    "asks for result": """
def main(c: FiretitanTrainingClient):
    out = c.forward_backward([], "x")
    if callable(getattr(out, "result", None)):
        return out.result().metrics
    return out.metrics
""",
    "ready for the error": """
def main(c: FiretitanTrainingClient):
    out = c.forward_backward([], "x")
    try:
        return out.metrics
    except (KeyError, AttributeError):
        return out.result().metrics
""",
    "suppresses the error": """
def main(c: FiretitanTrainingClient):
    out = c.forward_backward([], "x")
    with contextlib.suppress(AttributeError):
        print(out.metrics)
    out.result()
""",
    "another class in a branch": """
def main(c: FiretitanTrainingClient):
    if isinstance(c, ReconnectableClient):
        c.forward_backward([])
        return c.forward_backward([]).metrics
""",
    "a test says that it fails": """
import pytest
def main(c: FiretitanTrainingClient):
    with pytest.raises(ValueError):
        c.optim_step(None)
""",
    "stand-in in spite of its annotation": """
from fakes import Client, make_fake
def main():
    c: FiretitanTrainingClient = Client()
    c.optim_step(None)
    other: FiretitanTrainingClient = make_fake("x")
    other.optim_step(None)
""",
    "stand-in of a class of this file": """
class Fake:
    def optim_step(self, params): ...
def client() -> FiretitanTrainingClient:
    return Fake()
client().optim_step(None)
""",
    "stand-in of a service": """
from fakes import Service
service: FiretitanServiceClient = Service()
service.create_training_client().optim_step(None)
""",
    "stand-in on self": """
class Run:
    client: FiretitanTrainingClient
    def __init__(self):
        self.client = make_mock()
    def step(self):
        self.client.optim_step(None)
""",
    "mock": """
from unittest.mock import MagicMock, patch
def test_it():
    c: FiretitanTrainingClient = MagicMock()
    assert c.forward_backward([], "x").metrics
    with patch.object(FiretitanServiceClient, "from_firetitan_config"):
        service = FiretitanServiceClient.from_firetitan_config()
        service.create_training_client().optim_step(None)
        service.close()
""",
    "fixture of this file": """
import pytest
from fakes import Client
@pytest.fixture
def c() -> FiretitanTrainingClient:
    yield Client()
def test_it(c: FiretitanTrainingClient):
    c.optim_step(None)
""",
    "fixture of another file": """
import pytest
def test_it(c: FiretitanTrainingClient):
    c.optim_step(None)
""",
    "the snapshot is found in the list": """
def main(c: FiretitanTrainingClient, fw: FireworksClient, job: str):
    c.save_weights_for_sampler("final")
    name = fw.list_checkpoints(job)[0]["name"]
    fw.promote_checkpoint(name=name, output_model_id="mine", base_model="b")
""",
}


@pytest.mark.parametrize("body", IN_DOUBT.values(), ids=IN_DOUBT)
def test_future_in_doubt(body: str) -> None:
    assert found(body) == []


CERTAIN = {
    "isinstance says the same": """
def main(c: FiretitanTrainingClient):
    assert isinstance(c, FiretitanTrainingClient)
    c.optim_step(None)
""",
    "another function asks": """
def main(c: FiretitanTrainingClient):
    c.optim_step(None)
def other(c):
    return isinstance(c, ReconnectableClient)
""",
    "annotated, of a service that nobody annotated": """
def main(service):
    c: FiretitanTrainingClient = service.create_training_client()
    c.optim_step(None)
""",
    "live fixture of this file": """
import pytest
@pytest.fixture
def c() -> FiretitanTrainingClient:
    return FiretitanServiceClient(api_key="k").create_lora_training_client(base_model="b")
def test_it(c: FiretitanTrainingClient):
    c.optim_step(None)
""",
    "on self": """
class Run:
    client: FiretitanTrainingClient
    def step(self):
        self.client.optim_step(None)
""",
    "on self, and another class has another client": """
from openai import OpenAI
class Judge:
    def __init__(self):
        self.client = OpenAI()
class Run:
    def __init__(self, service: FiretitanServiceClient):
        self.client = service.create_training_client()
    def step(self):
        self.client.optim_step(None)
""",
    "ready for another error": """
def main(c: FiretitanTrainingClient):
    out = c.forward_backward([], "x")
    try:
        return out.metrics
    except KeyError:
        return out.result()
""",
    "module of a script": """
c: FiretitanTrainingClient = make()
f = c.optim_step(None)
""",
}


@pytest.mark.parametrize("body", CERTAIN.values(), ids=CERTAIN)
def test_future_of_a_certain_client(body: str) -> None:
    assert found(body) == ["FWD305"]


def test_future_in_a_variable_may_be_looked_at_in_the_next_cell() -> None:
    assert found(CERTAIN["module of a script"], path="example.ipynb") == []


COROUTINES = {
    "await c.optim_step(p)": 0,
    "f = c.optim_step_async(p)": 1,
    "c.save_state_async('x', timeout=5)": 1,
    "await c.save_state_async('x', timeout=5)": 0,
    "f = await c.optim_step_async(p)": 1,
    "f = await c.optim_step(p)": 0,
    "f = await c.forward_async([], 'x'); await (await c.optim_step_async(p))": 0,
    "[await c.optim_step_async(p) for _ in 'ab']": 1,
    "await c.optim_step_async(p)": 1,
    "c.optim_step_async(p)": 1,
    "await (await c.optim_step_async(p))": 0,
    "await asyncio.gather(c.optim_step_async(p))": 0,
    "f = await c.optim_step_async(p); await f": 0,
    "f = await c.optim_step_async(p); print(f.metrics)": 1,
    "f = await (await c.optim_step_async(p)); print(f.metrics)": 0,
    "f = await c.optim_step(p); print(f.metrics)": 0,
    "print((await c.save_weights_for_sampler_async('x')).path)": 1,
    "asyncio.create_task(c.optim_step_async(p))": 0,
}


@pytest.mark.parametrize(("line", "count"), COROUTINES.items(), ids=COROUTINES)
def test_future_in_a_coroutine(line: str, count: int) -> None:
    assert found(f"async {TRAIN}    {line}\n") == ["FWD305"] * count


PATHS = {
    "print('gs://b/%s' % s.path)": 0,
    "print('gs://b/x.log has %s of %s' % ('x', s.path))": 0,
    "print('gs://%s/x.log has %s' % ('x', s.path))": 0,
    "print('gs://{}/x.log has {}'.format('x', s.path))": 0,
    "print('gs://{}/{}'.format('x', s.path))": 1,
    "print(f'gs://b/log: saved {s.path}')": 0,
    "print(f'gs://{p}/log: saved {s.path}')": 0,
    "print(f'gs://{p}/{s.path} is there')": 1,
    "print('gs://b/log: ' + s.path)": 0,
    "print(os.path.join('gs://b is', s.path))": 0,
    "print('gs://b/%s/%s' % ('x', s.path))": 1,
    "print('gs://b/{}'.format(s.path))": 1,
    "print('gs://b/' + s.path + '/x')": 1,
    "print(os.path.join('s3://b', s.path))": 1,
    "print(os.path.join('logs', s.path))": 0,
    "print(f'logs/{s.path}')": 0,
    "print(f'see gs://b for {s.path}')": 0,
    "open(s.path)": 1,
    "open(f'{s.path}.json', 'w')": 0,
    "Path(s.path)": 1,
    "Path('logs', s.path)": 0,
    "print(Path(s.path).name, Path(s.path).stem, Path(s.path).parts)": 0,
    "print(Path('logs') / Path(s.path))": 0,
    "print(Path(s.path) / 'adapter.safetensors')": 1,
    "x = Path(s.path); print(x.exists())": 1,
    "x = Path(s.path); print(x.name)": 0,
    "open(Path(s.path))": 1,
    "print(str(Path(s.path)))": 0,
    "x = Path(s.path); x = Path(x); print(x)": 0,
    "x = Path(s.path); x = Path(x); open(x)": 1,
    "assert not os.path.exists(s.path)": 0,
    "assert os.path.exists(s.path)": 1,
    "print(os.path.exists(s.path))": 1,
    "os.listdir(path=s.path)": 0,
    "c.load_state(s.path).result()": 1,
    "c.load_state(path=s.path).result()": 1,
    "c.load_adapter(s.path).result()": 0,
    "w.load_state_with_optimizer(w.save_weights_for_sampler('x').path)": 1,
    "w.load_state_with_optimizer(w.save_state('x').path)": 0,
    "c.create_sampling_client(s.path)": 0,
    "c.load_state(s.other).result()": 0,
    "name = s.path; alias = name; c.load_state(alias).result()": 1,
    "make(hot_load_bucket_url=s.path)": 0,
    "c.load_state(c.save_weights_for_sampler_ext('x').snapshot_name).result()": 1,
}


@pytest.mark.parametrize(("line", "count"), PATHS.items(), ids=PATHS)
def test_sampler_path(line: str, count: int) -> None:
    body = f"{TRAIN}    s = c.save_weights_for_sampler('s').result()\n    {line}\n"
    assert found(body) == ["FWD306"] * count


FIXES = [
    ("c.optim_step(p)\n", "c.optim_step(p).result()\n"),
    ("async c.optim_step(p)\n", "await c.optim_step(p)\n"),
    ("async await c.optim_step_async(p)\n", "await (await c.optim_step_async(p))\n"),
    ("async c.optim_step_async(p)\n", "await (await c.optim_step_async(p))\n"),
    ("[c.optim_step(p) for _ in 'ab']\n", "[c.optim_step(p).result() for _ in 'ab']\n"),
    ("async [c.optim_step(p) for _ in 'ab']\n", "[await c.optim_step(p) for _ in 'ab']\n"),
    ("c.optim_step(p) if w else None\n", "c.optim_step(p).result() if w else None\n"),
    ("f = c.optim_step(p)\n", "f = c.optim_step(p)\n"),
]


def mended(text: str) -> str:
    """A text with all the edits that its findings have."""
    port = open_port("example.py", text, Context(resolve("latest")))
    edits = [edit for f in engine.find(port) if f.finding.rule.startswith("FWD3") for edit in f.fix]
    return splice(text.encode(), edits).decode()


@pytest.mark.parametrize(("line", "expected"), FIXES)
def test_fix_of_a_future(line: str, expected: str) -> None:
    kind, rest = ("async ", line.removeprefix("async ")) if line.startswith("async ") else ("", line)
    text = mended(f"{HEAD}{kind}{TRAIN}    {rest}")
    ast.parse(text)
    assert text == f"{HEAD}{kind}{TRAIN}    {expected}"


MENDED = {
    "import after __future__": (
        """\
from __future__ import annotations
IMPORT
with FiretitanServiceClient(api_key='ü') as service:
    print(service)
""",
        """\
from __future__ import annotations
from contextlib import closing
IMPORT
with closing(FiretitanServiceClient(api_key='ü')) as service:
    print(service)
""",
    ),
    "imported": (
        """\
from contextlib import closing
IMPORT
with FiretitanServiceClient() as s:
    print(s)
""",
        """\
from contextlib import closing
IMPORT
with closing(FiretitanServiceClient()) as s:
    print(s)
""",
    ),
    "name is taken": (
        """\
IMPORT
closing = True
with FiretitanServiceClient() as s:
    print(s)
""",
        """\
IMPORT
closing = True
with FiretitanServiceClient() as s:
    print(s)
""",
    ),
    "cleanup": (
        """\
import contextlib
IMPORT
with contextlib.closing(FiretitanServiceClient.from_firetitan_config(
    cleanup_deployment_on_close='scale-to-zero', cleanup_trainer_on_close='delete')) as s:
    print(s)
""",
        """\
import contextlib
IMPORT
with contextlib.closing(FiretitanServiceClient.from_firetitan_config(
    cleanup_deployment_on_close="scale_to_zero", cleanup_trainer_on_close=True)) as s:
    print(s)
""",
    ),
}


@pytest.mark.parametrize(("before", "after"), MENDED.values(), ids=MENDED)
def test_fix(before: str, after: str) -> None:
    line = "from fireworks.training.sdk import FiretitanServiceClient"
    before, after = (text.replace("IMPORT", line) for text in (before, after))
    assert mended(before) == after
    assert mended(after) == after
