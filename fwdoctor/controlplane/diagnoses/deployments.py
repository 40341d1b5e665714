"""FWP3xx: a deployment, and what it is attached to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from fwdoctor.controlplane.diagnoses.filled import of_deployment as _finding
from fwdoctor.controlplane.resources import (
    NAMELESS,
    Bucket,
    Checkpoint,
    Deployment,
    Job,
    ShapeVersion,
    last,
)
from fwdoctor.controlplane.states import JobState, Phase
from fwdoctor.controlplane.words import age, moment
from fwdoctor.finding import Finding
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.rulebook import rulebook

#: An update that takes longer does not come to an end by itself.
_LONG_UPDATE = timedelta(minutes=10)
_SERVING = frozenset({"READY", "UPDATING"})
#: A launch that fails on its way does so within minutes, and leaves both behind.
_LAUNCH = timedelta(minutes=30)
#: A run that works has saved something by then.
_NOTHING_DONE = timedelta(minutes=60)


@dataclass(frozen=True, slots=True)
class Attached:
    """The trainer job that a deployment follows; ``state`` None: it is not there any more."""

    id: str
    state: JobState | None


def diagnose(
    deployment: Deployment,
    account: str,
    now: datetime,
    *,
    job: Job | None = None,
    attached: Attached | None = None,
    has_weights: bool | None = None,
    shape: ShapeVersion | None = None,
    writers: Sequence[Job] | None = None,
    last_words: str | None = None,
) -> Iterator[Finding]:
    """What there is to say about a deployment. What is None was not read.

    ``job`` is the trainer that the user asks about, ``shape`` the version of the training shape that it runs
    on, ``attached`` the trainer whose weights the deployment takes, ``has_weights`` whether a replica has
    loaded a snapshot, ``writers`` are the jobs that write to its own bucket (PER_DEPLOYMENT). ``last_words``
    is what its serving container said when it died.
    """
    yield from _state(deployment, now, last_words)
    yield from _bucket(deployment, account)
    if job is not None:
        yield from _pair(deployment, job)
        yield from _shapes(deployment, shape)
    if attached is not None:
        yield from _outlived(deployment, attached)
    yield from _replicas(deployment)
    yield from _unused(deployment, attached, has_weights, writers)
    if deployment.addons and deployment.precision not in (None, "BF16", "PRECISION_UNSPECIFIED"):
        yield _finding("FWP320", deployment, "enableAddons, precision", precision=str(deployment.precision))
    if deployment.transition == "ASYNC" and deployment.follows and deployment.state in _SERVING:
        yield _finding("FWP321", deployment, "hotLoadTransitionType")


def _state(deployment: Deployment, now: datetime, last_words: str | None) -> Iterator[Finding]:
    if deployment.state == "FAILED":
        told = (deployment.status.message, last_words)
        reason = ": ".join(text for text in told if text) or deployment.status.code or "it does not say why"
        yield _finding("FWP308", deployment, "state, status, terminationMessage", reason=reason)
    if deployment.state == "DELETED" and deployment.purged is not None and deployment.purged > now:
        yield _finding("FWP314", deployment, "state, purgeTime", until=moment(deployment.purged))
    if deployment.state == "UPDATING" and deployment.updated is not None:
        since = now - deployment.updated
        if since > _LONG_UPDATE:
            said = last_message(last_words)
            yield _finding("FWP313", deployment, "state, updateTime", age=age(since), said=said)


def last_message(last_words: str | None) -> str:
    """What a container said when it died, as the end of a sentence."""
    return f'; its last message: "{last_words}"' if last_words else ""


def _bucket(deployment: Deployment, account: str) -> Iterator[Finding]:
    if deployment.bucket is None or deployment.bucket_type not in (None, "FW_HOSTED"):
        return
    bucket = Bucket.of(deployment.bucket)
    reason = None
    if not deployment.bucket.startswith("gs://"):
        reason = "not in Google Cloud Storage"
    elif bucket is None:
        reason = "not below rl-checkpoints/<account>/"
    elif bucket.account != account:
        reason = f"the bucket of the account {bucket.account}"
    if reason is not None:
        yield _finding("FWP306", deployment, "hotLoadBucketUrl", url=deployment.bucket, reason=reason)
    elif bucket and bucket.trainer and deployment.follows and deployment.follows != bucket.trainer:
        evidence = "hotLoadTrainerJob, hotLoadBucketUrl"
        yield _finding("FWP303", deployment, evidence, job=str(deployment.follows), other=bucket.trainer)


def _pair(deployment: Deployment, job: Job) -> Iterator[Finding]:
    if job.keyed_to == deployment.id and deployment.follows:
        evidence = "job.hotLoadDeploymentId, hotLoadTrainerJob"
        yield _finding("FWP304", deployment, evidence, job=job.id, other=deployment.follows)
    elif job.keyed_to and deployment.id not in (job.keyed_to, NAMELESS):
        yield _finding("FWP305", deployment, "job.hotLoadDeploymentId", job=job.id, other=job.keyed_to)
    if deployment.follows and (deployment.hot_load is False or _is_foreign(deployment)):
        reason = "enableHotLoad is false" if deployment.hot_load is False else f"{deployment.bucket_type}"
        yield _finding(
            "FWP307", deployment, "enableHotLoad, hotLoadBucketType", job=deployment.follows, reason=reason
        )
    if deployment.base_model and job.base_model and deployment.base_model != job.base_model:
        served, trained = last(deployment.base_model), last(job.base_model)
        yield _finding(
            "FWP315", deployment, "baseModel", served=served or "?", trained=trained or "?", job=job.id
        )
    if deployment.region and job.region and deployment.region != job.region:
        yield _finding("FWP317", deployment, "region", region=deployment.region, other=job.region, job=job.id)


def _shapes(deployment: Deployment, shape: ShapeVersion | None) -> Iterator[Finding]:
    """Whether a deployment has the shape that the training shape brings."""
    has = (deployment.shape or "").partition("/versions/")[0]
    wants = ((shape.deployment_shape if shape else None) or "").partition("/versions/")[0]
    if has and wants and has != wants:
        evidence = "deploymentShape, snapshot.deploymentShapeVersion"
        yield _finding("FWP316", deployment, evidence, shape=last(has) or has, wanted=last(wants) or wants)


def left_behind(
    deployment: Deployment,
    job: Job,
    now: datetime,
    *,
    checkpoints: Sequence[Checkpoint] | None,
    has_weights: bool | None,
) -> Finding | None:
    """The finding that a launch failed on its way and left trainer and deployment running."""
    if job.created is None or deployment.created is None or not job.state.is_alive:
        return None
    if checkpoints is None or checkpoints or has_weights is not False or deployment.state not in _SERVING:
        return None
    together = abs(deployment.created - job.created) < _LAUNCH
    if not together or now - job.created < _NOTHING_DONE:
        return None
    evidence = "createTime of both, checkpoints, replicas[].current_snapshot_identity"
    since = age(now - job.created)
    return _finding("FWP323", deployment, evidence, job=job.id, age=since, gpus=_gpus(deployment))


def _is_foreign(deployment: Deployment) -> bool:
    return deployment.bucket_type not in (None, "FW_HOSTED", "BUCKET_TYPE_UNSPECIFIED")


def stale_attachment(deployment: Deployment, job: Job, attached: Attached | None) -> Finding | None:
    """The finding that a deployment, which is to serve a job's weights, follows another one."""
    # A row that does not tell its id may be the very one.
    if not deployment.follows or job.id in (deployment.follows, NAMELESS):
        return None
    state = "its state was not read"
    if attached is not None and attached.id == deployment.follows:
        state = attached.state.short if attached.state else "not there any more"
    return _finding(
        "FWP301", deployment, "hotLoadTrainerJob", job=job.id, other=deployment.follows, state=state
    )


