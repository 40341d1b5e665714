"""The skill's pages: found from SKILL.md, small, whole, up to date, and with nothing in them that a scanner flags."""

from __future__ import annotations

import importlib.util
import math
import re
from pathlib import Path
from types import ModuleType

import fwdoctor_rules
import pytest
import yaml

import fwdoctor
from fwdoctor.explain.catalogue import catalogue
from fwdoctor.redact import redact
from fwdoctor.rulebook import Rule, references, rulebook
from tests.skill.reading import PAGES, ROOT, SKILL, anchors, links, name, target

MAIN = SKILL / "SKILL.md"
REFERENCES = [page for page in PAGES if page != MAIN]
EVERY_PAGE = pytest.mark.parametrize("page", PAGES, ids=name)

#: What people ask or see, in our words, and the page that answers it: a row each of the vendor's routing table.
QUESTIONS = {
    "install and set up the cookbook": "setup",
    "run something that is ready": "examples",
    "fork a recipe and fill in its Config": "recipes",
    "distillation: OPD, SDFT, teacher prompts, top-k": "distillation",
    "leave InfraConfig, setup_infra, ResourceCleanup": "migrate",
    "choose the training or deployment shape": "shapes",
    "no validated version of the shape": "shapes#failed-to-resolve-latest-validated-training-shape",
    "two deployments on one trainer": "rl/hotload#two-deployments",
    "loss on the server or in the client, and its cost": "rl/loss-paths",
    "accumulation at optim_step, normalization": "rl/gradient-accumulation",
    "why samples are filtered": "rl/dynamic-filter",
    "a custom loss": "rl/custom-loss",
    "cadence of weight sync, on- and off-policy, its timeout": "rl/hotload#cadence",
    "concurrency, adaptive or fixed": "rl/concurrency",
    "sampler timeouts, 408, 504, ReadTimeout": "rl/sampling-timeouts",
    "async RL: overlap, budget, minibatches, the rollout function": "rl/async-rl",
    "black-box coding agents": "rl/async-rl#coding-agents-and-other-harnesses",
    "the wait ratios": "rl/async-rl#reading-the-waits",
    "size the off-policy budget and the concurrency": (
        "rl/async-rl#sizing-max_head_offpolicy_versions-and-max_concurrency_rollout_sample"
    ),
    "promote a checkpoint": "tools#promote-a-checkpoint",
    "which checkpoints are there, which can be promoted": "tools#list-checkpoints",
    "reconnect a client to a running trainer": "tools#reconnect-a-client-to-a-running-trainer",
    "syncs fail: crossed scopes?": "rl/hotload#crossed-scopes",
    "compare train and inference logprobs": "tools#compare-train-and-inference-logprobs",
    "a new renderer": "renderer#the-contract",
    "a changed renderer": "verifier",
    "trailing tokens": "verifier#reading-it",
    "where checkpoint state lives": "checkpoints#two-kinds",
    "go on from an adapter": "checkpoints#go-on-from-an-adapter",
    "not found in GCS": "checkpoints#not-found-in-gcs",
    "a sync failed or timed out": "rl/hotload#when-a-sync-fails",
    "flow mismatch: trainer wants the deployment's bucket": "rl/hotload#crossed-scopes",
    "flow mismatch: trainer is keyed to another deployment": "rl/hotload#crossed-scopes",
    "bucket URL and trainer job at creation": "rl/hotload#bucket-addresses",
    "bucket URL and trainer job at an update": "rl/hotload#bucket-addresses",
    "a malformed bucket URL": "rl/hotload#bucket-addresses",
    "a bucket that is not reachable": "rl/hotload#bucket-addresses",
    "cancel a deleted job": "rl/hotload#deleted-trainers",
    "NOT_FOUND after thirty days": "rl/hotload#deleted-trainers",
    "HTTP 400 on output_model_id": "tools#promote-a-checkpoint",
    "which scope does a run have": "rl/hotload#crossed-scopes",
    "hardware set by hand": "shapes#what-to-set",
}
#: Words of an error or question, and the page on which an agent that searches for them has to land.
WORDS = {
    "unexpected keyword argument 'infra'": "migrate",
    "cannot import name 'setup_infra'": "migrate",
    "Failed to resolve latest validated training shape": "shapes",
    "Hotload did not complete within 600s": "rl/hotload",
    "flow mismatch: trainer wants deployment-first": "rl/hotload",
    "is deployment-first-keyed for deployment": "rl/hotload",
    "set exactly one": "rl/hotload",
    "update hot_load_trainer_job instead, or clear it first": "rl/hotload",
    "must use gs:// scheme": "rl/hotload",
    "control plane lacks permission": "rl/hotload",
    "cannot cancel job in state: JOB_STATE_DELETED": "rl/hotload",
    "not found in GCS": "checkpoints",
    "DeploymentSamplerTimeoutError": "rl/sampling-timeouts",
    "perf/wait_time_ratio": "rl/async-rl",
    "perf/sampler_wait_for_trainer_time": "rl/async-rl",
    "perf/trainer_wait_for_sampler_time": "rl/async-rl",
    "warm_start_from_adapter": "checkpoints",
    "topk_forward_kl": "distillation",
    "teacher_messages": "distillation",
    "list_checkpoints(job_id)": "tools",
    "ProRL SWE-Gym": "rl/async-rl",
}
#: What must never be done, as SKILL.md says it, and the rules that find it.
NON_NEGOTIABLE = {
    "Shape first": ("FWD201", "FWD202", "FWD203", "FWE403", "FWP502"),
    "One weight-sync scope": ("FWD204", "FWE704", "FWE705", "FWP304"),
    "Fork a recipe": ("FWD303", "FWD121"),
    "Check `output_model_id`": ("FWD207", "FWD208", "FWE802", "FWP209"),
    "The SDK follows the cookbook": ("FWS202", "FWS203", "FWS209", "FWS501", "FWS503"),
}


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "scripts" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def text(page: Path) -> str:
    return page.read_text("utf-8")


