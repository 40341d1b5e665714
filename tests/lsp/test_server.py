"""The server as an editor meets it: a real client, the real command, their standard streams."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from fwdoctor.cli import run as fwdoctor

ROOT = Path(__file__).parents[2]
OLD_SCRIPT = ROOT / "tests" / "fixtures" / "old_project" / "scripts" / "learn_refunds.py"
OLD = "from training.utils import InfraConfig\n\nprint(InfraConfig())\n"
NEW = OLD.replace("InfraConfig", "TrainerConfig")
LATEST = {"target": "latest"}
#: More than what any test has to look at.
ALL = types.Range(types.Position(0, 0), types.Position(10_000, 0))
ENVIRON = {k: v for k, v in os.environ.items() if not k.startswith("FWDOCTOR")} | {
    "PYTHONPATH": os.pathsep.join(str(ROOT / p) for p in (".", "codemods", "rules"))
}
Edit = Callable[..., int]
PULLS = types.ClientCapabilities(
    text_document=types.TextDocumentClientCapabilities(diagnostic=types.DiagnosticClientCapabilities()),
    workspace=types.WorkspaceClientCapabilities(
        diagnostics=types.DiagnosticWorkspaceClientCapabilities(refresh_support=True)
    ),
)
WATCHES = types.ClientCapabilities(
    workspace=types.WorkspaceClientCapabilities(
        did_change_watched_files=types.DidChangeWatchedFilesClientCapabilities(dynamic_registration=True)
    )
)
RESOLVES = types.ClientCapabilities(
    text_document=types.TextDocumentClientCapabilities(
        code_action=types.CodeActionClientCapabilities(
            data_support=True, resolve_support=types.ClientCodeActionResolveOptions(["edit"])
        )
    ),
    workspace=types.WorkspaceClientCapabilities(
        workspace_edit=types.WorkspaceEditClientCapabilities(document_changes=True)
    ),
)


def codes(found: Sequence[types.Diagnostic]) -> list[Any]:
    return [d.code for d in found]


def at(found: types.Diagnostic) -> tuple[int, int, int, int]:
    return (
        found.range.start.line,
        found.range.start.character,
        found.range.end.line,
        found.range.end.character,
    )


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8", newline="")
    return path


def edits_of(action: types.CodeAction) -> list[types.TextEdit]:
    assert action.edit is not None
    assert action.edit.changes is not None
    ((_, edits),) = action.edit.changes.items()
    return list(edits)


# --- what is told ------------------------------------------------------------------------------------


def test_what_is_told_is_what_lint_finds(edit: Edit, capsys: pytest.CaptureFixture[str]) -> None:
    fwdoctor(["lint", "--target", "latest", "--output-format", "json", "--exit-zero", str(OLD_SCRIPT)])
    findings = json.loads(capsys.readouterr().out)["findings"]

    async def scenario(editor: Any) -> None:
        editor.open(OLD_SCRIPT.as_uri(), OLD_SCRIPT.read_text("utf-8"))
        told = await editor.told(OLD_SCRIPT.as_uri(), 1)
        assert codes(told) == [f["rule"] for f in findings]
        assert [d.message for d in told] == [f["message"] for f in findings]
        assert [at(d) for d in told] == [
            (p["line"] - 1, p["column"] - 1, p["end_line"] - 1, p["end_column"] - 1)
            for p in (f["location"] for f in findings)
        ]
        assert {d.source for d in told} == {"fwdoctor"}
        assert {d.severity for d in told if d.code == "FWD101"} == {types.DiagnosticSeverity.Error}
        assert all(d.tags == (types.DiagnosticTag.Deprecated,) for d in told if d.code == "FWD101")
        assert {d.severity for d in told if d.code == "FWD105"} == {types.DiagnosticSeverity.Warning}
        assert not any(d.tags for d in told if d.code == "FWD105")

    assert findings
    assert edit(scenario, options=LATEST) == 0


def test_typing_is_told_once_after_a_pause_and_closing_clears(edit: Edit, tmp_path: Path) -> None:
    uri = (tmp_path / "train.py").as_uri()

    async def scenario(editor: Any) -> None:
        editor.open(uri, OLD)
        assert codes(await editor.told(uri, 1)) == ["FWD101", "FWD101"]
        editor.change(uri, OLD + "\n")
        last = editor.change(uri, NEW)
        assert await editor.told(uri, last) == []
        assert [p.version for p in editor.published] == [1, last], "what was overtaken is not told"
        back = editor.change(uri, OLD + "\n\n" + OLD)
        assert codes(await editor.told(uri, back)) == ["FWD101"] * 4
        editor.close(uri)
        assert await editor.told(uri) == []
        editor.open(uri, NEW + "x = 1  # noqa: FWD101\n")
        (unused,) = await editor.told(uri, 1)
        assert (unused.code, unused.tags) == ("FWD001", (types.DiagnosticTag.Unnecessary,))

    # A pause that no busy machine makes by itself.
    code = (
        "import sys; from fwdoctor.lsp import server; server.DEBOUNCE = 1.5; from fwdoctor.cli import run; "
    )
    edit(scenario, options=LATEST, command=("-c", code + "sys.exit(run(['lsp']))"))


def test_closing_while_typing_tells_nothing_more(edit: Edit, tmp_path: Path) -> None:
    uri, other = (tmp_path / "a.py").as_uri(), (tmp_path / "b.py").as_uri()

    async def scenario(editor: Any) -> None:
        editor.open(uri, OLD)
        editor.change(uri, OLD + OLD)
        editor.close(uri)
        assert await editor.told(uri) == []
        assert await editor.hover(uri, 0, 30) is None
        assert await editor.actions(uri, ALL) == []
        editor.open(other, OLD)
        await editor.told(other, 1)
        version = editor.change(other, NEW)
        await editor.told(other, version)
        assert [list(p.diagnostics) for p in editor.published if p.uri == uri] == [[]]

    edit(scenario, options=LATEST)


def test_broken_code_keeps_what_was_told(edit: Edit, tmp_path: Path) -> None:
    uri, broken = (tmp_path / "train.py").as_uri(), (tmp_path / "broken.py").as_uri()

    async def scenario(editor: Any) -> None:
        editor.open(broken, OLD + "print(")
        assert await editor.told(broken, 1) == []
        editor.open(uri, OLD)
        assert len(await editor.told(uri, 1)) == 2
        version = editor.change(uri, OLD + "print(")
        editor.save(uri)  # no need to wait for a pause
        assert await editor.hover(uri, 0, 30) is None  # what stands where is not known now
        assert await editor.actions(uri, ALL) == []
        assert not [p for p in editor.published if p.uri == uri and p.version == version]
        assert codes((await editor.pull(uri)).items) == ["FWD101", "FWD101"]
        whole = editor.change(uri, OLD + "print()\n")
        assert len(await editor.told(uri, whole)) == 2

    edit(scenario, options=LATEST)


@pytest.mark.parametrize(
    ("encodings", "columns"),
    [(None, (18, 31)), (["utf-32", "utf-16"], (17, 30)), (["utf-8"], (23, 36)), (["utf-7"], (18, 31))],
    ids=["none", "utf-32", "utf-8", "unknown"],
)
def test_columns_are_in_the_encoding_that_was_agreed_on(
    edit: Edit, tmp_path: Path, encodings: list[str] | None, columns: tuple[int, int]
) -> None:
    uri = (tmp_path / "train.py").as_uri()
    text = 'from training.utils import InfraConfig\n\nprint("🔥é€", 12, InfraConfig())\n'
    can = types.ClientCapabilities(
        general=types.GeneralClientCapabilities(position_encodings=encodings)  # type: ignore[arg-type]
    )

    async def scenario(editor: Any) -> None:
        editor.open(uri, text)
        told = await editor.told(uri, 1)
        assert at(told[1])[1:4:2] == (columns[0], columns[1] - 2)
        assert await editor.hover(uri, 2, columns[0] + 1) is not None
        assert await editor.hover(uri, 2, columns[0] - 1) is None

    edit(scenario, capabilities=can, options=LATEST)


def test_an_editor_that_pulls_is_not_pushed_to(edit: Edit, tmp_path: Path) -> None:
    uri = (tmp_path / "train.py").as_uri()

    async def scenario(editor: Any) -> None:
        editor.open(uri, OLD)
        first = await editor.pull(uri)
        assert codes(first.items) == ["FWD101", "FWD101"]
        again = await editor.pull(uri, first.result_id)
        assert (again.kind, again.result_id) == ("unchanged", first.result_id)
        editor.change(uri, OLD + OLD)
        more = await editor.pull(uri, first.result_id)
        assert codes(more.items) == ["FWD101"] * 4
        assert (await editor.pull((tmp_path / "closed.py").as_uri())).items == ()
        write(tmp_path / "fwdoctor.toml", 'ignore = ["FWD101"]\n')
        editor.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([]))
        await editor.until(lambda: editor.refreshed)
        assert (await editor.pull(uri, more.result_id)).items == ()
        assert editor.published == []

    edit(scenario, capabilities=PULLS, options=LATEST)


def test_a_request_that_is_cancelled_is_answered_and_others_go_on(edit: Edit, tmp_path: Path) -> None:
    uri = (tmp_path / "train.py").as_uri()

    async def scenario(editor: Any) -> None:
        editor.open(uri, OLD)
        params = types.DocumentDiagnosticParams(types.TextDocumentIdentifier(uri))
        asked = editor.protocol.send_request_async(types.TEXT_DOCUMENT_DIAGNOSTIC, params, msg_id="one")
        editor.cancel_request(types.CancelParams("one"))
        with pytest.raises(JsonRpcException) as stopped:
            await asked
        assert stopped.value.code == types.LSPErrorCodes.RequestCancelled
        assert len((await editor.pull(uri)).items) == 2

    edit(scenario, capabilities=PULLS, options=LATEST)


# --- which files, and how ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("uri", "language", "count"),
    [
        ("{folder}/a%20b/100%25.py", "python", 2),
        ("{folder}/caf%C3%A9/%F0%9F%94%A5.py", "python", 2),
        ("{folder}/semi;colon.py", "python", 2),
        ("{folder}/latin%E9.py", "python", 2),
        ("{folder}/stubs.PYI", "", 2),
        ("{folder}/no_suffix", "python", 2),
        ("file:///nowhere%20at/all/train.py", "python", 2),
        ("file:///c%3A/Users/me/train.py", "python", 2),
        ("untitled:Untitled-1", "python", 2),
        ("file://", "python", 2),
        ("{folder}/notes.md", "markdown", None),
        ("git:/repo/train.py?x", "python", None),
        ("untitled:Untitled-2", "plaintext", None),
    ],
)
def test_documents_of_all_kinds(
    edit: Edit, tmp_path: Path, uri: str, language: str, count: int | None
) -> None:
    uri = uri.format(folder=tmp_path.as_uri())
    after = (tmp_path / "after.py").as_uri()

    async def scenario(editor: Any) -> None:
        editor.open(uri, OLD, language)
        if count is not None:
            assert len(await editor.told(uri, 1)) == count
            assert await editor.hover(uri, 0, 30) is not None
            assert len(await editor.actions(uri, ALL)) == 3
            version = editor.change(uri, NEW)
            assert await editor.told(uri, version) == []
        editor.open(after, OLD)
        assert len(await editor.told(after, 1)) == 2
        assert count is not None or {p.uri for p in editor.published} == {after}
        assert editor.logged == []

    edit(scenario, options=LATEST)


def test_an_editor_without_a_folder(edit: Edit, tmp_path: Path) -> None:
    async def scenario(editor: Any) -> None:
        uri = (tmp_path / "train.py").as_uri()
        editor.open(uri, OLD)
        assert len(await editor.told(uri, 1)) == 2

    edit(scenario, folders=[], options=LATEST)


def test_excluded_files_and_known_findings_are_not_told(
    edit: Edit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "pyproject.toml", '[tool.fwdoctor]\nexclude = ["old"]\nbaseline = "known.json"\n')
    old, known = write(tmp_path / "old" / "a.py", OLD), write(tmp_path / "b.py", OLD)
    monkeypatch.chdir(tmp_path)
    fwdoctor(["lint", "--target", "latest", "--update-baseline", "-q", "b.py"])

    async def scenario(editor: Any) -> None:
        editor.open(old.as_uri(), OLD)
        assert await editor.told(old.as_uri(), 1) == []
        editor.open(known.as_uri(), OLD)
        assert await editor.told(known.as_uri(), 1) == []
        version = editor.change(known.as_uri(), OLD + "InfraConfig(region='a')\n")
        (new,) = await editor.told(known.as_uri(), version)
        assert new.range.start.line == 3

    edit(scenario, options=LATEST)


def test_two_folders_have_their_own_settings_and_targets(edit: Edit, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    write(one / "pyproject.toml", '[tool.fwdoctor]\ntarget = "latest"\n')
    write(two / "fwdoctor.toml", 'target = "may"\n')
    write(two / "inner" / "fwdoctor.toml", 'target = "latest"\nignore = ["deprecated-infra-config"]\n')
    files = [folder / "train.py" for folder in (one, two, two / "inner")]

    async def scenario(editor: Any) -> None:
        told = []
        for file in files:
            editor.open(file.as_uri(), OLD)
            told.append(len(await editor.told(file.as_uri(), 1)))
        assert told == [2, 0, 0]
        fresh = editor.change(files[1].as_uri(), NEW)  # in May there was no TrainerConfig yet
        assert len(await editor.told(files[1].as_uri(), fresh)) > 0

    edit(scenario, folders=[one, two])


def test_settings_are_read_again_when_they_change(edit: Edit, tmp_path: Path) -> None:
    uri = (tmp_path / "train.py").as_uri()
    settings = write(tmp_path / "pyproject.toml", "[tool.fwdoctor]\n")
    changes = [types.FileEvent(settings.as_uri(), types.FileChangeType.Changed)]

    async def scenario(editor: Any) -> None:
        await editor.until(lambda: editor.registered)
        (registration,) = editor.registered
        assert registration.method == types.WORKSPACE_DID_CHANGE_WATCHED_FILES
        editor.open(uri, OLD)
        assert len(await editor.told(uri, 1)) == 2
        write(settings, '[tool.fwdoctor]\nignore = ["FWD1"]\n')
        editor.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams(changes))
        assert await editor.told(uri, 1) == []
        write(settings, "[tool.fwdoctor]\n# nothing at all\n")
        version = editor.change(uri, OLD + "\n")  # an editor that watches nothing sees it, too
        assert len(await editor.told(uri, version)) == 2
        write(settings, "[tool.fwdoctor]\nignore = [")
        editor.save(settings.as_uri())
        await editor.until(lambda: editor.shown)
        assert "not TOML" in editor.shown[0]
        last = editor.change(uri, OLD + "\n\n")
        editor.save(uri)  # not to wait for a pause
        assert len((await editor.pull(uri)).items) == 2, "wrong settings take nothing away"
        assert not [p for p in editor.published if p.version == last]
        assert len(editor.shown) == 1, "it is said once"
        write(settings, '[tool.fwdoctor]\ntarget = "may"\n')
        editor.save(settings.as_uri())
        assert await editor.told(uri, last) == []
        write(settings, '[tool.fwdoctor]\ntarget = "latest"\n')
        editor.save(uri)  # the same text, and nobody told of the settings
        assert len(await editor.told(uri, last)) == 2

    edit(scenario, capabilities=WATCHES)


def test_folders_come_and_go(edit: Edit, tmp_path: Path) -> None:
    """A folder that the editor's options name is meant from the workspace folder."""
    cookbook = tmp_path / "one" / "mine" / "training"
    write(cookbook / "__init__.py", "")
    write(cookbook / "utils" / "__init__.py", "class InfraConfig: pass\n")
    write(cookbook / "recipes" / "__init__.py", "")
    uri = (tmp_path / "one" / "train.py").as_uri()
    folder = types.WorkspaceFolder((tmp_path / "one").as_uri(), "one")

    async def scenario(editor: Any) -> None:
        def move(added: list[types.WorkspaceFolder], removed: list[types.WorkspaceFolder]) -> None:
            event = types.WorkspaceFoldersChangeEvent(added, removed)
            editor.workspace_did_change_workspace_folders(types.DidChangeWorkspaceFoldersParams(event))

        editor.open(uri, OLD)
        await editor.until(lambda: editor.shown)
        assert "mine" in editor.shown[0]
        move([folder], [])
        assert await editor.told(uri, 1) == []
        move([], [folder])
        await editor.until(lambda: len(editor.shown) == 2)

    edit(scenario, options={"target": "./mine"})


