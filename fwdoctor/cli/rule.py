"""``fwdoctor rule``: what a rule means."""

from __future__ import annotations

import click

from fwdoctor.errors import FwdoctorError


@click.command("rule")
@click.argument("rule_id", required=False, metavar="ID|NAME")
@click.option("--all", "show_all", is_flag=True, help="Every rule.")
@click.option("--output-format", type=click.Choice(("text", "json")), default="text", show_default=True)
def command(rule_id: str | None, show_all: bool, output_format: str) -> int:
    """Explain a rule: what it finds, why it matters, what to do."""
    return show(None if show_all else rule_id, output_format) if bool(rule_id) != show_all else _usage()


def _usage() -> int:
    raise click.UsageError("give one rule, or --all")


def show(rule_id: str | None, output_format: str = "text") -> int:
    """Print the page of one rule, by its id or name, or of all.

    Raises:
        FwdoctorError: there is no such rule.
    """
    from fwdoctor.explain.catalogue import catalogue
    from fwdoctor.rulebook import Rule, rulebook

    book = rulebook()
    rules: list[Rule] = [book[r] for r in book] + [e.rule for e in catalogue().values()]
    if rule_id is not None:
        rules = [r for r in rules if rule_id.upper() == r.id or rule_id == r.name]
        if not rules:
            raise FwdoctorError(f"no such rule: {rule_id}; 'fwdoctor rule --all' lists them")
    if output_format == "json":
        import json

        from fwdoctor.reporters.document import plain

        click.echo(json.dumps([plain(r) for r in rules], indent=2))
        return 0
    for i, rule in enumerate(rules):
        if i:
            click.echo()
        click.echo(f"{rule.id} {rule.name} ({rule.severity})")
        click.echo(f"  {rule.message}")
        click.echo(f"  why: {rule.why}")
        for step in rule.remedy:
            click.echo(f"  do:  {step.text}")
            for line in step.commands:
                click.echo(f"       $ {line}")
        if rule.applicability:
            click.echo(f"  fix: {rule.applicability}")
        if rule.source:
            click.echo(f"  source: {rule.source}")
    return 0