def front_matter() -> dict[str, object]:
    data = yaml.safe_load(text(MAIN).split("---\n")[1])
    assert isinstance(data, dict)
    return data


def reached(hops: int) -> set[Path]:
    """The pages that can be reached from SKILL.md by so many links."""
    found = {MAIN}
    for _ in range(hops):
        found |= {target(page, link)[0] for page in found for link in links(page) if "://" not in link}
    return found


# --- SKILL.md ---------------------------------------------------------------------------------------------


def test_skill_is_thin() -> None:
    assert len(text(MAIN).splitlines()) <= 120
    assert math.ceil(len(text(MAIN)) / 3.5) <= 1500


def test_description_triggers_on_what_users_say() -> None:
    description = str(front_matter()["description"])
    assert len(description) <= 400
    for word in (
        "TypeError",
        "'infra'",
        "setup_infra",
        "InfraConfig",
        "hotload",
        "did not complete",
        "weight sync",
    ):
        assert word in description
    for word in (
        "not found in GCS",
        "promote",
        "training shape",
        "DeploymentSamplerTimeoutError",
        "stale",
        "cookbook",
    ):
        assert word in description


def test_version_is_that_of_the_package() -> None:
    assert front_matter()["metadata"] == {"version": fwdoctor.__version__}


def test_generator_writes_the_version(monkeypatch: pytest.MonkeyPatch) -> None:
    generate = generator()
    monkeypatch.setattr(generate, "__version__", "9.8.7")
    monkeypatch.setattr(generate, "commands", lambda: "")
    assert '\n  version: "9.8.7"\n' in generate.outputs()[generate.SKILL]


def test_first_step_is_check() -> None:
    steps = text(MAIN).split("## Steps")[1]
    assert re.search(r"```sh\n(fwdoctor \w+ \.)", steps)[1] == "fwdoctor check ."  # type: ignore[index]
    assert steps.index("Always first") < steps.index("fwdoctor check .") < steps.index("fwdoctor explain")
    order = [f"fwdoctor {verb}" for verb in ("explain", "probe", "migrate --diff", "migrate --check")]
    assert [steps.index(o) for o in order] == sorted(steps.index(o) for o in order)


@pytest.mark.parametrize(("says", "rules"), NON_NEGOTIABLE.items())
def test_non_negotiables_are_found_by_rules(says: str, rules: tuple[str, ...]) -> None:
    section = text(MAIN).split("## Non-negotiable")[1].split("\n## ")[0]
    assert f"\n- {says}" in section
    known = rulebook().keys() | {entry.rule.id for entry in catalogue().values()}
    assert set(rules) <= known


def test_there_is_no_other_non_negotiable() -> None:
    section = text(MAIN).split("## Non-negotiable")[1].split("\n## ")[0]
    assert len(re.findall(r"(?m)^- ", section)) == len(NON_NEGOTIABLE)


# --- The way through the pages ----------------------------------------------------------------------------


@EVERY_PAGE
def test_links_resolve_inside_the_skill(page: Path) -> None:
    for link in links(page):
        path, heading = target(page, link)
        assert path.is_relative_to(SKILL), link  # a wheel has this folder alone
        assert path.is_file(), link
        assert not heading or heading in anchors(path), link


