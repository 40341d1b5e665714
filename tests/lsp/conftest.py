"""An editor for the tests: a real client that talks to the real command over its standard streams."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.lsp.client import LanguageClient

ROOT = Path(__file__).parents[2]
#: Longer than any answer takes on a busy machine; no test waits for it to pass.
PATIENCE = 60.0


def environment(**more: str) -> dict[str, str]:
    """The process's own, without what would change what fwdoctor says."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("FIREWORKS", "FWDOCTOR"))}
    return kept | {"PYTHONPATH": os.pathsep.join(str(ROOT / p) for p in (".", "codemods", "rules"))} | more


class Editor(LanguageClient):
    """A client that keeps what it is told, and awaits what it is about to be told."""

    def __init__(self) -> None:
        super().__init__("tests", "1")
        self.published: list[types.PublishDiagnosticsParams] = []
        self.logged: list[str] = []
        self.shown: list[str] = []
        self.registered: list[types.Registration] = []
        self.refreshed = 0
        self.texts: dict[str, tuple[int, str]] = {}
        self._news = asyncio.Event()
        self._seen = 0
        self._answer()

    def _answer(self) -> None:
        @self.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def published(params: types.PublishDiagnosticsParams) -> None:
            self.published.append(params)
            self._news.set()

        @self.feature(types.WINDOW_LOG_MESSAGE)
        def logged(params: types.LogMessageParams) -> None:
            self.logged.append(params.message)
            self._news.set()

        @self.feature(types.WINDOW_SHOW_MESSAGE)
        def shown(params: types.ShowMessageParams) -> None:
            self.shown.append(params.message)
            self._news.set()

        @self.feature(types.CLIENT_REGISTER_CAPABILITY)
        def registered(params: types.RegistrationParams) -> None:
            self.registered += params.registrations
            self._news.set()

        @self.feature(types.WORKSPACE_DIAGNOSTIC_REFRESH)
        def refreshed(params: None) -> None:
            self.refreshed += 1
            self._news.set()

    async def until(self, condition: Callable[[], Any]) -> None:
        """Wait for news until a condition holds."""
        while not condition():
            self._news.clear()
            await asyncio.wait_for(self._news.wait(), PATIENCE)

    async def told(self, uri: str, version: int | None = None) -> list[types.Diagnostic]:
        """What is pushed next about a document, of that version if one is given."""

        def there() -> list[types.PublishDiagnosticsParams]:
            new = self.published[self._seen :]
            return [p for p in new if p.uri == uri and (version is None or p.version == version)]

        await self.until(there)
        first = there()[0]
        self._seen = next(i for i, p in enumerate(self.published) if p is first) + 1
        return list(first.diagnostics)

    def open(self, uri: str, text: str, language: str = "python") -> None:
        self.texts[uri] = (1, text)
        item = types.TextDocumentItem(uri, language, 1, text)
        self.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def change(self, uri: str, text: str) -> int:
        """Type; the new version."""
        version = self.texts[uri][0] + 1
        self.texts[uri] = (version, text)
        document = types.VersionedTextDocumentIdentifier(version, uri)
        change = types.TextDocumentContentChangeWholeDocument(text)
        self.text_document_did_change(types.DidChangeTextDocumentParams(document, [change]))
        return version

    def save(self, uri: str) -> None:
        self.text_document_did_save(types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(uri)))

    def close(self, uri: str) -> None:
        self.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri)))

    async def pull(self, uri: str, mark: str | None = None) -> Any:
        return await self.text_document_diagnostic_async(
            types.DocumentDiagnosticParams(types.TextDocumentIdentifier(uri), previous_result_id=mark)
        )

    async def hover(self, uri: str, line: int, character: int) -> types.Hover | None:
        document = types.TextDocumentIdentifier(uri)
        return await self.text_document_hover_async(
            types.HoverParams(document, types.Position(line, character))
        )

    async def actions(
        self, uri: str, where: types.Range, only: Sequence[str] | None = None
    ) -> list[types.CodeAction]:
        context = types.CodeActionContext([], only=only)
        params = types.CodeActionParams(types.TextDocumentIdentifier(uri), where, context)
        found = await self.text_document_code_action_async(params)
        return [a for a in found or () if isinstance(a, types.CodeAction)]


