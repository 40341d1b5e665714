"""A certificate that nobody trusts, made when it is needed: no private key lies in the repository."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Certificate:
    """A self-signed certificate for 127.0.0.1 and its key, as files."""

    public: Path
    private: Path

    @staticmethod
    def make(folder: Path) -> Certificate:
        """Write one into a folder.

        Raises:
            FileNotFoundError: there is no ``openssl`` program.
        """
        made = Certificate(folder / "certificate.pem", folder / "key.pem")
        order = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=127.0.0.1",
        ]
        order += [
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-keyout",
            str(made.private),
            "-out",
            str(made.public),
        ]
        subprocess.run(order, check=True, capture_output=True)
        return made

    def context(self) -> ssl.SSLContext:
        """For a server that shows it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.public, self.private)
        return context
