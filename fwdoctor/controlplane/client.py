"""Asks the control plane: GET, with deadlines, few retries and bounded answers.

The SDK tries for five minutes per call and drops fields of what it reads; a doctor must say within seconds
what is wrong, and see all of it.
"""

from __future__ import annotations

import asyncio
import dataclasses
import email.utils
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import quote, urlencode, urljoin, urlsplit

from fwdoctor import __version__
from fwdoctor.controlplane import body, errors
from fwdoctor.controlplane.connection import Connection
from fwdoctor.controlplane.errors import ControlPlaneError, Kind
from fwdoctor.controlplane.names import Resource, is_id
from fwdoctor.controlplane.timing import Budget, Clock, Limits
from fwdoctor.errors import FwdoctorError
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.redact import redact

if TYPE_CHECKING:
    import httpx

    from fwdoctor.controlplane.transport import ReadOnly

Param = str | int | bool
_T = TypeVar("_T")

_PATH = re.compile(r"(?:/[A-Za-z0-9._:~@+-]+)+")
_SECRET_PARAM = re.compile(r"token|key|secret|signature|password", re.IGNORECASE)
_SENDABLE = re.compile(r"[\x21-\x7e]{1,512}")
_REDIRECTS = (301, 302, 303, 307, 308)
_RETRIED = (429, 502, 503, 504)

HOT_LOAD = "/hot_load/v1/models/hot_load"


@dataclass(frozen=True, slots=True)
class Listing:
    """The rows of a list. ``incomplete`` says why some are missing, where some are."""

    rows: tuple[dict[str, Any], ...]
    pages: int
    incomplete: str | None = None

    @property
    def complete(self) -> bool:
        """Whether these are all: only then does a row's absence mean something."""
        return self.incomplete is None


@dataclass(frozen=True, slots=True)
class Account:
    """Whose key it is; ``row`` is what the server says about the account."""

    id: str
    row: Mapping[str, Any] = field(repr=False)


