"""One trainer that a script provisions for itself, and the service client that takes its place.

The old calls of one function belong together: a trainer, perhaps a reference and a deployment, clients for
them, a weight syncer, a cleanup scope. They are ported together or not at all. So while they plan, the
codemods *claim* the uses that they can carry, and *refuse* with a reason what they cannot; a service is
ported only where nothing was refused and every use of what the old calls returned was claimed.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import field

from fwdoctor.lean_dataclass import dataclass
from fwdoctor.moves import TrainerCall, provisioning
from fwdoctor_codemods.core import steady
from fwdoctor_codemods.core.arguments import CallText
from fwdoctor_codemods.core.model import Binding, BindingKind
from fwdoctor_codemods.core.port import Port
from fwdoctor_codemods.core.source import is_none, spread_of

_LINE = 96
#: Seen with the real client of 1.2.9 and 1.2.28 against a control plane that refuses the deployment.
LEAK = (
    "where the deployment cannot be made, the service client raises and leaves the trainer running until its "
    "inactivity timeout"
)


@dataclass(eq=False)
class Reference:
    """The frozen reference that the old code provisioned.

    ``call`` is the old call that made it (None in a bundle), ``when`` the test under which there is
    one, ``target`` the variable of that call and ``name`` what it is called from now on; ``shape`` and
    ``job`` are what goes into the TrainerConfig.
    """

    call: ast.Call | None = None
    when: ast.expr | None = None
    target: ast.Name | None = None
    name: str = ""
    shape: ast.expr | None = None
    job: ast.expr | None = None


@dataclass(eq=False)
class Deployment:
    """The deployment that the old code provisioned: its settings, its manager, the test under which.

    ``ids`` are further texts that mean its id.
    """

    settings: ast.expr
    manager: ast.expr | None = None
    when: ast.expr | None = None
    ids: set[str] = field(default_factory=set)


@dataclass(eq=False)
class Service:
    """The service client that one old call becomes.

    ``call`` made the trainer, ``anchor`` is its statement (``target = call``), ``given`` are its arguments by
    the names of the old parameters. ``name`` is what the service client will be called, ``client`` the
    training client.
    """

    port: Port
    move: TrainerCall
    call: ast.Call
    anchor: ast.Assign
    target: ast.Name
    given: dict[str, ast.expr]
    name: str
    client: str
    #: the manager that made the trainer, where ``given`` does not hold it
    manager: ast.expr | None = None
    reference: Reference | None = None
    deployment: Deployment | None = None
    hotload_timeout: ast.expr | None = None
    #: the variable that holds a sampler of this service
    sampler: ast.Name | None = None
    #: variables that hold the wrapped clients from now on, by role
    client_names: dict[str, str] = field(default_factory=dict)
    #: expressions that were the wrapped clients of the trainer and of the reference, by role
    clients: dict[ast.expr, str] = field(default_factory=dict)
    #: how its client saves for a sampler, and what of the answer names the snapshot; None: as the cookbook's
    saving: tuple[str, str] | None = None
    #: what happened at the end: what to write for the new arguments; None where nothing did
    cleans_trainer: Callable[[], str] | None = None
    cleans_reference: Callable[[], str] | None = None
    cleans_deployment: Callable[[], str] | None = None
    #: the ExitStack that closes the service, or the ``with`` item that becomes ``closing(...)`` around the call
    stack: str | None = None
    closing: ast.withitem | None = None
    #: uses of the old results that a codemod carries, and names of the old API that go with them
    claimed: set[ast.AST] = field(default_factory=set)
    carried: set[ast.AST] = field(default_factory=set)
    tracked: list[ast.Name] = field(default_factory=list)
    #: settings of the deployment that were made behind the trainer, and are made before it from now on
    early: list[tuple[ast.Assign, ast.Call]] = field(default_factory=list)
    #: statements that go
    doomed: list[ast.stmt] = field(default_factory=list)
    reasons: list[tuple[ast.AST, str]] = field(default_factory=list)

    # --- deciding ------------------------------------------------------------------------------------

    def refuse(self, node: ast.AST, why: str) -> None:
        """Say that this service cannot be ported: ``why``, shown at ``node``."""
        # No line numbers: the text ends up in a marker, and markers move lines.
        self.reasons.append((node, why))

    def track(self, target: ast.Name) -> None:
        """Watch a variable that held what an old call returned: every use of it must be claimed."""
        found = self.port.model.scope_of(target).lookup(target.id)
        if found is None or len(real_bindings(found[1])) != 1:
            self.refuse(target, f"{target.id} is assigned more than once")
            return
        self.tracked += self.port.model.loads(target.id, found[0])

    @property
    def is_go(self) -> bool:
        """Whether the service is ported; to be asked when every codemod has planned."""
        if self.port.ignores and any(self.port.is_ignored(n) for n in (*self.tracked, *self.carried)):
            return False
        return not self.reasons and not self._unclaimed()

    def _unclaimed(self) -> list[ast.Name]:
        return [n for n in self.tracked if n not in self.claimed]

    @property
    def verdict(self) -> str:
        """Why it is not ported, in a few words."""
        if self.reasons:
            return self.reasons[0][1]
        if not self._unclaimed():
            return "a comment asks to leave a part of it as it is"
        left = self._unclaimed()[0]
        parent = self.port.model.parents[left]
        shown = ast.unparse(parent if isinstance(parent, ast.Attribute) else left)
        where = self.port.source.line(self.port.model.statement(left).lineno).strip()
        return f"nothing replaces {shown} in {where!r}"

    @property
    def block(self) -> list[ast.stmt]:
        """The statements among which the anchor stands."""
        return self.port.block(self.anchor)

    @property
    def place(self) -> ast.stmt:
        """The statement above which a marker about the new call stands."""
        if self.closing is None:
            return self.anchor
        return self.port.model.statement(self.closing.context_expr)

    def follows(self, node: ast.AST) -> bool:
        """Whether ``node`` is evaluated only after the anchor: later in its block, or in a function of it."""
        for part in (node, *self.port.model.ancestors(node)):
            if isinstance(part, ast.stmt) and part in self.block:
                return self.block.index(part) > self.block.index(self.anchor)
        return self.port.function_of(node) is not self.port.function_of(self.anchor)

    def sees(self, node: ast.AST) -> bool:
        """Whether the new names can be used at ``node``: it follows, in the same function or one inside it."""
        home = self.port.function_of(self.anchor)
        return self.follows(node) and (
            home is self.port.model.tree or home in (node, *self.port.model.ancestors(node))
        )

    def is_portable(self, node: ast.expr, *, but_for: ast.AST | None = None) -> bool:
        """Whether an expression of this function means the same at the anchor, and may be written twice.

        ``but_for`` is a part of it that will not be there.
        """
        model, here = self.port.model, self.port.model.scope_of(self.anchor)
        gone = set(ast.walk(but_for)) if but_for is not None else set()
        kept = [n for n in ast.walk(node) if n not in gone]
        if but_for is None and not steady.is_pure(self.port, node):
            return False
        for part in kept:
            if part is not node and isinstance(part, ast.Call) and not steady.is_pure(self.port, part):
                return False
            if isinstance(part, ast.Name):
                found, there = here.lookup(part.id), model.scope_of(part).lookup(part.id)
                if (found and found[0]) is not (there and there[0]):
                    return False
                if found and any(self._comes_later(b.node) for b in found[1]):
                    return False
        first, last = sorted((self.anchor.lineno, node.lineno))
        return not steady.changes(self.port, node, first, last)

    def is_steady(self, node: ast.expr) -> bool:
        """Whether an expression keeps its meaning from the anchor to the end of the function, and in its scopes."""
        home = self.port.function_of(self.anchor)
        end = getattr(home, "end_lineno", None) or len(self.port.source.lines) + 1
        if not self.is_portable(node) or steady.changes(self.port, node, self.anchor.lineno, end + 1):
            return False
        names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        inner = [s for s in self.port.model.scopes.values() if home in self.port.model.ancestors(s.node)]
        return not any(n in s.bindings for s in inner for n in names)

    def between(self, statement: ast.stmt) -> list[ast.stmt]:
        """The statements that stand between the anchor and a statement of its block."""
        first, last = sorted((self.block.index(self.anchor), self.block.index(statement)))
        return self.block[first + 1 : last]

    def _comes_later(self, binding: ast.AST) -> bool:
        same = self.port.function_of(binding) is self.port.function_of(self.anchor)
        return same and getattr(binding, "lineno", 0) >= self.anchor.lineno

    # --- what an expression stands for ---------------------------------------------------------------

    def role(self, node: ast.expr | None) -> str | None:
        """``policy`` or ``reference`` if an expression is the id, or the endpoint, of that trainer."""
        if isinstance(node, ast.Name):
            if node in self.tracked:
                return self._role_of_variable(node)
            value = self._only_value(node)
            return self.role(value) if value is not None else None
        if not isinstance(node, ast.Attribute) or node.value not in self.tracked:
            return None
        if self.move.makes == "bundle":
            return {"policy_job_id": "policy", "reference_job_id": "reference"}.get(node.attr)
        return self._role_of_variable(node.value) if node.attr == "job_id" else None

    def _role_of_variable(self, node: ast.expr) -> str | None:
        if self.move.makes == "bundle" or not isinstance(node, ast.Name):
            return None
        if node.id == self.target.id:
            return "policy"
        named = self.reference and self.reference.target
        return "reference" if named and named.id == node.id else None

    def serves_as(self, node: ast.expr | None) -> bool:
        """Whether an expression is the id of the deployment that the old code made."""
        if self.deployment is None or node is None:
            return False
        if isinstance(node, ast.Attribute) and node.attr == "deployment_id" and node.value in self.tracked:
            return True
        if isinstance(node, ast.Name) and node not in self.tracked:
            held = self._only_value(node)
            if isinstance(held, ast.Attribute) and self.serves_as(held):
                return True
        settings = self.deployment.settings
        made = self.port.model.single_value(settings) if isinstance(settings, ast.Name) else settings
        names = {f"{ast.unparse(settings)}.deployment_id", *self.deployment.ids}
        if isinstance(made, ast.Call):
            names.update(ast.unparse(k.value) for k in made.keywords if k.arg == "deployment_id")
        if self.move.makes == "lifecycle":
            names.add(ast.unparse(settings))
        return ast.unparse(node) in names

    def client_role(self, node: ast.expr | None) -> str | None:
        """``policy`` or ``reference`` if an expression is the wrapped client of that trainer."""
        match node:
            case ast.Attribute(attr="inner"):
                return self.client_role(node.value)
            case ast.Name() if node not in self.tracked:
                return self.client_role(self._only_value(node))
            case ast.IfExp():
                return self.client_role(node.body)
        return self.clients.get(node) if node is not None else None

    def is_fixed(self, name: ast.expr) -> bool:
        """Whether a variable is given one value and keeps it (None before the anchor does not count)."""
        if not isinstance(name, ast.Name):
            return False
        bindings = self.port.model.bindings(name)
        real = real_bindings(bindings)
        late = [b for b in bindings if b not in real and self._comes_later(b.node)]
        deleted = [
            s
            for s in self.port.stores
            if isinstance(s, ast.Name) and s.id == name.id and isinstance(s.ctx, ast.Del)
        ]
        return len(real) == 1 and not late and not deleted

    def _only_value(self, name: ast.Name) -> ast.expr | None:
        """The one value beside None that a variable is ever given."""
        real = real_bindings(self.port.model.bindings(name))
        return real[0].value if len(real) == 1 and real[0].kind is BindingKind.ASSIGN else None

    # --- text ----------------------------------------------------------------------------------------

    def text_of(self, parameter: str) -> str:
        """The new text of an argument of the old call, or the old default where it was not given."""
        value = self.given.get(parameter)
        if value is not None:
            return self.port.reuse(value)
        return old_default(self.port, self.move.old, parameter) or "None"

    def training_client(self) -> str:
        """The expression that makes the training client, and with it starts the trainer."""
        base, rank = self.text_of("base_model"), self.text_of("lora_rank")
        return f"{self.name}.create_training_client({base}, lora_rank={rank})"

    def reference_client(self) -> str:
        """The expression that makes the reference client."""
        path = "fireworks.training.sdk.client.FiretitanServiceClient.create_reference_client"
        signature = self.port.target_signature(path)
        # From 2026-08-07 on a service may hold several models, and must be told whose reference it is.
        several = spelled(self.port, "lora_rank") != "lora_rank"
        if several and (signature is None or signature.accepts_keyword("policy_client")):
            return f"{self.name}.create_reference_client(policy_client={self.client})"
        base, rank = self.text_of("base_model"), self.text_of("lora_rank")
        return f"{self.name}.create_reference_client({base}, lora_rank={rank})"

    def wrapped(self, role: str, at: ast.AST) -> str:
        """``ReconnectableClient.from_training_client(...)`` around a client, as a text for the place ``at``."""
        reference = role == "reference"
        timeout = self._timeout(at)
        arguments = [
            self.reference_client() if reference else self.client,
            f"base_model={self.text_of('base_model')}",
            f"lora_rank={'0' if reference else self.text_of('lora_rank')}",
            f"job_id={self.name}.{'reference_client_job_id' if reference else 'trainer_job_id'}",
            *([f"default_timeout={timeout}"] if timeout else []),
            f"service={self.name}",
            *(["base_only=True"] if reference else []),
        ]
        callee = self.port.need("training.utils.ReconnectableClient", at)
        text = laid_out(self.port, f"{callee}.from_training_client", arguments, at)
        return self.if_so(text, self.reference.when if reference and self.reference else None)

    def if_so(self, text: str, when: ast.expr | None) -> str:
        """``text``, or the expression that is it only under a test of the old code."""
        if when is None:
            return text
        return f"{_operand(text)} if {_operand(self.port.reuse(when))} else None"

    def _timeout(self, at: ast.AST) -> str | None:
        value = self.given.get(self.move.timeout or "")
        if value is None or is_none(value):
            return None
        text = self.port.reuse(value)
        if isinstance(value, ast.Constant):
            return text
        return f"{text} or {self.port.need(provisioning().default_timeout, at)}"


def _operand(text: str) -> str:
    """The text of an expression as a part of a conditional one: in parentheses where it needs them."""
    body = ast.parse(f"({text}\n)", mode="eval").body
    loose = isinstance(body, ast.IfExp | ast.Lambda | ast.NamedExpr) or (
        "\n" in text and not isinstance(body, ast.Call | ast.Constant)
    )
    return f"({text})" if loose else text


def open_service(port: Port, call: ast.Call, move: TrainerCall) -> Service | None:
    """The service for an old call that is the whole value of a statement ``name = call``, or None."""
    statement = port.model.parents[call]
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return None
    target = statement.targets[0]
    given = arguments_of(port, call, move.old)
    if not isinstance(target, ast.Name) or given is None or not {move.trainer, "base_model"} <= given.keys():
        return None  # it never worked
    service = Service(
        port,
        move,
        call,
        statement,
        target,
        given,
        name=free_name(port, "service", "service_client", "fireworks_service"),
        client=free_name(port, "training_client", "policy_training_client", "fireworks_training_client"),
    )
    service.carried.add(call.func)
    service.track(target)
    be_alone(port, service)
    refuse_unseen_uses(port, service)
    if not port.has_own_lines(statement):
        service.refuse(statement, "other statements stand on its line")
    for parameter in ("base_model", "lora_rank"):
        if (value := given.get(parameter)) is not None and not service.is_steady(value):
            service.refuse(value, f"{parameter}= is computed in the call, or changes behind it")
    for name in (move.job, move.reference_job, move.reference_when, move.deployment_when):
        if (value := given.get(name or "")) is not None and not service.is_portable(value):
            service.refuse(value, f"{name}= is computed in the call")
    return service


def be_alone(port: Port, service: Service) -> None:
    """Refuse services whose functions are the same, or one inside the other: their names would be mixed up."""
    home = port.function_of(service.anchor)
    for other in port.services:
        theirs = port.function_of(other.anchor)
        if theirs is home or theirs in port.model.ancestors(home) or home in port.model.ancestors(theirs):
            other.refuse(service.call, "the same function makes another trainer")
            service.refuse(other.call, "the same function makes another trainer")


def refuse_unseen_uses(port: Port, service: Service) -> None:
    """Refuse a service whose old variable is used in ways that no name in the code shows."""
    if isinstance(port.model.parents[service.anchor], ast.ClassDef):
        service.refuse(service.anchor, "it is an attribute of a class")
    home, name = port.function_of(service.anchor), service.target.id
    if name in port.global_names:
        service.refuse(service.anchor, f"{name} is a global variable")
    for node in ast.walk(home):
        match node:
            case ast.Call(func=ast.Name(id="locals" | "vars" | "globals" | "eval" | "exec")):
                service.refuse(node, f"{ast.unparse(node.func)}() may use {name}")
            case ast.Assign(
                targets=[ast.Name(id="__all__")], value=ast.List(elts=names) | ast.Tuple(elts=names)
            ):
                if any(isinstance(e, ast.Constant) and e.value == name for e in names):
                    service.refuse(node, f"{name} is exported")


def can_build(port: Port) -> bool:
    """Whether the target has the builder of service clients, and they are wanted."""
    return port.allows("FWD120") and port.target_signature(provisioning().builder) is not None


def free_name(port: Port, *wanted: str) -> str:
    """The first of some names that means nothing in the file yet."""
    used = {n.id for n in port.model.names}
    used.update(name for scope in (port.model.module, *port.model.scopes.values()) for name in scope.bindings)
    return next((w for w in wanted if w not in used), f"{wanted[-1]}_")


def laid_out(port: Port, callee: str, arguments: list[str], at: ast.AST) -> str:
    """A call as a text: on one line if it fits, else one argument a line, indented for the place ``at``."""
    indent = port.source.indent(getattr(at, "lineno", 1))
    line = f"{callee}({', '.join(arguments)})"
    if len(indent) + len(line) <= _LINE:
        return line
    newline, step = port.source.newline, "\t" if indent.startswith("\t") else "    "
    inner = "".join(f"{indent}{step}{a},{newline}" for a in arguments)
    return f"{callee}({newline}{inner}{indent})"


def code(port: Port, call: CallText, callee: str, at: ast.AST) -> str:
    """The text of an edited call; one that was on one line and does not fit any more gets a line an argument."""
    call.set_callee(callee)
    return call.code() if call.is_multiline() else laid_out(port, callee, call.texts(), at)


def spelled(port: Port, keyword: str) -> str:
    """A keyword of the builder as the target spells it."""
    signature = port.target_signature(provisioning().builder)
    for name in provisioning().spellings.get(keyword, ()):
        if signature is not None and signature.accepts_keyword(name):
            return name
    return keyword


def old_default(port: Port, path: str, parameter: str) -> str | None:
    """The default that a parameter of an old function had, as a text."""
    for signature in port.surfaces.old_signatures(path):
        if (found := signature.parameter(parameter)) is not None:
            return found.default
    return None


def arguments_of(port: Port, call: ast.Call, path: str) -> dict[str, ast.expr] | None:
    """The arguments of an old call by parameter; None where ``*`` or ``**`` hides some."""
    if spread_of(call) is not None:
        return None
    order: list[str] = []
    for signature in port.surfaces.old_signatures(path):
        order = [p.name for p in signature.positional]
        if len(order) >= len(call.args):
            break
    if len(order) < len(call.args):
        return None
    return dict(zip(order, call.args, strict=False)) | {k.arg: k.value for k in call.keywords if k.arg}


def real_bindings(bindings: list[Binding]) -> list[Binding]:
    """The bindings without ``x = None`` and ``nonlocal x``, which give a variable no other meaning."""
    return [
        b
        for b in bindings
        if not (b.value is not None and is_none(b.value)) and not isinstance(b.node, ast.Nonlocal)
    ]


def condition(port: Port, statement: ast.stmt) -> tuple[ast.If | None, ast.stmt]:
    """The ``if`` of which a statement is all, and what to remove with it: that ``if``, or the statement."""
    parent = port.model.parents[statement]
    if isinstance(parent, ast.If) and parent.body == [statement] and not parent.orelse:
        return parent, parent
    return None, statement


def managers_of(port: Port, node: ast.expr | None) -> Iterator[ast.Call]:
    """The calls that make the manager that an expression is, as far as the file shows."""
    if isinstance(node, ast.Call) and port.resolve(node.func) in port.moves.managers:
        yield node
    if isinstance(node, ast.Name):
        for binding in port.model.bindings(node):
            if binding.kind in (BindingKind.ASSIGN, BindingKind.WITH) and binding.value is not node:
                yield from managers_of(port, binding.value)


def profiled_shape(port: Port, node: ast.expr | None) -> ast.expr | None:
    """The shape of which an expression is the profile: ``x.resolve_training_profile(shape)``."""
    made = port.model.single_value(node) if isinstance(node, ast.Name) else node
    match made:
        case ast.Call(func=ast.Attribute(attr="resolve_training_profile"), args=[shape], keywords=[]):
            return shape
    return None


def settings_of_manager(made: ast.Call) -> dict[str, ast.expr]:
    """The arguments of a manager by name; its first two parameters are the key and the address."""
    given = dict(zip(("api_key", "base_url"), made.args, strict=False))
    return given | {k.arg: k.value for k in made.keywords if k.arg}


def is_constant(node: ast.expr | None, value: object) -> bool:
    """Whether an expression is the constant ``value``."""
    return isinstance(node, ast.Constant) and node.value is value


def is_given(node: ast.expr | None) -> bool:
    """Whether an argument was passed and is not the constant None."""
    return node is not None and not is_none(node)
