"""FWD206: a bucket address that the server cannot accept."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from fwdoctor.finding import Applicability, Remedy, Severity, Side
from fwdoctor.lint.file import HOLE, UNKNOWN, File, Hit
from fwdoctor.rulebook import Rule

from fwdoctor_rules.lint._hot_load import deployments

RULE = Rule(
    id="FWD206",
    name="hot-load-bucket-url-malformed",
    severity=Severity.ERROR,
    side=Side.USER,
    message="hot_load_bucket_url is not of the form gs://<bucket>/rl-checkpoints/<account>/...",
    why="The server checks the address of a bucket of type FW_HOSTED when the deployment is created or changed, "
    "and refuses it.",
    remedy=(
        Remedy("Leave it out and set hot_load_trainer_job: the deployment then reads the trainer's bucket."),
        Remedy("A bucket of your own needs its hot_load_bucket_type: S3, MINIO or NEBIUS."),
    ),
    applicability=Applicability.MANUAL,
    source="the server's answers, as the vendor's skill fireworks-training lists them",
    bad=(
        """
from fireworks.training.sdk import DeploymentManager

manager = DeploymentManager(api_key="...")
manager.update(
    "serving", body={«"hotLoadBucketUrl"»: "gs://bucket/checkpoints"}, update_mask="hot_load_bucket_url"
)
""",
        """
import os

from fireworks import Fireworks

client = Fireworks()
client.deployments.create(
    base_model="accounts/fireworks/models/qwen3-8b",
    hot_load_bucket_type="FW_HOSTED",
    «hot_load_bucket_url=f"gs://bucket/checkpoints/{os.environ['ACCOUNT']}/serving"»,
)
""",
    ),
    good=(
        """
import os

from fireworks import Fireworks

client = Fireworks()
client.deployments.create(
    base_model="accounts/fireworks/models/qwen3-8b",
    hot_load_bucket_url=f"gs://{os.environ['BUCKET']}/rl-checkpoints/{os.environ['ACCOUNT']}/serving",
)
""",
        """
from fireworks import Fireworks

client = Fireworks()
client.deployments.create(
    base_model="accounts/fireworks/models/qwen3-8b",
    hot_load_bucket_type="S3",
    hot_load_bucket_url="s3://bucket/checkpoints",
)
client.deployments.update("serving", hot_load_bucket_url="s3://bucket/other")
""",
    ),
)

_FORM = re.compile(r"gs://[^/]+/rl-checkpoints/[^/]+/.*", re.DOTALL)
_HOSTED = "FW_HOSTED"


def check(file: File) -> Iterator[Hit]:
    """Addresses of buckets of Fireworks whose known beginning contradicts the form."""
    if file.is_test or not (file.is_used("hot_load_bucket_url") or file.is_used("hotLoadBucketUrl")):
        return
    for body, is_change in deployments(file):
        url, kind = body.get("hot_load_bucket_url"), body.get("hot_load_bucket_type")
        text = file.text(url.value) if url else None
        if not url or not text or _may_fit(text):
            continue
        # A deployment that is changed has a type already; only that of gs:// is certain.
        if _is_hosted(file, kind.value) if kind else not is_change or text.startswith("gs://"):
            yield Hit(url.node)


def _is_hosted(file: File, kind: ast.expr) -> bool:
    return file.value(kind) is not UNKNOWN and file.value(kind) in (None, _HOSTED)


def _may_fit(text: str) -> bool:
    """Whether an address is of the form, or may be once its holes are filled."""
    if HOLE not in text:
        return _FORM.fullmatch(text) is not None
    known = text.partition(HOLE)[0]
    # Whatever fills the hole, these parts stay as they are.
    scheme = "gs://"
    if not known.startswith(scheme):
        return scheme.startswith(known)
    parts = known.removeprefix(scheme).split("/")
    folder = "rl-checkpoints"
    if len(parts) == 2:
        return bool(parts[0]) and folder.startswith(parts[1])
    return len(parts) < 2 or (bool(parts[0]) and parts[1] == folder)
