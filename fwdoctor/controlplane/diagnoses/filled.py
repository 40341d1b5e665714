"""The findings of probes, filled in: about a job, a deployment, or anything else."""

from __future__ import annotations

from fwdoctor.controlplane.resources import Deployment, Job
from fwdoctor.finding import Finding, Severity
from fwdoctor.rulebook import rulebook


def of(
    rule: str, resource: str, evidence: str, severity: Severity | None = None, /, **variables: str
) -> Finding:
    """The finding of a rule about a resource; ``severity`` where it is not the rule's own."""
    return rulebook()[rule].fill(variables, severity=severity, resource=resource, evidence=evidence)


def of_job(
    rule: str, job: Job, evidence: str, severity: Severity | None = None, /, **variables: str
) -> Finding:
    """The same about a trainer job, which its words call ``job``."""
    return of(rule, job.id, evidence, severity, **{"job": job.id, **variables})


def of_deployment(
    rule: str, deployment: Deployment, evidence: str, severity: Severity | None = None, /, **variables: str
) -> Finding:
    """The same about a deployment, which its words call ``deployment``."""
    return of(rule, deployment.id, evidence, severity, **{"deployment": deployment.id, **variables})