@pytest.fixture
def applied() -> Callable[[str, Sequence[types.TextEdit]], str]:
    """Applies edits to a text."""
    return _applied


def _applied(text: str, edits: Sequence[types.TextEdit]) -> str:
    """A text with edits whose ends count UTF-16 units, as a client applies them."""
    data = text.encode("utf-16-le")
    ends = [m.end() for m in re.finditer(r"\r\n|\r|\n", text)]
    starts = [0, *(len(text[:end].encode("utf-16-le")) for end in ends)]

    def at(place: types.Position) -> int:
        return starts[place.line] + 2 * place.character

    for edit in sorted(edits, key=lambda e: at(e.range.start), reverse=True):
        data = data[: at(edit.range.start)] + edit.new_text.encode("utf-16-le") + data[at(edit.range.end) :]
    return data.decode("utf-16-le")


Scenario = Callable[[Editor], Awaitable[None]]


@pytest.fixture
def edit(tmp_path: Path) -> Callable[..., int]:
    """Runs a scenario with an editor that has started the server; returns the server's exit status."""

    def run(
        scenario: Scenario,
        *,
        folders: Sequence[Path] | None = None,
        capabilities: types.ClientCapabilities | None = None,
        options: Any = None,
        command: Sequence[str] = ("-m", "fwdoctor", "lsp"),
        leave: bool = True,
        noise: str = "",
    ) -> int:
        places = [tmp_path] if folders is None else list(folders)

        async def all_of_it() -> int:
            editor = Editor()
            await editor.start_io(sys.executable, *command, env=environment(), cwd=ROOT)
            process = editor._server
            assert process is not None
            try:
                await asyncio.wait_for(_begin(editor, places, capabilities, options), PATIENCE)
                await asyncio.wait_for(scenario(editor), 2 * PATIENCE)
                if leave:
                    await asyncio.wait_for(editor.shutdown_async(None), PATIENCE)
                    editor.exit(None)
                await asyncio.wait_for(process.wait(), PATIENCE)
            finally:
                if process.returncode is None:
                    process.kill()
                await editor.stop()
                assert process.stderr is not None
                said = (await process.stderr.read()).decode()
            assert said == noise
            assert process.returncode is not None
            return process.returncode

        return asyncio.run(all_of_it())

    return run


async def _begin(
    editor: Editor, folders: Sequence[Path], capabilities: types.ClientCapabilities | None, options: Any
) -> None:
    answer = await editor.initialize_async(
        types.InitializeParams(
            capabilities=capabilities or types.ClientCapabilities(),
            workspace_folders=[types.WorkspaceFolder(f.as_uri(), f.name) for f in folders],
            initialization_options=options,
        )
    )
    assert answer.server_info is not None
    assert answer.server_info.name == "fwdoctor"
    editor.initialized(types.InitializedParams())


@pytest.fixture
def connected(tmp_path: Path) -> Callable[[str, int], Awaitable[None]]:
    """Finds something in a file over a connection to a server that listens, and says good-bye."""

    async def talk(host: str, port: int) -> None:
        editor = Editor()
        for _ in range(600):  # it says that it listens before it does
            try:
                await editor.start_tcp(host, port)
                break
            except OSError:
                await asyncio.sleep(0.1)
        await _begin(editor, [tmp_path], None, {"target": "latest"})
        uri = (tmp_path / "train.py").as_uri()
        editor.open(uri, "from training.utils import InfraConfig\n")
        assert [d.code for d in await editor.told(uri, 1)] == ["FWD101"]
        await editor.shutdown_async(None)
        editor.exit(None)
        await editor.stop()

    return talk
