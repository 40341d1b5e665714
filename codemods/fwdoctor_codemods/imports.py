"""Imports: renamed where a class was renamed, removed where the last use went, added where new code needs them."""

from __future__ import annotations

import ast
import re
import sys

from fwdoctor_codemods.core.arguments import comments_in
from fwdoctor_codemods.core.example import Example
from fwdoctor_codemods.core.port import Codemod as Base
from fwdoctor_codemods.core.port import ImportRequest, Port
from fwdoctor_codemods.core.source import Edit

#: A first line that names the interpreter, and a first or second that names the encoding (PEP 263).
_BOUND = re.compile(r"#!|[ \t\f]*#.*?coding[:=]")

EXAMPLES = (
    Example(
        name="only names whose last use went are removed",
        before="""
            from training.recipes.rl_loop import Config
            from training.utils import (
                DeployConfig,
                InfraConfig,  # hardware
                WeightSyncConfig,
            )
            import unused

            cfg = Config(log_path="l", infra=InfraConfig(), weight_sync=WeightSyncConfig())
            """,
        after="""
            from training.recipes.rl_loop import Config
            from training.utils import (
                DeployConfig,
                TrainerConfig,  # hardware
            )
            import unused

            cfg = Config(log_path="l", trainer=TrainerConfig())
            """,
    ),
    Example(
        name="an import inside a function is mended there",
        before="""
            def test():
                from training.utils import WeightSyncConfig
                from training.recipes.rl_loop import Config

                return Config(log_path="l", weight_sync=WeightSyncConfig(dcp_save_interval=5))
            """,
        after="""
            def test():
                from training.recipes.rl_loop import Config

                return Config(log_path="l", dcp_save_interval=5)
            """,
    ),
    Example(
        name="a new name joins the import that is there",
        before="""
            from training.utils import WandBConfig
            from training.recipes.orpo_loop import Config

            cfg = Config(log_path="l", job_id=args.job_id, wandb=WandBConfig())
            """,
        after="""
            from training.utils import WandBConfig, TrainerConfig
            from training.recipes.orpo_loop import Config

            cfg = Config(log_path="l", wandb=WandBConfig(), trainer=TrainerConfig(job_id=args.job_id))
            """,
    ),
)


