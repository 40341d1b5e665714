"""FWP5xx: a training shape, for a model, a way of training and a context length."""

from __future__ import annotations

from collections.abc import Iterator

from fwdoctor.controlplane.diagnoses.filled import of
from fwdoctor.controlplane.resources import Model, ShapeVersion, last
from fwdoctor.finding import Finding, Severity
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.rulebook import rulebook

#: Contexts come in steps of so many tokens.
_STEP = 16
_MODES = {
    "POLICY_TRAINER": "training all parameters",
    "LORA_TRAINER": "LoRA",
    "FORWARD_ONLY": "computing references",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be trained; None is anything."""

    base_model: str | None = None
    lora_rank: int | None = None
    reference: bool = False
    context: int | None = None


def diagnose(
    name: str,
    latest: ShapeVersion | None,
    pinned: ShapeVersion | None = None,
    wanted: Wanted | None = None,
    *,
    serving_validated: bool | None = None,
) -> Iterator[Finding]:
    """What there is to say about a shape that is there.

    ``name`` is the shape's, ``latest`` its newest validated version (None: there is none), ``pinned`` the
    version that was asked for, ``serving_validated`` whether the deployment shape that it names is validated.
    """
    if latest is None:
        yield _finding("FWP501", name, "versions[].latestValidated")
    if pinned is not None and latest is not None and pinned.version != latest.version:
        # An older one that is validated can be launched all the same.
        severity = Severity.ERROR if pinned.validated is False else Severity.INFO
        yield _finding("FWP502", name, "versions[]", severity, version=pinned.version, latest=latest.version)
    meant = pinned or latest
    if meant is None:
        return
    trains = meant.mode in ("POLICY_TRAINER", "LORA_TRAINER")
    if trains and (meant.deployment_shape == "" or serving_validated is False):
        yield _finding("FWP506", name, "snapshot.deploymentShapeVersion")
    if wanted is not None:
        yield from _against(name, meant, wanted)


def _against(name: str, version: ShapeVersion, wanted: Wanted) -> Iterator[Finding]:
    mode = version.mode
    if mode in _MODES and (wanted.reference or wanted.lora_rank is not None):
        fits = _fitting(wanted)
        if mode not in fits:
            asked = _MODES["FORWARD_ONLY"] if wanted.reference else _MODES[fits[0]]
            yield _finding("FWP504", name, "snapshot.trainerMode", mode=_MODES[mode], wanted=asked)
    if (
        wanted.context is not None
        and version.context is not None
        and _is_refused(wanted.context, version.context)
    ):
        evidence = "snapshot.maxSupportedContextLength"
        variables = {"context": str(wanted.context), "limit": str(version.context)}
        yield _finding("FWP505", name, evidence, **variables)
    if wanted.base_model and version.base_model and last(wanted.base_model) != last(version.base_model):
        model, asked = last(version.base_model) or "?", last(wanted.base_model) or "?"
        yield _finding("FWP507", name, "snapshot.baseModel", model=model, wanted=asked)


def diagnose_model(model: Model | None, wanted: Wanted) -> Iterator[Finding]:
    """Whether a base model can be trained as wanted, by its own record (None: not read)."""
    if model is None:
        return
    reason = None
    if model.tunable is False:
        reason = "it is not tunable"
    elif wanted.lora_rank and model.supports_lora is False:
        reason = "it does not support LoRA"
    elif model.state not in (None, "READY", "STATE_UNSPECIFIED"):
        reason = f"its state is {model.state}"
    if reason is not None:
        evidence = "tunable, supportsLora, state"
        yield rulebook()["FWP508"].fill(
            {"model": model.id, "reason": reason}, resource=model.id, evidence=evidence
        )


def _is_refused(context: int, limit: int) -> bool:
    return context > limit or context % _STEP != 0


def _fitting(wanted: Wanted) -> tuple[str, ...]:
    """The modes that are right; a LoRA trainer computes references as well."""
    if wanted.reference:
        return ("FORWARD_ONLY", "LORA_TRAINER")
    return ("LORA_TRAINER",) if wanted.lora_rank else ("POLICY_TRAINER",)


def _finding(
    rule: str, name: str, evidence: str, severity: Severity | None = None, /, **variables: str
) -> Finding:
    shape = last(name) or name
    return of(rule, shape, evidence, severity, **{"shape": shape, **variables})