@pytest.mark.parametrize(
    ("options", "count", "shown"),
    [
        ({"target": "may"}, 0, ""),
        ({"target": "latest", "ignore": ["FWD101"]}, 0, ""),
        ({"target": "latest", "select": ["FWD9"], "unknown": 1}, 0, "no rule begins with 'FWD9'"),
        ({"target": "latest", "select": ["FWD001"]}, 0, ""),
        ({"target": "latest", "select": "FWD101"}, 2, "select is to be a list of strings"),
        ({"target": 3}, 2, "target is to be a string"),
        ({"target": "yuly"}, 0, "yuly"),
        (["target"], 2, "are to be a table"),
    ],
)
def test_options_of_the_editor(edit: Edit, tmp_path: Path, options: Any, count: int, shown: str) -> None:
    write(tmp_path / "fwdoctor.toml", 'target = "latest"\n')
    uri = (tmp_path / "train.py").as_uri()

    async def scenario(editor: Any) -> None:
        editor.open(uri, OLD)
        if options == {"target": "yuly"}:
            await editor.until(lambda: editor.shown)
        else:
            expected = 2 if "no rule" in shown else count
            assert len(await editor.told(uri, 1)) == expected
        assert [shown in text for text in editor.shown] == ([True] if shown else [])

    edit(scenario, options=options)


