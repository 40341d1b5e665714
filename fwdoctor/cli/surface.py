"""``fwdoctor surface``: what each version of the cookbook and the SDK offers, and which of them code fits."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fwdoctor.cli._options import Output, answer_options, fact_options
from fwdoctor.errors import FwdoctorError

if TYPE_CHECKING:
    from fwdoctor.finding import Problem, Result
    from fwdoctor.fit.versions import FileFit
    from fwdoctor.surface.model import Surface
    from fwdoctor.surface.places import Place
    from fwdoctor.surface.timeline import Product


@click.group(
    "surface", short_help="What each version offers, and which versions code fits.", no_args_is_help=True
)
def command() -> None:
    """What each version offers, what changed, and which versions code fits.

    A version is 'latest', a date, a tag, a commit, a name like 'june', a release (1.2.28 or
    fireworks-ai==1.2.28), a folder, a wheel, or a file of 'surface build --save'. A '^' at its end means the
    one before.
    """


@command.command("fit", short_help="Which versions code fits, and where it breaks.")
@click.argument("paths", nargs=-1, required=True, type=click.Path())
@answer_options
def fit(paths: tuple[str, ...], output: Output) -> int:
    """Tell which versions of the cookbook and the SDK the code in PATHS fits, and where it breaks.

    Exit status 1 if no version known fits.
    """
    from fwdoctor.fit import report

    fits, problems = _read(paths)
    result = report.fit(paths, fits)
    fitting = [p for p in (result.cookbook, result.sdk) if p is not None]
    return _finish(output, "surface fit", result, problems, failed=any(not p.fits for p in fitting))


@command.command("show", short_help="What a name is in a version, and its history.")
@click.argument("name")
@click.option(
    "--at", default="auto", show_default=True, metavar="VERSION|PATH", help="The version to look at."
)
@answer_options
def show(name: str, at: str, output: Output) -> int:
    """Show what NAME is in a version, when it came, how it changed, when it went, and what replaced it.

    NAME is a dotted path or the end of one: rl_loop.Config, TrainerConfig.pending_timeout_s. --at auto is
    what you have installed or checked out, else the newest version known. Exit status 1 if the version has
    no such name and another has, 2 if none ever had.
    """
    from fwdoctor.surface import report

    place = _place_for(name, at)
    results = tuple(report.show(name, place))
    missing = all(r.what is None for r in results)
    return _finish(output, "surface show", results, _unreadable(place.surface), failed=missing)


@command.command("diff", short_help="What changed between two versions.")
@click.argument("old")
@click.argument("new")
@click.argument("names", nargs=-1)
@click.option("--used-by", "used_by", multiple=True, type=click.Path(), help="Only what touches this code.")
@click.option("--private", is_flag=True, help="Private names, too.")
@fact_options
def diff(
    old: str, new: str, names: tuple[str, ...], used_by: tuple[str, ...], private: bool, output: Output
) -> int:
    """Show what changed from version OLD to version NEW, all of it or only below NAMES.

    Exit status 0 whether or not anything changed.
    """
    from fwdoctor.surface import places, report

    before = places.find(old)
    after = places.find(new, before.product)
    usage, problems = None, [*_unreadable(before.surface), *_unreadable(after.surface)]
    if used_by:
        from fwdoctor.fit.report import usage as used

        fits, more = _read(used_by)
        problems += more
        usage = used(" ".join(used_by), fits, (before.surface, after.surface))
    result = report.diff(before, after, names=names, private=private, usage=usage)
    return _finish(output, "surface diff", result, problems)


@command.command("build", short_help="Read a surface, and tell which version it is.")
@click.argument("path", type=click.Path())
@click.option("--save", type=click.Path(dir_okay=False), help="Save the surface, for --at, diff and others.")
@fact_options
def build(path: str, save: str | None, output: Output) -> int:
    """Read the surface of the cookbook or SDK in PATH (a folder or a wheel), and tell which version it is."""
    from fwdoctor.surface import report

    if save is not None and not save.endswith(".json"):
        raise click.BadParameter("a surface is saved as NAME.json", param_hint="--save")
    result, surface = report.build(Path(path), Path(save) if save else None)
    return _finish(output, "surface build", result, _unreadable(surface))


def _finish(
    output: Output, name: str, result: Result, problems: list[Problem], *, failed: bool = False
) -> int:
    from fwdoctor.finding import Report

    report = Report(command=name, problems=tuple(problems), result=result, would_change=failed)
    return output.finish(report)


def _read(paths: tuple[str, ...]) -> tuple[list[FileFit], list[Problem]]:
    from fwdoctor.fit import versions
    from fwdoctor.source.discovery import discover

    found = discover(paths)
    fits, problems = versions.compare(found.files)
    return fits, [*found.problems, *problems]


def _unreadable(surface: Surface) -> list[Problem]:
    if not surface.unreadable:
        return []
    from fwdoctor.finding import Problem
    from fwdoctor.surface import identity

    return [Problem(identity.half_written(u)) for u in identity.judged(surface)]


def _place_for(name: str, at: str) -> Place:
    """Where to look for a name: what it begins with tells the product, or else where it is found."""
    from fwdoctor.surface import lookup, places
    from fwdoctor.surface.timeline import Product, timeline

    first = name.partition(".")[0]
    known = {"fireworks": Product.SDK, "training": Product.COOKBOOK}.get(first)
    products = [known] if known else list(Product)
    found: list[Place] = []
    refused: list[FwdoctorError] = []
    for product in products:
        try:
            found.append(_installed(product) if at == "auto" else places.find(at, product))
        except FwdoctorError as error:
            refused.append(error)
            continue
        if lookup.search(name, found[-1].surface):
            return found[-1]
    if not found:
        raise refused[0]
    ways = (lookup.search_ever, lookup.search_inside_ever)
    return next((p for way in ways for p in found if way(name, timeline(p.product))), found[0])


@functools.cache
def _installed(product: Product) -> Place:
    """What the user has of a product, or the newest version known."""
    from fwdoctor.environment.facts import gather
    from fwdoctor.environment.surfaces import cookbook_there, sdk_there
    from fwdoctor.surface import places
    from fwdoctor.surface.timeline import Product, timeline

    facts = gather(Path("."), environ=os.environ)
    there = cookbook_there(facts) if product is Product.COOKBOOK else sdk_there(facts)
    if there is None:
        return places.of_version(timeline(product).newest)
    return places.Place(there.surface, there.product, f"your {there.label}", there.version)
