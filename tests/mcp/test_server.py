"""The server as an agent meets it: a real client, the real command, their standard streams."""

from __future__ import annotations

import asyncio
import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from mcp import Client, StdioServerParameters

from fwdoctor.mcp import child, server
from fwdoctor.mcp.tools import TOOLS

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "tests" / "fixtures"
SCHEMA = json.loads((ROOT / "docs" / "schema" / "output.json").read_text("utf-8"))
PATHS = os.pathsep.join(str(ROOT / p) for p in (".", "codemods", "rules"))
Talk = Callable[[Client], Awaitable[None]]


def talk(with_client: Talk, folder: Path, *, mode: Any = "auto") -> None:
    """Start the server in a folder, and talk with it."""
    (folder / "home").mkdir(exist_ok=True)
    parameters = StdioServerParameters(
        command=sys.executable,
        args=["-m", "fwdoctor", "mcp"],
        env={"PYTHONPATH": PATHS, "HOME": str(folder / "home")},
        cwd=folder,
    )

    async def run() -> None:
        async with Client(parameters, mode=mode, read_timeout_seconds=120) as client:
            await with_client(client)

    asyncio.run(run())


def text_of(result: Any) -> str:
    (content,) = result.content
    assert len(content.text) > 0
    return str(content.text)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_tools_and_what_they_may_do(tmp_path: Path, mode: str) -> None:
    async def with_client(client: Client) -> None:
        listed = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert list(listed) == ["check", "explain", "lint", "migrate", "probe", "rule"]
        for name, tool in listed.items():
            hints = tool.annotations
            assert hints is not None
            assert hints.read_only_hint is (name != "migrate")
            assert hints.destructive_hint is (name == "migrate")
            assert hints.idempotent_hint is True
            assert hints.open_world_hint is (name == "probe")
            assert tool.description
            jsonschema.Draft202012Validator.check_schema(tool.input_schema)
            assert tool.input_schema["additionalProperties"] is False

    talk(with_client, tmp_path, mode=mode)


def test_each_tool_answers_with_a_brief_and_the_document(tmp_path: Path) -> None:
    old, venv, log = (str(FIXTURES / n) for n in ("old_project", "stale_venv", "failed_run.log"))
    calls: list[tuple[str, dict[str, Any], str]] = [
        ("check", {"path": old, "python": venv}, "FWS202"),
        ("explain", {"files": [log]}, "FWE702"),
        (
            "explain",
            {"text": "TypeError: Config.__init__() got an unexpected keyword argument 'infra'"},
            "FWE101",
        ),
        ("lint", {"paths": [str(FIXTURES / "lint_project")], "target": "latest"}, "FWD301"),
        ("migrate", {"paths": [old], "target": "latest"}, "FWD106"),
    ]

    async def with_client(client: Client) -> None:
        for name, given, rule in calls:
            result = await client.call_tool(name, given)
            assert result.is_error is False
            text = text_of(result)
            assert text.startswith(f"fwdoctor {name}: ")
            assert rule in text
            assert math.ceil(len(text) / 3.5) <= 2000
            jsonschema.validate(result.structured_content, SCHEMA)
            assert result.structured_content["command"] == name
            assert rule in {f["rule"] for f in result.structured_content["findings"]}
        result = await client.call_tool("rule", {"rule": "FWS202"})
        assert "FWS202 sdk-below-pin" in text_of(result)
        assert [r["id"] for r in result.structured_content["rules"]] == ["FWS202"]

    talk(with_client, tmp_path)


def test_migrate_writes_only_if_told(tmp_path: Path) -> None:
    project = tmp_path / "a project"
    shutil.copytree(FIXTURES / "old_project", project)
    script = project / "scripts" / "tune_tone.py"
    before = script.read_bytes()
    given = {"paths": [str(project)], "target": "latest"}

    async def with_client(client: Client) -> None:
        result = await client.call_tool("migrate", given)
        assert script.read_bytes() == before
        (file,) = [f for f in result.structured_content["files"] if f["path"].endswith("tune_tone.py")]
        assert "+        trainer=TrainerConfig(" in file["diff"]
        await client.call_tool("migrate", given | {"apply": True})
        ported = script.read_bytes()
        assert b"trainer=TrainerConfig(" in ported
        await client.call_tool("migrate", given | {"apply": True})
        assert script.read_bytes() == ported

    talk(with_client, tmp_path)


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("lint", {"paths": []}, "paths"),
        ("lint", {"paths": ["x"], "target": "yuly"}, "yuly"),
        ("check", {"path": "nowhere"}, "nowhere"),
        ("rule", {"rule": "--all"}, "no such rule"),
        ("probe", {"kind": "job", "name": "j"}, "FIREWORKS_API_KEY"),
        ("erase", {}, "no such tool"),
    ],
)
def test_what_goes_wrong_is_told_and_the_server_goes_on(
    tmp_path: Path, name: str, given: dict[str, Any], words: str
) -> None:
    async def with_client(client: Client) -> None:
        result = await client.call_tool(name, given)
        assert result.is_error is True
        assert words in text_of(result)
        assert "Traceback" not in text_of(result)
        assert (await client.call_tool("rule", {"rule": "FWD101"})).is_error is False

    talk(with_client, tmp_path)


