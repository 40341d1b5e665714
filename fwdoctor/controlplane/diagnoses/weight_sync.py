"""FWP4xx: which weights the replicas of a deployment serve."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from fwdoctor.controlplane.resources import Checkpoint, Deployment, Job, Replica
from fwdoctor.finding import Finding, Severity
from fwdoctor.rulebook import rulebook

#: Replicas that are so many saves behind serve another policy than the one that is trained.
_FAR_BEHIND = 3


def diagnose(
    deployment: Deployment,
    replicas: Sequence[Replica] | None,
    now: datetime,
    *,
    job: Job | None = None,
    checkpoints: Sequence[Checkpoint] | None = None,
    crashes: int | None = None,
) -> Iterator[Finding]:
    """What there is to say about the weights.

    ``replicas`` None: the status has no such list. ``checkpoints`` are those of ``job``, None where they were
    not read; ``crashes`` is the HTTP status (5xx) that came back again and again instead of an answer.
    """
    if crashes is not None:
        if deployment.state == "READY":
            yield _finding("FWP408", deployment, "the status of the weight sync", status=str(crashes))
        return
    if replicas is None:
        yield _finding("FWP414", deployment, "replicas")
        return
    if not replicas:
        if deployment.state == "READY":
            yield _finding("FWP406", deployment, "replicas")
        return
    ready = deployment.replicas.ready
    if ready is not None and len(replicas) < ready:
        numbers = {"ready": str(ready), "reporting": str(len(replicas))}
        yield _finding("FWP407", deployment, "replicas, replicaStats.readyReplicaCount", **numbers)
    yield from _differences(deployment, replicas)
    newest = _newest(checkpoints)
    for replica in replicas:
        yield from _loading(deployment, replica, newest)
    if job is not None and checkpoints is not None:
        yield from _against(deployment, job, replicas, checkpoints)


def served(replica: Replica) -> str | None:
    """What a replica serves: its snapshot, or an adapter that it has loaded."""
    loaded = [name for name, status in replica.adapters.items() if status == "loaded"]
    return replica.current or (loaded[-1] if loaded else None)


def _differences(deployment: Deployment, replicas: Sequence[Replica]) -> Iterator[Finding]:
    versions = {served(r) for r in replicas}
    if len(versions) > 1:
        numbers = {"count": str(len(replicas)), "versions": str(len(versions))}
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
    deployment: Deployment, job: Job, replicas: Sequence[Replica], checkpoints: Sequence[Checkpoint]
) -> Iterator[Finding]:
    """The replicas against what the trainer has saved."""
    samplers = sorted((c for c in checkpoints if c.is_sampler), key=_time)
    if not samplers or deployment.follows not in (None, job.id):
        return
    names = [c.id for c in samplers]
    currents = {served(r) for r in replicas}
    if currents == {None}:
        yield _finding("FWP412", deployment, "replicas[].current_snapshot_identity", job=job.id)
        return
    newest = names[-1]
    for current in sorted(c for c in currents if c is not None):
        if current not in names:
            evidence = "replicas[].current_snapshot_identity, checkpoints"
            yield _finding("FWP410", deployment, evidence, current=current, job=job.id)
        elif current != newest:
            behind = len(names) - 1 - names.index(current)
            severity = Severity.ERROR if behind > _FAR_BEHIND else None
            variables = {
                "current": current,
                "newest": newest,
                "behind": f"{behind} save{'s' * (behind != 1)}",
            }
            evidence = "replicas[].current_snapshot_identity, checkpoints"
            yield _finding("FWP401", deployment, evidence, severity, **variables)


def _newest(checkpoints: Sequence[Checkpoint] | None) -> Checkpoint | None:
    return max((c for c in checkpoints or () if c.is_sampler), key=_time, default=None)


def _time(checkpoint: Checkpoint) -> float:
    return checkpoint.created.timestamp() if checkpoint.created else 0.0


def _finding(
    rule: str,
    deployment: Deployment,
    evidence: str,
    severity: Severity | None = None,
    /,
    **variables: str,
) -> Finding:
    return rulebook()[rule].fill(
        {"deployment": deployment.id, **variables},
        severity=severity,
        resource=deployment.id,
        evidence=f"seen in: {evidence}",
    )