def test_configuration_that_is_sent_later(edit: Edit, tmp_path: Path) -> None:
    uri = (tmp_path / "train.py").as_uri()

    async def scenario(editor: Any) -> None:
        def configure(settings: Any) -> None:
            editor.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings))

        configure(None)
        configure({"python": {}})
        editor.open(uri, OLD)
        assert len(await editor.told(uri, 1)) == 2
        configure({"fwdoctor": {"target": "may"}})
        assert await editor.told(uri, 1) == []
        configure({"fwdoctor": {"select": 3}})
        await editor.until(lambda: editor.shown)

    edit(scenario, options=LATEST)


# --- what is shown, and done -------------------------------------------------------------------------


def test_hover_explains_what_is_found_there(edit: Edit, tmp_path: Path) -> None:
    file = tmp_path / "train.py"

    async def scenario(editor: Any) -> None:
        editor.open(file.as_uri(), OLD)
        (first, _) = await editor.told(file.as_uri(), 1)
        shown = await editor.hover(file.as_uri(), 0, 30)
        assert shown is not None
        assert shown.range == first.range
        assert shown.contents.kind == types.MarkupKind.Markdown
        text = shown.contents.value
        assert text.startswith("# FWD101 deprecated-infra-config\n")
        assert f"```sh\nfwdoctor migrate {file}\n```" in text
        assert "‹" not in text
        assert "```python\n" in text
        assert await editor.hover(file.as_uri(), 1, 0) is None
        assert await editor.hover(file.as_uri(), 999, 999) is None

    edit(scenario, options=LATEST)


