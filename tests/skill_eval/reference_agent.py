"""An agent that does what SKILL.md says, and nothing else: no model, no knowledge of scenarios.

``reference_agent.py PROMPT``, in a project that has the skill. It takes its commands from the skill's text and from the
findings that they print, and its answer is made of what they and the pages say. It shows that the documented steps are
enough; if it fails, the skill or the tool does not lead there. Standard library only: it is run by its path.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: Words of pages that stand for something; a command is run only when all that it holds are known.
_PLACEHOLDER = re.compile(r"\b[A-Z]{3,}\b")
_STEP = re.compile(r"(?ms)^(\d)\. (.*?)(?=^\d\. |^Act on)")
_INLINE = re.compile(r"`((?:fwdoctor )?(?:check|explain|probe|migrate|lint|resume|surface) [^`]+)`")
_BLOCK = re.compile(r"(?ms)^```sh\n(.*?)^```")
_LINK = re.compile(r"\]\(([^)]+\.md)\)")
_REPEATED = re.compile(
    r"\b(again|still|keeps?|came back|comes back|twice|third time|already tried)\b", re.IGNORECASE
)
_WANTS_PORT = re.compile(
    r"\b(port|migrate|update|fix)\b[^.?]*\b(it|my|the|this|code|scripts?|project)\b", re.IGNORECASE
)
_SHORT = {"the", "and", "for", "not", "all", "run", "list", "key", "data", "job", "cost"}


@dataclass
class Skill:
    """What the skill's first page says: its steps, its hand-over, its table of pages."""

    folder: Path
    text: str = field(init=False)

    def __post_init__(self) -> None:
        self.text = (self.folder / "SKILL.md").read_text("utf-8")

    @property
    def first(self) -> list[str]:
        """The commands of the step that always comes first: without a log, and with one."""
        return _commands(_BLOCK.findall(self.text.split("Always first", 1)[1])[0])

    @property
    def joined(self) -> str:
        """What the first step takes in addition, to ask for the remote state."""
        (options,) = re.findall(r"`(--job JOB [^`]+)`", self.text)
        return str(options)

    def step(self, number: int) -> list[str]:
        """The commands of a step."""
        (text,) = [text for n, text in _STEP.findall(self.text) if int(n) == number]
        found = [" ".join(line.split()) for line in _INLINE.findall(text)]
        return [line if line.startswith("fwdoctor ") else f"fwdoctor {line}" for line in found]

    @property
    def hand_over(self) -> str:
        """The command of the section about handing over."""
        return _commands(_BLOCK.findall(self.text.split("## Stop, and hand over", 1)[1])[0])[0]

    def pages(self, prompt: str) -> list[str]:
        """The pages whose row of the table speaks of what the user asks."""
        words = set(re.findall(r"[a-z0-9_]+", prompt.lower()))
        found: list[str] = []
        for row in re.findall(r"(?m)^\| (.+) \|$", self.text.split("## References", 1)[1]):
            topic, links = row.rsplit(" | ", 1)
            if any(_speaks(phrase, words) for phrase in re.split(r"[;,]", topic)):
                found += _LINK.findall(links)
        return list(dict.fromkeys(found))

    def read(self, reference: str) -> str:
        """A page, or what stands below one of its headings."""
        path, _, heading = reference.partition("#")
        text = (self.folder / path).read_text("utf-8")
        if not heading:
            return text
        for part in re.split(r"(?m)^(?=## )", text):
            title = part.splitlines()[0].lstrip("# ").lower()
            if re.sub(r"[^\w -]", "", title).replace(" ", "-") == heading:
                return part
        raise SystemExit(f"{reference}: no such heading")


@dataclass
class Question:
    """What the user says: the words, and the names in backticks."""

    prompt: str
    project: Path
    names: dict[str, str] = field(init=False)
    log: str | None = field(init=False)

    def __post_init__(self) -> None:
        self.names = {}
        kinds = {
            "JOB": r"(?:job|trainer|run)",
            "DEPLOYMENT": r"deployment",
            "MODEL_ID": r"(?:\bas|model id|called)",
        }
        for word, kind in kinds.items():
            match = re.search(kind + r"[^`.?!]{0,20}`([^`\s]+)`", self.prompt, re.IGNORECASE)
            if match:
                self.names[word] = match[1]
        shape = re.search(r"accounts/[\w-]+/trainingShapes/[\w-]+", self.prompt)
        if shape:
            self.names["SHAPE"] = shape[0]
        logs = [path.name for path in sorted(self.project.glob("*.log"))]
        named = [name for name in logs if name in self.prompt]
        self.log = next(iter(named or logs), None)
        self.code = bool(list(self.project.rglob("*.py")))

    def fill(self, command: str) -> str | None:
        """A page's command for this project; None if something is not known."""
        for word, name in self.names.items():
            command = re.sub(rf"\b{word}\b", name, command)
        command = re.sub(
            r"--output-model-id \S+", f"--output-model-id {self.names.get('MODEL_ID', 'UNKNOWN')}", command
        )
        if "run.log" in command:
            if self.log is None:
                return None
            command = command.replace("run.log", self.log)
        if "src/" in command and not (self.project / "src").is_dir():
            command = command.replace("src/", ".")
        return None if _PLACEHOLDER.search(command) else command


