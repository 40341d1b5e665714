"""What the rules about managed services share: where one is made, and what becomes of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from fwdoctor.lean_dataclass import dataclass
from fwdoctor.lint.file import UNKNOWN, Call, File
from fwdoctor.lint.flow import Use, Way, called, uses

#: What makes a service that will provision a trainer.
MAKERS = ("build_service_client", "FiretitanServiceClient.from_firetitan_config")
#: Calls that are given a service and leave the closing of it to others.
_BORROWERS = ("ReconnectableClient", "ReconnectableClient.from_training_client", "TrainingCheckpoints")
_READERS = frozenset({"bool", "hasattr", "id", "isinstance", "print", "repr", "str", "type"})
#: What names a trainer or a deployment of a service: with it, others can end them.
_IDS = frozenset(
    {
        "deployment_id",
        "managed_deployment_id",
        "managed_trainer_job_id",
        "reference_client_job_id",
        "reference_job_id",
        "reference_trainer_job_id",
        "trainer_job_id",
    }
)
#: What else a service tells about itself without provisioning anything; so does all that begins with managed_.
_FACTS = frozenset(
    {
        "accelerator_count",
        "accelerator_type",
        "deployment_shape",
        "max_context_length",
        "training_profile",
        "training_session_id",
        "training_session_name",
    }
)
#: Functions and methods that show or write down what they are given, and give a text at most.
_WRITERS = frozenset(
    {
        "critical",
        "debug",
        "dump",
        "echo",
        "error",
        "exception",
        "info",
        "log",
        "print",
        "update",
        "warning",
        "write",
        "write_text",
    }
)
#: Methods of the managers that end what they are given the id of.
_ENDINGS = frozenset({"cancel", "delete", "scale_to_zero"})
_TEXTS = frozenset({"dumps", "format", "quote", "repr", "str"})


@dataclass(frozen=True, slots=True)
class Service:
    """A managed service that is made in a file: the call, and where it is closed.

    ``hidden``: something may close it that cannot be seen, or may end by hand what it provisioned.
    ``used``: a trainer is asked of it (making it, and reading what it knows, provisions nothing).
    """

    made: Call
    closed: tuple[ast.Attribute, ...] = ()
    used: bool = False
    hidden: bool = False


def services(file: File) -> Iterator[Service]:
    """The managed services that a file makes, tests with stand-ins left out."""
    for call in file.calls_of(*MAKERS):
        if not file.may_be_mocked(call.node) and not file.is_expected_to_fail(call.node):
            yield _service(file, call)


def _service(file: File, call: Call) -> Service:
    closed: list[ast.Attribute] = []
    used = hidden = False
    for use in uses(file, call.node):
        if use.attribute == "close" and isinstance(use.by, ast.Attribute):
            closed.append(use.by)
        elif use.attribute is not None:
            used = used or not (_only_tells(use.attribute) or file.is_expected_to_fail(use.node))
            hidden = hidden or use.attribute.startswith("_") or _may_be_deleted(file, use)
        elif _reads(use):
            continue
        elif use.way is Way.ARGUMENT and _borrows(file, use):
            used = True
        elif use.way not in (Way.TESTED, Way.TEXT, Way.DROPPED):
            hidden = True
    hidden = (
        hidden
        or any(file.calls_of("TrainerJobManager.cancel", "TrainerJobManager.delete"))
        or _is_shared(file, call)
    )
    return Service(call, tuple(closed), used, hidden)


def _only_tells(attribute: str) -> bool:
    return attribute.startswith("managed_") or attribute in _IDS | _FACTS


def _may_be_deleted(file: File, use: Use) -> bool:
    """Whether an attribute of a service is the id of what it provisioned, and goes where that may be deleted."""
    return use.attribute in _IDS and isinstance(use.by, ast.expr) and _leaves(file, use.by, set())


def _leaves(file: File, name: ast.expr, seen: set[ast.AST]) -> bool:
    """Whether an id goes anywhere but into logs, and into calls of the cookbook and the SDK that end nothing."""
    if name in seen:  # texts of texts may go round in a circle
        return False
    seen.add(name)
    for use in uses(file, name):
        if use.way in (Way.TESTED, Way.DROPPED):
            continue
        if use.way in (Way.TEXT, Way.ELEMENT) and isinstance(use.by, ast.expr):
            if _leaves(file, use.by, seen):
                return True
        elif use.way is not Way.ARGUMENT or not isinstance(use.by, ast.Call):
            return True
        elif called(use.by) in _TEXTS:
            if _leaves(file, use.by, seen):
                return True
        elif called(use.by) not in _WRITERS and not _keeps(file, use.by):
            return True
    return False


def _keeps(file: File, call: ast.Call) -> bool:
    """Whether a call is of the cookbook or the SDK, and ends nothing."""
    ours = file.call_at(call)
    return ours is not None and ours.path.rpartition(".")[2] not in _ENDINGS


def _reads(use: Use) -> bool:
    return use.way is Way.ARGUMENT and isinstance(use.by, ast.Call) and _is_reader(use.by.func)


def _is_reader(callee: ast.expr) -> bool:
    return isinstance(callee, ast.Name) and callee.id in _READERS


def _borrows(file: File, use: Use) -> bool:
    if not isinstance(use.by, ast.Call):
        return False
    taker = file.call_at(use.by)
    return taker is not None and taker.path.endswith(tuple(f".{name}" for name in _BORROWERS))


def _is_shared(file: File, call: Call) -> bool:
    """Whether other files may import it: a name of a module that is not run as a script."""
    statement = file.model.statement(call.node)
    if not isinstance(statement, ast.Assign | ast.AnnAssign):
        return False
    if statement.value is not call.node or file.model.scope_of(statement) is not file.model.module:
        return False
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    return not any(_is_worked_with(file, name) for name in targets if isinstance(name, ast.Name))


def _is_worked_with(file: File, name: ast.Name) -> bool:
    """Whether the module itself calls a method of it when it is run."""
    if file.model.is_exported(name.id):
        return False
    return any(
        file.model.scope_of(load) is file.model.module
        and isinstance(attribute := file.model.parents[load], ast.Attribute)
        and isinstance(file.model.parents[attribute], ast.Call)
        for load in file.model.loads(name.id, file.model.module)
    )


# --- what closing it would do ----------------------------------------------------------------------------


def cleans_up(file: File, call: Call) -> bool | None:
    """Whether closing a service deletes its trainer or its deployment; None where that cannot be told."""
    settings = _settings(file, call)
    if settings is None:
        return None
    values = [
        file.value(given)
        for name in ("cleanup_trainer_on_close", "cleanup_deployment_on_close")
        if (given := settings.sets(name)) is not None
    ]
    if any(v is UNKNOWN or v for v in values):
        return True
    return None if settings.opaque else False


def keeps_its_trainer(file: File, call: Call) -> bool:
    """Whether somebody decided that the trainer stays: says so, or attaches to one that is there."""
    settings = _settings(file, call)
    if settings is None:
        return True
    if file.value(settings.get("cleanup_trainer_on_close")) is False:
        return True
    trainer = file.made_by(settings.get("trainer"))
    attached = settings.sets("trainer_job_id") or (trainer.sets("job_id") if trainer else None)
    return attached is not None


def _settings(file: File, call: Call) -> Call | None:
    """The call that holds the settings: the same, or that of ``managed_config``."""
    given = call.sets("managed_config")
    return call if given is None else file.made_by(given)
