"""What the rules about managed services share: where one is made, and what becomes of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from fwdoctor.lint.file import UNKNOWN, Call, File
from fwdoctor.lint.flow import Use, Way, uses

#: What makes a service that will provision a trainer.
MAKERS = ("build_service_client", "FiretitanServiceClient.from_firetitan_config")
#: Calls that are given a service and leave the closing of it to others.
_BORROWERS = ("ReconnectableClient", "ReconnectableClient.from_training_client", "TrainingCheckpoints")
_READERS = frozenset({"bool", "id", "isinstance", "print", "repr", "str", "type"})


@dataclass(frozen=True, slots=True)
class Service:
    """A managed service that is made in a file: the call, and where it is closed.

    ``hidden``: something may close it that cannot be seen. ``used``: a trainer is asked of it (making it
    provisions nothing).
    """

    made: Call
    closed: tuple[ast.Attribute, ...] = ()
    used: bool = False
    hidden: bool = False


def services(file: File) -> Iterator[Service]:
    """The managed services that a file makes, tests with stand-ins left out."""
    for call in file.calls_of(*MAKERS):
        if not file.may_be_mocked(call.node):
            yield _service(file, call)


def _service(file: File, call: Call) -> Service:
    closed: list[ast.Attribute] = []
    used = hidden = False
    for use in uses(file, call.node):
        if use.attribute == "close" and isinstance(use.by, ast.Attribute):
            closed.append(use.by)
        elif use.attribute is not None:
            used = True
            hidden = hidden or use.attribute.startswith("_")
        elif use.way is Way.ARGUMENT and _borrows(file, use):
            used = True
        elif use.way not in (Way.TESTED, Way.TEXT, Way.DROPPED):
            hidden = True
    return Service(call, tuple(closed), used, hidden or _is_shared(file, call))


def _borrows(file: File, use: Use) -> bool:
    if not isinstance(use.by, ast.Call):
        return False
    if isinstance(use.by.func, ast.Name) and use.by.func.id in _READERS:
        return True
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