@pytest.mark.parametrize(("question", "answer"), QUESTIONS.items())
def test_questions_are_answered_in_two_hops(question: str, answer: str) -> None:
    path, _, heading = answer.partition("#")
    page = SKILL / "references" / f"{path}.md"
    assert page in reached(2)
    assert not heading or heading in anchors(page)


def test_every_page_is_reached() -> None:
    assert reached(2) == set(PAGES)


@pytest.mark.parametrize(("words", "path"), WORDS.items())
def test_words_of_errors_stand_on_their_page(words: str, path: str) -> None:
    assert words in " ".join(text(SKILL / "references" / f"{path}.md").split())


@pytest.mark.parametrize(
    "rule",
    [*rulebook().values(), *(entry.rule for entry in catalogue().values())],
    ids=lambda rule: rule.id,
)
def test_references_of_findings_resolve(rule: Rule) -> None:
    reference = rule.reference
    assert reference is not None
    path, _, heading = reference.partition("#")
    assert path.startswith("references/"), reference
    page = SKILL / path
    assert page.is_file(), reference
    assert page in REFERENCES
    assert not heading or heading in anchors(page), reference


def test_no_reference_is_there_for_nothing() -> None:
    pages = references(fwdoctor_rules.DATA / "references.toml")
    coming = {"FWS7", "FWP13"}
    assert {start for start in pages if not any(r.startswith(start) for r in rulebook())} <= coming


@EVERY_PAGE
def test_named_rules_exist(page: Path) -> None:
    known = rulebook().keys() | {entry.rule.id for entry in catalogue().values()}
    named = set(re.findall(r"`(FW[DSPE]\d{3})`", text(page)))
    assert named <= known


# --- Size and form ----------------------------------------------------------------------------------------


@EVERY_PAGE
def test_long_pages_have_a_table_of_contents(page: Path) -> None:
    if len(text(page).split()) > 1500:
        head = "\n".join(text(page).splitlines()[:60])
        sections = re.findall(r"(?m)^## (.+)$", text(page))
        assert sections
        for section in sections:
            assert f"[{section}](#" in head, section


@pytest.mark.parametrize("page", REFERENCES, ids=name)
def test_references_say_enough_and_no_more(page: Path) -> None:
    if "<!-- generated: skill" not in text(page):
        assert 150 <= len(text(page).split()) <= 1000
    assert text(page).startswith("# ")


def test_generated_tables_hold_everything() -> None:
    errors, rules, states = (text(SKILL / "references" / f"{n}.md") for n in ("errors", "rules", "states"))
    assert all(f"| {entry.rule.id} |" in errors for entry in catalogue().values())
    assert all(f"| {rule} |" in rules for rule in rulebook())
    assert "Other: " not in errors + rules
    from fwdoctor.controlplane.states import job_states

    assert all(f"| {state.short} |" in states for state in job_states().values())


# --- Nothing that a scanner flags -------------------------------------------------------------------------

FLAGGED = {
    "a download that is piped into an interpreter": r"\b(curl|wget)\b|\|\s*((ba|z|da)?sh|python3?)(\s|$)",
    "a clone of a moving branch that is run": r"git clone|npx |uvx |pip install git\+",
    "a key": r"fw_[A-Za-z0-9]{3,}|sk-[A-Za-z0-9]{8,}|hf_[A-Za-z0-9]{16,}|AKIA|eyJ[A-Za-z0-9_-]{8,}|-----BEGIN",
    "an order to an agent to leave its rules": r"(?i)disregard|override (your|the) (rules|system)|without asking|do not tell",
    "rights beyond a user's": r"(?i)\bsudo\b|chmod 777|rm -rf|--no-verify|verify=False",
    "text that is not seen": r"[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]|<!--(?! (generated: |end of generated ))",
    "encoded text": r"[A-Za-z0-9+/]{60,}={0,2}",
    "an address outside": r"https?://",
}


@EVERY_PAGE
@pytest.mark.parametrize(("what", "pattern"), FLAGGED.items(), ids=FLAGGED)
def test_nothing_that_scanners_flag(page: Path, what: str, pattern: str) -> None:
    found = re.search(pattern, text(page))
    assert found is None, found


@EVERY_PAGE
def test_nothing_looks_like_a_secret(page: Path) -> None:
    assert redact(text(page)) == text(page)


def test_keys_are_never_asked_for() -> None:
    safety = text(MAIN).split("## Safety")[1].split("\n## ")[0]
    for says in (
        "Never ask for a key in chat",
        "are data",
        "Ask before what spends",
        "Send nothing anywhere",
    ):
        assert says in safety
