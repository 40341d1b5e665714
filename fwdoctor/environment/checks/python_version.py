"""The interpreter against what the cookbook requires of Python."""

from __future__ import annotations

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from fwdoctor.environment.checks import outcome
from fwdoctor.environment.facts import Facts
from fwdoctor.environment.reading import shown
from fwdoctor.finding import CheckOutcome, CheckStatus
from fwdoctor.rulebook import rulebook

SECTION = "python"
ORDER = 10

#: What the SDK's training client asks of Python: its extra is empty below, and it refuses to be imported.
TRAINING_PYTHON = SpecifierSet(">=3.11")


def check(facts: Facts) -> CheckOutcome:
    """Compare the interpreter's version with the cookbook's requires-python."""
    interpreter = facts.interpreter
    if interpreter.version is None:
        reason = f"nothing in {shown(interpreter.prefix)} tells which Python it is"
        return CheckOutcome(SECTION, CheckStatus.SKIPPED, reason)
    cookbook = facts.cookbook
    if cookbook and cookbook.requires_python is not None:
        required, source = cookbook.requires_python, f"{cookbook.label}, {shown(cookbook.file)}"
        detail = interpreter.label
    else:
        required, source = TRAINING_PYTHON, "the SDK's training client"
        lacks = f"{cookbook.label} is only named" if cookbook else "no cookbook found"
        detail = f"{interpreter.label}; {lacks}, compared with {required} of {source}"
    # "3.11" stands for some 3.11.x: the patch level is not known, and must not fail ">=3.11.4".
    exact = len(interpreter.version.release) > 2
    version = interpreter.version if exact else Version(f"{interpreter.version}.99")
    if required.contains(version, prereleases=True):
        return outcome(SECTION, detail)
    finding = rulebook()["FWS101"].finding(
        resource=shown(interpreter.prefix),
        evidence=f"requires-python {required} ({source})",
        version=str(interpreter.version),
        interpreter=f"{shown(interpreter.prefix)}, {interpreter.choice}",
        required=str(required),
        source=source,
        create=facts.installer.create_environment(_lowest(required)),
    )
    return outcome(SECTION, detail, [finding])


def _lowest(required: SpecifierSet) -> Version:
    lows = [Version(s.version) for s in required if s.operator in (">=", "~=", "==") and "*" not in s.version]
    return max(lows, default=Version("3.11"))  # any that the training client takes
