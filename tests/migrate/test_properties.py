"""Properties of every port: old constructs planted at random, in odd shapes and places.

Whatever the shape: the result parses, fits or is marked, keeps every comment, and a second run is quiet;
code without the cookbook does not change by a byte.
"""

import ast
import io
import textwrap
import tokenize
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from fwdoctor.fit import misfits, target
from fwdoctor.fit.session import Context, open_port
from fwdoctor.migrate import transform

CONTEXTS = {v: Context(target.resolve(v)) for v in ("june", "july", "august")}

literals = st.sampled_from(
    ["None", '"x"', "3", "args.value", "f(1)", "a or b", "not c", "{**d}", "[*e]", "(yield_)"]
)
spaces = st.sampled_from(["", " ", "\n        ", "  # note\n        ", "\n        # above\n        "])
INFRA_FIELDS = [
    "training_shape_id", "ref_training_shape_id", "region", "custom_image_tag", "accelerator_type",
    "accelerator_count", "node_count", "trainer_timeout_s", "extra_args", "trainer_replica_count", "purpose",
    "managed_by", "skip_validations",
]  # fmt: skip
SYNC_FIELDS = [
    "weight_sync_interval", "dcp_save_interval", "dcp_timeout", "first_checkpoint_type",
    "weight_sync_before_training", "weight_sync_timeout",
]  # fmt: skip
RECIPES = ["rl_loop", "async_rl_loop", "dpo_loop", "sft_loop", "orpo_loop", "igpo_loop"]


@st.composite
def arguments(draw: st.DrawFn, values: dict[str, str] | None = None, names: list[str] | None = None) -> str:
    """The inside of a call's parentheses: keywords in any order, comments and line breaks anywhere."""
    chosen = draw(st.lists(st.sampled_from(names), max_size=4, unique=True)) if names else list(values or {})
    pairs = [(n, (values or {}).get(n) or draw(literals)) for n in draw(st.permutations(chosen))]
    text = draw(spaces)
    for i, (name, value) in enumerate(pairs):
        text += f"{name}={value}"
        if i < len(pairs) - 1 or draw(st.booleans()):
            text += "," + draw(spaces)
    return text + ("\n    " if "#" in text.rpartition("\n")[2] else "")


@st.composite
def programs(draw: st.DrawFn) -> str:
    """A script that launches a recipe the old way, somehow."""
    recipe = draw(st.sampled_from(RECIPES))
    infra_name, sync_name = draw(st.sampled_from([("InfraConfig", "WeightSyncConfig"), ("Hardware", "Sync")]))
    alias = {"InfraConfig": "", "Hardware": " as Hardware"}[infra_name]
    sync_alias = {"WeightSyncConfig": "", "Sync": " as Sync"}[sync_name]
    infra = f"{infra_name}({draw(arguments(names=INFRA_FIELDS))})"
    sync = f"{sync_name}({draw(arguments(names=SYNC_FIELDS))})"
    lines = ["from fireworks.training.sdk import TrainerJobManager", "import logging  # log"]
    if draw(st.booleans()):
        lines.append(
            f"from training.utils import InfraConfig{alias}, WeightSyncConfig{sync_alias}, WandBConfig"
        )
    else:
        lines.append(
            f"from training.utils import (\n    InfraConfig{alias},  # one\n    WandBConfig,\n    WeightSyncConfig{sync_alias},\n)"
        )
    if draw(st.booleans()):
        lines.append(f"from training.recipes.{recipe} import Config, main")
        config, main = "Config", "main"
    else:
        lines.append(f"import training.recipes.{recipe} as recipe")
        config, main = "recipe.Config", "recipe.main"
    body = []
    if draw(st.booleans()):
        body.append(f"infra = {infra}")
        infra = "infra"
    if draw(st.booleans()):
        body.append(f"sync = {sync}")
        sync = "sync"
    values = {"log_path": '"l"', "infra": infra}
    more = {
        "weight_sync": sync,
        "policy_job_id": draw(literals),
        "reference_job_id": "None",
        "wandb": "WandBConfig()",
        "dataset": draw(literals),
    }
    values |= {name: value for name, value in more.items() if draw(st.booleans())}
    body.append("mgr = TrainerJobManager(api_key=key)")
    cfg = f"{config}({draw(arguments(values))})"
    if draw(st.booleans()):
        body.append(f"cfg = {cfg}  # made")
        cfg = "cfg"
    extra = draw(
        st.sampled_from(["", ", rlor_mgr=mgr", ", rlor_mgr=mgr, cancel_on_exit=not keep", ", **more"])
    )
    body.append(f"result = {main}({cfg}{extra})")
    if draw(st.booleans()):
        body.append("print(infra.region if fast else cfg.infra.ref_training_shape_id)")
    place = draw(st.sampled_from(["module", "function", "method", "try", "with", "match"]))
    text = "\n".join(body)
    heads = {
        "function": "def run(args, keep=False):",
        "method": "class Job:\n  async def run(self):",
        "try": "try:",
        "with": "with open(p) as f:",
        "match": "match x:\n  case 1:",
    }
    if place != "module":
        text = f"{heads[place]}\n{textwrap.indent(text, '    ')}"
        text += "\nfinally:\n    pass" if place == "try" else ""
    return "\n".join(lines) + "\n\n" + text + "\n"


def comments(text: str) -> Counter[str]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return Counter(t.string for t in tokens if t.type == tokenize.COMMENT)


def parses(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


@given(programs().filter(parses), st.sampled_from(sorted(CONTEXTS)))
def test_any_old_launch_is_ported_marked_and_stable(text: str, version: str) -> None:
    context = CONTEXTS[version]
    ported = transform.port("x.py", text, context)
    assert parses(ported.text)
    assert not comments(text) - comments(ported.text), "no comment is lost"
    again = transform.port("x.py", ported.text, context)
    assert again.text == ported.text
    assert not again.done
    port = open_port("x.py", ported.text, context)
    for misfit in misfits.find(port):
        assert not misfit.known or transform._is_marked(port, misfit), misfit
    assert "rlor_mgr=mgr" not in ported.text or "**more" in text
    assert "InfraConfig(" not in ported.text


@given(programs().filter(parses), st.sampled_from(sorted(CONTEXTS)))
def test_the_same_script_with_other_packages_does_not_change(text: str, version: str) -> None:
    other = text.replace("training.", "mylab.training.").replace("fireworks.mylab.", "fireball.")
    ported = transform.port("x.py", other, CONTEXTS[version])
    assert ported.text == other
    assert not ported.todo
    assert not ported.notes


@given(programs().filter(parses))
def test_line_ends_do_not_matter(text: str) -> None:
    lf = transform.port("x.py", text, CONTEXTS["june"])
    crlf = transform.port("x.py", text.replace("\n", "\r\n"), CONTEXTS["june"], newline="\r\n")
    assert crlf.text == lf.text.replace("\n", "\r\n")