class Agent:
    """One session."""

    def __init__(self, question: Question, skill: Skill) -> None:
        self.question, self.skill = question, skill
        self.ran: dict[str, int] = {}
        self.printed: list[str] = []
        self.findings: list[dict[str, Any]] = []
        self.logged: list[dict[str, Any]] = []
        self.unknown_lines = False

    def run(self, command: str) -> str:
        """Run a command once; what it printed."""
        if command in self.ran:
            return ""
        done = subprocess.run(
            shlex.split(command), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        self.ran[command] = done.returncode
        return done.stdout + done.stderr

    def show(self, command: str) -> None:
        """Run a command and keep what it printed for the answer."""
        text = self.run(command)
        if text:
            self.printed.append(f"$ {command}\n{text.rstrip()}")

    def work(self) -> str:
        """Do the steps; the answer."""
        self.look()
        for command in self.skill.step(3):
            # What the first step was joined with has been looked at.
            if not re.match(r"fwdoctor probe (job|deployment)\b", command):
                self.show_if_known(command)
        pages = self.skill.pages(self.question.prompt)
        for page in pages:
            self.follow(page)
        self.act()
        handed = self.hand_over()
        return self.answer(pages, handed)

    def look(self) -> None:
        """Steps 1 and 2: the check, with all that is known; then the log on its own."""
        without, with_log = self.skill.first
        command = (self.question.log and self.question.fill(with_log.split("#")[0])) or without
        options = [self.question.fill(part) for part in re.split(r" (?=--)", self.skill.joined)]
        command = " ".join([command.strip(), *(option for option in options if option)])
        self.read(command)
        if self.question.log:
            explain = self.question.fill(self.skill.step(2)[0])
            assert explain is not None
            told = json.loads(self.run(f"{explain} --output-format json"))
            self.logged = told["findings"]
            self.unknown_lines = any(
                re.search(r"[1-9]\d* unknown error line", note) for note in told["notes"]
            )
            self.printed.append("\n".join([f"$ {explain}", *told["notes"]]))
            if self.unknown_lines and "`--unknown`" in self.skill.text:
                self.show(f"{explain} --unknown")

    def read(self, command: str) -> None:
        """Run a command for its JSON, and keep its findings."""
        text = self.run(f"{command} --output-format json")
        try:
            report = json.loads(text)
        except ValueError:
            self.printed.append(f"$ {command}\n{text.rstrip()}")
            return
        self.findings += report["findings"]
        rows = [f"{check['section']}: {check['detail']}" for check in report["checks"]]
        rows += [problem["message"] for problem in report["problems"]] + report["notes"]
        self.printed.append("\n".join([f"$ {command}", *rows]))

    def show_if_known(self, command: str) -> None:
        """A probe whose names the user gave; the account's when the user speaks of it."""
        filled = self.question.fill(command)
        if filled is None or not filled.startswith("fwdoctor probe"):
            return
        account = re.search(
            r"\b(account|quota|bill\w*|cost\w*|spend\w*|pay\w*)\b", self.question.prompt, re.IGNORECASE
        )
        if filled != "fwdoctor probe account" or account:
            self.show(filled)

    def follow(self, page: str) -> None:
        """What a page shows to be run: questions alone, and only those about names that the user gave."""
        for block in _BLOCK.findall(self.skill.read(page)):
            for command in _commands(block):
                filled = self.question.fill(command)
                if filled and filled.startswith(("fwdoctor probe ", "fwdoctor surface show ")):
                    self.show_if_known(filled) if "probe" in filled else self.show(filled)

    def act(self) -> None:
        """The commands of the findings that only look; a port where the user asks for one; then the verification."""
        ports = []
        for finding in self.findings:
            for command in finding["commands"]:
                if command.startswith("fwdoctor migrate --diff"):
                    ports.append(command)
                elif command.startswith(("fwdoctor probe", "fwdoctor surface")) and "JOB" not in command:
                    self.show(command)
        for command in dict.fromkeys(ports):
            self.show(command)
        wants = _WANTS_PORT.search(self.question.prompt)
        if ports and wants:
            self.show(ports[0].replace(" --diff", ""))
        if self.question.code and (wants or not self.question.log):
            for command in self.skill.step(5)[1:]:
                filled = self.question.fill(command)
                assert filled is not None
                target = re.search(r"--target \S+", ports[0]) if ports else None
                self.show(f"{filled} {target[0]}" if target else filled)

    def hand_over(self) -> bool:
        """Whether it is for support; then the bundle is written."""
        if self.question.log is None:
            return False
        errors = [f for f in self.logged if f["severity"] == "error" and not self.is_judged(f["rule"])]
        platform = any(f["side"] == "platform" for f in errors) and _REPEATED.search(self.question.prompt)
        if not platform and (self.logged or not self.unknown_lines):
            return False
        command = self.question.fill(self.skill.hand_over)
        assert command is not None
        self.show(command)
        return True

    def is_judged(self, rule: str) -> bool:
        """Whether the control plane's state says what is behind an error of the log: that counts more than its cause."""
        judged = [
            f["rule"] for f in self.findings if f["verdict"] and f["verdict"]["standing"] != "unsettled"
        ]
        links = [link for f in self.findings for link in (*f["chain"], *f["consequences"])]
        judged += [link["rule"] for link in links if re.search(r"; (confirmed|corrected)\b", link["text"])]
        return rule in judged

    def answer(self, pages: list[str], handed: bool) -> str:
        """What was found, who must act, what to do, and what it rests on."""
        order = {"error": 0, "warning": 1, "info": 2}
        found = sorted(self.findings, key=lambda f: order[f["severity"]])
        parts = ["# What is found"]
        if not any(f["severity"] != "info" for f in found):
            parts.append("Nothing wrong was found: no errors and no warnings.")
        parts += [_told(number, finding) for number, finding in enumerate(found, 1)]
        if any("fwdoctor resume" in command for f in found for command in f["commands"]):
            parts.append("Resuming books GPUs and costs. I have not done it. Shall I?")
        if handed:
            parts.append(
                "# For Fireworks support\nThis is for Fireworks to solve: give them bundle.md (read it first; secrets are taken"
                f" out) and the ids {', '.join(self.question.names.values())}. I stop here, and do not try again blindly."
            )
        parts += ["# What I ran", *self.printed]
        # Pages are opened for what findings refer to, and for what the user asks where nothing was found.
        errors = [f for f in found if f["severity"] == "error" and f["reference"]]
        references = [errors[0]["reference"]] if errors else pages
        parts += ["# What the skill says", *(self.skill.read(reference) for reference in references)]
        return "\n\n".join(parts)


def _told(number: int, finding: dict[str, Any]) -> str:
    """A finding in the answer. Evidence is quoted as data: it may hold anything."""
    acts = {"user": "you must act", "platform": "Fireworks must act", "nobody": "nobody must act"}
    lines = [
        f"{number}. {finding['rule']} {finding['name']} ({finding['severity']}; {acts.get(finding['side'], 'unclear')})"
    ]
    lines.append(finding["message"])
    if finding["verdict"]:
        lines.append(f"{finding['verdict']['standing']}: {finding['verdict']['message']}")
    lines += [f"- {link['text']}" for link in (*finding["chain"], *finding["consequences"])]
    lines += [f"- {step}" for step in finding["remedy"]]
    lines += [f"  $ {command}" for command in finding["commands"]]
    return "\n".join(line for line in lines if line)


def _commands(block: str) -> list[str]:
    """The command lines of a block, without comments."""
    return [row.split("  #")[0].strip() for row in block.splitlines() if row.strip()]


def _speaks(phrase: str, words: set[str]) -> bool:
    """Whether all the words of a topic are among the user's, or begin them."""
    wanted = [w for w in re.findall(r"[a-z0-9_]+", phrase.lower()) if len(w) > 2]
    if not wanted or set(wanted) <= _SHORT:
        return False
    return all(any(have.startswith(w[:7]) for have in words) for w in wanted)


def main(prompt: str) -> int:
    """Answer on the standard output."""
    project = Path.cwd()
    (folder,) = list(project.glob(".*/skills/fireworks-doctor"))
    agent = Agent(Question(prompt, project), Skill(folder))
    sys.stdout.write(agent.work() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else sys.stdin.read()))
