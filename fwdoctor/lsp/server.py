"""The language server: keeps what is open, looks at it when it changes, answers the editor.

One thread talks to the editor, another one looks at code, one text after the other. A text that is
overtaken by its next version is not looked at, or what was found is thrown away. Diagnostics are pulled by
editors that can, and pushed to the others, never both: they would be shown twice.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import threading
import traceback
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from fwdoctor import __version__
from fwdoctor.errors import FwdoctorError
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.lsp import actions
from fwdoctor.lsp.actions import Abilities, Opened
from fwdoctor.lsp.diagnostics import SOURCE, diagnostics, explanation
from fwdoctor.lsp.look import Looked, look
from fwdoctor.lsp.positions import Lines, overlap, path_of
from fwdoctor.lsp.projects import Choose, Options, Projects, options
from fwdoctor.redact import redact

#: How long a pause in typing is waited for.
DEBOUNCE = 0.2
#: Files whose content decides what other files are told.
_WATCHED = ("pyproject.toml", "fwdoctor.toml", "conftest.py")
#: What the parser needs for code that is nested as deeply as it takes; threads have less on some systems.
_STACK = 64 << 20
_SUFFIXES = (".py", ".pyi")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Document:
    """A text that is open; ``path`` is where it lies, or would."""

    uri: str
    version: int | None
    text: str
    path: str
    root: str


@dataclass(frozen=True, slots=True)
class Told:
    """What the editor was told of a document last, and the mark by which it may refer to it."""

    items: list[types.Diagnostic]
    mark: str


class Server(LanguageServer):
    """The connection to one editor, and what it has open."""

    def __init__(self, choose: Choose) -> None:
        # Texts come whole: what comes as changes is put together by lines that pygls cuts at form feeds, too.
        super().__init__(SOURCE, __version__, types.TextDocumentSyncKind.Full)
        self.projects = Projects(choose)
        self.documents: dict[str, Document] = {}
        self.stopped = False
        self._looked: dict[str, tuple[Document, int, Looked]] = {}
        self._told: dict[str, Told] = {}
        self._waiting: dict[str, asyncio.Task[None]] = {}
        self._started: set[asyncio.Task[None]] = set()
        self._said: set[str] = set()
        self._generation = 0
        threading.stack_size(_STACK)
        self._worker = ThreadPoolExecutor(1, "fwdoctor")

    # --- what goes wrong -----------------------------------------------------------------------------

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Whatever happens goes to the editor's log, and the server goes on."""
        self.log(f"{type(error).__name__}: {error}")

    def log(self, text: str) -> None:
        """Write to the editor's log."""
        self.window_log_message(types.LogMessageParams(types.MessageType.Error, redact(f"fwdoctor: {text}")))

    def tell(self, text: str) -> None:
        """Show the user what they must mend, once; typing on does not make it another message."""
        if text not in self._said:
            self._said.add(text)
            message = redact(f"fwdoctor: {text}")
            self.window_show_message(types.ShowMessageParams(types.MessageType.Error, message))

    # --- looking -------------------------------------------------------------------------------------

    async def work(self, job: Callable[[], _T]) -> _T:
        """Do something in the thread that looks at code."""
        return await asyncio.get_running_loop().run_in_executor(self._worker, job)

    def start(self, job: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Begin something that nobody waits for; what goes wrong in it is logged."""
        task = asyncio.ensure_future(job)
        self._started.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._started.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.log(f"{type(error).__name__}: {error}")

    async def opened(self, uri: str) -> Opened | None:
        """A document and what is found in it; None if it is not open, not ours or could not be looked at."""
        document = self.documents.get(uri)
        if document is None:
            return None
        looked = await self._look(document)
        if looked is None or self.documents.get(uri) is not document:
            return None
        lines = Lines(document.text, self.workspace.position_codec.client_num_units)
        return Opened(uri, document.version, document.text, lines, looked)

    async def _look(self, document: Document) -> Looked | None:
        known = self._looked.get(document.uri)
        if known is not None and known[0] is document and known[1] == self._generation:
            return known[2]
        generation = self._generation

        def job() -> Looked:
            return look(self.projects.at(document.path, document.root), document.path, document.text)

        try:
            looked = await self.work(job)
        except FwdoctorError as error:
            self.tell(str(error))
            return None
        except Exception as error:
            self.log(f"internal error ({type(error).__name__}), a bug of fwdoctor\n{traceback.format_exc()}")
            return None
        if self.documents.get(document.uri) is document:
            self._looked[document.uri] = (document, generation, looked)
        return looked

    async def news(self, uri: str) -> Told | None:
        """What is to be told of a document; None if what was told before is to stand.

        It stands while the text is broken or its settings are wrong: the editor moves the marks along with
        the text, and a list that goes and comes with every second key helps nobody. What is broken, the
        editor's Python server says.
        """
        opened = await self.opened(uri)
        if opened is None or (opened.looked.problem is not None and uri in self._told):
            return None
        items = diagnostics(opened.looked.found, opened.lines)
        self._told[uri] = Told(items, _mark(items))
        return self._told[uri]

    async def answer(self, uri: str) -> Told:
        """The same for an editor that asks, and is to get an answer in any case."""
        return await self.news(uri) or self._told.get(uri) or Told([], _mark([]))

    # --- documents -----------------------------------------------------------------------------------

    def put(self, uri: str, version: int | None, text: str, path: str) -> None:
        """Take a text that was opened, or the next version of it."""
        self.documents[uri] = Document(uri, version, text, path, self.root_of(path))

    def drop(self, uri: str) -> None:
        """Forget a document that was closed, also where it is being looked at."""
        self.documents.pop(uri, None)
        self._looked.pop(uri, None)
        self._told.pop(uri, None)
        if task := self._waiting.pop(uri, None):
            task.cancel()

    def look_again(self, uri: str) -> None:
        """Look at a text that is the same, perhaps under other settings."""
        self._looked.pop(uri, None)
        self.schedule(uri)

    def root_of(self, path: str) -> str:
        """The innermost workspace folder that a file lies in, or else its own folder."""
        folders = [f for uri in self._folders() if (f := path_of(uri)) and _is_below(path, f)]
        return max(folders, key=len, default=os.path.dirname(path))

    def _folders(self) -> list[str]:
        folders = [folder.uri for folder in self.workspace.folders.values()]
        return folders or [uri for uri in (self.workspace.root_uri,) if uri]

    def place_of(self, uri: str, language: str) -> str | None:
        """The path of a document that is for us; what was never saved lies in the first workspace folder."""
        path = path_of(uri)
        if path is not None:
            return path if language == "python" or path.lower().endswith(_SUFFIXES) else None
        scheme = uri.partition(":")[0]
        if language != "python" or scheme not in ("file", "untitled"):
            return None
        first = next((p for f in self._folders() if (p := path_of(f))), os.getcwd())
        return os.path.join(first, "untitled.py")

    # --- telling -------------------------------------------------------------------------------------

    @property
    def pushes(self) -> bool:
        """Whether the editor waits to be told; else it asks."""
        document = self.client_capabilities.text_document
        return document is None or document.diagnostic is None

    def schedule(self, uri: str, delay: float = 0.0) -> None:
        """Tell of a document after a pause in which it does not change again."""
        if not self.pushes:
            return
        if task := self._waiting.pop(uri, None):
            task.cancel()
        self._waiting[uri] = self.start(self._push(uri, delay))

    async def _push(self, uri: str, delay: float) -> None:
        await asyncio.sleep(delay)
        told = await self.news(uri)
        document = self.documents.get(uri)
        if told is not None and document is not None:
            self.publish(uri, told.items, document.version)
        if self._waiting.get(uri) is asyncio.current_task():
            del self._waiting[uri]

    def publish(self, uri: str, items: list[types.Diagnostic], version: int | None = None) -> None:
        """Push a list of diagnostics."""
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, items, version))

    async def refresh(self, chosen: Options | None = None) -> None:
        """Look at all that is open anew, with other options if there are any."""

        def job() -> None:
            self.projects.forget()
            if chosen is not None:
                self.projects.options = chosen

        await self.work(job)
        self._generation += 1
        self._said.clear()
        workspace = self.client_capabilities.workspace
        if not self.pushes and workspace and workspace.diagnostics and workspace.diagnostics.refresh_support:
            self.workspace_diagnostic_refresh(None)
        for uri in self.documents:
            self.schedule(uri)

    def halt(self) -> None:
        """Start nothing new; what is under way ends by itself."""
        self.stopped = True
        for task in self._started:
            task.cancel()
        self._waiting.clear()
        self._worker.shutdown(wait=False, cancel_futures=True)

    @property
    def abilities(self) -> Abilities:
        """What the editor can do with code actions."""
        document, workspace = self.client_capabilities.text_document, self.client_capabilities.workspace
        action = document.code_action if document else None
        resolve = action.resolve_support if action and action.data_support else None
        edit = workspace.workspace_edit if workspace else None
        return Abilities(bool(resolve and "edit" in resolve.properties), bool(edit and edit.document_changes))


def make(choose: Choose) -> Server:
    """A server that is ready to be started; ``choose`` chooses a target's surfaces."""
    server = Server(choose)
    _lifecycle(server)
    _documents(server)
    _requests(server)
    return server


def _lifecycle(server: Server) -> None:
    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        try:
            server.projects.options = options(params.initialization_options)
        except FwdoctorError as error:
            server.tell(str(error))

    @server.feature(types.INITIALIZED)
    def initialized(params: types.InitializedParams) -> None:
        _watch(server)
        # The first file that is opened need not wait for what all of them need.
        server.start(server.work(_warm_up))

    @server.feature(types.SHUTDOWN)
    def shutdown(params: None) -> None:
        server.halt()

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def files_changed(params: types.DidChangeWatchedFilesParams) -> None:
        server.start(server.refresh())

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    def configured(params: types.DidChangeConfigurationParams) -> None:
        said = params.settings.get(SOURCE) if isinstance(params.settings, dict) else None
        if said is None:
            return  # many editors send this at the start, about nothing
        try:
            chosen = options(said)
        except FwdoctorError as error:
            server.tell(str(error))
        else:
            server.start(server.refresh(chosen))

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def folders_changed(params: types.DidChangeWorkspaceFoldersParams) -> None:
        for uri, document in list(server.documents.items()):
            server.documents[uri] = replace(document, root=server.root_of(document.path))
        server.start(server.refresh())


def _documents(server: Server) -> None:
    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        document = params.text_document
        path = server.place_of(document.uri, document.language_id)
        if path is not None:
            server.put(document.uri, document.version, document.text, path)
            server.schedule(document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeTextDocumentParams) -> None:
        uri = params.text_document.uri
        known = server.documents.get(uri)
        if known is not None:
            text = server.workspace.get_text_document(uri).source
            server.put(uri, params.text_document.version, text, known.path)
            server.schedule(uri, DEBOUNCE)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: types.DidSaveTextDocumentParams) -> None:
        uri = params.text_document.uri
        if os.path.basename(path_of(uri) or "") in _WATCHED:
            server.start(server.refresh())  # for editors that watch no files
        elif uri in server.documents:
            server.look_again(uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        uri = params.text_document.uri
        if uri in server.documents:
            server.drop(uri)
            if server.pushes:
                server.publish(uri, [])


def _requests(server: Server) -> None:
    @server.feature(
        types.TEXT_DOCUMENT_DIAGNOSTIC,
        types.DiagnosticOptions(False, False, identifier=SOURCE),
    )
    async def pulled(params: types.DocumentDiagnosticParams) -> types.DocumentDiagnosticReport:
        told = await server.answer(params.text_document.uri)
        if params.previous_result_id == told.mark:
            return types.RelatedUnchangedDocumentDiagnosticReport(told.mark)
        return types.RelatedFullDocumentDiagnosticReport(told.items, result_id=told.mark)

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> types.Hover | None:
        opened = await server.opened(params.text_document.uri)
        if opened is None:
            return None
        here = types.Range(params.position, params.position)
        findings = [f.finding for f in opened.looked.found]
        places = [(opened.lines.range(f.location), f) for f in findings if f.location]
        hits = [(place, finding) for place, finding in places if overlap(place, here)]
        if not hits:
            return None
        text = explanation([finding for _, finding in hits])
        return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text), hits[0][0])

    @server.feature(
        types.TEXT_DOCUMENT_CODE_ACTION,
        types.CodeActionOptions(code_action_kinds=list(actions.KINDS), resolve_provider=True),
    )
    async def offered(params: types.CodeActionParams) -> list[types.CodeAction]:
        opened = await server.opened(params.text_document.uri)
        if opened is None:
            return []
        only = params.context.only
        kinds = None if only is None else [str(getattr(kind, "value", kind)) for kind in only]
        can = server.abilities
        return await server.work(lambda: actions.offered(opened, params.range, kinds, can))

    @server.feature(types.CODE_ACTION_RESOLVE)
    async def resolved(action: types.CodeAction) -> types.CodeAction:
        meant = actions.version_of(action)
        opened = await server.opened(meant[0]) if meant else None
        if opened is None or meant is None:
            return action
        if opened.version != meant[1]:
            raise JsonRpcException("the text has changed since", types.LSPErrorCodes.ContentModified)
        can = server.abilities
        problem = await server.work(lambda: actions.resolved(opened, action, can))
        if problem is not None:
            server.tell(str(problem))
        elif action.edit is None:
            server.tell("nothing was changed: what this fix would make of the file could not be proven sound")
        return action