def test_modules_of_the_project_are_not_imported(tmp_path: Path) -> None:
    """The server runs where the project is: what is called like our packages there is not ours."""
    for name in ("click.py", "json.py", "packaging.py"):
        (tmp_path / name).write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nraise SystemExit('theirs')\n")
    # The command itself is started as a script, which does not look into the folder either.
    ended = asyncio.run(_in_folder(tmp_path))
    assert ended.status == 0
    assert not (tmp_path / "ran").exists()


async def _in_folder(folder: Path) -> child.Ended:
    before = os.getcwd()
    paths = os.environ.get("PYTHONPATH")
    os.chdir(folder)
    os.environ["PYTHONPATH"] = PATHS
    try:
        return await child.run(["rule", "--output-format=json", "--", "FWD101"], None)
    finally:
        os.chdir(before)
        if paths is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = paths


def test_nothing_but_the_protocol_is_on_the_standard_output(tmp_path: Path) -> None:
    lines = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "0"}}},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {
            "name": "lint", "arguments": {"paths": ["nowhere"]}}},
    ]  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "fwdoctor", "mcp"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": PATHS, "HOME": str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        for line in lines:
            process.stdin.write(json.dumps(line).encode() + b"\n")
        process.stdin.flush()
        answers = [json.loads(process.stdout.readline()) for _ in range(2)]
        process.stdin.close()
        assert process.stdout.read() == b""
        assert process.stderr is not None
        assert b"Traceback" not in process.stderr.read()
    assert process.returncode == 0
    assert [answer["id"] for answer in answers] == [1, 2]
    assert answers[1]["result"]["structuredContent"]["problems"]


def test_a_call_that_takes_too_long_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "LONGEST", 0.01)

    async def with_client() -> None:
        async with Client(server.make()) as client:
            result = await client.call_tool("rule", {"rule": "FWD101"})
            assert result.is_error is True
            assert "not done in" in text_of(result)

    asyncio.run(with_client())


def test_long_answers_are_cut_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    finding = {
        "rule": "FWD101", "name": "n", "severity": "error", "side": "user", "message": "m", "location": None,
        "resource": None, "evidence": None, "count": 1, "remedy": [], "commands": [], "preexisting": False,
        "chain": [], "consequences": [],
    }  # fmt: skip
    data = {
        "command": "migrate",
        "findings": [finding] * 1000,
        "summary": {"errors": 1000, "warnings": 0, "infos": 0},
        "problems": [],
        "notes": [],
        "files": [{"path": "a", "status": "ported", "changed": True, "moves": {}, "todo": [], "reason": None, "diff": "x" * 50_000}],
    }  # fmt: skip

    async def run(*_: object) -> child.Ended:
        return child.Ended(1, data, "")

    monkeypatch.setattr(server, "run", run)

    async def with_client() -> None:
        async with Client(server.make()) as client:
            found = (await client.call_tool("migrate", {"paths": ["a"]})).structured_content
            assert len(found["findings"]) == 200
            assert "the first 200 of 1,000 findings" in found["notes"]
            assert len(found["files"][0]["diff"]) < 21_000
            assert "30,000 characters more" in found["files"][0]["diff"]

    asyncio.run(with_client())


def test_without_the_package_it_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "mcp.py").write_text("raise ImportError('no', name='mcp')\n")
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join([str(tmp_path), PATHS])}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "fwdoctor", "mcp"],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "pip install 'fwdoctor[mcp]'" in done.stderr


def test_other_commands_do_not_load_it() -> None:
    code = (
        "import sys; from fwdoctor.cli import run; run(['--help']); run(['rule', 'FWD101']); "
        "print([m for m in sys.modules if m.split('.')[0] in ('mcp', 'anyio', 'jsonschema')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_documents_name_every_tool() -> None:
    text = (ROOT / "docs" / "agents.md").read_text("utf-8")
    for tool in TOOLS:
        assert f"\n| `{tool.name}` |" in text
