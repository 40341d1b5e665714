"""Makes logs to be explained: ordinary training output, with known errors strewn in at a given rate."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

from fwdoctor.explain.catalogue import full_catalogue

_BLOCK = 50_000


def build_log(path: Path, *, size: int, every: int | None) -> None:
    """Write a log of about ``size`` bytes; an example of the catalogue stands in every ``every``-th line."""
    chance = random.Random(7)
    examples = [e for entry in full_catalogue().values() for e in entry.examples if "\n" not in e.strip()]
    with path.open("wb") as file:
        ordinary = list(_ordinary(chance))
        while file.tell() < size:
            lines = list(ordinary)
            if every is not None:
                lines[::every] = [chance.choice(examples).strip() for _ in lines[::every]]
            file.write(("\n".join(lines) + "\n").encode())


def _ordinary(chance: random.Random) -> Iterator[str]:
    """Lines as recipes, the SDK and httpx print them when all is well."""
    for step in range(_BLOCK):
        clock = f"2026-07-10 {step // 3600 % 24:02}:{step // 60 % 60:02}:{step % 60:02}"
        match step % 5:
            case 0:
                loss, reward = chance.uniform(-1, 1), chance.random()
                yield f"{clock} INFO rl_loop: [step {step}] loss={loss:.4f} reward={reward:.3f}"
            case 1:
                yield (
                    f"{clock} INFO httpx: HTTP Request: POST "
                    'https://api.fireworks.ai/inference/v1/completions "HTTP/1.1 200 OK"'
                )
            case 2:
                yield f"{clock} INFO fireworks.training.sdk.deployment: [{step}s] Deployment d: READY"
            case 3:
                yield f"{clock} INFO rl_loop: rollouts 64 done, 0 errors, mean completion {step} tokens"
            case _:
                yield f"Epoch 1/2:  41%|####      | {step}/288000 [12:07<17:01,  6.01s/it]"


def literals() -> list[str]:
    """The pieces of text by which the catalogue's templates are looked for, as grep can take them."""
    found = set()
    for entry in full_catalogue().values():
        for pattern in entry.patterns:
            pieces = _pieces(pattern.text or pattern.reason or "")
            found.add(max(pieces, key=lambda p: -1 if "api.fireworks.ai" in p else len(p)))
    return sorted(found)


def _pieces(template: str) -> list[str]:

    return [p for p in re.split(r"(?<!\\)<[a-z_]+(?::[a-z]+)?>|(?<!\\)\.\.\.|\$$|\n", template) if p.strip()]
