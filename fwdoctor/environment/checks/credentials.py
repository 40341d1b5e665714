"""Key, base URL and headers: are they there, and well-formed? Their values are never shown."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from dotenv.parser import parse_stream

from fwdoctor.environment.checks import outcome
from fwdoctor.environment.facts import Facts
from fwdoctor.environment.reading import Reader, shown
from fwdoctor.finding import CheckOutcome, Finding, Location
from fwdoctor.lean_dataclass import dataclass
from fwdoctor.rulebook import rulebook

SECTION = "credentials"
ORDER = 70

KEY = "FIREWORKS_API_KEY"
URL = "FIREWORKS_BASE_URL"
HEADERS = "FIREWORKS_API_EXTRA_HEADERS"

_QUOTES = "\"'`\u2018\u2019\u201c\u201d"
#: Of a key with fewer characters not even the end is shown.
_SHORTEST = 12


@dataclass(frozen=True, slots=True)
class Setting:
    """A variable and where it was set: in the environment, or in a line of a .env file."""

    value: str
    path: Path | None = None
    line: int | None = None

    @property
    def location(self) -> Location | None:
        """The line of the file; None for the environment."""
        return Location(shown(self.path), self.line) if self.path else None

    @property
    def place(self) -> str:
        """Where it was set, for a message."""
        return str(self.location or "the environment")


def check(facts: Facts) -> CheckOutcome:
    """Look at the environment and at the project's .env files."""
    found = settings(facts)
    findings = [*_key(found, facts), *_url(found), *_headers(found)]
    return outcome(SECTION, _detail(found), findings)


def settings(facts: Facts) -> dict[str, Setting]:
    """The variables as a script that calls ``load_dotenv()`` sees them.

    What the environment sets wins, even if it is empty; then the nearest file.
    """
    found: dict[str, Setting] = {}
    for folder in reversed(facts.folders):
        found |= _dotenv(folder / ".env", facts.reader)
    found |= {name: Setting(facts.environ[name]) for name in (KEY, URL, HEADERS) if name in facts.environ}
    return found


def _dotenv(path: Path, reader: Reader) -> Mapping[str, Setting]:
    if path.is_dir():  # some keep their virtual environment there
        return {}
    settings = {}
    for binding in parse_stream(io.StringIO(reader.text(path) or "")):
        line = binding.original.line
        if binding.error:
            if any(name in binding.original.string for name in (KEY, URL, HEADERS)):
                reader.problem(path, f"line {line}: cannot be read, so that it sets no variable")
        elif binding.key in (KEY, URL, HEADERS) and binding.value is not None:
            # A binding begins with the blank lines before it.
            string = binding.original.string
            blank = string[: len(string) - len(string.lstrip())].count("\n")
            settings[binding.key] = Setting(binding.value, path, line + blank)
    return settings


def _key(settings: Mapping[str, Setting], facts: Facts) -> Iterator[Finding]:
    key = settings.get(KEY)
    if key is None or not key.value.strip():
        state = "not set" if key is None else f"empty in {key.place}"
        yield rulebook()["FWS401"].finding(
            location=key.location if key else None, variable=KEY, state=state, folder=shown(facts.root)
        )
    elif flaw := _flaw(key.value):
        yield rulebook()["FWS402"].finding(location=key.location, variable=KEY, flaw=flaw, place=key.place)


def _flaw(key: str) -> str | None:
    if key != key.strip("\r\n"):
        return "it begins or ends with a line end"
    if key != key.strip():
        return "it begins or ends with a space"
    if any(character in _QUOTES for character in key):
        return "there are quotes in it"
    if any(character.isspace() for character in key):
        return "there is white space in it"
    if not key.isascii() or not key.isprintable():
        return "there is a character in it that no HTTP header may have"
    return None


def _url(settings: Mapping[str, Setting]) -> Iterator[Finding]:
    url = settings.get(URL)
    if url and url.value and (flaw := _url_flaw(url.value)):
        yield rulebook()["FWS403"].finding(location=url.location, variable=URL, flaw=flaw, place=url.place)


def _url_flaw(url: str) -> str | None:
    if any(character.isspace() or character in _QUOTES for character in url):
        return "there is white space or a quote in it"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "its host or port cannot be read"
    if parts.scheme not in ("http", "https"):
        return "it does not begin with http:// or https://"
    return None if host else "it has no host"


def _headers(settings: Mapping[str, Setting]) -> Iterator[Finding]:
    headers = settings.get(HEADERS)
    if headers and headers.value.strip() and (flaw := _headers_flaw(headers.value)):
        yield rulebook()["FWS404"].finding(
            location=headers.location, variable=HEADERS, flaw=flaw, place=headers.place
        )


def _headers_flaw(text: str) -> str | None:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return "it is no JSON"
    if not isinstance(content, dict):
        return "it is no JSON object"
    if not all(isinstance(value, str) for value in content.values()):
        return "its values are not all strings"
    return None


def _detail(settings: Mapping[str, Setting]) -> str:
    key, url = settings.get(KEY), settings.get(URL)
    if key is None or not key.value.strip():
        detail = f"no {KEY}"
    else:
        shows_end = len(key.value) >= _SHORTEST and not _flaw(key.value)
        detail = f"{KEY} {f'ends in {key.value[-4:]}' if shows_end else 'is set'} ({key.place})"
    if key is not None and key.path is not None:
        detail += ", seen by scripts that call load_dotenv()"
    if url is not None and url.value and not _url_flaw(url.value):
        # The key may be in the wrong variable, or in both.
        has_key = key is not None and key.value in url.value
        host = "is set" if has_key else f"leads to {urlsplit(url.value).hostname}"
        detail += f"; {URL} {host} ({url.place})"
    return detail
