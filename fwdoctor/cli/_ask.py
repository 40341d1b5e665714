"""Asks a person what to do with each file that a migration would change."""

from __future__ import annotations

import click

from fwdoctor.migrate.writing import Answer, Result

_KEYS = {
    "y": "apply it",
    "n": "skip it",
    "s": "show what is left for you",
    "a": "apply it and all others",
    "q": "stop",
}
_COLORS = {"+": "green", "-": "red", "@": "cyan"}


class Asker:
    """Called with each file in turn; remembers "all"."""

    def __init__(self, color: bool) -> None:
        self._color = color
        self._all = False

    def __call__(self, result: Result) -> Answer:
        if self._all:
            return Answer.APPLY
        for row in (result.outcome.diff or "").split("\n")[:-1]:
            click.echo(click.style(row, _COLORS.get(row[:1])) if self._color else row)
        left = f", {len(result.outcome.todo)} left for you" if result.outcome.todo else ""
        while True:
            try:
                question = f"{result.outcome.path}{left}: apply? [y,n,s,a,q,?]"
                key = click.prompt(question, default="y", show_default=False, prompt_suffix=" ")
            except (click.Abort, KeyboardInterrupt, EOFError):
                click.echo()
                return Answer.QUIT
            match str(key).strip().lower()[:1]:
                case "y":
                    return Answer.APPLY
                case "n":
                    return Answer.SKIP
                case "a":
                    self._all = True
                    return Answer.APPLY
                case "q":
                    return Answer.QUIT
                case "s":
                    for finding in result.findings:
                        click.echo(f"  {finding.location}: {finding.rule} {finding.message}")
                    if not result.findings:
                        click.echo("  nothing")
                case _:
                    for letter, meaning in _KEYS.items():
                        click.echo(f"  {letter}  {meaning}")