def fixed(tmp_path: Path, text: str) -> str:
    """What ``fwdoctor lint --fix`` makes of a text."""
    file = write(tmp_path / "copy" / "script.py", text)
    fwdoctor(["lint", "--fix", "-q", "--target", "latest", str(file)])
    return file.read_bytes().decode()


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_port_this_file_does_what_lint_fix_does(
    edit: Edit, tmp_path: Path, applied: Callable[..., str], newline: str
) -> None:
    text = ("# 🔥\x0c\n" + OLD_SCRIPT.read_text("utf-8") + "x = 1  # noqa: FWD101").replace("\n", newline)
    uri = (tmp_path / "train.py").as_uri()
    expected = fixed(tmp_path, text)
    assert expected != text

    async def scenario(editor: Any) -> None:
        editor.open(uri, text)
        told = await editor.told(uri, 1)
        (whole,) = await editor.actions(uri, ALL, ["source.fixAll"])
        assert (whole.title, whole.kind) == ("Port this file (fwdoctor)", "source.fixAll.fwdoctor")
        assert applied(text, edits_of(whole)) == expected
        assert len(edits_of(whole)) > 2, "lines that stay are not in the edits"
        quick = await editor.actions(uri, told[0].range, ["quickfix"])
        (port,) = [a for a in quick if a.title == whole.title]
        assert port.is_preferred
        assert port.diagnostics[0].code == told[0].code
        assert applied(text, edits_of(port)) == expected
        version = editor.change(uri, expected)
        assert {"FWD101", "FWD001"}.isdisjoint(codes(await editor.told(uri, version)))
        assert await editor.actions(uri, ALL, ["source"]) == []

    edit(scenario, options=LATEST)


