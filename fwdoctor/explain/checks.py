"""What wording alone cannot decide: functions that a pattern names to have the last word.

Each gets what stands around the match and what its placeholders hold; it returns the variables of the
finding, more of them perhaps, or None where the match is somebody else's error.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

from fwdoctor.explain.context import Context

Check = Callable[[Context, dict[str, str]], dict[str, str] | None]

_CALLED = re.compile(r"([A-Za-z_][\w.]*)\s*\(")
#: Calls on a source line that say nothing of who built a Config.
_PLAIN_CALLS = frozenset({"main", "run", "exit", "Config", "__init__", "replace", "dict", "list", "print"})
_INSTALLED = re.compile(r"(?:site|dist)-packages[/\\]([\w.-]+)[/\\]([\w.-]+)?")
#: What shows that a traceback runs through the cookbook.
_OURS = (
    "training/recipes",
    "training\\recipes",
    "_loop.Config",
    "rl_loop",
    "training/utils",
    "training/examples",
)
_OTHER_PACKAGE = re.compile(r"fireworks-ai[-_][a-z]")
_TRAINING_IMPORT = re.compile(r"(?:from|import)\s+(training[\w.]*)")


def recipe_config(context: Context, variables: dict[str, str]) -> dict[str, str] | None:
    """``Config(...)`` of a recipe, not somebody else's class of that name."""
    frames = context.frames
    if not frames:
        return variables
    last = next((f for f in reversed(frames) if not f.path.endswith("dataclasses.py")), frames[-1])
    installed = _INSTALLED.search(last.path)
    if installed is not None and installed[1] not in ("fireworks", "training"):
        return None
    if any(sign in f.path or sign in f.code for f in frames for sign in _OURS):
        return variables
    called = _CALLED.findall(last.code)
    if any(_is_elses_config(c) for c in called):
        return None
    built = [c.rpartition(".")[2] for c in called]
    ours = any(name == "main" or name.endswith("Config") for name in built)
    return variables if ours or all(name in _PLAIN_CALLS for name in built) else None


def _is_elses_config(callee: str) -> bool:
    """Whether a dotted callee is no recipe's Config: ``alembic.config.Config``, ``Settings.Config``."""
    parts = callee.split(".")
    if parts[-1] != "Config" or len(parts) == 1:
        return False
    return parts[-2][:1].isupper() or (len(parts) > 2 and parts[0] not in ("training", "recipes"))


def cookbook_module(context: Context, variables: dict[str, str]) -> dict[str, str] | None:
    """``No module named 'training'`` where the code wants the cookbook's package and not one of its own."""
    module = variables.get("module", "")
    if module != "training" and not _is_cookbook_module(module):
        return None
    wanted = [m for f in context.frames[-1:] for m in _TRAINING_IMPORT.findall(f.code)]
    if wanted:
        return variables if any(_is_cookbook_module(m) for m in wanted) else None
    if module != "training" or context.has(("@fireworks", "recipes/", "rl_loop", "sft_loop", "cookbook")):
        return variables
    return None


def cookbook_name(context: Context, variables: dict[str, str]) -> dict[str, str] | None:
    """A name that some version of the cookbook has and the one at hand has not."""
    module, name = variables.get("module", ""), variables.get("name", "")
    if not _is_cookbook_module(module) or name in _provisioning_helpers():
        return None
    told = _cookbook_history(module, name)
    return {**variables, **told} if told else None


@functools.cache
def _cookbook_history(module: str, name: str) -> dict[str, str] | None:
    """When a name of the cookbook came and went, in the module that was asked or in another."""
    from fwdoctor.surface.lookup import search_ever
    from fwdoctor.surface.timeline import cookbook

    told = _name_history(f"{module}.{name}", cookbook())
    for path in search_ever(name, cookbook()) if told is None else ():
        told = told or _name_history(path, cookbook())
    return told


