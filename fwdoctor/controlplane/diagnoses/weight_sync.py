"""FWP4xx: which weights the replicas of a deployment serve."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from fwdoctor.controlplane.diagnoses.deployments import last_message
from fwdoctor.controlplane.diagnoses.filled import of_deployment as _finding
from fwdoctor.controlplane.resources import NAMELESS, Checkpoint, Deployment, Job, Replica
from fwdoctor.controlplane.words import age
from fwdoctor.finding import Finding, Severity

#: Replicas that are so many saves behind serve another policy than the one that is trained.
_FAR_BEHIND = 3
#: A snapshot that is so new may still be on its way.
_FRESH = timedelta(minutes=5)
#: Replicas of a deployment that was changed so lately may not have restarted.
_LATELY = timedelta(minutes=10)
#: Stages in which a replica takes a snapshot.
_BUSY = frozenset({"downloading", "loading"})


def diagnose(
    deployment: Deployment,
    replicas: Sequence[Replica] | None,
    now: datetime,
    *,
    job: Job | None = None,
    checkpoints: Sequence[Checkpoint] | None = None,
    crashes: int | None = None,
    stuck: Sequence[str] = (),
    last_words: str | None = None,
) -> Iterator[Finding]:
    """What there is to say about the weights.

    ``replicas`` None: the status has no such list. ``checkpoints`` are those of ``job``, None where they were
    not read; ``crashes`` is the HTTP status (5xx) that came back again and again instead of an answer;
    ``stuck`` are the replicas that were not ready in two looks, without any change; ``last_words`` is what
    the serving container said when it died.
    """
    if crashes is not None:
        if deployment.state == "READY":
            told = {"status": str(crashes), "said": last_message(last_words)}
            yield _finding("FWP408", deployment, "the weight-sync status, four times", **told)
        return
    if replicas is None:
        yield _finding("FWP414", deployment, "replicas")
        return
    ready = deployment.replicas.ready
    if not replicas:
        # One that is scaled to zero has none, and that is told elsewhere.
        expected = ready if ready is not None else deployment.replicas.minimum
        if deployment.state == "READY" and expected:
            yield _finding("FWP406", deployment, "replicas")
        return
    if ready is not None and len(replicas) < ready:
        numbers = {"ready": str(ready), "reporting": str(len(replicas))}
        yield _finding("FWP407", deployment, "replicas, replicaStats.readyReplicaCount", **numbers)
    yield from _differences(deployment, replicas)
    for replica_id in stuck:
        yield _finding("FWP405", deployment, "replicas[].readiness, twice", replica=replica_id)
    newest = _newest(checkpoints)
    for replica in replicas:
        yield from _loading(deployment, replica, newest)
    if job is not None and checkpoints is not None:
        yield from _against(deployment, job, replicas, checkpoints, now)


def has_weights(replicas: Sequence[Replica]) -> bool | None:
    """Whether any replica has loaded a snapshot; None: nobody says."""
    if any(r.served for r in replicas):
        return True
    return False if replicas and all(r.says for r in replicas) else None


def _is_busy(replica: Replica) -> bool:
    return (replica.stage or "").lower() in _BUSY


def _is_waiting_for_adapter(replica: Replica) -> bool:
    return any(status != "loaded" for status in replica.adapters.values())


def _differences(deployment: Deployment, replicas: Sequence[Replica]) -> Iterator[Finding]:
    versions = Counter(r.served or "no snapshot" for r in replicas if r.says or r.served)
    if len(versions) > 1 and not any(_is_busy(r) for r in replicas):
        told = ", ".join(f"{count} × {version}" for version, count in versions.most_common())
        numbers = {"count": str(len(replicas)), "versions": str(len(versions)), "told": told}
        yield _finding("FWP402", deployment, "replicas[].current_snapshot_identity", **numbers)
    if len({r.rdma for r in replicas if r.rdma is not None}) > 1:
        yield _finding("FWP413", deployment, "replicas[].rdma_weight_sync_enabled")


def _loading(deployment: Deployment, replica: Replica, newest: Checkpoint | None) -> Iterator[Finding]:
    for name, status in replica.adapters.items():
        if status == "failed":
            yield _finding("FWP409", deployment, "replicas[].loaded_adapters", adapter=name)
    if replica.stage == "error":
        target = replica.target or "a snapshot that is not named"
        is_old = newest is not None and replica.target is not None and replica.target != newest.id
        rule = "FWP404" if is_old else "FWP403"
        yield _finding(rule, deployment, "replicas[].loading_state", replica=replica.id, target=target)


def _against(
    deployment: Deployment,
    job: Job,
    replicas: Sequence[Replica],
    checkpoints: Sequence[Checkpoint],
    now: datetime,
) -> Iterator[Finding]:
    """The replicas against what the trainer has saved."""
    samplers = sorted((c for c in checkpoints if c.is_sampler), key=_time)
    if not samplers or deployment.trainer not in (None, job.id):
        return
    yield from _region(deployment, samplers[-1])
    currents = {r.served for r in replicas}
    # What fails to load, or loads, is told as that; what it has instead is the consequence.
    busy = any(_is_busy(r) or r.stage == "error" or _is_waiting_for_adapter(r) for r in replicas)
    if currents == {None}:
        if not busy and has_weights(replicas) is False and job.keyed_to in (None, "", deployment.id):
            yield _finding("FWP412", deployment, "replicas[].current_snapshot_identity", job=job.id)
        return
    for current in sorted(c for c in currents if c is not None):
        position = next((n for n, c in enumerate(samplers) if c.id == current), None)
        if position is None:
            # It may be one without a name, or of a type that is new.
            if not {current, NAMELESS} & {c.id for c in checkpoints}:
                yield _unknown(deployment, job, current, now)
        elif position < len(samplers) - 1 and not busy and len(currents) == 1 and job.state.is_alive:
            yield from _behind(deployment, job, samplers, position, now)


def _region(deployment: Deployment, newest: Checkpoint) -> Iterator[Finding]:
    if newest.region and deployment.region and newest.region != deployment.region:
        places = {"region": newest.region, "other": deployment.region}
        evidence = "checkpoints[].availability, region"
        yield _finding("FWP208", deployment, evidence, checkpoint=newest.id, **places)


def _unknown(deployment: Deployment, job: Job, current: str, now: datetime) -> Finding:
    """A snapshot that the trainer has not saved: another one's, or not replaced yet."""
    evidence = "replicas[].current_snapshot_identity, checkpoints"
    since = now - deployment.updated if deployment.updated is not None else None
    if since is not None and since < _LATELY:
        return _finding(
            "FWP415", deployment, f"updateTime, {evidence}", current=current, job=job.id, age=age(since)
        )
    return _finding("FWP410", deployment, evidence, current=current, job=job.id)


def _behind(
    deployment: Deployment, job: Job, samplers: Sequence[Checkpoint], position: int, now: datetime
) -> Iterator[Finding]:
    newest, previous, current = samplers[-1], samplers[-2].id, samplers[position].id
    behind = len(samplers) - 1 - position
    if any(c.created is None for c in samplers):  # which is the newest is not known
        return
    if behind == 1 and newest.created is not None and now - newest.created < _FRESH:
        return
    evidence = "replicas[].current_snapshot_identity, checkpoints"
    if newest.is_delta and behind > 1:
        yield _finding("FWP411", deployment, evidence, job=job.id, previous=previous, current=current)
        return
    severity = Severity.ERROR if behind > _FAR_BEHIND else None
    later = f"{behind} save{'s' * (behind != 1)}"
    yield _finding("FWP401", deployment, evidence, severity, current=current, newest=newest.id, behind=later)


def _newest(checkpoints: Sequence[Checkpoint] | None) -> Checkpoint | None:
    return max((c for c in checkpoints or () if c.is_sampler), key=_time, default=None)


def _time(checkpoint: Checkpoint) -> float:
    return checkpoint.created.timestamp() if checkpoint.created else 0.0
