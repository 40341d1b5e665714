"""Key, base URL and headers: judged, and never shown."""

from __future__ import annotations

import dataclasses
import inspect
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwdoctor.environment.checks import credentials
from fwdoctor.environment.doctor import run
from fwdoctor.environment.facts import gather
from fwdoctor.rulebook import rulebook

if TYPE_CHECKING:
    from tests.environment.conftest import World

KEY = "fw_0123456789abcdefWXYZ"


@pytest.mark.parametrize(
    ("key", "flaw"),
    [
        (f" {KEY}", "a space"),
        (f"{KEY}\n", "a line end"),
        (f"{KEY}\r\n", "a line end"),
        (f'"{KEY}"', "quotes"),
        (f"\u201c{KEY}\u201d", "quotes"),
        ("fw_ 0123456789", "white space in it"),
        ("fw_0123\u202f456789", "white space in it"),
        ("fw_012345\u2026", "no HTTP header"),
        ("fw_0123456\x07789", "no HTTP header"),
    ],
)
def test_a_malformed_key_says_what_is_wrong(world: World, key: str, flaw: str) -> None:
    world.environ["FIREWORKS_API_KEY"] = key
    seen = world.check()
    assert flaw in seen.one("FWS402").message
    assert seen.sections["credentials"].detail == "FIREWORKS_API_KEY is set (the environment)"


@pytest.mark.parametrize(
    ("key", "detail"),
    [(KEY, "ends in WXYZ"), ("fw_456789abc", "ends in 9abc"), ("fw_456789ab", "is set")],
)
def test_no_more_than_the_end_of_a_long_key_is_shown(world: World, key: str, detail: str) -> None:
    world.environ["FIREWORKS_API_KEY"] = key
    section = world.check().sections["credentials"]
    assert section.detail == f"FIREWORKS_API_KEY {detail} (the environment)"


@pytest.mark.parametrize("key", [None, "", "  "])
def test_a_missing_key_is_a_warning(world: World, key: str | None) -> None:
    del world.environ["FIREWORKS_API_KEY"]
    if key is not None:
        world.environ["FIREWORKS_API_KEY"] = key
    finding = world.check().one("FWS401")
    assert finding.severity == "warning"
    assert ("not set" if key is None else "empty in the environment") in finding.message


@pytest.mark.parametrize(
    ("url", "flaw"),
    [
        ("api.fireworks.ai", "does not begin"),
        ("ftp://api.fireworks.ai", "does not begin"),
        ("https://", "no host"),
        ("https://api.fireworks.ai:port", "cannot be read"),
        ("https://[::1", "cannot be read"),
        ("https://api.fireworks.ai ", "white space or a quote"),
        ("'https://api.fireworks.ai'", "white space or a quote"),
    ],
)
def test_a_base_url_says_what_is_wrong(world: World, url: str, flaw: str) -> None:
    world.environ["FIREWORKS_BASE_URL"] = url
    finding = world.check().one("FWS403")
    assert flaw in finding.message
    assert url not in finding.message


@pytest.mark.parametrize(
    "url", ["", "http://localhost:8000", "https://user:secret@example.com/v1?key=secret"]
)
def test_of_a_good_base_url_the_host_is_shown(world: World, url: str) -> None:
    world.environ["FIREWORKS_BASE_URL"] = url
    seen = world.check()
    assert seen.rules == set()
    assert "secret" not in seen.sections["credentials"].detail


