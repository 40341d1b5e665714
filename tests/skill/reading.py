"""What the skill's pages hold: headings, links, and the commands that they show, with what they quote."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SKILL = ROOT / "skills" / "fireworks-doctor"
PAGES = sorted(SKILL.rglob("*.md"))

_FENCE = re.compile(r"(?ms)^```(\w*)\n(.*?)^```$")
_INLINE = re.compile(r"`(fwdoctor [^`]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")


@dataclass(frozen=True, slots=True)
class Shown:
    """A command of a page, and the lines that the page quotes of its output."""

    page: Path
    line: str
    quoted: tuple[str, ...] = ()


def name(page: Path) -> str:
    """A page as findings name it: ``references/rl/hotload.md``."""
    return page.relative_to(SKILL).as_posix()


def anchors(page: Path) -> set[str]:
    """What links to the headings of a page end in."""
    text = _FENCE.sub("", page.read_text("utf-8"))
    headings = re.findall(r"(?m)^#+ (.+)$", text)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(page: Path) -> list[str]:
    """The links of a page, as they are written."""
    return _LINK.findall(_FENCE.sub("", page.read_text("utf-8")))


def target(page: Path, link: str) -> tuple[Path, str]:
    """The file that a relative link leads to, and the heading (empty: none)."""
    path, _, heading = link.partition("#")
    return (page.parent / path).resolve() if path else page, heading


def shown(page: Path) -> list[Shown]:
    """Every command of a page: lines of ``sh`` blocks, of ``console`` blocks with output, and inline code."""
    text = page.read_text("utf-8")
    found = []
    for language, block in _FENCE.findall(text):
        if language == "sh":
            rows = (row.split("  #")[0].strip() for row in block.splitlines())
            found += [Shown(page, row) for row in rows if row]
        elif language == "console":
            for part in re.split(r"(?m)^\$ ", block)[1:]:
                line, *quoted = part.splitlines()
                found.append(Shown(page, line.strip(), tuple(q for q in quoted if q.strip())))
    inline = (" ".join(line.split()) for line in _INLINE.findall(_FENCE.sub("", text)))
    return found + [Shown(page, line) for line in inline]
