"""FWD208: an id that is put together while the program runs, and checked by nobody before it is needed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from fwdoctor.finding import Applicability, Remedy, Severity, Side
from fwdoctor.lint.file import File, Hit
from fwdoctor.rulebook import Rule
from fwdoctor_codemods.core.model import LOCAL, Binding, BindingKind

from fwdoctor_rules.lint._model_ids import fault, promotions

RULE = Rule(
    id="FWD208",
    name="unvalidated-output-model-id",
    severity=Severity.WARNING,
    side=Side.USER,
    message="the output_model_id is put together here, and nothing in this file checks it",
    why="An id is 1 to 63 characters of a-z, 0-9 and the hyphen. Another one is refused only when the checkpoint "
    "is promoted, which is after the training; the checkpoint may be gone before it is tried again.",
    remedy=(
        Remedy("Before the training, fail on what validate_output_model_id of fireworks.training.sdk says."),
    ),
    applicability=Applicability.MANUAL,
    source="fireworks-ai 1.2.28, fireworks/training/sdk/fireworks_client.py (validate_output_model_id); the vendor's "
    "skill fireworks-training (non-negotiables)",
    bad=(
        """
from fireworks.training.sdk import FireworksClient

client = FireworksClient(api_key="...")


def promote(checkpoint: str, run_name: str):
    return client.promote_checkpoint(
        name=checkpoint,
        «output_model_id=f"qwen3-{run_name}"»,
        base_model="accounts/fireworks/models/qwen3-8b",
    )
""",
        """
from training.utils.checkpoints import TrainingCheckpoints


def finish(checkpoints: TrainingCheckpoints, base_model: str, dataset: str):
    model_id = base_model.split("/")[-1] + "-" + dataset
    checkpoints.promote_latest(«model_id», base_model)
""",
    ),
    good=(
        """
from fireworks.training.sdk import FireworksClient, validate_output_model_id

client = FireworksClient(api_key="...")


def promote(checkpoint: str, run_name: str):
    model_id = f"qwen3-{run_name}"
    if errors := validate_output_model_id(model_id):
        raise ValueError(errors)
    return client.promote_checkpoint(
        name=checkpoint, output_model_id=model_id, base_model="accounts/fireworks/models/qwen3-8b"
    )
""",
        """
import uuid

from fireworks.training.sdk import FireworksClient

client = FireworksClient(api_key="...")


def promote(checkpoint: str, config):
    run = uuid.uuid4().hex[:8]
    for step in range(3):
        client.promote_checkpoint(
            name=checkpoint, output_model_id=f"qwen3-{run}-{step}", base_model=config.base_model
        )
    client.promote_checkpoint(
        name=checkpoint, output_model_id=config.output_model_id, base_model=config.base_model
    )