@pytest.mark.parametrize(
    ("headers", "flaw"),
    [
        ("X-A: b", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ('["X-A"]', "no JSON object"),
        ('{"X-A": null}', "not all strings"),
    ],
)
def test_headers_say_what_is_wrong(world: World, headers: str, flaw: str) -> None:
    world.environ["FIREWORKS_API_EXTRA_HEADERS"] = headers
    assert flaw in world.check().one("FWS404").message


@pytest.mark.parametrize("headers", ["", " ", "{}", '{"X-A": "b"}'])
def test_good_headers(world: World, headers: str) -> None:
    world.environ["FIREWORKS_API_EXTRA_HEADERS"] = headers
    assert world.check().rules == set()


def test_a_dotenv_file_sets_what_the_environment_does_not(world: World) -> None:
    del world.environ["FIREWORKS_API_KEY"]
    path = world.write(
        "work/project/.env",
        f"# secrets\n\nexport FIREWORKS_API_KEY={KEY}\nFIREWORKS_BASE_URL=${{HOST}}/v1\nOTHER=1\n",
    )
    seen = world.check()
    finding = seen.one("FWS403")
    assert str(finding.location) == f"{path}:4"
    assert seen.sections["credentials"].detail == (
        f"FIREWORKS_API_KEY ends in WXYZ ({path}:3), seen by scripts that call load_dotenv()"
    )


def test_the_environment_wins_even_if_it_is_empty(world: World) -> None:
    world.write("work/project/.env", f"FIREWORKS_API_KEY={KEY}\n")
    world.environ["FIREWORKS_API_KEY"] = ""
    assert world.check().rules == {"FWS401"}


def test_the_nearest_dotenv_file_wins(world: World) -> None:
    del world.environ["FIREWORKS_API_KEY"]
    world.write("work/project/.env", "FIREWORKS_API_KEY=fw_000000000000far\n")
    world.write("work/project/jobs/.env", f"FIREWORKS_API_KEY={KEY}\n")
    section = world.check(world.project / "jobs").sections["credentials"]
    assert "ends in WXYZ" in section.detail


def test_a_line_that_sets_no_key_is_a_problem(world: World) -> None:
    world.write("work/project/.env", f'A=1\nFIREWORKS_API_KEY="{KEY}\nB=2\n')
    (problem,) = world.check().problems
    assert problem.path == str(world.project / ".env")
    assert problem.message == "line 2: cannot be read, so that it sets no variable"


def test_dotenv_may_be_a_folder(world: World) -> None:
    (world.project / ".env").mkdir()
    assert world.check().problems == []


@given(
    key=st.text("aB9_-/@:#?. \"'{}\\\u00e9", min_size=1, max_size=40) | st.text(min_size=1, max_size=40),
    other=st.sampled_from(["FIREWORKS_API_KEY", "FIREWORKS_BASE_URL", "FIREWORKS_API_EXTRA_HEADERS"]),
    wrap=st.sampled_from(["{}", " {}", '"{}"', "https://{}@host/", "https://{}", '{"X-A": "{}"}', "{}\n"]),
    dotenv=st.booleans(),
)
def test_a_key_is_in_no_output(key: str, other: str, wrap: str, dotenv: bool) -> None:
    variables = {"FIREWORKS_API_KEY": key, other: wrap.replace("{}", key)}
    said = output(variables, dotenv)
    # Words that the messages have anyway do not come from the key.
    known = MESSAGES + output({"FIREWORKS_API_KEY": "x", other: wrap.replace("{}", "x")}, dotenv)
    windows = {key[i : i + 5] for i in range(len(key) - 4)}
    assert [w for w in windows if w.lower() in said.lower() and w.lower() not in known.lower()] == []
    if len(variables["FIREWORKS_API_KEY"]) < 12:
        assert "ends in" not in said


MESSAGES = "".join(map(str, rulebook().values())) + inspect.getsource(credentials)


def output(variables: dict[str, str], dotenv: bool) -> str:
    """All that is said about these variables, as text."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "pyproject.toml").touch()
        if dotenv:
            lines = [f"{name}='{value}'\n" for name, value in variables.items()]
            (folder / ".env").write_bytes("".join(lines).encode("utf-8", "surrogatepass"))
        facts = gather(folder, environ={} if dotenv else variables)
        outcome = credentials.check(facts)
        said = [dataclasses.asdict(outcome), *map(dataclasses.asdict, facts.reader.problems)]
        return json.dumps(said, ensure_ascii=False).replace(name, "")


def test_a_check_that_fails_does_not_quote_the_key(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise ValueError(f"cannot understand {world.environ['FIREWORKS_API_KEY']}")

    monkeypatch.setattr(credentials, "settings", fail)
    _, outcomes, problems = run(world.project, python=None, cookbook=None, environ=world.environ)
    (failed,) = [o for o in outcomes if o.section == "credentials"]
    assert failed.status == "error"
    assert "ValueError at test_credentials.py" in failed.detail
    assert KEY not in failed.detail
    assert f"credentials: {failed.detail}" in [str(problem) for problem in problems]
