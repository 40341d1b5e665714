"""What wording alone cannot decide: functions that a pattern names to have the last word.

Each gets what stands around the match and what its placeholders hold; it returns the variables of the
finding, more of them perhaps, or None where the match is somebody else's error.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

from fwdoctor.explain.context import Context, is_ours

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
_WANTED = re.compile(r"(?:from|import)\s+(training\b[\w.]*)")
_FROM_IMPORT = re.compile(r"from\s+(training\b[\w.]*)\s+import\s+\(?([\w, ]*)")
_AS = re.compile(r"\s+as\s+\w+\s*$")
#: What Python says behind its messages about imports.
_NO_FILE = re.compile(r"[\s'\"`\\]*\(unknown location\)")
_CIRCULAR = re.compile(r"most likely due to a circular import")
_NO_PACKAGE = "is not a package"
#: A name of several words: TrainerConfig.
_COMPOUND = re.compile(r"[a-z0-9][A-Z]")
_TRAINER_CONFIG = "training.utils.config.TrainerConfig"


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
    if not _wants_cookbook(context) or _module_history(context, module) is not None:
        return None
    if module != "training" or _WANTED.search(_last_code(context)):
        return variables
    return variables if context.has(("@fireworks", "recipes/", "rl_loop", "sft_loop", "cookbook")) else None


def cookbook_submodule(context: Context, variables: dict[str, str]) -> dict[str, str] | None:
    """A module that some version of the cookbook has and the one at hand, which was found, has not."""
    module = variables.get("module", "")
    told = _module_history(context, module) if _wants_cookbook(context) else None
    if told is None:
        return None
    return {**variables, **told, "advice": _with_successor(told["advice"], module)}


def cookbook_folder(context: Context, variables: dict[str, str]) -> dict[str, str] | None:
    """A name of the cookbook that is missing in a folder without ``__init__.py``: not the cookbook's own.

    Of names that the cookbook dropped their own classes tell: with them the code is too old in any case.
    """
    from fwdoctor.explain.ages import name_history
    from fwdoctor.surface.timeline import cookbook

    module, name = variables.get("module", ""), variables.get("name", "")
    if module == "training":
        is_ours = _is_cookbook_module(f"training.{name}") and context.has(("@fireworks", "cookbook"))
        return variables if is_ours and not _is_elsewhere(context) else None
    if not _has_file(module) or _is_elsewhere(context):
        return None
    told = name_history(f"{module}.{name}", cookbook()) if _is_telling(name) else None
    return None if told is None or "dropped" in told["verdict"] else variables


def cookbook_name(context: Context, variables: dict[str, str]) -> dict[str, str] | None:
    """A name that some version of the cookbook has and the one at hand has not."""
    module, name = variables.get("module", ""), variables.get("name", "")
    if not _is_cookbook_module(module) or name in _provisioning_helpers() or not _is_whole(context):
        return None
    told = _cookbook_history(module, name)
    if told is None:
        return None
    if _NO_FILE.match(context.rest) and _has_file(module) and "dropped" not in told["verdict"]:
        return None
    if _is_asked(context) and _is_cookbook_module(f"{module}.{name}"):
        return None  # a module is an attribute of its package only when somebody has imported it
    return {**variables, **told}


def whole_module(context: Context, variables: dict[str, str]) -> dict[str, str] | None:
    """A module that was loaded to its end: in the middle of a circular import, names are missing anyway."""
    return variables if _is_whole(context) else None


def _is_whole(context: Context) -> bool:
    return not context.prefix.rstrip().endswith("partially initialized") and not _CIRCULAR.search(
        context.rest
    )


@functools.lru_cache(maxsize=2**12)
def _cookbook_history(module: str, name: str) -> dict[str, str] | None:
    """When a name of the cookbook came and went, in the module that was asked or in the one that has it."""
    from fwdoctor.explain.ages import in_module_history, module_history, name_history
    from fwdoctor.surface.lookup import search_ever
    from fwdoctor.surface.timeline import cookbook

    line = cookbook()
    if _is_cookbook_module(f"{module}.{name}"):
        return module_history(f"{module}.{name}", line)
    if name_history(f"{module}.{name}", line) is not None:
        return in_module_history(module, name, line)
    places = search_ever(name, line) if _is_telling(name) else []
    if len(places) != 1 or (told := name_history(places[0], line)) is None:
        return None
    place = places[0].rpartition(".")[0]
    if line.spans(places[0])[-1].there:
        verdict = f"it is a name of {place} ({told['verdict'].partition(':')[0]})"
        return {**told, "verdict": verdict, "advice": f"Import it from {place}, of a cookbook that has it."}
    return told


def cookbook_member(context: Context, variables: dict[str, str]) -> dict[str, str] | None:
    """An attribute that a class of the cookbook has in some version and not in the one at hand."""
    from fwdoctor.explain.ages import member_history
    from fwdoctor.surface.timeline import cookbook

    owner, name = variables.get("owner", ""), variables.get("name", "")
    if name.startswith("_") or not (paths := _cookbook_paths(context, owner)):
        return None
    told = member_history(paths, name, cookbook(), of_class="type object" in _said(context))
    if told is None:
        told = _of_the_other_class(paths[0], name)
    elif "dropped" in told["verdict"]:
        told = {**told, "advice": _with_successor(told["advice"], f"{paths[0]}.{name}")}
    return None if told is None else {**variables, **told}


def cookbook_parameter(context: Context, variables: dict[str, str]) -> dict[str, str] | None:
    """An argument that a callable of the cookbook takes in some version and not in the one at hand."""
    from fwdoctor.explain.ages import parameter_history
    from fwdoctor.surface.timeline import cookbook

    name = variables.get("name", "")
    owner = variables.get("callee", "").removesuffix(".__init__")
    if not (paths := _cookbook_paths(context, owner)):
        return None
    told = parameter_history(paths, name, cookbook()) or _of_the_other_class(paths[0], name)
    if told is None:
        return None
    if "dropped" in told["verdict"]:
        told = {**told, "advice": _with_successor(told["advice"], f"{paths[0]}.{name}")}
    return {**variables, **told, "owner": owner}


def recipe_member(context: Context, variables: dict[str, str]) -> dict[str, str] | None:
    """An attribute that the Configs of recipes have in later versions."""
    from fwdoctor.explain.ages import member_history
    from fwdoctor.surface.lookup import search_ever
    from fwdoctor.surface.timeline import cookbook

    if recipe_config(context, variables) is None:
        return None
    paths = tuple(p for p in search_ever("Config", cookbook()) if p.startswith("training.recipes."))
    told = member_history(paths, variables.get("name", ""), cookbook())
    return {**variables, **told, "owner": "Config"} if told else None


def renamed_field(context: Context, variables: dict[str, str]) -> dict[str, str] | None:
    """A name that a field had before its class was renamed; ``new`` is what it is called now."""
    if _is_elsewhere(context):
        return None
    new = _renamed(_TRAINER_CONFIG).get(variables.get("name", ""))
    return {**variables, "new": new} if new else None


def _cookbook_paths(context: Context, owner: str) -> tuple[str, ...]:
    """Where the cookbook has what a message calls ``owner``; empty where it may well be somebody else's."""
    from fwdoctor.surface.lookup import search_ever
    from fwdoctor.surface.timeline import cookbook

    first = owner.split(".")[0]
    if first in ("Config", "main") or not first.isidentifier() or _is_elsewhere(context):
        return ()  # every recipe has these: classes of their own tell
    if not _is_known(first, "cookbook") or _is_known(first, "sdk"):
        return ()
    sure = any(is_ours(f.path) for f in context.frames) or context.has(("@fireworks",))
    if not sure and (context.frames or not _COMPOUND.search(first)):
        return ()
    return tuple(p for p in search_ever(owner, cookbook()) if p.endswith(f".{owner}"))