""",
    ),
)

#: Functions whose names say that they check an id, or make one that needs no check.
_CHECKS = re.compile(
    r"valid|saniti[sz]e|slug|kebab|normali[sz]e|check_(model|output)|safe_(id|name)", re.IGNORECASE
)
#: Functions whose names say so of what they are given.
_CHECKS_IT = re.compile(r"ensure|assert|clean|check|require|verify|match|search", re.IGNORECASE)
#: Calls whose result fits into any id: numbers, and random or hashed texts in hexadecimal digits.
_PLAIN = frozenset(
    {
        "getpid",
        "getrandbits",
        "hex",
        "hexdigest",
        "int",
        "len",
        "ord",
        "randbelow",
        "randint",
        "randrange",
        "sub",  # of a regular expression: it cleans
        "time_ns",
        "token_hex",
        "toordinal",
        "translate",
        "uuid1",
        "uuid4",
    }
)
#: Calls whose result fits if what they are given does.
_KEEPING = frozenset({"abs", "max", "min", "str", "sum"})
#: Methods of a text whose result fits if the text does.
_KEEPING_METHODS = frozenset(
    {"casefold", "lower", "lstrip", "removeprefix", "removesuffix", "rstrip", "strip", "zfill"}
)
#: What strftime writes as digits.
_DIRECTIVE = re.compile(r"%[YmdHMSyjf]")
#: How an f-string writes whole numbers: ``{step:05d}``.
_NUMBER_FORMAT = re.compile(r"0?\d*[dxb]")
#: How many names of names are followed.
_DEEPEST = 6


def check(file: File) -> Iterator[Hit]:
    """Ids that are put together in this file from parts that may hold anything.

    One that comes from somewhere else (a setting, a parameter, the command line) may have been checked there.
    """
    if file.is_test or any(_CHECKS.search(_last_name(c.func)) for c in file.model.calls):
        return
    for call in promotions(file):
        argument = call.arguments.get("output_model_id")
        if argument is None or not _is_open(file, argument.value, 0) or _is_checked(file, argument.value):
            continue
        text = file.text(argument.value)
        if text is None or fault(text) is None:  # what is certainly wrong has a rule of its own
            yield Hit(argument.node)


def _is_open(file: File, value: ast.expr, depth: int) -> bool:
    """Whether an id is put together here from at least one part that may hold anything."""
    match file.origin(value):
        case ast.JoinedStr(values=values):
            parts = (v for v in values if isinstance(v, ast.FormattedValue))
            return any(_is_open_part(file, v, depth) for v in parts)
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            return any(_is_open(file, v, depth) or _may_hold_anything(file, v, depth) for v in (left, right))
    return False


def _is_open_part(file: File, part: ast.FormattedValue, depth: int) -> bool:
    """Whether a part of an f-string may hold anything, as it is formatted."""
    spec = part.format_spec
    if isinstance(spec, ast.JoinedStr):
        form = file.known_text(spec)
        if form is not None and (_NUMBER_FORMAT.fullmatch(form) or "%" in form):
            return "%" in form and fault(_DIRECTIVE.sub("", form)) is not None
    return _may_hold_anything(file, part.value, depth)


def _may_hold_anything(file: File, value: ast.expr, depth: int) -> bool:
    """Whether a part of an id may hold characters that no id has, as far as the code says."""
    if file.known_text(value) is not None or depth > _DEEPEST:
        return False
    match file.origin(value):
        case ast.Constant() | ast.Attribute(attr="hex"):
            return False
        case ast.Call() as call:
            return _makes_anything(file, call, depth + 1)
        case ast.Subscript(value=inner):
            return _may_hold_anything(file, inner, depth + 1)
        case ast.IfExp(body=one, orelse=other):
            return any(_may_hold_anything(file, v, depth + 1) for v in (one, other))
        case ast.BoolOp(values=values):
            return any(_may_hold_anything(file, v, depth + 1) for v in values)
        case ast.Name() as name:
            bindings = file.model.bindings(name)
            return not bindings or not all(_is_plain(file, b, depth + 1) for b in bindings)
        case ast.Attribute() as attribute:
            plain = _is_number(file, attribute) or _is_option(file, attribute.attr)
            return not plain and not _is_kept(file, attribute, depth + 1)
        case ast.JoinedStr() | ast.BinOp() as made:
            return _is_open(file, made, depth + 1)
    return True


def _makes_anything(file: File, call: ast.Call, depth: int) -> bool:
    name = _last_name(call.func)
    if name in _PLAIN or (name == "round" and len(call.args) == 1):
        return False
    if name == "strftime":
        forms = (a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str))
        return fault(_DIRECTIVE.sub("", next(forms, "?"))) is not None
    if name in _KEEPING and call.args:
        return any(_may_hold_anything(file, a, depth) for a in call.args)
    if name in _KEEPING_METHODS and isinstance(call.func, ast.Attribute):
        return _may_hold_anything(file, call.func.value, depth)
    if name == "join" and len(call.args) == 1:  # "".join(c for c in name if c.isalnum()): it cleans
        return not any(isinstance(n, ast.IfExp | ast.Compare | ast.Call) for n in ast.walk(call.args[0]))
    return True


def _is_plain(file: File, binding: Binding, depth: int) -> bool:
    """Whether a name gets what fits into any id here: a number, or what is made of such."""
    if binding.annotation is not None and ast.unparse(binding.annotation) in _NUMBERS:
        return True
    if isinstance(binding.node, ast.Global | ast.Nonlocal):
        return True  # what the name is given there is a binding of its own
    if binding.kind is BindingKind.ASSIGN and binding.value is not None:
        return not _may_hold_anything(file, binding.value, depth)
    return _is_counter(file, binding.node) or _is_element(file, binding.node)


#: Annotations of numbers. None is what callers take care of.
_NUMBERS = ("int", "int | None", "Optional[int]", "None | int", "'int'")


def _is_number(file: File, attribute: ast.Attribute) -> bool:
    """Whether an attribute is a field that its class declares as a whole number."""
    path = file.port.type_of(attribute.value)
    if path is None:
        return False
    if not path.startswith(LOCAL):
        found = next((c for s in file.port.surfaces.all_targets() if (c := s.class_at(path))), None)
        declared = found.field_named(attribute.attr) if found else None
        return declared is not None and declared.annotation in _NUMBERS
    bindings = file.model.module.bindings.get(path.removeprefix(LOCAL), [])
    body = bindings[0].node.body if bindings and isinstance(bindings[0].node, ast.ClassDef) else []
    return any(
        isinstance(s, ast.AnnAssign)
        and isinstance(s.target, ast.Name)
        and s.target.id == attribute.attr
        and ast.unparse(s.annotation) in _NUMBERS
        for s in body
    )


def _is_kept(file: File, attribute: ast.Attribute, depth: int) -> bool:
    """Whether all that a class puts into ``self.x`` fits into any id."""
    if not isinstance(attribute.value, ast.Name) or attribute.value.id != "self":
        return False
    stores = [
        n
        for n in file.port.stores
        if isinstance(n, ast.Attribute)
        and n.attr == attribute.attr
        and isinstance(n.value, ast.Name)
        and n.value.id == "self"
    ]
    return bool(stores) and all(_keeps_plain(file, file.model.parents[n], depth) for n in stores)


def _keeps_plain(file: File, statement: ast.AST, depth: int) -> bool:
    match statement:
        case ast.AugAssign(value=value):
            return isinstance(file.value(value), int)
        case ast.AnnAssign(annotation=annotation) if ast.unparse(annotation) in _NUMBERS:
            return True
        case ast.Assign(value=ast.expr() as value) | ast.AnnAssign(value=ast.expr() as value):
            return not _may_hold_anything(file, value, depth)
    return False


def _is_option(file: File, name: str) -> bool:
    """Whether argparse makes a number of an option of that name, or takes only what fits."""
    for call in file.model.calls:
        if _last_name(call.func) != "add_argument":
            continue
        given = {k.arg: k.value for k in call.keywords}
        names = [file.known_text(a) or "" for a in call.args] + [file.known_text(given.get("dest")) or ""]
        if name not in (n.lstrip("-").replace("-", "_") for n in names):
            continue
        kind, choices = given.get("type"), given.get("choices")
        if (isinstance(kind, ast.Name) and kind.id == "int") or (choices and _all_fit(file, choices)):
            return True
    return False


def _is_counter(file: File, target: ast.AST) -> bool:
    """Whether a name is what a loop over range() or enumerate() counts with, or is counted up."""
    parent = file.model.parents.get(target)
    if isinstance(parent, ast.AugAssign):
        return isinstance(file.value(parent.value), int)
    first = True
    if isinstance(parent, ast.Tuple):
        first, parent = parent.elts[0] is target, file.model.parents.get(parent)
    source = parent.iter if isinstance(parent, ast.For | ast.AsyncFor | ast.comprehension) else None
    if isinstance(source, ast.Call) and _last_name(source.func) in ("tqdm", "track") and source.args:
        source = source.args[0]  # bars around it
    return first and isinstance(source, ast.Call) and _last_name(source.func) in _COUNTING


#: Calls over whose result a loop counts.
_COUNTING = ("range", "enumerate", "trange", "count")


def _is_element(file: File, target: ast.AST) -> bool:
    """Whether a name goes through what a loop finds written out: ``for kind in ("a", "b")``."""
    loop = file.model.parents.get(target)
    source = loop.iter if isinstance(loop, ast.For | ast.AsyncFor | ast.comprehension) else None
    if isinstance(loop, ast.Tuple) and len(loop.elts) == 2 and loop.elts[1] is target:
        outer = file.model.parents.get(loop)
        if isinstance(outer, ast.For | ast.AsyncFor | ast.comprehension) and isinstance(outer.iter, ast.Call):
            counted = _last_name(outer.iter.func) == "enumerate" and outer.iter.args
            source = outer.iter.args[0] if counted else None
    return source is not None and _all_fit(file, source)


def _all_fit(file: File, source: ast.expr) -> bool:
    """Whether a list that is written out holds nothing but numbers and texts that fit into an id."""
    match file.origin(source):
        case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements):
            known = [file.value(e) for e in elements]
            return all(isinstance(v, int) or (isinstance(v, str) and fault(v) is None) for v in known)
    return False


# --- what is done about an id --------------------------------------------------------------------------


def _is_checked(file: File, value: ast.expr) -> bool:
    """Whether something in the file looks at an id or at a part of it: a regular expression, a test."""
    names = {ast.unparse(n) for n in (value, *_parts(file.origin(value)))}
    if any(_checks_one_of(call, names) for call in file.model.calls):
        return True
    return any(_asks_about(test, names) for test in _tests(file))


def _checks_one_of(call: ast.Call, names: set[str]) -> bool:
    callee = _last_name(call.func)
    if not _CHECKS_IT.search(callee) or callee.endswith("checkpoint"):
        return False
    return any(ast.unparse(a) in names for a in (*call.args, *(k.value for k in call.keywords)))


def _parts(made: ast.expr) -> Iterator[ast.expr]:
    """The names and attributes that an id is put together from; of ``run.name.lower()``, also ``run.name``."""
    for node in ast.walk(made):
        if isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript):
            yield node


def _tests(file: File) -> Iterator[ast.expr]:
    for node in ast.walk(file.model.tree):
        if isinstance(node, ast.If | ast.While | ast.IfExp | ast.Assert):
            yield node.test


def _asks_about(test: ast.expr, names: set[str]) -> bool:
    """Whether a test looks into one of these values, rather than whether there is one."""
    for node in ast.walk(test):
        match node:
            case ast.Call(func=ast.Attribute(value=asked)) if ast.unparse(asked) in names:
                return True
            case ast.Call(args=args) if any(ast.unparse(a) in names for a in args):
                return True
            case ast.Compare(left=left, ops=ops, comparators=others):
                looks = not all(isinstance(op, ast.Is | ast.IsNot) for op in ops)
                if looks and any(ast.unparse(side) in names for side in (left, *others)):
                    return True
    return False


def _last_name(node: ast.expr) -> str:
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""
