"""``fwdoctor rule``: what a rule means."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from fwdoctor.errors import FwdoctorError

if TYPE_CHECKING:
    from fwdoctor.rulebook import Rule


@click.command("rule", short_help="Explain a rule, or list all.")
@click.argument("rule_id", required=False, metavar="ID|NAME")
@click.option("--all", "show_all", is_flag=True, help="Every rule (the same as no rule).")
@click.option("--output-format", type=click.Choice(("text", "json")), default="text", show_default=True)
def command(rule_id: str | None, show_all: bool, output_format: str) -> int:
    """Explain a rule: what it finds, why it matters, what to do, bad and good code. Without one, list all."""
    return show(None if show_all else rule_id, output_format)


def show(rule_id: str | None, output_format: str = "text") -> int:
    """Print the page of one rule, by its id or name, or of all.

    Raises:
        FwdoctorError: there is no such rule.
    """
    from fwdoctor.explain.catalogue import catalogue
    from fwdoctor.rulebook import nearest, rulebook

    book = rulebook()
    rules: list[Rule] = [book[r] for r in book] + [e.rule for e in catalogue().values()]
    if rule_id is not None:
        known = rules
        rules = [r for r in rules if rule_id.upper() == r.id or rule_id == r.name]
        if not rules:
            names = {rule.id: rule.name for rule in known}
            raise FwdoctorError(f"no such rule: {rule_id}; {nearest(rule_id, names)}")
    if output_format == "json":
        import json

        from fwdoctor.reporters.document import plain

        click.echo(json.dumps([plain(r) for r in rules], indent=2))
        return 0
    if rule_id is None:
        width = max(len(rule.name) for rule in rules)
        for rule in rules:
            click.echo(f"{rule.id}  {rule.severity:<7}  {rule.name:<{width}}  {rule.message}")
        return 0
    for i, rule in enumerate(rules):
        if i:
            click.echo()
        for line in _page(rule):
            click.echo(line)
    return 0


def _page(rule: Rule) -> Iterator[str]:
    from fwdoctor.reporters.rule_page import with_carets

    yield f"{rule.id} {rule.name} ({rule.severity})"
    yield f"  {rule.message}"
    yield f"  why: {rule.why}"
    for step in rule.remedy:
        yield f"  do:  {step.text}"
        yield from (f"       $ {line}" for line in step.commands)
    facts = {"fix": rule.applicability, "versions": rule.versions, "source": rule.source}
    yield from (f"  {name}: {fact}" for name, fact in facts.items() if fact)
    for name, examples in (("bad", rule.bad), ("good", rule.good)):
        for example in examples[:1]:
            yield f"  {name}:"
            yield from (f"    {line}".rstrip() for line in with_carets(example.strip("\n")).splitlines())