@functools.lru_cache(maxsize=2**12)
def _renamed(new_class: str) -> dict[str, str]:
    """Old names of fields of a settings class that was renamed itself, by what a script knew them as."""
    from fwdoctor.moves import moves

    known = moves()
    result = {old: new for m in known.classes.values() if m.new == new_class for old, new in m.fields.items()}
    if new_class == _TRAINER_CONFIG:
        result |= {m.old: m.new for m in known.config.values() if m.into == "trainer" and m.new}
    return {old: new for old, new in result.items() if old != new and old != "job_id"}


def _of_the_other_class(path: str, name: str) -> dict[str, str] | None:
    """What is asked of a settings class and is a field of the one that it became, or that it was before."""
    from fwdoctor.explain.ages import name_history
    from fwdoctor.moves import moves, successor
    from fwdoctor.surface.timeline import cookbook

    line = cookbook()
    for move in moves().classes.values():
        if move.new is None or path not in (move.old, move.new):
            continue
        old, new = move.old.rpartition(".")[2], move.new.rpartition(".")[2]
        of_class = name_history(move.new, line)
        since = of_class["verdict"].partition(":")[0] if of_class else ""
        if path == move.old and name_history(f"{move.new}.{name}", line) is not None:
            before = next((o for o, n in move.fields.items() if n == name), None)
            called = f"; {old} calls it {before}" if before else ""
            advice = f"Make a {new} instead of {old}" + (f", or write {before}" if before else "") + "."
            return {
                "verdict": f"it is a field of {new} ({since}){called}",
                "advice": advice,
                "install": "fwdoctor migrate --diff .",
            }
        if path == move.new and name not in _renamed(path) and of_class is not None:
            if name_history(f"{move.old}.{name}", line) is None:
                return None
            use = successor(f"{move.old}.{name}") or moves().advice.get(name)
            advice = f"Instead: {use}." if use else f"{new} has no such field: drop it."
            return {
                "verdict": f"it was a field of {old} ({since})",
                "advice": advice,
                "install": "fwdoctor migrate --diff .",
            }
    return None