def sdk_package(context: Context, variables: dict[str, str]) -> dict[str, str] | None:
    """The SDK's package, not another whose name begins with the same words."""
    line = context.prefix + context.raw[context.start : context.end].decode("utf-8", "replace") + context.rest
    return None if _OTHER_PACKAGE.search(line) else variables


def sdk_name(context: Context, variables: dict[str, str]) -> dict[str, str] | None:
    """A name that some release of the SDK has and the installed one has not."""
    from fwdoctor.surface.timeline import sdk

    module, name = variables.get("module", ""), variables.get("name", "")
    if not f"{module}.".startswith("fireworks.training."):
        return None
    told = _name_history(f"{module}.{name}", sdk()) or _told([], sdk(), name, module)
    return {**variables, **told}


def sdk_member(context: Context, variables: dict[str, str]) -> dict[str, str] | None:
    """An attribute that an SDK class has in some release and not in the installed one."""
    from fwdoctor.surface.lookup import search_ever
    from fwdoctor.surface.timeline import sdk

    owner, name = variables.get("owner", ""), variables.get("name", "")
    if not _is_known(owner) or _is_elsewhere(context) or not _is_about_fireworks(context, owner):
        return None
    for path in search_ever(owner, sdk()):
        if told := _name_history(f"{path}.{name}", sdk()):
            return {**variables, **told}
    return None


def sdk_parameter(context: Context, variables: dict[str, str]) -> dict[str, str] | None:
    """An argument that a callable of the SDK takes in some release and not in the installed one."""
    callee, name = variables.get("callee", ""), variables.get("name", "")
    owner = callee.removesuffix(".__init__")
    told = _parameter_history(owner, name)
    if told is None or _is_elsewhere(context):
        return None
    if "no known version" in told["verdict"] and not _is_about_fireworks(context, owner):
        return None
    return {**variables, **told}


def _is_elsewhere(context: Context) -> bool:
    """Whether the error comes out of another installed package."""
    found = _INSTALLED.search(context.frames[-1].path) if context.frames else None
    return found is not None and found[1] not in ("fireworks", "training")


def _is_about_fireworks(context: Context, owner: str) -> bool:
    """Whether a class of a common name is surely the SDK's: its name, or what stands around, says so."""
    if owner.startswith(("Firetitan", "Fireworks", "TrainerJob", "DeploymentSampler", "DeploymentManager")):
        return True
    return any("fireworks/training" in f.path for f in context.frames) or context.has(("fireworks.training",))


@functools.cache
def _parameter_history(owner: str, name: str) -> dict[str, str] | None:
    """When a callable of the SDK began and ceased to take an argument; None where it is none of the SDK's."""
    from fwdoctor.surface.lookup import search_ever
    from fwdoctor.surface.model import Class, Function
    from fwdoctor.surface.timeline import sdk

    if not owner or not owner[0].isalpha() or not _is_known(owner.split(".")[0]):
        return None
    paths = search_ever(owner, sdk())
    if not paths:
        return None
    line = sdk()

    def takes(state: int) -> bool | None:
        found = line.of_state(state).locate(paths[0])
        if not isinstance(found, tuple):
            return None
        symbol = found[1].constructor if isinstance(found[1], Class) else found[1]
        if not isinstance(symbol, Function):
            return None
        if symbol.parameter(name) is not None:
            return True
        # What passes everything on takes what the configuration behind it has.
        settings = line.of_state(state).locate(_PROVISIONING)
        if symbol.accepts_keyword(name) and isinstance(settings, tuple) and isinstance(settings[1], Class):
            return settings[1].constructor.parameter(name) is not None
        return False

    answers = [takes(state) for state in range(len(line.states))]
    return _told(answers, line, f"{name}=", owner)


_PROVISIONING = "fireworks.training.sdk.managed.FiretitanProvisioningConfig"