def test_edits_come_when_the_entry_is_picked(edit: Edit, tmp_path: Path, applied: Callable[..., str]) -> None:
    uri = (tmp_path / "train.py").as_uri()

    async def scenario(editor: Any) -> None:
        editor.open(uri, OLD)
        await editor.told(uri, 1)
        (offered,) = await editor.actions(uri, ALL, ["source.fixAll.fwdoctor"])
        assert offered.edit is None
        action = await editor.code_action_resolve_async(offered)
        (change,) = action.edit.document_changes
        assert (change.text_document.uri, change.text_document.version) == (uri, 1)
        assert applied(OLD, change.edits) == NEW
        editor.change(uri, OLD + "\n")
        with pytest.raises(JsonRpcException) as stale:
            await editor.code_action_resolve_async(offered)
        assert stale.value.code == types.LSPErrorCodes.ContentModified
        untouched = types.CodeAction("of another server", data={"x": 1})
        assert await editor.code_action_resolve_async(untouched) == untouched

    edit(scenario, capabilities=RESOLVES, options=LATEST)


def test_a_finding_is_silenced_by_a_comment(edit: Edit, tmp_path: Path, applied: Callable[..., str]) -> None:
    uri = (tmp_path / "train.py").as_uri()

    async def scenario(editor: Any) -> None:
        editor.open(uri, OLD)
        first, second = await editor.told(uri, 1)
        actions = await editor.actions(uri, first.range)
        assert [a.title for a in actions] == ["Port this file (fwdoctor)", "Silence with # noqa: FWD101"]
        text = applied(OLD, edits_of(actions[1]))
        assert text.splitlines()[0] == "from training.utils import InfraConfig  # noqa: FWD101"
        version = editor.change(uri, text)
        assert [at(d) for d in await editor.told(uri, version)] == [at(second)]

    edit(scenario, options=LATEST)


