"""The audit log: what each change of a resource leaves behind."""

from __future__ import annotations

import datetime as dt
import re

from .clock import stamp
from .wire import Json, Request

_VERBS = {"POST": "Create", "PATCH": "Update", "DELETE": "Delete"}
_KINDS = {"rlorTrainerJobs": "RlorTrainerJob", "deployments": "Deployment", "checkpoints": "Checkpoint"}
_PATH = re.compile(r"/v1/(accounts/[^/]+/(\w+)(?:/[^/:]+)?)(?::(\w+))?")
#: Where a created thing's id stands.
_IDS = {"rlorTrainerJobs": "rlorTrainerJobId", "deployments": "deploymentId"}


def entry(request: Request, status: int, account: str, now: dt.datetime) -> Json | None:
    """The log's row for a request; None if it changes nothing that is logged."""
    match = _PATH.fullmatch(request.path)
    if match is None or request.method not in _VERBS or match[2] not in _KINDS:
        return None
    resource, kind, verb = match.groups()
    if resource.endswith(f"/{kind}"):
        resource += "/" + request.query.get(_IDS.get(kind, ""), "")
    word = verb[0].upper() + verb[1:] if verb else _VERBS[request.method]
    good = status < 400
    return {
        "timestamp": stamp(now),
        "method": f"{word}{_KINDS[kind]}",
        "resource": resource,
        "principal": f"owner@{account}.test",
        "message": "" if good else "refused",
        "status": {"code": "OK" if good else "FAILED_PRECONDITION", "message": ""},
    }