class AccountError(FwdoctorError):
    """The key belongs to no account, or to several: ``ids``. The SDK refuses such a key."""

    def __init__(self, message: str, ids: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.ids = tuple(ids)


@dataclass(frozen=True, slots=True)
class _Request:
    """One thing to ask; ``shown`` is how messages name it."""

    url: str
    headers: Mapping[str, str]
    shown: str
    #: Whether to try again where that may help.
    again: bool = True


class ControlPlane:
    """The control plane, read-only. Used as ``async with ControlPlane(connection) as plane``."""

    def __init__(
        self,
        connection: Connection,
        *,
        limits: Limits | None = None,
        clock: Clock | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """``transport`` takes the place of the network in tests; it, too, sees nothing but GET."""
        self._connection = connection
        self._limits = limits or Limits()
        self._clock = clock or Clock()
        self._transport = transport
        self._network: ReadOnly | None = None
        self._slots = asyncio.Semaphore(self._limits.concurrent)
        self._account: asyncio.Task[Account] | None = None
        #: Seconds that this machine's clock is ahead of the server's, by its last answer; None without one.
        self.ahead: float | None = None
        #: tasks that wait for an answer
        self._flying: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        from fwdoctor.controlplane.transport import open_network

        self._network = open_network(self._connection, self._limits, self._transport)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        left = {task for task in (*self._flying, self._account) if task is not None and not task.done()}
        left -= {asyncio.current_task()}
        for task in left:
            task.cancel()
        if left:  # connections that are used cannot be closed
            await asyncio.wait(left)
        if self._network is not None:
            await self._network.aclose()
            self._network = None

    async def get(
        self, path: str, params: Mapping[str, Param] | None = None, *, budget: Budget | None = None
    ) -> dict[str, Any]:
        """The JSON object at a path like ``/v1/accounts``; a ControlPlaneError where there is none."""
        return await self._ask(self._request(path, params or {}), budget)

    async def pages(
        self,
        path: str,
        keys: str | Sequence[str],
        params: Mapping[str, Param] | None = None,
        *,
        budget: Budget | None = None,
        most_pages: int = 50,
        most_rows: int = 10_000,
    ) -> Listing:
        """All rows of a list. ``keys``: under which names servers put them, the first one that is there."""
        names = (keys,) if isinstance(keys, str) else tuple(keys)
        rows: list[dict[str, Any]] = []
        seen: set[str] = set()
        asked: dict[str, Param] = {"pageSize": 200, **(params or {})}
        for page in range(1, most_pages + 1):
            request = self._request(path, asked)
            answer = await self._ask(request, budget)
            rows += _rows(answer, names, request)
            token = answer.get("nextPageToken")
            if len(rows) > most_rows or (len(rows) == most_rows and token):
                return Listing(tuple(rows[:most_rows]), page, f"only the first {most_rows} rows were read")
            if not isinstance(token, str) or not token:
                return Listing(tuple(rows), page)
            if token in seen:
                return Listing(tuple(rows), page, "the server sends the same page again and again")
            seen.add(token)
            asked["pageToken"] = token
        return Listing(tuple(rows), most_pages, f"only the first {most_pages} pages were read")

    async def account(self, *, budget: Budget | None = None) -> Account:
        """The key's account, asked for once however many ask; an AccountError unless there is exactly one."""

        async def shared() -> Account:
            if self._account is None or _failed(self._account):
                self._account = asyncio.ensure_future(self._find_account(budget))
                # Whoever asked may have given up by the time that it fails.
                self._account.add_done_callback(_failed)
            # One caller that gives up must not take the answer from the others.
            return await asyncio.shield(self._account)

        return await self._within(budget, "GET /v1/accounts", shared)

    async def hot_load_status(
        self, base_model: str, deployment: Resource | str, *, budget: Budget | None = None
    ) -> dict[str, Any]:
        """Which weights the replicas of a deployment (its full name) say that they serve."""
        name = deployment.name() if isinstance(deployment, Resource) else deployment
        for value in (base_model, name):
            if not _SENDABLE.fullmatch(value):
                raise FwdoctorError(f"{redact(value)[:80]!r} cannot be asked for: that is no resource name")
        about = {"fireworks-model": base_model, "fireworks-deployment": name}
        return await self._ask(self._request(HOT_LOAD, {}, about), budget)

    async def healthz(
        self, job: Resource, account: str | None = None, *, budget: Budget | None = None
    ) -> int:
        """The status that a running trainer itself answers with: only 200 is healthy. One attempt."""
        owner, _, last = job.name(account).removeprefix("accounts/").partition("/rlorTrainerJobs/")
        request = self._request(f"/training/v1/rlorTrainerJobs/{owner}/{last}/api/v1/healthz", {})
        try:
            await self._ask(dataclasses.replace(request, again=False), budget)
        except ControlPlaneError as error:
            if error.status is None:
                raise
            return error.status
        return 200

    def _request(
        self, path: str, params: Mapping[str, Param], about: Mapping[str, str] | None = None
    ) -> _Request:
        if not _PATH.fullmatch(path) or ".." in path.split("/") or "." in path.split("/"):
            raise ValueError(f"not a path of the control plane: {path!r}")
        texts = {n: str(v).lower() if isinstance(v, bool) else str(v) for n, v in params.items()}
        shown = {n: v for n, v in texts.items() if not _SECRET_PARAM.search(n)}
        query = f"?{urlencode(texts, quote_via=quote)}" if texts else ""
        return _Request(
            f"{self._connection.base_url}{path}{query}",
            headers_for(self._connection, path, about),
            self._connection.hide(f"GET {path}" + (f"?{urlencode(shown, safe=_PLAIN)}" if shown else "")),
        )

    async def _find_account(self, budget: Budget | None) -> Account:
        """``budget`` is that of the first who asks: it ends the tries, and not what others wait for."""
        answer = await self._in_slot(self._request("/v1/accounts", {"pageSize": 2}), budget)
        rows = _rows(answer, ("accounts",), self._request("/v1/accounts", {}))
        ids = [str(row.get("name") or "").removeprefix("accounts/") for row in rows]
        if not ids:
            raise AccountError("the API key belongs to no account: make a new one, or check which key is set")
        if len(ids) > 1:
            shown = errors.one_line(", ".join(ids), self._connection.hide)
            more = " and more" if answer.get("nextPageToken") else ""
            raise AccountError(
                f"the API key belongs to several accounts ({shown}{more}), "
                "which training does not support: use a key of one account",
                ids,
            )
        if not is_id(ids[0]):
            raise AccountError("the server names no account for the API key: check FIREWORKS_BASE_URL")
        return Account(ids[0], rows[0])

    async def _ask(self, request: _Request, budget: Budget | None) -> dict[str, Any]:
        """One call: it may wait for a slot as long as the budget lasts, then it has its own time."""

        return await self._within(budget, request.shown, lambda: self._in_slot(request, budget))

    async def _in_slot(self, request: _Request, budget: Budget | None) -> dict[str, Any]:
        task = asyncio.current_task()
        assert task is not None  # what is awaited is in one
        self._flying.add(task)
        try:
            async with self._slots:
                return await self._call(request, budget)
        finally:
            self._flying.discard(task)

    async def _within(self, budget: Budget | None, shown: str, work: Callable[[], Awaitable[_T]]) -> _T:
        """What ``work`` brings, unless the budget ends first."""
        if budget is None:
            return await work()
        spent = f"the {budget.seconds:g} s for all requests together are over"
        if not budget.left():
            raise ControlPlaneError(Kind.TIMED_OUT, shown, spent)
        try:
            async with asyncio.timeout(budget.left()) as limit:
                return await work()
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise ControlPlaneError(Kind.TIMED_OUT, shown, spent) from error

    async def _call(self, request: _Request, budget: Budget | None) -> dict[str, Any]:
        seconds = self._limits.total
        until = self._clock.monotonic() + min(seconds, budget.left() if budget else seconds)
        try:
            async with asyncio.timeout(seconds) as limit:
                return await self._tries(request, until)
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise ControlPlaneError(
                Kind.TIMED_OUT, request.shown, f"no complete answer within {seconds:g} s"
            ) from error

    async def _tries(self, request: _Request, until: float) -> dict[str, Any]:
        attempts = 0
        while True:
            attempts += 1
            try:
                return await self._once(request)
            except ControlPlaneError as error:
                error.attempts = attempts
                wait = self._wait(error) if request.again else None
                if wait is None or self._clock.monotonic() + wait >= until:
                    raise
            await self._clock.sleep(wait)

    def _wait(self, error: ControlPlaneError) -> float | None:
        """How long to wait before the next attempt; None where another one makes no sense."""
        if error.attempts > self._most_retries(error):
            return None
        if error.retry_after is not None:
            return min(error.retry_after, self._limits.longest_retry_after)
        longest: float = min(self._limits.longest_wait, self._limits.first_wait * 2 ** (error.attempts - 1))
        # Anything from nothing to the longest: clients that failed together must not come back together.
        return self._clock.random() * longest

    def _most_retries(self, error: ControlPlaneError) -> int:
        if error.status in _RETRIED or error.transient:
            return self._limits.retries
        return min(1, self._limits.retries) if (error.status or 0) >= 500 else 0

    async def _once(self, request: _Request) -> dict[str, Any]:
        """One attempt, with the redirects that stay on the same host."""
        url = request.url
        for _ in range(self._limits.redirects + 1):
            response = await self._send(request, url)
            try:
                if response.status_code not in _REDIRECTS:
                    return await self._read(request, response)
                url = self._next(request, url, response.headers.get("location", ""))
            finally:
                await response.aclose()
        raise ControlPlaneError(
            Kind.REDIRECTED, request.shown, f"more than {self._limits.redirects} redirects on the same host"
        )

    async def _send(self, request: _Request, url: str) -> httpx.Response:
        import httpx

        from fwdoctor.controlplane.transport import get

        if self._network is None:
            raise RuntimeError("the control plane is not open: use it in 'async with'")
        try:
            response = await self._network.handle_async_request(get(url, request.headers, self._limits))
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise self._failure(request, error) from error
        told = _moment(response.headers.get("date"))
        self.ahead = self.ahead if told is None else self._clock.now() - told
        return response

    def _next(self, request: _Request, url: str, location: str) -> str:
        """Where a redirect leads, if the key may go there: the same place, or the same host by https."""
        try:
            target = urljoin(url, location)
            here, there = _origin(url), _origin(target)
        except ValueError:
            here, there, target = ("", "", 0), ("", "", 1), ""
        upgraded = ("https", here[1], 443) if here[0] == "http" and here[2] == 80 else here
        if location and there in (here, upgraded):
            return target
        place = f"{there[0]}://{there[1]}:{there[2]}" if location and there[1] else "nowhere"
        raise ControlPlaneError(
            Kind.REDIRECTED,
            request.shown,
            f"the server redirects to {errors.one_line(place, self._connection.hide)}",
        )

    async def _read(self, request: _Request, response: httpx.Response) -> dict[str, Any]:
        if not response.is_success:
            raise await self._refusal(request, response)
        content = await self._body(request, response, self._limits.answer_bytes)
        hide = self._connection.hide
        content = self._connection.without_key(content)
        try:
            answer = body.parse(content, self._limits.depth)
        except ValueError as error:
            what = f"{response.status_code}, but {errors.describe(content, hide)} instead of JSON"
            raise self._error(Kind.NOT_JSON, request, response, what) from error
        except body.TooLargeError as error:
            what = f"the answer is nested deeper than {self._limits.depth} levels"
            raise self._error(Kind.TOO_LARGE, request, response, what) from error
        if not isinstance(answer, dict):
            raise self._error(Kind.NOT_JSON, request, response, "the answer is JSON, but not an object")
        return answer

    async def _refusal(self, request: _Request, response: httpx.Response) -> ControlPlaneError:
        """The error that an answer tells; its status counts even where its body cannot be read."""
        try:
            content = await self._body(request, response, self._limits.error_bytes)
        except ControlPlaneError:
            content = b""
        wait = _retry_after(response.headers.get("retry-after"), self._clock.now())
        return errors.from_answer(
            request.shown, response.status_code, content, self._connection.hide, retry_after=wait
        )

    async def _body(self, request: _Request, response: httpx.Response, limit: int) -> bytes:
        import httpx

        try:
            return await body.read(response, limit)
        except body.TooLargeError as error:
            what = f"the answer is larger than {limit // 1024} KB"
            raise self._error(Kind.TOO_LARGE, request, response, what) from error
        except body.UnreadableError as error:
            what = f"the answer cannot be unpacked: {error}"
            raise self._error(Kind.PROTOCOL, request, response, what) from error
        except (httpx.HTTPError, OSError) as error:
            raise self._failure(request, error) from error

    def _error(self, kind: Kind, request: _Request, response: httpx.Response, what: str) -> ControlPlaneError:
        return ControlPlaneError(kind, request.shown, what, status=response.status_code)

    def _failure(self, request: _Request, error: Exception) -> ControlPlaneError:
        host = urlsplit(self._connection.base_url).netloc
        return errors.from_failure(request.shown, error, host, self._connection.proxy_host)


def headers_for(connection: Connection, path: str, about: Mapping[str, str] | None = None) -> dict[str, str]:
    """The headers for a path; the user's own win, as in the SDK, but never over what is asked about."""
    headers = {
        "Accept": "application/json",
        "Accept-Encoding": "gzip",
        "Authorization": f"Bearer {connection.key}",
        "User-Agent": f"fwdoctor/{__version__}",
    }
    if not path.startswith("/v1/"):
        headers["X-Api-Key"] = connection.key
    for more in (connection.headers, about or {}):
        names = {name.lower() for name in more}
        headers = {n: v for n, v in headers.items() if n.lower() not in names} | dict(more)
    return headers


#: What stays readable in a message's query.
_PLAIN = ' "=<>:/,*'


def _failed(task: asyncio.Task[Account]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)


def _rows(answer: Mapping[str, Any], names: Sequence[str], request: _Request) -> list[dict[str, Any]]:
    """The rows of a list's answer. An empty list may be left out; something else in its place is an error."""
    rows: Any = next((answer[name] for name in names if answer.get(name) is not None), [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ControlPlaneError(Kind.PROTOCOL, request.shown, f"{names[0]} is not a list of objects")
    return rows


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def _retry_after(value: str | None, now: float) -> float | None:
    """The seconds that a server asks to wait: a number, or a date."""
    if value is None:
        return None
    if re.fullmatch(r"\d{1,9}", value.strip(), re.ASCII):
        return float(value)
    moment = _moment(value)
    return None if moment is None else max(0.0, moment - now)


def _moment(value: str | None) -> float | None:
    """The seconds since 1970 of a date in a header; None without one."""
    try:
        return email.utils.parsedate_to_datetime(value).timestamp() if value else None
    except (ValueError, OverflowError):
        return None