def _with_successor(advice: str, path: str) -> str:
    """The advice, with what replaced the thing at a path where that is known."""
    from fwdoctor.moves import provisioning, successor

    owner, _, name = path.rpartition(".")
    new = successor(path)
    if new is None and owner == provisioning().builder and name in provisioning().spellings:
        new = f"{provisioning().spellings[name][-1]}="
    return advice if new is None else f"{advice} What replaced it: {new}."


def sdk_package(context: Context, variables: dict[str, str]) -> dict[str, str] | None:
    """The SDK's package, not another whose name begins with the same words."""
    line = context.prefix + context.raw[context.start : context.end].decode("utf-8", "replace") + context.rest
    return None if _OTHER_PACKAGE.search(line) else variables


def sdk_name(context: Context, variables: dict[str, str]) -> dict[str, str] | None:
    """A name that some release of the SDK has and the installed one has not."""
    from fwdoctor.explain.ages import name_history, told
    from fwdoctor.surface.timeline import sdk

    module, name = variables.get("module", ""), variables.get("name", "")
    if not f"{module}.".startswith("fireworks.training.") or not _is_whole(context):
        return None
    if _NO_FILE.match(context.rest) and _has_file(module):
        return None
    if _is_asked(context) and _has_file(f"{module}.{name}"):
        return None  # a module is an attribute of its package only when somebody has imported it
    return {**variables, **(name_history(f"{module}.{name}", sdk()) or told([], sdk(), name))}


def sdk_submodule(context: Context, variables: dict[str, str]) -> dict[str, str] | None:
    """A module that some release of the SDK has and the installed one, which was found, has not."""
    from fwdoctor.explain.ages import module_history, told
    from fwdoctor.surface.timeline import sdk

    name = variables.get("name", "")
    if not name.startswith("fireworks.training.") or name == "fireworks.training.sdk":
        return None
    if _has_file(name):
        history = module_history(name, sdk(), in_a_file=_NO_PACKAGE in context.rest)
        return {**variables, **history} if history else None
    if "._" in name or not _has_file(name.rpartition(".")[0]):
        return None  # private modules may be left out of what is stored
    return {**variables, **told([], sdk(), name)}


def sdk_folder(context: Context, variables: dict[str, str]) -> dict[str, str] | None:
    """A name that is missing in a folder without ``__init__.py``: what an SDK left that was removed."""
    module = variables.get("module", "")
    return variables if module.startswith("fireworks.training") and _has_file(module) else None


def sdk_member(context: Context, variables: dict[str, str]) -> dict[str, str] | None:
    """An attribute that an SDK class has in some release and not in the installed one."""
    from fwdoctor.explain.ages import member_history, name_history
    from fwdoctor.surface.lookup import search_ever
    from fwdoctor.surface.timeline import sdk

    owner, name = variables.get("owner", ""), variables.get("name", "")
    if not _is_known(owner, "sdk") or _is_elsewhere(context) or not _is_about_fireworks(context, owner):
        return None
    paths = tuple(search_ever(owner, sdk()))
    if "type object" in _said(context):
        history = member_history(paths, name, sdk(), of_class=True)
        return {**variables, **history} if history else None
    for path in paths:
        if history := name_history(f"{path}.{name}", sdk()):
            return {**variables, **history}
    return None


def sdk_parameter(context: Context, variables: dict[str, str]) -> dict[str, str] | None:
    """An argument that a callable of the SDK takes in some release and not in the installed one."""
    callee, name = variables.get("callee", ""), variables.get("name", "")
    owner = callee.removesuffix(".__init__")
    history = _parameter_history(owner, name)
    if history is None or _is_elsewhere(context):
        return None
    if "no known version" in history["verdict"] and not _is_about_fireworks(context, owner):
        return None
    return {**variables, **history}


def _is_elsewhere(context: Context) -> bool:
    """Whether the error comes out of another installed package."""
    found = _INSTALLED.search(context.frames[-1].path) if context.frames else None
    return found is not None and found[1] not in ("fireworks", "training")


def _is_about_fireworks(context: Context, owner: str) -> bool:
    """Whether a class of a common name is surely the SDK's: its name, or what stands around, says so."""
    if owner.startswith(("Firetitan", "Fireworks", "TrainerJob", "DeploymentSampler", "DeploymentManager")):
        return True
    return any("fireworks/training" in f.path for f in context.frames) or context.has(("fireworks.training",))