def test_a_finding_that_brings_its_fix_along(edit: Edit, tmp_path: Path, applied: Callable[..., str]) -> None:
    uri = (tmp_path / "train.py").as_uri()
    text = NEW + "x = '🔥'  # noqa: FWD101, E501\ny = 2  # noqa: FWD101\n"

    async def scenario(editor: Any) -> None:
        editor.open(uri, text)
        first, second = await editor.told(uri, 1)
        (action,) = await editor.actions(uri, first.range, ["quickfix"])
        assert action.title == "Delete the comment (FWD001)"
        assert action.is_preferred
        assert applied(text, edits_of(action)) == text.replace("FWD101, E501", "E501")
        menu = await editor.actions(uri, second.range)
        assert [a.title for a in menu] == [action.title, "Mend this file (fwdoctor)"]
        assert applied(text, edits_of(menu[1])) == NEW + "x = '🔥'  # noqa: E501\ny = 2\n"
        nowhere = types.Range(types.Position(1, 0), types.Position(1, 0))
        assert [a.kind for a in await editor.actions(uri, nowhere)] == ["source.fixAll.fwdoctor"]
        assert await editor.actions(uri, first.range, ["refactor"]) == []

    edit(scenario, options=LATEST)


# --- the connection ----------------------------------------------------------------------------------


def test_nonsense_is_logged_and_survived(edit: Edit, tmp_path: Path) -> None:
    uri = (tmp_path / "train.py").as_uri()

    async def scenario(editor: Any) -> None:
        send = editor.protocol
        send.notify("fwdoctor/unknown", {"a": 1})
        broken = {"jsonrpc": "2.0", "method": types.TEXT_DOCUMENT_DID_CHANGE, "params": {"textDocument": 3}}
        send._send_data(broken)
        await editor.until(lambda: editor.logged)
        with pytest.raises(JsonRpcException):
            await send.send_request_async("fwdoctor/unknown", {})
        never = types.VersionedTextDocumentIdentifier(7, uri)
        editor.text_document_did_change(
            types.DidChangeTextDocumentParams(never, [types.TextDocumentContentChangeWholeDocument(OLD)])
        )
        editor.close(uri)
        editor.save(uri)
        editor.open(uri, OLD)
        assert len(await editor.told(uri, 1)) == 2
        assert not any("Traceback" in text for text in editor.logged)

    assert edit(scenario, options=LATEST) == 0