def _is_over(state: JobState | None) -> bool:
    """Whether a job works no more; None is one that is not there."""
    return state is None or state.phase in (Phase.STOPPED, Phase.ENDED, Phase.TOMBSTONE)


def _outlived(deployment: Deployment, attached: Attached) -> Iterator[Finding]:
    if deployment.state not in _SERVING or not _holds(deployment):
        return
    state = attached.state
    if _is_over(state):
        told = "not there any more" if state is None else state.short
        yield _finding(
            "FWP302",
            deployment,
            "hotLoadTrainerJob, job.state",
            job=attached.id,
            state=told,
            gpus=_gpus(deployment),
        )


def _replicas(deployment: Deployment) -> Iterator[Finding]:
    counts = deployment.replicas
    if deployment.state not in (*_SERVING, "CREATING"):
        return
    if counts.minimum == 0 and counts.maximum and counts.ready == 0 and counts.wanted in (0, None):
        yield _finding("FWP311", deployment, "minReplicaCount, maxReplicaCount, replicaStats")
        return
    if counts.wanted and counts.ready is not None and counts.ready < counts.wanted:
        if counts.waiting:
            numbers = {"waiting": str(counts.waiting), "wanted": str(counts.wanted)}
            yield _finding("FWP309", deployment, "desiredReplicaCount, replicaStats", **numbers)
        elif counts.starting:
            numbers = {"ready": str(counts.ready), "wanted": str(counts.wanted)}
            yield _finding("FWP310", deployment, "desiredReplicaCount, replicaStats", **numbers)
    if deployment.preemptible or counts.revocable:
        yield _finding("FWP318", deployment, "preemptible, replicaStats.revocableReplicaCount")


