"""Whatever the SDK can tell its users is known to the error catalogue, or somebody said why not.

``scripts/harvest_errors.py`` reads the installed SDK and holds its statements against the catalogue. When this
fails after an upgrade, run it with ``--unknown`` and add templates, or lines to allowed_statements.toml.
"""

import functools
import importlib.metadata
import importlib.util
from pathlib import Path

import pytest

from fwdoctor.explain.catalogue import Catalogue, catalogue
from scripts.harvest_errors import (
    Allowed,
    Coverage,
    Harvest,
    Statement,
    allowed,
    coverage,
    harvest,
    known,
    main,
)

#: The version that pyproject.toml pins for the tests; the allow-list is complete and minimal for it.
PINNED = "1.2.28"


def sdk() -> Path | None:
    """The folder of the installed SDK, found without importing it."""
    spec = importlib.util.find_spec("fireworks")
    for folder in (spec and spec.submodule_search_locations) or ():
        if (Path(folder) / "training" / "sdk").is_dir():
            return Path(folder) / "training" / "sdk"
    return None


@functools.cache
def installed() -> Coverage:
    folder = sdk()
    if folder is None:
        pytest.skip("the training SDK is not installed")
    return coverage(harvest(folder), catalogue(), allowed())


def test_every_statement_of_the_sdk_is_known_or_allowed() -> None:
    unknown = [f"{s.file}:{s.line}: {s.kind}: {s.template}" for s in installed().unknown]
    assert not unknown, f"{len(unknown)} statements without a class:\n" + "\n".join(unknown)


def test_the_harvest_finds_what_there_is() -> None:
    """A harvest that finds nothing knows everything."""
    found = installed()
    if importlib.metadata.version("fireworks-ai") != PINNED:
        pytest.skip(f"the numbers are those of {PINNED}")
    assert len(found.statements) > 550
    assert found.count("text") > 460
    assert {s.kind for s in found.statements} > {"ValueError", "TITOError", "warning", "error", "collect"}


def test_without_its_class_a_statement_is_unknown() -> None:
    found = installed()
    closed = [s for s, how in found.known.items() if how == "text client-closed"]
    rest = Catalogue([entry for entry in catalogue().values() if entry.name != "client-closed"])
    assert len(closed) > 3
    assert not [how for how in known(closed, rest).values() if how.startswith("text")]


def test_nothing_on_the_allow_list_is_stale() -> None:
    found = installed()
    if importlib.metadata.version("fireworks-ai") != PINNED:
        pytest.skip(f"the allow-list is that of {PINNED}")
    stale = [f"{entry} ({table.reason})" for table, entry in found.idle if not table.seen_in]
    assert not stale, "known by now, or gone:\n" + "\n".join(stale)


def test_every_allowance_has_a_reason() -> None:
    entries = [entry for table in allowed() for entry in table.statements]
    assert all(table.reason.strip() and table.statements for table in allowed())
    assert len(entries) == len(set(entries))
    assert all(".py: " in entry for entry in entries)


# --- the harvest itself ------------------------------------------------------------------------------


def texts(source: str) -> list[tuple[str, str]]:
    return [(s.kind, s.template) for s in Harvest({"/x/training/a.py": source}).statements()]


CALLING = """
def told(what, cause):
    lines = [f"ERROR: {what}", f"  Cause: {cause}"]
    return "\\n".join(lines)

def f(x):
    raise ValueError(told(f"no {x}", str(x)))
"""
OWN_CLASS = """
class Odd(ValueError):
    def __init__(self, code, message):
        super().__init__(message)

raise Odd("code_of_it", "it is odd")
"""
HELPER = """
from fireworks.training.sdk.errors import format_sdk_error
raise RuntimeError(format_sdk_error("No key", f"{x} is unset", "Set it"))
"""


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("raise ValueError('one ' 'two')", [("ValueError", "one two")]),
        ("raise a.b.ValueError(f'{x.y!r} is no {kind}')", [("ValueError", "{x.y} is no {kind}")]),
        ("raise ValueError('%s of %d' % (name, len(x)))", [("ValueError", "{name} of {len(x)}")]),
        ("raise ValueError('the {} of {name}'.format(a, name=b))", [("ValueError", "the {a} of {b}")]),
        ("logger.warning('not %s: %r', a, b)", [("warning", "not {a}: {b}")]),
        ("self._log.exception('it failed')", [("error", "it failed")]),
        ("logger.info('it works')", []),
        ("raise ValueError(text)", []),
        ("raise ValueError('\\n'.join(errors))", []),
        ("errors.append('too long')", [("collect", "too long")]),
        ("warnings.warn('old', DeprecationWarning)", [("DeprecationWarning", "old")]),
        ("future.set_exception(RuntimeError('gone for good'))", [("RuntimeError", "gone for good")]),
        ("KINDS = ('a', 'b')\nraise ValueError(f'one of {KINDS}')", [("ValueError", "one of ('a', 'b')")]),
        (
            "KINDS = {'b', 'a'}\nraise ValueError('one of ' + ', '.join(sorted(KINDS)))",
            [("ValueError", "one of a, b")],
        ),
        (
            "def f(x):\n    text = f'no {x}' if x else 'nothing'\n    raise ValueError(text)",
            [("ValueError", "no {x}"), ("ValueError", "nothing")],
        ),
        (CALLING, [("ValueError", "ERROR: no {x}\n  Cause: {x}")]),
        (OWN_CLASS, [("Odd", "it is odd")]),
        (HELPER, [("RuntimeError", "ERROR: No key\n  Cause: {x} is unset\n  Solution: Set it")]),
    ],
)
def test_texts_are_put_together(source: str, expected: list[tuple[str, str]]) -> None:
    assert texts(source) == expected


def statement(
    kind: str, text: str, file: str = "/opt/venv/site-packages/fireworks/training/sdk/x.py"
) -> Statement:
    return Statement(file, 1, kind, (text,))


def test_a_statement_is_known_by_its_text_or_its_place() -> None:
    by_text = statement("ValueError", "checkpoint path cannot be empty")
    by_place = statement(
        "RuntimeError", "no text of ours", "/opt/venv/site-packages/fireworks/training/sdk/_core/x.py"
    )
    log = statement("error", "no text of ours", by_place.file)
    new = statement("ValueError", "no text of ours")
    found = known([by_text, new, by_place, log, by_text, new], catalogue())
    assert found == {by_text: "text checkpoint-ref-invalid", by_place: "place sdk-internal-invariant"}


def test_the_allow_list_goes_by_file_and_beginning() -> None:
    table = Allowed("why not", ("sdk/x.py: no text", "sdk/y.py: no text", "x.py: another"))
    new = statement("ValueError", "no\ntext of ours")
    found = coverage([new], catalogue(), [table])
    assert found.allowed == {new: "why not"}
    assert [entry for _, entry in found.idle] == ["sdk/y.py: no text", "x.py: another"]


def test_the_command_tells_numbers_and_what_is_unknown(tmp_path: Path) -> None:
    folder = tmp_path / "training"
    (folder / "tests").mkdir(parents=True)
    (folder / "tests" / "a.py").write_text("raise ValueError('of a test')", "utf-8")
    (folder / "a.py").write_text("raise ValueError('no text of ours')", "utf-8")
    lines: list[str] = []
    assert main([str(folder), "--unknown"], lines.append) == 1
    assert lines[0] == "1 statements: 0 by text, 0 by place, 0 allowed, 1 unknown"
    assert lines[1] == "unknown\t/home/me/cookbook/training/a.py:1\tValueError\tno text of ours"