@functools.lru_cache(maxsize=2**12)
def _parameter_history(owner: str, name: str) -> dict[str, str] | None:
    """When a callable of the SDK began and ceased to take an argument; None where it is none of the SDK's."""
    from fwdoctor.explain.ages import told
    from fwdoctor.surface.lookup import search_ever
    from fwdoctor.surface.model import Class, Function
    from fwdoctor.surface.timeline import sdk

    if not owner or not owner[0].isalpha() or not _is_known(owner.split(".")[0], "sdk"):
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
    return told(answers, line, f"{name}=")


_PROVISIONING = "fireworks.training.sdk.managed.FiretitanProvisioningConfig"


@functools.lru_cache(maxsize=2**12)
def _is_cookbook_module(path: str) -> bool:
    """Whether some version of the cookbook has a module or package of that name."""
    from fwdoctor.surface.timeline import cookbook

    if not path.startswith("training."):
        return False
    return any(m == path or m.startswith(f"{path}.") for m in cookbook().history.toggles)


@functools.cache
def _provisioning_helpers() -> frozenset[str]:
    """The names that a class of their own answers for."""
    from fwdoctor.explain.catalogue import catalogue

    patterns = catalogue()["removed-infra-import"].patterns
    return frozenset(name for p in patterns for name in p.values.get("name", ()))


@functools.cache
def _surfaces(product: str) -> bytes:
    import fwdoctor_rules

    return (fwdoctor_rules.DATA / "surfaces" / f"{product}.jsonl").read_bytes()


@functools.lru_cache(maxsize=2**12)
def _is_known(name: str, product: str) -> bool:
    """Whether any version of the SDK or the cookbook has such a name: a quick look, before a long one."""
    data = _surfaces(product)
    return f'"{name}"'.encode() in data or f'.{name}"'.encode() in data


@functools.lru_cache(maxsize=2**12)
def _has_file(module: str) -> bool:
    """Whether this is a module with a file of its own wherever a version has it, and some version does."""
    from fwdoctor.surface.model import Absent, Module
    from fwdoctor.surface.timeline import cookbook, sdk

    spans = (cookbook() if f"{module}.".startswith("training.") else sdk()).spans(module)
    there = [isinstance(s.found, tuple) and isinstance(s.found[1], Module) for s in spans]
    return any(there) and all(t or s.found is Absent.MISSING for t, s in zip(there, spans, strict=True))


def _module_history(context: Context, module: str) -> dict[str, str] | None:
    """When a module of the cookbook came and went, as far as that can be why it is missing."""
    from fwdoctor.explain.ages import module_history
    from fwdoctor.surface.timeline import cookbook

    if module.count(".") < 1 or not _is_cookbook_module(module):
        return None
    return module_history(module, cookbook(), in_a_file=_NO_PACKAGE in context.rest)


def _wants_cookbook(context: Context) -> bool:
    """Whether nothing shows that the code wants a package ``training`` of its own.

    What it imports speaks, where a line of it stands there: the module, and the names out of it.
    """
    from fwdoctor.explain.ages import name_history
    from fwdoctor.surface.timeline import cookbook

    if _is_elsewhere(context):
        return False
    wanted = _WANTED.findall(_last_code(context))
    if any(not _is_cookbook_module(module) for module in wanted):
        return False
    taken = _FROM_IMPORT.search(_last_code(context))
    if taken is None:
        return True
    names = [n for n in (_AS.sub("", part).strip() for part in taken[2].split(",")) if n]
    return not names or any(name_history(f"{taken[1]}.{n}", cookbook()) for n in names)


def _last_code(context: Context) -> str:
    """The source line of the innermost frame."""
    return context.frames[-1].code if context.frames else ""


def _said(context: Context) -> str:
    """The message itself, as it stands there."""
    return context.raw[context.start : context.end].decode("utf-8", "replace")


def _is_asked(context: Context) -> bool:
    """Whether an attribute was read, and not a name imported."""
    return "has no attribute" in " ".join(_said(context).split())


def _is_telling(name: str) -> bool:
    """Whether a name is of a kind that two projects hardly share: of several words."""
    return "_" in name.strip("_") or _COMPOUND.search(name) is not None


CHECKS: dict[str, Check] = {
    "recipe-config": recipe_config,
    "cookbook-module": cookbook_module,
    "cookbook-submodule": cookbook_submodule,
    "cookbook-folder": cookbook_folder,
    "cookbook-name": cookbook_name,
    "cookbook-member": cookbook_member,
    "cookbook-parameter": cookbook_parameter,
    "recipe-member": recipe_member,
    "renamed-field": renamed_field,
    "whole-module": whole_module,
    "sdk-name": sdk_name,
    "sdk-submodule": sdk_submodule,
    "sdk-folder": sdk_folder,
    "sdk-package": sdk_package,
    "sdk-member": sdk_member,
    "sdk-parameter": sdk_parameter,
}
