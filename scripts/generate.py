"""Writes what is derived from the code and the rules, or checks that it is up to date.

    python scripts/generate.py            write
    python scripts/generate.py --check    exit with 1 if anything is out of date

Generated: the JSON schema of the output, the catalogue of errors without its examples, the configuration for
ruff, the manifests of the plugin, the tables in README, the docs and the skill, and the version that the
skill names.
"""

from __future__ import annotations

import argparse
import functools
import inspect
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from fwdoctor import __version__
from fwdoctor import rulebook as rules
from fwdoctor.controlplane.states import job_states
from fwdoctor.explain.catalogue import COMPILED, catalogue, compiled
from fwdoctor.lint import ruff_config
from fwdoctor.moves import moves, provisioning
from fwdoctor.reporters.document import Document
from fwdoctor.reporters.rule_page import page
from fwdoctor.rulebook import Rule, rulebook
from fwdoctor.skill.agents import agents
from fwdoctor.surface import timeline

ROOT = Path(__file__).parents[1]
BEGIN = "<!-- generated: {} -->"
END = "<!-- end of generated -->"


def schema() -> str:
    """The JSON schema of every command's output."""
    (ref,), components = msgspec.json.schema_components([Document])
    data: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Output of fwdoctor",
        **ref,
        "$defs": components,
    }
    for shape in components.values():
        if "description" in shape:  # Python 3.13 takes the indentation away, those before it do not
            shape["description"] = inspect.cleandoc(shape["description"])
    return json.dumps(data, indent=2, sort_keys=True) + "\n"


#: The pages of rules, one each.
PAGES = ROOT / "docs" / "rules"


def rules_table() -> str:
    """Every rule, a row each, with the way to its page."""
    rows = ["| rule | name | severity | fix | what it says |", "|---|---|---|---|---|"]
    rows += [_row(rulebook()[r]) for r in rulebook()]
    return "\n".join(rows)


def _row(rule: Rule) -> str:
    message = re.sub(r"\{([a-z_]+)\}", r"‹\1›", rule.message).replace("|", "\\|")
    fix = rule.applicability or "-"
    return f"| [{rule.id}]({rule.id}.md) | {rule.name} | {rule.severity} | {fix} | {message} |"


def errors_table() -> str:
    """Every class of errors, a row each."""
    sides = {"user": "you", "platform": "Fireworks", "nobody": "nobody", "unknown": "not clear"}
    rows = ["| class | name | who acts | what happened |", "|---|---|---|---|"]
    for entry in catalogue().values():
        rule = entry.rule
        message = re.sub(r"\{([a-z_]+)\}", r"‹\1›", rule.message).replace("|", "\\|")
        rows.append(f"| {rule.id} | {rule.name} | {sides[rule.side]} | {message} |")
    return "\n".join(rows)


#: What the hundreds of the classes of errors, and the families of rules, are about.
FAMILIES = {
    "FWE0": "Data, configuration and examples",
    "FWE1": "Versions that do not go together",
    "FWE2": "Keys and accounts",
    "FWE3": "Quota, billing and what is enabled",
    "FWE4": "Shapes",
    "FWE5": "Trainer jobs",
    "FWE6": "Deployments",
    "FWE7": "Weight sync (hotload)",
    "FWE8": "Checkpoints and promotion",
    "FWE9": "Sampling and the training client",
    "FWS1": "check: Python",
    "FWS2": "check: the SDK against the pin",
    "FWS3": "check: companions and shadowing",
    "FWS4": "check: credentials",
    "FWS5": "check: the code against what is installed",
    "FWS6": "check: ruff",
    "FWS7": "check: the agent skill",
    "FWD0": "lint: comments that silence",
    "FWD1": "lint and migrate: old API",
    "FWD2": "lint: configuration",
    "FWD3": "lint: lifecycle",
    "FWP0": "probe: access",
    "FWP1": "probe: trainer jobs",
    "FWP2": "probe: checkpoints and promotion",
    "FWP3": "probe: deployments",
    "FWP4": "probe: weight sync",
    "FWP5": "probe: shapes",
    "FWP6": "probe: quota and sessions",
}