@functools.cache
def _name_history(path: str, line: object) -> dict[str, str] | None:
    """When a dotted path came and went; None where no version ever had it."""
    from fwdoctor.surface.timeline import Timeline

    assert isinstance(line, Timeline)
    spans = line.spans(path)
    if not any(s.there for s in spans):
        return None
    answers: list[bool | None] = [None] * len(line.states)
    for span in spans:
        for state in range(span.first, span.last + 1):
            answers[state] = span.there
    return _told(answers, line, path.rpartition(".")[2], path.rpartition(".")[0])


def _told(answers: list[bool | None], line: object, what: str, where: str) -> dict[str, str]:
    """In words: what brought it, what dropped it, who is behind and which version to take."""
    from fwdoctor.surface.timeline import Product, Timeline

    assert isinstance(line, Timeline)
    having = [i for i, a in enumerate(answers) if a]
    noun = "SDK" if line.product is Product.SDK else "cookbook"
    if not having:
        return {
            "verdict": f"no known version of the {noun} has {what}",
            "advice": f"Look at the spelling; else it is newer than what fwdoctor {_version()} knows.",
            "install": "fwdoctor check",
        }
    added, last = line.states[having[0]][0], line.states[having[-1]][-1]
    gone = line.states[having[-1] + 1][0] if having[-1] + 1 < len(line.states) else None
    came = f"{added.label} added {what}" if having[0] else f"{what} is there since {added.label}"
    if gone is None:
        verdict, pin = f"{came}: the one at hand is older", f">={added.id}"
        within = ", as far as the cookbook's pin allows" if line.product is Product.SDK else ""
        advice = f"Upgrade the {noun} to {added.id} or newer{within}."
    else:
        verdict, pin = f"{gone.label} dropped {what} ({came})", f">={added.id},<{gone.id}"
        advice = f"The code is older than the {noun}: port it, or stay with {last.label}."
    if line.product is Product.SDK:
        install = f"pip install 'fireworks-ai[training]{pin}{_cap(added.id) if gone is None else ''}'"
    else:
        install = f"git checkout {(last if gone else added).id}"
    return {"verdict": verdict, "advice": advice, "install": install}


def _cap(oldest: str) -> str:
    """``,<1.2.25``: where releases begin that fail with known cookbooks, if that is above ``oldest``.

    Installers take the newest release that is allowed: the remedy must not lead into the next failure.
    """
    from packaging.version import Version

    from fwdoctor.environment.known_pairs import known_pairs

    starts = {Version(s.version) for pair in known_pairs() for s in pair.sdk if s.operator in (">=", ">")}
    above = sorted(start for start in starts if start > Version(oldest))
    return f",<{above[0]}" if above else ""


@functools.cache
def _is_cookbook_module(path: str) -> bool:
    """Whether some version of the cookbook has a module or package of that name."""
    from fwdoctor.surface.timeline import cookbook

    line = cookbook()
    if not path.startswith("training."):
        return False
    states = (*range(0, len(line.states), 20), len(line.states) - 1)  # modules live longer than that
    return any(m == path or m.startswith(f"{path}.") for s in states for m in line.of_state(s).modules)


@functools.cache
def _provisioning_helpers() -> frozenset[str]:
    """The names that a class of their own answers for."""
    from fwdoctor.explain.catalogue import catalogue

    patterns = catalogue()["removed-infra-import"].patterns
    return frozenset(name for p in patterns for name in p.values.get("name", ()))


@functools.cache
def _is_known(name: str) -> bool:
    """Whether any release of the SDK has such a name: a quick look, before a long one."""
    import fwdoctor_rules

    data = (fwdoctor_rules.DATA / "surfaces" / "sdk.jsonl").read_bytes()
    return f'"{name}"'.encode() in data or f'.{name}"'.encode() in data


def _version() -> str:
    from fwdoctor import __version__

    return __version__


CHECKS: dict[str, Check] = {
    "recipe-config": recipe_config,
    "cookbook-module": cookbook_module,
    "cookbook-name": cookbook_name,
    "sdk-name": sdk_name,
    "sdk-package": sdk_package,
    "sdk-member": sdk_member,
    "sdk-parameter": sdk_parameter,
}
