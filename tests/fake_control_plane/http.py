"""The HTTP side: a threading server on loopback that hands requests to one function."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .wire import Request, Response

Answer = Callable[[Request], Response]
_BLOCK = b" " * 65536


class Server:
    """Serves ``answer`` on a port of 127.0.0.1 (0: a free one) until it is closed.

    ``now`` is the time that the answers are dated with; with ``tls`` it speaks HTTPS.
    """

    def __init__(
        self,
        answer: Answer,
        port: int = 0,
        *,
        now: Callable[[], float] = time.time,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._closing = threading.Event()
        members = {"answer": staticmethod(answer), "now": staticmethod(now), "closing": self._closing}
        self._server = _Loopback(("127.0.0.1", port), type("Handler", (_Handler,), members))
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        scheme = "http" if tls is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_address[1]}"
        # The interval is how long closing waits for the loop to look up.
        serve = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        serve.start()

    def close(self) -> None:
        # Answers that are late or endless end now.
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()


class _Loopback(ThreadingHTTPServer):
    daemon_threads = True
    # Clients keep connections open; closing must not wait for them.
    block_on_close = False
    request_queue_size = 128

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        # Without this, Nagle and delayed acknowledgements cost 40 ms in every exchange.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle of an answer is not our problem; all else is shown."""
        # So is one that does not trust the certificate.
        if not isinstance(sys.exception(), ConnectionError | ssl.SSLError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one write per answer
    answer: Answer
    now: Callable[[], float]
    closing: threading.Event

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length) if length else b""
        if self.headers.get("Content-Encoding") == "gzip":
            raw = gzip.decompress(raw)
        url = urlsplit(self.path)
        request = Request(
            self.command,
            url.path,
            dict(parse_qsl(url.query, keep_blank_values=True)),
            {name.lower(): value for name, value in self.headers.items()},
            _body(raw),
        )
        response = type(self).answer(request)
        if response.delay_s:
            self.closing.wait(response.delay_s)
        if response.cut == "drop":
            self.close_connection = True
            return
        if response.cut == "endless":
            self._never_end(response)
            return
        content = response.content if isinstance(response.content, bytes) else _json(response.content)
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(content)))
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if response.cut == "half":
            content = content[: len(content) // 2]
            self.close_connection = True
        if response.cut == "drip":
            self._drip(content, response.pause_s)
        else:
            self.wfile.write(content)
            self.wfile.flush()

    def _drip(self, content: bytes, pause_s: float) -> None:
        for place in range(len(content)):
            self.wfile.write(content[place : place + 1])
            self.wfile.flush()
            if self.closing.wait(pause_s):
                self.close_connection = True
                return

    def _never_end(self, response: Response) -> None:
        """White space in front of JSON that never comes, until the client has enough."""
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.close_connection = True
        with contextlib.suppress(OSError):
            while not self.closing.is_set():
                self.wfile.write(b"%x\r\n%s\r\n" % (len(_BLOCK), _BLOCK))
                self.wfile.flush()

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The answer's date: that of the fake's clock, so that a client which reads it sees one time."""
        return super().date_time_string(timestamp if timestamp is not None else int(type(self).now()))

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = _serve

    def log_message(self, *args: Any) -> None:
        """Nothing: the log of requests is kept elsewhere."""


def _body(raw: bytes) -> Any:
    if not raw:
        return None
    try:
        return json.loads(raw)
    except ValueError:
        return raw


def _json(content: Any) -> bytes:
    return json.dumps(content).encode()
