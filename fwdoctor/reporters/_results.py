"""The answers of ``fwdoctor surface`` and ``fwdoctor skill`` as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from fwdoctor.reporters import Line, Style
from fwdoctor.results import (
    BuildResult,
    ChangeResult,
    DiffResult,
    Event,
    FitResult,
    PartChange,
    ProductFit,
    ShowResult,
    Signature,
    SiteResult,
    SkillPlace,
    SkillResult,
    VersionRef,
    WayOut,
)

if TYPE_CHECKING:
    from fwdoctor.finding import Result

_COLORS = {"added": "green", "removed": "red", "changed": "yellow", "moved": "cyan"}
_SIGNS = {"added": "+", "removed": "-", "changed": "~", "moved": ">"}
#: How many names of a module, and places of a break, are shown without --verbose.
_NAMES = 8
_SITES = 20


def lines_of(result: Result | None, style: Style) -> Iterator[Line]:
    """The lines of a result; none if there is none."""
    match result:
        case DiffResult():
            yield from _diff(result, style)
        case FitResult():
            yield from _fit(result, style)
        case BuildResult():
            yield from _build(result, style)
        case SkillResult() if not style.quiet:
            yield from _skill(result, style)
        case tuple():
            yield from _shown(result, style)


def concise(result: Result | None, *, quiet: bool = False) -> Iterator[str]:
    """A result in one line a fact: places as compilers write them, changes by their paths."""
    match result:
        case FitResult():
            for fit in (result.cookbook, result.sdk):
                for each in fit.breaks if fit else ():
                    for site in each.sites:
                        yield (
                            f"{site.path}:{site.line}:{site.column}: {site.rule} {site.message}"
                            f" ({each.version.label})"
                        )
        case DiffResult():
            for change in result.changes:
                yield f"{_SIGNS[change.how]} {change.path}"
                yield from (f"{_SIGNS[p.how]} {change.path}: {p.text[2:]}" for p in change.parts)
        case ShowResult() | BuildResult() | SkillResult() | tuple():
            yield from ("".join(t for t, _ in line) for line in lines_of(result, Style(quiet=quiet)))
        case None:
            return


# --- show ---------------------------------------------------------------------------------------------


def _shown(results: Sequence[ShowResult], style: Style) -> Iterator[Line]:
    if len(results) > 1:
        yield ((f"{results[0].asked} may mean {len(results)} things in {results[0].version}:", ""),)
        for result in results:
            yield ((f"  {result.path}", "bold"), (f"  {result.what or 'gone'}", "dim"))
        yield (("Give more of the name to see one of them.", "dim"),)
        return
    for result in results:
        yield from _show(result, style)


def _show(result: ShowResult, style: Style) -> Iterator[Line]:
    if result.what == "unknown":
        where = "a package in" if result.names else "cannot be told from the sources of"
        yield ((result.path, "bold"), (f"  {where} {result.version}", ""))
    elif result.what is None:
        yield ((result.path, "bold red"), (f"  is not in {result.version}", ""))
    else:
        tags = " (deprecated)" if result.deprecated else ""
        yield ((result.path, "bold"), (f"  {result.what}{tags} in {result.version}", ""))
    if result.source:
        yield (("  source ", "dim"), (result.source, ""))
    if result.replaced_by:
        yield (("  replaced by ", "dim"), (result.replaced_by, "bold"))
    if result.bases:
        yield (("  bases ", "dim"), (", ".join(result.bases), ""))
    yield from _signatures("fields", result.fields)
    if result.parameters != result.fields:
        yield from _signatures("called with", result.parameters)
    if not result.complete and result.what != "unknown":
        yield (("  not everything can be told from the source: it may take more than this", "dim"),)
    if result.members:
        yield (("  members ", "dim"), (", ".join(result.members), ""))
    if result.methods:
        yield (("  methods", "dim"),)
        for method in result.methods:
            given = ", ".join(p.text for p in method.parameters)
            if not style.verbose and len(given) > 90:
                given = ", ".join(p.name for p in method.parameters)
            yield ((f"    {method.name}", ""), (f"({given})", "dim"), (_tag(method.deprecated), "yellow"))
    if result.attributes:
        yield (("  attributes ", "dim"), (", ".join(result.attributes), ""))
    if result.names:
        yield (("  names", "dim"),)
        yield from (((f"    {name}", ""),) for name in result.names)
    yield from _history(result.history, style)


def _tag(deprecated: bool) -> str:
    return " (deprecated)" if deprecated else ""


def _signatures(label: str, given: Sequence[Signature]) -> Iterator[Line]:
    if given:
        yield ((f"  {label}", "dim"),)
        for p in given:
            yield ((f"    {p.text}", "yellow" if p.deprecated else ""),)


def _history(events: Sequence[Event], style: Style) -> Iterator[Line]:
    if not events:
        return
    yield (("  history", "dim"),)
    shown = events if style.verbose or len(events) <= 12 else (*events[:1], *events[-10:])
    for i, event in enumerate(shown):
        if i == 1 and len(shown) < len(events):
            yield ((f"    … {len(events) - len(shown)} more changes; --verbose shows all", "dim"),)
        yield ((f"    {event.how:<8}", _COLORS[event.how]), (f" {_where(event.version)}", ""))
        for part in event.changes:
            yield ((f"      {part.text}", _COLORS[part.how]),)


def _where(version: VersionRef) -> str:
    pin = f", pins {version.sdk_pin}" if version.sdk_pin else ""
    day = f" ({version.date})" if version.date not in version.label else ""
    return f"{version.label}{day}{pin}"


# --- diff ---------------------------------------------------------------------------------------------


def _diff(result: DiffResult, style: Style) -> Iterator[Line]:
    touching = f", as far as {result.used_by} is touched" if result.used_by else ""
    yield ((f"{result.old} → {result.new}{touching}", "bold"),)
    for change in result.changes:
        yield from _change(change, style)
    counts = {how: sum(c.how == how for c in result.changes) for how in _SIGNS}
    text = " · " if style.unicode else ", "
    found = text.join(f"{how} {count}" for how, count in counts.items() if count)
    yield ((found or ("nothing of it touches this code" if result.used_by else "no difference"), "bold"),)


def _change(change: ChangeResult, style: Style) -> Iterator[Line]:
    color = _COLORS[change.how]
    end = f" → {change.moved_to}" if change.moved_to else ""
    if change.replaced_by:
        end += f"  (now {change.replaced_by})"
    names = ""
    if change.names and change.how in ("added", "removed"):
        some = change.names if style.verbose else change.names[:_NAMES]
        more = f", … {len(change.names) - len(some)} more" if len(some) < len(change.names) else ""
        names = f"({', '.join(some)}{more})"
    yield (
        (f"{_SIGNS[change.how]} {change.path}", color),
        (f"  {change.what}{end}", ""),
        (f" {names}" if names else "", "dim"),
    )
    for part in change.parts:
        yield from _part(part)
    for site in change.sites:
        yield ((f"      at {site.path}:{site.line}", "bold"), (f"  {site.message}", "dim"))


def _part(part: PartChange) -> Iterator[Line]:
    yield ((f"    {part.text}", _COLORS[part.how]),)


# --- fit ----------------------------------------------------------------------------------------------


def _fit(result: FitResult, style: Style) -> Iterator[Line]:
    if result.cookbook is None and result.sdk is None:
        yield ((f"{result.path}: nothing that could be read here uses the cookbook or the SDK", ""),)
        return
    if result.cookbook is not None:
        yield from _product(result.cookbook, "cookbook", result.requirement, style)
    if result.sdk is not None:
        yield from _product(result.sdk, "fireworks-ai", None, style)
    if result.unseen:
        places = ", ".join(f"{s.path}:{s.line}" for s in result.unseen[:3])
        more = f" and {len(result.unseen) - 3} more" if len(result.unseen) > 3 else ""
        yield ((f"  cannot look into what is spread into calls at {places}{more}", "yellow"),)
    ways = [way for way in (result.stay, result.move_on) if way is not None]
    for number, way in enumerate(ways, 1):
        yield from _way(number if len(ways) > 1 else None, way)


def _product(fit: ProductFit, name: str, requirement: str | None, style: Style) -> Iterator[Line]:
    files = f"{fit.files} file{'s' if fit.files != 1 else ''}"
    if fit.fits:
        spans = "; ".join(i.text for i in fit.fits)
        pin = f" with {requirement}" if requirement else ""
        yield ((f"{files}: fits ", ""), (spans, "bold green"), (pin, ""))
    else:
        yield ((f"{files}: fits no {name} known; the nearest is {fit.breaks[0].version.label}", "bold red"),)
        for group in fit.groups:
            some = ", ".join(group.files[:3]) + (
                f", {len(group.files) - 3} more" if len(group.files) > 3 else ""
            )
            spans = "; ".join(i.text for i in group.fits) or f"no {name} known"
            yield ((f"  {some}", "bold"), (f"  fits {spans}", ""))
    for each in fit.breaks:
        beyond = _is_beyond(fit, each.version)
        side = "breaks at" if beyond else "not yet at"
        count = f"{len(each.sites)} site{'s' if len(each.sites) != 1 else ''}"
        yield ((f"  {side} {each.version.label}: {count}", "bold"),)
        shown = each.sites if style.verbose else each.sites[:_SITES]
        for site in shown:
            yield (
                (f"    {site.path}:{site.line}", "bold"),
                (f"  {site.message}{_when(site, beyond=beyond)}", ""),
            )
        if len(shown) < len(each.sites):
            yield ((f"    … {len(each.sites) - len(shown)} more; --verbose shows all", "dim"),)


def _is_beyond(fit: ProductFit, version: VersionRef) -> bool:
    return not fit.fits or version.date >= fit.fits[-1].last.date


def _when(site: SiteResult, *, beyond: bool) -> str:
    """When it went or came: of code that is too new, the coming is what matters."""
    needed = site.rule == "FWD114"
    if site.dropped_by is not None and (beyond or site.added_by is None):
        return f" ({'needed since' if needed else 'dropped by'} {_short(site.dropped_by)})"
    if site.added_by is not None:
        pin = f", which pins {site.added_by.sdk_pin}" if site.added_by.sdk_pin else ""
        return f" ({'needed until' if needed else 'added by'} {_short(site.added_by)}{pin})"
    return ""


def _short(version: VersionRef) -> str:
    return version.label.removeprefix("cookbook ")


def _way(number: int | None, way: WayOut) -> Iterator[Line]:
    yield ((f"  {number}. " if number else "  do ", "dim"), (way.text, ""))
    for command in way.commands:
        yield (("     $ ", "dim"), (command, "cyan"))


# --- build --------------------------------------------------------------------------------------------


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _build(result: BuildResult, style: Style) -> Iterator[Line]:
    names = sum(len(m.names) for m in result.modules)
    counts = f"{_count(len(result.modules), 'public module')}, {_count(names, 'public name')}"
    yield ((result.path, "bold"), (f"  {result.product}: {counts}", ""))
    if result.version is not None:
        yield ((f"  offers exactly what {result.version.label} offers", "green"),)
    else:
        differ = "1 name differs" if result.distance == 1 else f"{result.distance} names differ"
        yield ((f"  is no version known; the nearest is {result.nearest.label}: {differ}", "yellow"),)
    if result.saved:
        yield ((f"  saved as {result.saved}", ""),)
    if style.verbose:
        for module in result.modules:
            yield ((f"  {module.name}", "bold"), ("" if module.complete else "  (may have more)", "dim"))
            for name, what in module.names.items():
                yield ((f"    {name}", ""), (f"  {what}", "dim"))


# --- skill --------------------------------------------------------------------------------------------

_STATES = {
    "absent": "not installed",
    "current": "up to date",
    "changed": "changed by somebody",
    "foreign": "not fwdoctor's",
    "broken-link": "a broken link",
    "unreadable": "cannot be read",
}


def _skill(result: SkillResult, style: Style) -> Iterator[Line]:
    if not result.places:
        yield ((result.folder, ""),)
        return
    if result.reason:
        yield ((result.reason, "dim"),)
    words = [p.action or _STATES.get(p.state, p.state) for p in result.places]
    width = max(map(len, words))
    for place, word in zip(result.places, words, strict=True):
        good = place.action is not None or place.state == "current"
        yield (
            (f"{word:<{width}}", "green" if good else "yellow"),
            (f"  {place.folder}", "bold"),
            (f"  {place.agent}, {place.scope}{_of_version(place, result)}", "dim"),
        )
        if place.changed:
            yield ((f"{'':<{width}}  changed: {', '.join(place.changed)}", "yellow"),)
        if place.note:
            yield ((f"{'':<{width}}  {place.note}", ""),)


def _of_version(place: SkillPlace, result: SkillResult) -> str:
    """The versions, where they differ and nothing was done about it."""
    if place.action is not None or place.version in (None, result.version):
        return ""
    return f", {place.version}; this fwdoctor has {result.version}"
