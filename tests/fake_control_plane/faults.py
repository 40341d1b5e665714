"""What can go wrong between a client and an answer, each as a value that a test hands to ``plane.fail``.

Some come in place of the answer, some change it on its way, some only make it late.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from .wire import ApiError, Request, Response

_PAGE = b"<!DOCTYPE html><html><head><title>%d</title></head><body><h1>%s</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Fault:
    """``instead`` answers in place of the control plane; ``change`` spoils its answer; both may be absent."""

    instead: Callable[[Request], Response] | None = None
    change: Callable[[Response], Response] | None = None
    delay_s: float = 0.0


@dataclass
class Trigger:
    """A fault and the requests that meet it, ``times`` times (for ever if None)."""

    path: re.Pattern[str]
    fault: Fault
    method: str | None = None
    times: int | None = None
    met: int = field(default=0)

    def hits(self, request: Request) -> bool:
        """Whether this request meets the fault; it counts as one time if so."""
        if self.times is not None and self.met >= self.times:
            return False
        if self.method not in (None, request.method) or not self.path.search(request.path):
            return False
        self.met += 1
        return True


def delay(seconds: float) -> Fault:
    """The right answer, late."""
    return Fault(delay_s=seconds)


def drop() -> Fault:
    """The connection ends without an answer."""
    return Fault(instead=lambda _: Response(0, b"", cut="drop"))


def half() -> Fault:
    """Half of the body, then the connection ends."""
    return Fault(change=lambda answer: replace(answer, cut="half"))


def drip(pause_s: float = 0.2) -> Fault:
    """The right answer, a byte at a time: no single read times out."""
    return Fault(change=lambda answer: replace(answer, cut="drip", pause_s=pause_s))


def endless() -> Fault:
    """A body that never ends."""
    return Fault(instead=lambda _: Response(200, b"", cut="endless"))


def wrong_type(content_type: str = "text/plain") -> Fault:
    """The right body under another name."""
    return Fault(change=lambda answer: replace(answer, content_type=content_type))


def body(content: bytes, status: int = 200, content_type: str = "application/json") -> Fault:
    """Any bytes at all in place of the answer."""
    return Fault(instead=lambda _: Response(status, content, content_type))


def html(status: int = 502, title: str = "Bad Gateway") -> Fault:
    """The error page of a proxy or of a login portal."""
    return body(_PAGE % (status, title.encode()), status, "text/html; charset=utf-8")


def error(
    status: int,
    message: str = "told to fail",
    *,
    reason: str | None = None,
    metadata: Mapping[str, str] | None = None,
    retry_after: str | None = None,
    nested: bool = False,
) -> Fault:
    """A refusal as google.rpc.Status, flat or below ``error``; ``retry_after`` in seconds or as a date."""

    def answer(_: Request) -> Response:
        made = ApiError(status, message, reason=reason, metadata=metadata).response()
        content = {"error": made.content} if nested else made.content
        return replace(made, content=content, headers={"Retry-After": retry_after} if retry_after else {})

    return Fault(instead=answer)


def redirect(to: str, status: int = 302) -> Fault:
    """Somewhere else: a path on this host, or the address of another one, to which the path is added."""

    def answer(request: Request) -> Response:
        target = to if to.startswith("/") else to.rstrip("/") + request.path
        return Response(status, b"", "text/plain", {"Location": target})

    return Fault(instead=answer)
