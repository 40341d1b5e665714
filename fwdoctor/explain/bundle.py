"""What support needs to know, redacted, for the user to read and send."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable
from pathlib import Path

from fwdoctor import __version__
from fwdoctor.environment.facts import Facts
from fwdoctor.explain.run import Explained
from fwdoctor.finding import Finding
from fwdoctor.redact import redact_log

_MOST = 20
#: Ids that support can look up, by what they are; times are those that show UTC.
_IDS = {
    "trainer jobs": re.compile(r"rlorTrainerJobs/([a-z0-9-]+)"),
    "deployments": re.compile(r"deployments/([a-z0-9-]+)"),
    "accounts": re.compile(r"accounts/([a-z0-9-]+)/"),
    "request ids": re.compile(r"request[_-]?id['\"]?\s*[=:]\s*['\"]?([\w-]{6,})", re.IGNORECASE),
    "times (UTC)": re.compile(r"\b(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)"),
}


def bundle(result: Explained, facts: Facts | None) -> str:
    """The text of a bundle: versions, ids, times and evidence. No error reason is derived from words."""
    lines = ["# What happened", "", "(say in a sentence what you ran and what you expected)", ""]
    lines += ["# Versions", "", f"fwdoctor {__version__}", f"system {platform.system()} {platform.machine()}"]
    lines += _versions(facts)
    lines += ["", "# Ids and times", ""]
    texts = [t for f in result.findings for t in (f.evidence, *f.variables.values()) if t]
    texts += [group.example for _, group in result.groups[:_MOST]]
    lines += _ids(texts) or ["none stand in the evidence: add the trainer job's id and the time in UTC"]
    lines += ["", "# Evidence", ""]
    for finding in result.findings:
        lines += _evidence(finding)
    for path, group in result.groups[:_MOST]:
        lines += [f"unknown, {group.count} ×, {path}:{group.first}", f"    {group.example}", ""]
    lines += [
        "# How this was made",
        "",
        f"fwdoctor read {result.lines:,} lines. Secrets are hidden; read it all the same.",
    ]
    return redact_log("\n".join(lines)) + "\n"


def _versions(facts: Facts | None) -> list[str]:
    if facts is None:
        return ["python and SDK: not looked at"]
    sdk = facts.sdk
    pin = f"{facts.pin.requirement}" if facts.pin is not None else "none found"
    return [
        f"python {facts.interpreter.version or 'unknown'}",
        f"fireworks-ai {sdk.version if sdk is not None else 'not installed'}",
        f"the cookbook's pin: {pin}",
    ]


def _ids(texts: Iterable[str]) -> list[str]:
    texts = list(texts)
    found = []
    for name, pattern in _IDS.items():
        values = dict.fromkeys(v for text in texts for v in pattern.findall(text))
        if values:
            found.append(f"{name}: {', '.join(list(values)[:_MOST])}")
    return found


def _evidence(finding: Finding) -> list[str]:
    how = {"text": "by its wording alone", "status": "by its HTTP status", "reason": "by the reason it gives"}
    count = f", {finding.count} ×" if finding.count > 1 else ""
    rows = [f"    {row}" for row in (finding.evidence or "").splitlines()]
    return [
        f"{finding.name} ({how.get(finding.matched_by or '', 'unknown')}){count}, {finding.location}",
        *rows,
        "",
    ]


def write(path: str, text: str) -> None:
    """Write the bundle; a file that is there is not overwritten.

    Raises:
        FileExistsError, OSError: it cannot be written.
    """
    with Path(path).open("x", encoding="utf-8") as file:
        try:
            file.write(text)
            file.flush()
        except OSError:
            Path(path).unlink(missing_ok=True)  # half a bundle is none
            raise