def _unused(
    deployment: Deployment,
    attached: Attached | None,
    has_weights: bool | None,
    writers: Sequence[Job] | None,
) -> Iterator[Finding]:
    """A deployment for weights that never got any, and has nobody left to get them from."""
    counts = deployment.replicas
    fixed = counts.minimum is not None and counts.minimum == counts.maximum and counts.minimum > 0
    if not fixed or has_weights is not False or deployment.state not in _SERVING:
        return
    if deployment.trainer is not None:
        alone = attached is not None and _is_over(attached.state)
    else:
        alone = writers is not None and all(_is_over(job.state) for job in writers)
    # One that outlived its trainer is told as that.
    if alone and not any(_outlived(deployment, attached) if attached else ()):
        evidence = (
            "minReplicaCount, maxReplicaCount, current_snapshot_identity, hotLoadDeploymentId of all jobs"
        )
        yield _finding("FWP312", deployment, evidence, replicas=str(counts.minimum))


def _holds(deployment: Deployment) -> bool:
    counts = deployment.replicas
    return any(c for c in (counts.minimum, counts.ready, counts.wanted))


def _gpus(deployment: Deployment) -> str:
    replicas = deployment.replicas.ready or deployment.replicas.wanted or deployment.replicas.minimum or 0
    if not deployment.accelerators:
        return f"{replicas} replica{'s' if replicas != 1 else ''}"
    kind = f" {deployment.accelerator}" if deployment.accelerator else ""
    total = replicas * deployment.accelerators
    return f"{total}{kind} GPU{'s' if total != 1 else ''}"


def only_reader(job: Job, deployments: Sequence[Deployment]) -> Iterator[Finding]:
    """Deployments that wait for the weights of a trainer which writes to another one's bucket."""
    if not job.keyed_to:
        return
    for other in deployments:
        if other.id not in (job.keyed_to, NAMELESS) and other.follows == job.id:
            variables = {"job": job.id, "deployment": job.keyed_to, "other": other.id}
            yield rulebook()["FWP319"].fill(
                variables, resource=other.id, evidence="job.hotLoadDeploymentId, hotLoadTrainerJob"
            )