def by_family(rows: dict[str, str], head: tuple[str, str]) -> str:
    """A table of contents, and a section for each family of rules with its rows."""
    found: dict[str, list[str]] = {}
    for rule, row in rows.items():
        found.setdefault(FAMILIES.get(rule[:4], f"Other: {rule[:3]}"), []).append(row)
    contents = [f"- [{title}](#{anchor(title)})" for title in found]
    sections = ["\n".join([f"## {title}", "", *head, *table]) for title, table in found.items()]
    return "\n\n".join(["\n".join(contents), *sections])


def anchor(heading: str) -> str:
    """What a link to a heading of Markdown ends in."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def skill_errors() -> str:
    """Every class of errors for an agent: by family, with the reference that says more."""
    sides = {"user": "user", "platform": "Fireworks", "nobody": "nobody", "unknown": "unclear"}
    rows = {}
    for entry in catalogue().values():
        rule = entry.rule
        message = re.sub(r"\{([a-z_]+)\}", "…", rule.message).replace("|", "\\|")
        more = (rule.reference or "").removeprefix("references/")
        rows[rule.id] = f"| {rule.id} | {rule.name} | {sides[rule.side]} | {message} | [{more}]({more}) |"
    head = ("| class | name | who acts | what happened | more |", "|---|---|---|---|---|")
    return by_family(rows, head)


def skill_rules() -> str:
    """Every rule for an agent, by family: what ``fwdoctor rule`` takes."""
    rows = {}
    for r in rulebook().values():
        more = (r.reference or "").removeprefix("references/")
        rows[r.id] = f"| {r.id} | {r.name} | {r.severity} | {r.applicability or '-'} | [{more}]({more}) |"
    return by_family(rows, ("| rule | name | severity | fix | more |", "|---|---|---|---|---|"))


def states_table() -> str:
    """Every state of a trainer job, and what to do in it."""
    rows = ["| state | means | resume? | GPUs held? | what to do |", "|---|---|---|---|---|"]
    says = {True: "yes", False: "no", None: "unknown"}
    for state in job_states().values():
        answers = f"{says[state.resumable]} | {says[state.holds_gpus]}"
        rows.append(f"| {state.short} | {state.means} | {answers} | {state.next} |")
    return "\n".join(rows)


def moves_table() -> str:
    """Old keyword or field → its successor; the target decides whether it is written."""
    rows = ["| old | new |", "|---|---|"]
    for cls in moves().classes.values():
        name = cls.old.rpartition(".")[2]
        new = cls.new.rpartition(".")[2] if cls.new else "fields of the recipe's Config"
        rows.append(f"| `{name}(...)` | {f'`{new}(...)`' if cls.new else new} |")
        target = f"{new}." if cls.new else "Config."
        rows += [f"| `{name}.{old}` | `{target}{field}` |" for old, field in cls.fields.items()]
    for where, table in (("Config", moves().config), ("main", moves().main)):
        for move in table.values():
            old = f"`{where}({move.old}=...)`"
            match move.how:
                case "rename":
                    new = f"`{where}({move.new}=...)`"
                case "flatten":
                    new = "its fields, one by one"
                case "into":
                    new = f"`{where}({move.into}=TrainerConfig({move.new}=...))`"
                case "config":
                    new = f"`Config({move.new}=...)` where the target has it"
                case "manager":
                    new = "nothing: recipes build their own"
                case _:
                    new = "left for you, marked"
            rows.append(f"| {old} | {new} |")
    known = provisioning()
    rows += [f"| `{old}` | {new} |" for old, new in known.words.items()]
    rows += [f"| `infra.{old}` | `{new.format(service='service')}` |" for old, new in known.bundle.items()]
    return "\n".join(rows)


def targets_table() -> str:
    """The stored versions that --target takes by name, and how many there are beside these."""
    line = timeline.cookbook()
    rows = ["| name | commit | date | SDK pin |", "|---|---|---|---|"]
    for name in timeline.names():
        version = line.find(name)
        pin = f"`{version.sdk_pin}`" if version.sdk_pin else "-"
        tag = f", `{version.tag}`" if version.tag else ""
        rows.append(f"| `{name}`{tag} | `{version.id}` | {version.date} | {pin} |")
    sdk = timeline.sdk()
    rows.append("")
    rows.append(
        f"Stored are {len(line.versions)} commits of the cookbook ({line.versions[0].date} to "
        f"{line.newest.date}) with {len(line.states)} different surfaces, and {len(sdk.versions)} "
        f"releases of the SDK ({sdk.versions[0].number} to {sdk.newest.number})."
    )
    return "\n".join(rows)


#: The commands whose true output README shows.
SHOWN = (
    "fwdoctor check tests/fixtures/old_project --python tests/fixtures/stale_venv",
    "fwdoctor migrate --diff --target latest tests/fixtures/old_project",
    "fwdoctor migrate --check --target june --output-format concise tests/fixtures/old_project",
    "fwdoctor lint --target latest tests/fixtures/lint_project",
    "fwdoctor lint --target latest --statistics tests/fixtures/old_project",
    "fwdoctor surface fit tests/fixtures/old_project",
    "fwdoctor surface diff 1311b610^ latest --used-by tests/fixtures/june_project",
    "fwdoctor surface show TrainerConfig.pending_timeout_s",
    "fwdoctor rule FWD106",
    "fwdoctor explain tests/fixtures/failed_run.log",
    (
        "python -m tests.fake_control_plane --scenario crossed-scopes -- fwdoctor check "
        "--log tests/fixtures/crossed_project/run.log --job my-trainer "
        "tests/fixtures/crossed_project --python tests/fixtures/stale_venv"
    ),
    "python -m tests.fake_control_plane --scenario unreachable -- fwdoctor probe job my-trainer",
    "python -m tests.fake_control_plane --scenario stale-attachment -- fwdoctor probe account",
)


@functools.cache
def commands() -> str:
    """Each command with what it prints and its exit status, run in an environment of its own."""
    parts = []
    for line in SHOWN:
        # Both are of the Python that runs this, whatever else is on the way to a command.
        modules = {"fwdoctor": [sys.executable, "-m", "fwdoctor"], "python": [sys.executable]}
        words = [part for word in shlex.split(line) for part in modules.get(word, [word])]
        # Without the home folder: what somebody installed there is nobody else's.
        kept = {k: v for k, v in os.environ.items() if k in ("PATH", "SYSTEMROOT")}
        environ = kept | {"PYTHONIOENCODING": "utf-8", "PYTHONPATH": os.pathsep.join(sys.path[1:])}
        done = subprocess.run(
            words, cwd=ROOT, env=environ, capture_output=True, encoding="utf-8", check=False
        )
        if done.returncode == 2 or done.stderr:
            raise SystemExit(f"{line}: {done.stderr}")
        parts.append(f"```console\n$ {line}\n{done.stdout.rstrip()}\n```\n\nExit status {done.returncode}.")
    return "\n\n".join(parts)


def agents_table() -> str:
    """Every agent that the skill is installed for, and its folders."""
    rows = ["| `--agent` | agent | in the project | for the user | says |", "|---|---|---|---|---|"]
    for agent in agents():
        moved = agent.moved_by and agent.user.startswith(f"{agent.moved_folder}/")
        user = f"`~/{agent.user}`" + (f" (or below `{agent.moved_by}`)" if moved else "")
        says = f"[its documentation]({agent.source})"
        rows.append(f"| `{agent.name}` | {agent.title} | `{agent.project}` | {user} | {says} |")
    return "\n".join(rows)


#: What the plugin says of itself, beside what the package says.
_PLUGIN = (
    "Diagnose and migrate training code for Fireworks AI: the fireworks-doctor skill. Needs the fwdoctor "
    "command (pip install fwdoctor)."
)


def manifests() -> dict[Path, str]:
    """The files by which the repository is a plugin of Claude Code, and a marketplace of that plugin."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    author = project["authors"][0]
    plugin = {
        "name": project["name"],
        "version": __version__,
        "description": _PLUGIN,
        "author": author,
        "license": project["license"],
        "keywords": project["keywords"],
    }
    # The version stands in the plugin's own file alone.
    entry = {"name": project["name"], "source": "./", "description": _PLUGIN, "category": "development"}
    marketplace = {
        "name": project["name"],
        "owner": author,
        "description": project["description"],
        "plugins": [entry],
    }
    folder = ROOT / ".claude-plugin"
    return {
        folder / "plugin.json": json.dumps(plugin, indent=2) + "\n",
        folder / "marketplace.json": json.dumps(marketplace, indent=2) + "\n",
    }