class Codemod(Base):
    """Mends the import statements, last of all."""

    after = ("recipe_config", "recipe_main", "settings_class", "settings_read", "unused_manager")

    def __init__(self, port: Port) -> None:
        super().__init__(port)
        #: names that join an import statement
        self.added: list[tuple[ast.ImportFrom, str]] = []
        #: what takes the place of a name that the module imports: whence, the new name, and on which line
        self.renamed: list[tuple[str | None, str, int]] = []
        #: of the statements that were rewritten: the last name that stays
        self.last: dict[ast.ImportFrom, ast.alias] = {}

    def finish(self) -> None:
        for node in sorted(self.port.model.imports, key=lambda n: n.lineno):
            wanted = isinstance(node, ast.ImportFrom) and node not in self.port.removed
            if isinstance(node, ast.ImportFrom) and wanted and not self.port.is_ignored(node):
                self._mend(node)
        for request in self.port.requests:
            self._add(request)
        for statement, name in self.added:
            end = self.port.source.end(self.last.get(statement, statement.names[-1]))
            self.port.edits.append(Edit(end, end, self._joiner(statement) + name))

    # --- names that are there ------------------------------------------------------------------------

    def _mend(self, statement: ast.ImportFrom) -> None:
        scope = self.port.model.scope_of(statement)
        dead: list[ast.alias] = []
        new: dict[ast.alias, str] = {}
        beside: list[str] = []
        for alias in statement.names:
            local = alias.asname or alias.name
            if alias.name == "*" or local not in scope.bindings:
                continue
            loads = self.port.model.loads(local, scope)
            if not loads and not self._quoting(local):
                continue
            gone = [n for n in loads if self.port.is_gone(n)]
            renamed = [n for n in loads if n in self.port.renamed and n not in gone]
            quoted = self._quoted_renames(local)
            staying = [n for n in loads if n not in gone and n not in renamed]
            used = (
                bool(staying) or self.port.model.is_exported(local) or (self._quoting(local) and not quoted)
            )
            if not used and (gone or renamed) and self.port.is_taken(local, statement):
                used = True
            move = self.port.class_move(self.port.canonical(self._path(statement, alias)))
            if move is not None and (renamed or quoted):
                successor = (move.new or "").rpartition(".")[2]
                text = f"{successor} as {alias.asname}" if alias.asname else successor
                if not alias.asname and statement in self.port.model.tree.body:
                    source = self.port.model.source_of(statement)
                    self.renamed.append((source, successor, statement.lineno))
                if used and not alias.asname:
                    beside.append(text)
                elif alias.asname is None and self._is_imported(statement, successor):
                    dead.append(alias)
                elif self._offers(statement, successor) and not self._is_taken(statement, alias, successor):
                    new[alias] = text
                else:
                    dead.append(alias)
                    if not self._is_taken(statement, alias, successor):
                        path = f"{move.import_from}.{successor}"
                        self._request(path, alias.asname or successor, statement)
            elif gone and not used and not renamed:
                dead.append(alias)
        if dead or new or beside:
            self._rewrite(statement, dead, new, beside)

    def _path(self, statement: ast.ImportFrom, alias: ast.alias) -> str | None:
        source = self.port.model.source_of(statement)
        return f"{source}.{alias.name}" if source else None

    def _offers(self, statement: ast.ImportFrom, name: str) -> bool:
        source = self.port.model.source_of(statement)
        return source is not None and self.port.target_has(f"{source}.{name}")

    def _is_imported(self, statement: ast.ImportFrom, name: str) -> bool:
        found = self.port.model.scope_of(statement).lookup(name)
        return found is not None and any(isinstance(b.node, ast.alias) for b in found[1])

    def _is_taken(self, statement: ast.ImportFrom, alias: ast.alias, name: str) -> bool:
        """Whether the new name means something else here; then its users got an alias of their own."""
        return alias.asname is None and self.port.model.scope_of(statement).lookup(name) is not None

    def _request(self, path: str, local: str, statement: ast.ImportFrom) -> None:
        """Ask for a name instead of one that an import brought: it must be there as early."""
        line = self.port.top_level(statement).end_lineno or statement.lineno
        for request in self.port.requests:
            if request.path == path:
                request.line = min(request.line, line + 1)
                return
        self.port.requests.append(ImportRequest(path, local, line + 1))

    def _quoting(self, name: str) -> list[ast.Constant]:
        """The annotations in quotes that name it."""
        pattern = re.compile(rf"(?<![\w.]){re.escape(name)}\b")
        return [q for q in self.port.model.quoted if pattern.search(str(q.value))]

    def _quoted_renames(self, name: str) -> bool:
        """Whether every annotation in quotes that names it was rewritten."""
        hits = self._quoting(name)
        return bool(hits) and all(self.port.answer(q) is not None for q in hits)

    # --- text ----------------------------------------------------------------------------------------

    def _rewrite(
        self, statement: ast.ImportFrom, dead: list[ast.alias], new: dict[ast.alias, str], beside: list[str]
    ) -> None:
        source = self.port.source
        if len(dead) == len(statement.names) and not beside:
            self.port.remove_statement(statement)
            return
        for alias, text in new.items():
            self.port.edits.append(Edit(source.start(alias), source.end(alias), text))
        names = statement.names
        kept = [a for a in names if a not in dead]
        self.last[statement] = kept[-1] if kept else names[-1]
        for i, alias in enumerate(names):
            if alias not in dead:
                continue
            if self._has_own_line(statement, alias):
                first = source.line_start(alias.lineno)
                end = source.line_start((alias.end_lineno or alias.lineno) + 1)
                comments = comments_in(source.slice(first, end))
                text = "".join(f"{source.indent(alias.lineno)}{c}{source.newline}" for c in comments)
                self.port.edits.append(Edit(first, end, text))
            elif i + 1 < len(names):
                following = names[i + 1]
                goes_alone = following in dead and self._has_own_line(statement, following)
                end = source.line_start(following.lineno) if goes_alone else source.start(following)
                self._cut(source.start(alias), end)
            else:
                previous = kept[-1]
                # What lies between was cut with the names before it.
                begin = source.end(previous) if names[i - 1] is previous else source.start(alias)
                self._cut(begin, source.end(alias))
                if names[i - 1] is not previous:
                    self._cut_comma(previous, names[names.index(previous) + 1])
        for text in beside:
            end = source.end(kept[-1])
            self.port.edits.append(Edit(end, end, self._joiner(statement) + text))

    def _cut(self, start: int, end: int) -> None:
        text = self.port.source.slice(start, end)
        comments = comments_in(text)
        if comments:
            while self.port.source.data[start - 1 : start] in (b" ", b"\t"):
                start -= 1  # no space is left at the end of the line
            indent = " " * 4
            newline = self.port.source.newline
            kept = newline.join(f"{indent}{c}" for c in comments)
            self.port.edits.append(Edit(start, end, f"{newline}{kept}{newline}{indent}"))
        else:
            self.port.edits.append(Edit(start, end, ""))

    def _cut_comma(self, kept: ast.alias, cut: ast.alias) -> None:
        """The comma behind the last name that stays, when all names after it go."""
        start, end = self.port.source.end(kept), self.port.source.start(cut)
        self._cut(start, end)

    def _has_own_line(self, statement: ast.ImportFrom, alias: ast.alias) -> bool:
        """Whether a name stands with its comma, and nothing else, on a line between parentheses."""
        source = self.port.source
        start, end = source.start(alias), source.end(alias)
        before = source.slice(source.line_start(alias.lineno), start)
        behind = source.slice(end, source.line_start((alias.end_lineno or alias.lineno) + 1)).strip()
        rest = re.sub(r"#[^\r\n]*", "", source.slice(end, source.end(statement)))
        if before.strip() or not (behind.startswith(",") or "," not in rest):
            return False
        if not self._has_parentheses(statement):
            return False
        if statement.lineno == alias.lineno or statement.end_lineno == alias.lineno:
            return False
        others = [a for a in statement.names if a is not alias and a.lineno == alias.lineno]
        return not others and alias.lineno == alias.end_lineno

    def _has_parentheses(self, statement: ast.ImportFrom) -> bool:
        # Without them, no comment can stand before the first name.
        source = self.port.source
        return "(" in source.slice(source.start(statement), source.start(statement.names[0]))

    def _joiner(self, statement: ast.ImportFrom) -> str:
        first = statement.names[0]
        if not self._has_parentheses(statement):
            return ", "
        if first.lineno != statement.lineno and len({a.lineno for a in statement.names}) == len(
            statement.names
        ):
            return f",{self.port.source.newline}{self.port.source.indent(first.lineno)}"
        return ", "

    # --- names that new code needs -------------------------------------------------------------------

    def _add(self, request: ImportRequest) -> None:
        module, _, name = request.path.rpartition(".")
        text = name if name == request.local else f"{name} as {request.local}"
        if any((module, text) == found[:2] and found[2] < request.line for found in self.renamed):
            return  # an old name became it
        fitting = [
            s
            for s in self.port.model.tree.body
            if isinstance(s, ast.ImportFrom)
            and module
            and self.port.model.source_of(s) == module
            and s not in self.port.removed
            and s.lineno < request.line
            and all(a.name != "*" for a in s.names)
        ]
        if fitting:  # the one that brings most from there
            self.added.append((max(fitting, key=lambda s: len(s.names)), text))
            return
        line = f"from {module} import {text}" if module else f"import {text}"
        first = (module or name).partition(".")[0] in sys.stdlib_module_names
        self._insert(line, above=request.line, first=first)

    def _insert(self, text: str, *, above: int, first: bool) -> None:
        source = self.port.source
        imports = [
            s
            for s in self.port.model.tree.body
            if isinstance(s, ast.Import | ast.ImportFrom) and getattr(s, "module", "") != "__future__"
            if s.lineno < above
        ]
        if imports and first:
            at = source.line_start(imports[0].lineno)
        elif imports:
            at = source.line_start((imports[-1].end_lineno or imports[-1].lineno) + 1)
        else:
            at = source.line_start(self._preamble_end() + 1)
        prefix = "" if at == 0 or source.data[at - 1 : at] in (b"\n", b"\r") else source.newline
        self.port.edits.append(Edit(at, at, f"{prefix}{text}{source.newline}"))

    def _preamble_end(self) -> int:
        """The last line of what must stay first: the file's header, docstring and ``from __future__``."""
        line = self._header_end()
        for i, statement in enumerate(self.port.model.tree.body):
            docstring = (
                i == 0 and isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
            )
            future = isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
            if not docstring and not future:
                break
            line = statement.end_lineno or statement.lineno
        return line

    def _header_end(self) -> int:
        """The last line of the comments that speak of the whole file: interpreter, encoding, licence.

        A comment right above the first statement may be about that; the interpreter and the encoding only
        count in their lines.
        """
        source, line, bound = self.port.source, 1, 0
        while source.line(line).lstrip(" \t\f\ufeff").startswith("#"):
            if line <= 2 and _BOUND.match(source.line(line)):
                bound = line
            line += 1
        return line - 1 if not source.line(line).strip() else bound
