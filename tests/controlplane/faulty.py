"""A server on loopback that answers as servers should not: bytes and pauses as a test wants them."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from fwdoctor.controlplane.connection import Connection
from fwdoctor.controlplane.timing import Clock, Limits

#: What to send, or what to do with the connection.
Answer = bytes | Callable[[socket.socket], None]
CERTIFICATES = Path(__file__).parent / "certificates"
KEY = "fw_test0123456789"


def http(status: int = 200, body: bytes = b"{}", *, length: int | None = None, **headers: str) -> bytes:
    """An answer; ``length`` is what it says about its body's, -1 for nothing."""
    lines = [f"HTTP/1.1 {status} Words", "Connection: close"]
    said = len(body) if length is None else length
    lines += [f"Content-Length: {said}"] if said >= 0 else []
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Faulty:
    """Answers the first connection with the first answer, and so on; the last one is repeated."""

    def __init__(self, *answers: Answer, certificate: str | None = None, eager: bool = False) -> None:
        """``eager``: answers what it does not understand, as soon as anything comes."""
        self._eager = eager
        self._answers = answers
        self._tls: ssl.SSLContext | None = None
        if certificate:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(CERTIFICATES / certificate)
        self.requests: list[bytes] = []
        self._closing = threading.Event()

    def __enter__(self) -> Faulty:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.url = f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)

    def pause(self, seconds: float) -> None:
        """Waits, but not longer than the test runs."""
        self._closing.wait(seconds)

    def _accept(self) -> None:
        number = 0
        while not self._closing.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            answer = self._answers[min(number, len(self._answers) - 1)]
            number += 1
            threading.Thread(target=self._serve, args=(connection, answer), daemon=True).start()

    def _serve(self, connection: socket.socket, answer: Answer) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.enter_context(connection)
            connection.settimeout(5)
            if self._tls:
                connection = stack.enter_context(self._tls.wrap_socket(connection, server_side=True))
            self.requests.append(connection.recv(65536) if self._eager else _head(connection))
            if callable(answer):
                answer(connection)
            else:
                connection.sendall(answer)


def _head(connection: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head:
        got = connection.recv(65536)
        if not got:
            break
        head += got
    return head


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


#: No pause of a test is longer than these.
FAST = Limits(connect=2, read=2, total=5)


class Still:
    """A clock that stands still until something waits: ``waits`` are the seconds asked for."""

    def __init__(self, dice: float = 1.0) -> None:
        self.seconds = 1000.0
        self.waits: list[float] = []
        self.dice = dice

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.seconds += seconds

    @property
    def clock(self) -> Clock:
        return Clock(
            monotonic=lambda: self.seconds,
            now=lambda: 1_800_000_000.0,
            sleep=self._sleep,
            random=lambda: self.dice,
        )


def connection(url: str, **environ: str) -> Connection:
    return Connection.from_environment({"FIREWORKS_API_KEY": KEY, "FIREWORKS_BASE_URL": url, **environ})