def test_leaving_without_a_word_is_status_1(edit: Edit, tmp_path: Path) -> None:
    async def leaves(editor: Any) -> None:
        editor.open((tmp_path / "train.py").as_uri(), OLD)
        editor.exit(None)

    async def dies(editor: Any) -> None:
        editor._server.stdin.close()

    assert edit(leaves, leave=False) == 1
    assert edit(dies, leave=False) == 1


def test_over_tcp(connected: Callable[[str, int], Any]) -> None:
    with socket.socket() as free:  # a port that nothing else has
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "fwdoctor", "lsp", "--tcp", f"127.0.0.1:{port}"]

    async def talk() -> int:
        server = await asyncio.create_subprocess_exec(*command, env=ENVIRON, stderr=asyncio.subprocess.PIPE)
        assert server.stderr is not None
        assert f"127.0.0.1:{port}" in (await asyncio.wait_for(server.stderr.readline(), 60)).decode()
        try:
            await asyncio.wait_for(connected("127.0.0.1", port), 60)
            return await asyncio.wait_for(server.wait(), 60)
        finally:
            if server.returncode is None:
                server.kill()
            await server.communicate()

    assert asyncio.run(talk()) == 0


@pytest.mark.parametrize("address", ["8700", "host:", ":1", "host:0", "host:99999", "host:x"])
def test_a_wrong_address_is_a_usage_error(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert fwdoctor(["lsp", "--tcp", address]) == 2
    assert "HOST:PORT" in capsys.readouterr().err


def test_without_its_package_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("pygls", "pygls.lsp", "pygls.lsp.server"):
        monkeypatch.setitem(sys.modules, name, None)
    assert fwdoctor(["lsp"]) == 2
    error = capsys.readouterr().err
    assert "pip install 'fwdoctor[lsp]'" in error
    assert "Traceback" not in error


#: Starts the command after a change of it, as one in which something prints or breaks.
_PATCHED = """
import os, sys
from fwdoctor.cli import run
from fwdoctor.lint import session
look = session.Session.look
def patched(self, path, source, tree):
    {change}
    return look(self, path, source, tree)
session.Session.look = patched
sys.exit(run(["lsp"]))
"""


def test_what_else_prints_does_not_reach_the_editor(edit: Edit, tmp_path: Path) -> None:
    uri = (tmp_path / "train.py").as_uri()
    change = "print('one', flush=True); os.write(1, b'two'); os.system('echo three; cat')"

    async def scenario(editor: Any) -> None:
        editor.open(uri, OLD)
        assert len(await editor.told(uri, 1)) == 2

    command = ("-c", _PATCHED.format(change=change))
    assert edit(scenario, options=LATEST, command=command, noise="one\ntwothree\n") == 0


def test_a_bug_is_logged_without_secrets_and_survived(edit: Edit, tmp_path: Path) -> None:
    uri = (tmp_path / "train.py").as_uri()
    change = "assert 'boom' not in source.text, 'api_key=\"fw_3ZhGsomesecretkey\"'"

    async def scenario(editor: Any) -> None:
        editor.open(uri, OLD)
        assert len(await editor.told(uri, 1)) == 2
        editor.change(uri, OLD + "# boom\n")
        editor.save(uri)
        await editor.until(lambda: editor.logged)
        assert "internal error (AssertionError), a bug of fwdoctor" in editor.logged[0]
        assert "secretkey" not in editor.logged[0]
        assert await editor.hover(uri, 0, 30) is None
        version = editor.change(uri, OLD + "\n")
        assert len(await editor.told(uri, version)) == 2

    assert edit(scenario, options=LATEST, command=("-c", _PATCHED.format(change=change))) == 0


def test_looking_and_silencing_load_nothing_that_is_only_for_mending() -> None:
    """libcst takes longer to load than all else together."""
    code = (
        "import sys; from pathlib import Path; from fwdoctor.environment.target import choice; "
        "import fwdoctor.lsp.server; from fwdoctor.lsp import look, projects; "
        "p = projects.Projects(choice).at('/nowhere/a.py', '/nowhere'); "
        f"l = look.look(p, '/nowhere/a.py', {OLD!r}); assert l.found; look.silenced(l, l.found[0]); "
        "print([m for m in ('libcst', 'pyflakes', 'rich', 'httpx') if m in sys.modules]); "
        "look.mended(l); print('libcst' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=ENVIRON
    )
    assert done.stdout.split("\n")[:2] == ["[]", "True"]
