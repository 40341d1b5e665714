"""The configuration for ruff, with the real ruff."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import fwdoctor_rules
import pytest

from fwdoctor.environment.reading import Reader
from fwdoctor.environment.ruff_settings import chain, nearest
from fwdoctor.lint import ruff_config
from fwdoctor.lint.ruff_config import entries, fragment
from fwdoctor.moves import moves, removed
from fwdoctor.surface import timeline
from fwdoctor.surface.essence import is_private
from fwdoctor.surface.lookup import search_ever
from fwdoctor.surface.model import MISSING, Surface
from fwdoctor.surface.timeline import Timeline
from tests.lint.running import ruff, write

TARGETS = ("march", "may", "june", "july", "latest")


def statement(path: str) -> str:
    module, _, name = path.rpartition(".")
    return f"from {module} import {name}"


def line_of(path: str) -> Timeline:
    return timeline.sdk() if path.startswith("fireworks.") else timeline.cookbook()


def surface_of(path: str, target: str) -> Surface:
    version = timeline.cookbook().find(target)
    if path.startswith("fireworks."):
        return timeline.sdk().surface(timeline.releases_for(version)[-1])
    return timeline.cookbook().surface(version)


# --- which names --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("training.utils.InfraConfig", "replaced; now TrainerConfig"),
        ("training.utils.config.InfraConfig", "replaced; now TrainerConfig"),
        (
            "training.recipes.rl_loop.InfraConfig",
            "gone since cookbook 517d206d (2026-06-01); now TrainerConfig",
        ),
        ("training.utils.WeightSyncConfig", "replaced; now fields of the recipe's Config"),
        (
            "training.utils.setup_infra",
            "now build_service_client(...), then service.create_training_client(...)",
        ),
        ("training.utils.infra.setup_infra", "now build_service_client("),
        ("training.recipes.rl_loop.setup_infra", "now build_service_client("),
        ("training.utils.opd", "now training.utils.distillation"),
        ("training.utils.rl.losses.build_loss_fn", "no successor is known"),
        ("fireworks.training.sdk.parse_api_error", "now fireworks.training.sdk.errors.parse_api_error"),
        ("fireworks.training.sdk.tinker_compat", "gone since fireworks-ai 1.2.25"),
    ],
)
def test_every_spelling_is_banned_and_names_the_successor(path: str, says: str) -> None:
    assert says in entries()[path]


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("training.utils.TrainerConfig", "it is there"),
        ("training.utils.opd.eval", "the module above it is banned"),
        ("training.utils.runner_state.logger", "nobody's successor, and no export"),
        ("training.recipes.rl_loop.TrainerJobManager", "the recipe took it from the SDK, which still has it"),
        ("training.recipes.rl_loop._score", "private"),
        ("fireworks.training.sdk.TrainerJobManager", "it is there; only recipes do not take it"),
    ],
)
def test_what_is_left_out(path: str, why: str) -> None:
    assert path not in entries(), why


@pytest.mark.parametrize("target", TARGETS)
def test_what_is_banned_was_offered_before_and_is_gone_or_replaced(target: str) -> None:
    version = timeline.cookbook().find(target)
    for path, message in entries(version).items():
        found = surface_of(path, target).locate(path)
        if message.startswith("replaced"):
            assert isinstance(found, tuple), path
            assert found[0] in moves().classes, path
        else:
            assert found is MISSING, path
            assert any(s.there for s in line_of(path).spans(path)), path
        assert not is_private(path)
        assert "fwdoctor migrate" in message


def test_before_the_moves_lead_anywhere_the_old_names_are_right() -> None:
    may = entries(timeline.cookbook().find("may"))
    assert not any(path.startswith("training.utils.config.Infra") for path in may)
    # One recipe did not import it any more: the class itself is where it was.
    assert "now training.utils.config.WeightSyncConfig" in may["training.recipes.dpo_loop.WeightSyncConfig"]


def test_all_that_the_moves_and_the_list_of_removed_names_know_is_banned() -> None:
    banned = entries()
    known = {c for c in moves().classes if search_ever(c, timeline.cookbook())}
    known |= {r.path for r in removed() if r.new and "*" not in r.path}
    newest = timeline.cookbook().surface(timeline.cookbook().newest)
    modules = {p for p in known if newest.locate(p.rpartition(".")[0]) is not MISSING}
    importable = {p for p in modules if p.rpartition(".")[0] in timeline.cookbook().history.toggles}
    assert len(importable) > 20
    assert importable - banned.keys() == set()


def test_the_size_stays_reasonable() -> None:
    assert 150 < len(entries()) < 400
    assert max(len(message) for message in entries().values()) < 240


# --- with ruff ----------------------------------------------------------------------------------------


def configure(folder: Path, form: str) -> None:
    if form == "pyproject.toml":
        write(folder, form, '[project]\nname = "mine"\n\n' + fragment(for_pyproject=True))
    elif form == "extend":
        write(folder, "ruff.toml", f"extend = {json.dumps(str(ruff_config.shipped()))}\n")
    else:
        write(folder, form, fragment())


@pytest.mark.parametrize("form", ["pyproject.toml", "ruff.toml", "extend"])
def test_every_entry_is_found(tmp_path: Path, form: str) -> None:
    configure(tmp_path, form)
    banned = entries()
    write(tmp_path, "bad.py", "".join(f"{statement(path)}  # noqa: F401, F811\n" for path in banned))
    hits = {hit.line: hit for hit in ruff(tmp_path) if hit.code == "TID251"}
    assert hits.keys() == set(range(1, len(banned) + 1))
    for number, (path, message) in enumerate(banned.items(), start=1):
        assert path in hits[number].message
        assert message in hits[number].message


def test_what_the_newest_versions_offer_is_not_found(tmp_path: Path) -> None:
    write(tmp_path, "ruff.toml", fragment())
    lines = []
    for line in (timeline.cookbook(), timeline.sdk()):
        surface = line.surface(line.newest)
        for name, module in surface.modules.items():
            lines += [f"import {name}"]
            # A class that the moves replace may still be there, under a name that is banned.
            lines += [
                f"from {name} import {n}"
                for n in module.names
                if surface.canonical(f"{name}.{n}") not in moves().classes
            ]
    write(tmp_path, "good.py", "\n".join(lines))
    assert len(lines) > 3000
    assert [hit for hit in ruff(tmp_path) if hit.code == "TID251"] == []


@pytest.mark.parametrize(
    "code",
    [
        "import training.utils as u\nu.InfraConfig()",
        "import training.utils\ntraining.utils.InfraConfig()",
        "from training import utils\nutils.setup_infra()",
        "from training.utils import InfraConfig as Settings",
        "def late():\n    from training.utils import InfraConfig",
        "try:\n    from training.utils import InfraConfig\nexcept ImportError:\n    pass",
        "import training.utils.opd.sampling",
        "from training.utils.opd.eval import anything",
    ],
)
def test_other_ways_to_import_are_found(tmp_path: Path, code: str) -> None:
    write(tmp_path, "ruff.toml", fragment())
    write(tmp_path, "a.py", code)
    assert "TID251" in {hit.code for hit in ruff(tmp_path)}


#: An example for each row of what ruff cannot see.
UNSEEN = {
    "keyword arguments": "import training.recipes.rl_loop as rl\nrl.main(rl.Config(infra=None), rlor_mgr=None)",
    "attributes and methods of objects": "def f(infra, client):\n    return infra.policy_job_id, client.inner",
    "fields of classes that stay": "from training.utils import TrainerConfig\nTrainerConfig(accelerator_type='x')",
    "names in strings": "import training.utils as u\ngetattr(u, 'InfraConfig')",
    "names that import * brings in": "from training.utils import *\nInfraConfig()",
    "settings in YAML, JSON and shell files": None,
    "changed defaults, and values that are no longer read": (
        "from training.utils import DeployConfig\nDeployConfig(weight_sync_scope=None)"
    ),
}


def test_what_ruff_cannot_see_is_told(tmp_path: Path) -> None:
    rows = [row.removeprefix("#   ") for row in ruff_config.unseen().splitlines()[1:]]
    assert [row.partition(":")[0] for row in rows] == list(UNSEEN)
    write(tmp_path, "ruff.toml", fragment())
    for number, code in enumerate(UNSEEN.values()):
        if code is not None:
            write(tmp_path, f"unseen{number}.py", code)
    assert [hit for hit in ruff(tmp_path) if hit.code == "TID251"] == []
    assert set(ruff_config.unseen().splitlines()) <= set(fragment().splitlines())


@pytest.mark.parametrize("external", [True, False])
def test_our_codes_in_noqa_comments_are_known_to_ruff(tmp_path: Path, external: bool) -> None:
    text = fragment().replace('["TID251"]', '["TID251", "RUF100", "RUF102"]')
    if not external:
        text = text.replace('external = ["FWD"]\n', "")
    write(tmp_path, "ruff.toml", text)
    write(tmp_path, "a.py", "import os.path  # noqa: F401, FWD101\n")
    # Which of the two rules complains of a code that nobody knows depends on ruff's version.
    assert (
        any(hit.code in ("RUF100", "RUF102") and "FWD101" in hit.message for hit in ruff(tmp_path))
        != external
    )


# --- the file -----------------------------------------------------------------------------------------


def test_both_forms_say_the_same() -> None:
    assert tomllib.loads(fragment(for_pyproject=True))["tool"]["ruff"] == tomllib.loads(fragment())


def test_the_shipped_file_is_the_one_for_the_newest_versions() -> None:
    assert ruff_config.shipped().read_text("utf-8") == fragment()
    newest = timeline.cookbook().newest
    assert newest.label in fragment()
    assert timeline.sdk().newest.label in fragment()
    june = timeline.cookbook().find("june")
    assert june.label in fragment(june)


def test_the_file_configures_other_projects_not_this_one() -> None:
    reader = Reader()
    taken = nearest(fwdoctor_rules.DATA, reader)
    assert taken is not None
    assert [layer.file for layer in chain(taken, {}, reader)] == [
        fwdoctor_rules.DATA / ".ruff.toml",
        Path(__file__).parents[2] / "pyproject.toml",
    ]
