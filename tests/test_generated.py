"""What is generated is up to date, and the skill's references exist."""

import re
import subprocess
import sys
from pathlib import Path

import fwdoctor

ROOT = Path(__file__).parents[1]
SKILL = ROOT / "skills" / "fireworks-doctor"


def test_generated_files_are_up_to_date() -> None:
    command = [sys.executable, "scripts/generate.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_skill_is_stamped_with_the_version_and_short() -> None:
    text = (SKILL / "SKILL.md").read_text("utf-8")
    assert f'version: "{fwdoctor.__version__}"' in text
    assert len(text.splitlines()) <= 120
    description = re.search(r"^description: (.*)$", text, re.MULTILINE)
    assert description is not None
    assert len(description[1]) <= 400


def test_links_in_documents_lead_somewhere() -> None:
    for path in (ROOT / "README.md", *SKILL.rglob("*.md"), *(ROOT / "docs").glob("*.md")):
        for link in re.findall(r"\]\(([^)#:]+)\)", path.read_text("utf-8")):
            assert (path.parent / link).exists(), f"{path.name}: {link}"


def test_rules_named_in_the_skill_exist() -> None:
    from fwdoctor.explain.catalogue import catalogue
    from fwdoctor.rulebook import rulebook

    known = rulebook().keys() | {entry.rule.id for entry in catalogue().values()}
    for path in SKILL.rglob("*.md"):
        for rule in re.findall(r"\b(FW[A-Z]\d{3})\b", path.read_text("utf-8")):
            assert rule in known, f"{path.name}: {rule}"
