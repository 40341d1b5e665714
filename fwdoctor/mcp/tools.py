"""The tools: what each one takes, what it may do, and the command line that it stands for.

Values never become options: those with a name are written ``--name=value``, the others stand behind ``--``.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fwdoctor.lean_dataclass import dataclass

#: A JSON Schema, or what was given for one.
Json = Mapping[str, Any]

_PATHS = {
    "type": "array",
    "items": {"type": "string", "minLength": 1},
    "minItems": 1,
    "description": "Files or folders.",
}
_TARGET = {
    "type": "string",
    "minLength": 1,
    "description": "The cookbook's version: auto (the one that is there), latest, a date, a commit, a path.",
}


@dataclass(frozen=True, slots=True)
class Call:
    """A command line behind ``fwdoctor``, without the output format, and what goes to its standard input."""

    command: tuple[str, ...]
    options: tuple[str, ...] = ()
    rest: tuple[str, ...] = ()
    stdin: str | None = None

    def line(self, output_format: str) -> list[str]:
        """The whole command line, for a program."""
        behind = ["--", *self.rest] if self.rest else []
        return [*self.command, f"--output-format={output_format}", *self.options, *behind]

    @property
    def shown(self) -> str | None:
        """What a person types to see all of it; None if that takes more than a command line."""
        return None if self.stdin is not None else shlex.join(["fwdoctor", *self.line("concise")])


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool. ``writes``: it changes files if asked to. ``asks_platform``: it sends requests to it."""

    name: str
    title: str
    description: str
    properties: Json
    call: Callable[[Json], Call]
    required: tuple[str, ...] = ()
    writes: bool = False
    asks_platform: bool = False

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of what it takes."""
        return {
            "type": "object",
            "properties": dict(self.properties),
            "required": list(self.required),
            "additionalProperties": False,
        }


def _options(given: Json, *names: str) -> tuple[str, ...]:
    """``--name=value`` of each that was given."""
    found = []
    for name in names:
        value = given.get(name)
        option = f"--{name.replace('_', '-')}"
        if isinstance(value, bool):
            found += [option] if value else []
        elif value is not None:
            found.append(f"{option}={value}")
    return tuple(found)


def _check(given: Json) -> Call:
    logs = tuple(f"--log={log}" for log in given.get("logs", ()))
    return Call(("check",), (*_options(given, "python", "cookbook"), *logs), (given.get("path", "."),))


def _explain(given: Json) -> Call:
    if "text" in given:
        return Call(("explain",), rest=("-",), stdin=given["text"])
    return Call(("explain",), rest=tuple(given["files"]))


def _lint(given: Json) -> Call:
    return Call(("lint",), _options(given, "target"), tuple(given["paths"]))


def _migrate(given: Json) -> Call:
    dry = () if given.get("apply") else ("--diff",)
    return Call(("migrate",), (*dry, *_options(given, "target", "preserve_defaults")), tuple(given["paths"]))


def _probe(given: Json) -> Call:
    name = given.get("name")
    options = _options(given, *_PROBE_OPTIONS.get(given["kind"], ()))
    return Call(("probe", given["kind"]), options, (name,) if name is not None else ())


def _rule(given: Json) -> Call:
    return Call(("rule",), rest=(given["rule"],))


#: The options of each kind of probe.
_PROBE_OPTIONS: Mapping[str, Sequence[str]] = {
    "checkpoints": ("output_model_id",),
    "deployment": ("job",),
    "shape": ("base_model", "lora_rank", "reference", "context"),
}

TOOLS = (
    Tool(
        "check",
        "Check the environment",
        "Look at Python, the fireworks-ai SDK against the cookbook's pin, credentials and the code of a "
        "project; say what is wrong, who must act, and the commands that mend it. The first step always. "
        "Reads only.",
        {
            "path": {"type": "string", "minLength": 1, "description": "The project's folder; default: here."},
            "python": {
                "type": "string",
                "minLength": 1,
                "description": "The interpreter or its environment.",
            },
            "cookbook": {"type": "string", "minLength": 1, "description": "The cookbook's checkout."},
            "logs": {**_PATHS, "description": "Logs of the run, to be explained, too."},
        },
        _check,
    ),
    Tool(
        "explain",
        "Explain errors in logs",
        "Name the cause of known errors in logs and tracebacks of Fireworks training, who must act, and what "
        "to do. Give files, or the text itself. Reads only.",
        {
            "files": {**_PATHS, "description": "Logs, .gz, notebooks, junit.xml."},
            "text": {"type": "string", "description": "A log or a traceback, in place of files."},
        },
        _explain,
    ),
    Tool(
        "lint",
        "Lint training code",
        "Find old API, wrong configuration and leaked trainers in Python code for Fireworks. Reads only.",
        {"paths": _PATHS, "target": _TARGET},
        _lint,
        required=("paths",),
    ),
    Tool(
        "migrate",
        "Port training code",
        "Port code to the API of the cookbook. Without apply it writes nothing and answers with the "
        "difference; with apply=true it writes the files: ask the user first.",
        {
            "paths": _PATHS,
            "target": _TARGET,
            "apply": {"type": "boolean", "default": False, "description": "Write the files."},
            "preserve_defaults": {
                "enum": ["report", "write"],
                "description": "Defaults that changed: tell them, or write the old ones out.",
            },
        },
        _migrate,
        required=("paths",),
        writes=True,
    ),
    Tool(
        "probe",
        "Ask the control plane",
        "Ask Fireworks for the state of a trainer job, its checkpoints, a deployment, a training shape or "
        "the account. Uses FIREWORKS_API_KEY of the environment; starts and changes nothing.",
        {
            "kind": {"enum": ["job", "checkpoints", "deployment", "shape", "account"]},
            "name": {"type": "string", "minLength": 1, "description": "Its id or name; none for account."},
            "job": {
                "type": "string",
                "minLength": 1,
                "description": "deployment: the job whose weights it serves.",
            },
            "output_model_id": {
                "type": "string",
                "minLength": 1,
                "description": "checkpoints: the id to check.",
            },
            "base_model": {
                "type": "string",
                "minLength": 1,
                "description": "shape: the model to be trained.",
            },
            "lora_rank": {"type": "integer", "minimum": 0, "description": "shape: 0 is all parameters."},
            "reference": {"type": "boolean", "description": "shape: it is to compute references."},
            "context": {"type": "integer", "minimum": 1, "description": "shape: the longest sequence."},
        },
        _probe,
        required=("kind",),
        asks_platform=True,
    ),
    Tool(
        "rule",
        "Explain a rule",
        "What a finding's rule means, why it matters, and what to do.",
        {"rule": {"type": "string", "minLength": 1, "description": "FWD101, FWS202, FWE702, or a name."}},
        _rule,
        required=("rule",),
    ),
)


def refusal(tool: Tool, given: Json) -> str | None:
    """Why these arguments do not fit; None if they do."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    error = best_match(Draft202012Validator(tool.schema).iter_errors(given))
    if error is not None:
        place = ".".join(map(str, error.absolute_path))
        return f"{f'{place}: ' if place else ''}{error.message}"
    if tool.name == "explain" and len(given) != 1:
        return "give files, or text"
    if tool.name == "probe":
        kind = given["kind"]
        if (kind == "account") == ("name" in given):
            return "account takes no name" if kind == "account" else f"{kind} needs a name"
        foreign = sorted(given.keys() - {"kind", "name", *_PROBE_OPTIONS.get(kind, ())})
        if foreign:
            return f"{kind} takes no {foreign[0]}"
    return None