TABLES: dict[str, Callable[[], str]] = {
    "rules": rules_table,
    "errors": errors_table,
    "moves": moves_table,
    "targets": targets_table,
    "commands": commands,
    "skill errors": skill_errors,
    "skill rules": skill_rules,
    "states": states_table,
    "agents": agents_table,
}
SKILL = ROOT / "skills" / "fireworks-doctor" / "SKILL.md"


def outputs() -> dict[Path, str]:
    """Every generated file and what it must hold."""
    result = {
        ROOT / "docs" / "schema" / "output.json": schema(),
        ROOT / "rules" / "ruff.toml": ruff_config.fragment(),
        COMPILED: compiled(COMPILED.parent),
        rules.COMPILED: rules.compiled(),
        timeline.GOES_WITH: timeline.goes_with(),
    }
    result |= manifests()
    result |= {PAGES / f"{rule.id}.md": page(rule) for rule in rulebook().values()}
    for path in (
        ROOT / "README.md",
        PAGES / "README.md",
        *sorted((ROOT / "docs").glob("*.md")),
        *sorted((ROOT / "skills").rglob("*.md")),
    ):
        text = path.read_text("utf-8")
        new = text
        for name, make in TABLES.items():
            begin = BEGIN.format(name)
            pattern = re.compile(re.escape(begin) + r"\n.*?" + re.escape(END), re.DOTALL)
            new = pattern.sub(lambda _, b=begin, m=make: f"{b}\n{m()}\n{END}", new)  # type: ignore[misc]
        if BEGIN.split("{", maxsplit=1)[0] in text:
            result[path] = new
    result[SKILL] = re.sub(
        r'(?m)^(  version: )".*"$', rf'\g<1>"{__version__}"', result.get(SKILL, SKILL.read_text("utf-8"))
    )
    return result


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail if something is out of date"
    )
    options = parser.parse_args()
    stale = []
    if not options.check and rules.COMPILED.read_text("utf-8") != (text := rules.compiled()):
        # Pages and tables are made from what the commands read: that comes first.
        rules.COMPILED.write_text(text, "utf-8")
        rules.rulebook.cache_clear()
        stale.append(rules.COMPILED.relative_to(ROOT))
    wanted = outputs()
    for path in PAGES.glob("FW*.md"):
        if path not in wanted:  # a rule that is gone
            stale.append(path.relative_to(ROOT))
            if not options.check:
                path.unlink()
    for path, text in wanted.items():
        if not path.exists() or path.read_text("utf-8") != text:
            stale.append(path.relative_to(ROOT))
            if not options.check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, "utf-8")
    for name in stale:
        print(f"{name}: {'out of date; run python scripts/generate.py' if options.check else 'written'}")
    if not stale:
        print("everything generated is up to date")
    return 1 if stale and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
