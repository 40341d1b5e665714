"""What ``fwdoctor surface fit`` answers, and what code uses, as results."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from fwdoctor.fit import versions
from fwdoctor.fit.uses import Asks
from fwdoctor.fit.versions import FileFit, Interval, Site
from fwdoctor.results import (
    BreakResult,
    FitResult,
    GroupResult,
    IntervalResult,
    ProductFit,
    SiteResult,
    WayOut,
)
from fwdoctor.surface import timeline
from fwdoctor.surface.model import Surface
from fwdoctor.surface.report import CallSite, Usage, ref
from fwdoctor.surface.timeline import Product, Version

REPOSITORY = "https://github.com/fw-ai/cookbook"


def fit(paths: Sequence[str], fits: Sequence[FileFit]) -> FitResult:
    """Which versions the files below ``paths`` fit, what breaks beyond these, and both ways out."""
    book, sdk = (_product(fits, product) for product in Product)
    stay_at: Version | None = None
    if book is not None and (found := versions.intervals(fits, Product.COOKBOOK)):
        stay_at = found[-1].last
    release = _release(fits, stay_at, sdk)
    requirement = stay_at.sdk_pin if stay_at is not None else None
    if requirement is None and sdk is not None and sdk.fits:
        requirement = _range(versions.intervals(fits, Product.SDK)[-1])
    return FitResult(
        path=shlex.join(paths),
        files=len(fits),
        cookbook=book,
        sdk=sdk,
        requirement=requirement,
        stay=_stay(stay_at, release),
        move_on=_move_on(paths, fits, book, alone=stay_at is None and release is None),
        unseen=tuple(
            SiteResult(p.path, p.line, p.column, None, "spreads arguments that cannot be looked into")
            for f in fits
            for p in f.unseen
        ),
    )


def _product(fits: Sequence[FileFit], product: Product) -> ProductFit | None:
    using = [f for f in fits if product in f.products]
    if not using:
        return None
    line = timeline.timeline(product)
    found = versions.intervals(using, product)
    breaks = []
    if found:
        first, last = found[-1].first.state, found[-1].last.state
        beyond = [line.states[last + 1][0]] if last + 1 < len(line.states) else []
        before = [line.states[first - 1][-1]] if first else []
    else:
        beyond, before = [versions.closest(using, product)], []
    for version in (*beyond, *before):
        sites = tuple(site(s) for f in using for s in f.sites(version))
        breaks.append(BreakResult(ref(version), sites))
    groups = () if found else tuple(_groups(using, product))
    return ProductFit(len(using), tuple(map(_interval, found)), tuple(breaks), groups)


def _groups(fits: Sequence[FileFit], product: Product) -> Iterator[GroupResult]:
    """Files by the versions that they fit; nothing if all fit the same."""
    groups: dict[int, list[FileFit]] = {}
    for each in fits:
        groups.setdefault(each.misfits(product), []).append(each)
    if len(groups) > 1:
        for group in groups.values():
            intervals = tuple(map(_interval, versions.intervals(group, product)))
            yield GroupResult(tuple(f.path for f in group), intervals)


def _interval(found: Interval) -> IntervalResult:
    line = timeline.timeline(found.first.product)
    until = line.until(found.last.state)
    return IntervalResult(ref(found.first), ref(found.last), until.isoformat() if until else None, str(found))


def site(found: Site) -> SiteResult:
    """A place that breaks as it stands in results."""
    return SiteResult(
        found.location.path,
        found.location.line,
        found.location.column,
        found.rule,
        found.message,
        ref(found.dropped_by) if found.dropped_by else None,
        ref(found.added_by) if found.added_by else None,
    )


def _release(fits: Sequence[FileFit], stay_at: Version | None, sdk: ProductFit | None) -> Version | None:
    if stay_at is not None:
        return versions.sdk_for(stay_at, fits)
    if sdk is not None and sdk.fits:
        return versions.intervals(fits, Product.SDK)[-1].last
    return None


def _range(found: Interval) -> str:
    """The interval of releases as a requirement."""
    line = timeline.sdk()
    lower = f">={found.first.number}" if found.first.index else ""
    after = line.states[found.last.state + 1][0] if found.last.state + 1 < len(line.states) else None
    upper = f"<{after.number}" if after else ""
    return f"fireworks-ai[training]{','.join(filter(None, (lower, upper)))}"


def _stay(cookbook: Version | None, release: Version | None) -> WayOut | None:
    """The exact versions to install, to keep the code as it is."""
    if cookbook is None and release is None:
        return None
    lines = []
    words = []
    if release is not None:
        lines.append(
            shlex.join(["python", "-m", "pip", "install", f"fireworks-ai[training]=={release.number}"])
        )
        words.append(f"fireworks-ai {release.number}")
    if cookbook is not None:
        # Its own project file makes it installable from a checkout only, in place.
        lines.insert(0, shlex.join(["git", "-C", "cookbook", "checkout", cookbook.commit or ""]))
        words.insert(0, cookbook.label)
    where = f" (in your clone of {REPOSITORY})" if cookbook is not None else ""
    return WayOut(f"Keep the code, and stay with {' and '.join(words)}{where}.", tuple(lines))


def _move_on(
    paths: Sequence[str], fits: Sequence[FileFit], book: ProductFit | None, *, alone: bool
) -> WayOut | None:
    """The command that ports the code, if it does not fit the newest cookbook."""
    newest = timeline.cookbook().newest
    old = [f for f in fits if f.misfits(Product.COOKBOOK) >> newest.state & 1]
    if book is None or not old:
        return None
    command = shlex.join(["fwdoctor", "migrate", "--diff", "--target", "latest", *paths])
    verb = "Port it" if alone else "Or port it"
    return WayOut(f"{verb} to {newest.label} (look first, nothing is written).", (command,))


def usage(path: str, fits: Sequence[FileFit], surfaces: Sequence[Surface]) -> Usage:
    """What the files use, by where it lives in the first of the surfaces that has it."""
    names: dict[str, list[SiteResult]] = {}
    calls: dict[str, list[CallSite]] = {}
    for fit_ in fits:
        for use, place in fit_.places():
            question = use.question
            canonical = next((c for s in surfaces if (c := s.canonical(question.path))), None)
            if canonical is None:
                continue
            match question.asks:
                case Asks.ENOUGH:
                    signature = next((f for s in surfaces if (f := s.signature(question.path))), None)
                    order = signature.positional[: question.positional] if signature else ()
                    given = question.given | {p.name for p in order}
                    entry = SiteResult(place.path, place.line, place.column, None, "calls it")
                    calls.setdefault(canonical, []).append(CallSite(entry, given, question.positional))
                case Asks.POSITIONAL:
                    pass
                case Asks.NAME | Asks.GUARDED_NAME | Asks.STRING:
                    entry = SiteResult(place.path, place.line, place.column, None, "names it")
                    names.setdefault(canonical, []).append(entry)
                case _:
                    word = (
                        f"passes {question.name}="
                        if question.asks is Asks.KEYWORD
                        else f"uses {question.name}"
                    )
                    entry = SiteResult(place.path, place.line, place.column, None, word)
                    names.setdefault(f"{canonical}.{question.name}", []).append(entry)
    return Usage(path, names, calls)