def _watch(server: Server) -> None:
    """Ask the editor to tell when settings change; those that cannot have them read with the next look."""
    workspace = server.client_capabilities.workspace
    watching = workspace.did_change_watched_files if workspace else None
    if watching is None or not watching.dynamic_registration:
        return
    watchers = [types.FileSystemWatcher(f"**/{name}") for name in _WATCHED]
    wanted = types.DidChangeWatchedFilesRegistrationOptions(watchers)
    registration = types.Registration("fwdoctor-files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, wanted)
    server.client_register_capability(types.RegistrationParams([registration]))


def _warm_up() -> None:
    import fwdoctor.lint.session
    import fwdoctor.lint.suppress  # noqa: F401
    from fwdoctor.rulebook import rulebook

    rulebook()


def _mark(items: list[types.Diagnostic]) -> str:
    """The same for the same diagnostics, and for no others."""
    return hashlib.sha256(repr(items).encode("utf-8", "replace")).hexdigest()[:16]


def _is_below(path: str, folder: str) -> bool:
    try:
        return Path(path).is_relative_to(folder)
    except ValueError:
        return False


def quiet_pygls(*, debug: bool) -> None:
    """Its messages hold whole documents; what matters of them goes to the editor's log."""
    if debug:
        logging.basicConfig(level=logging.DEBUG)
    else:
        logging.getLogger("pygls").setLevel(logging.CRITICAL + 1)
