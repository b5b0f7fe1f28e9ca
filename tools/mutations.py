"""Small changes of a piece of Python: one number, one comparison, one argument, one statement.

`mutate_checks.py` changes right answers with it. What no learner would ever see, such as a
docstring, and what only stops, such as a name that is nowhere defined, is not made.
"""

import ast
import copy
import difflib
import re
from collections.abc import Callable, Iterator

Change = Callable[[ast.AST], None]

COMPARISONS = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
ARITHMETIC = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mod,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
# Names of functions and methods that take the same arguments.
SIBLINGS = {
    "mean": "sum", "sum": "mean", "std": "var", "var": "std", "max": "min", "min": "max",
    "argmax": "argmin", "argmin": "argmax", "maximum": "minimum", "minimum": "maximum",
    "any": "all", "all": "any", "zeros": "ones", "ones": "zeros", "log": "sqrt", "exp": "sqrt",
    "round": "floor", "median": "max", "GlobalAveragePooling2D": "GlobalMaxPooling2D",
    "GlobalMaxPooling2D": "GlobalAveragePooling2D", "AveragePooling2D": "MaxPooling2D",
    "validation": "train", "train": "validation", "test": "validation", "input": "output",
    "images": "labels", "few_shot": "train", "gamma": "beta",
}  # fmt: skip
OPTIONS = {
    "same": "valid", "valid": "same", "softmax": "relu", "relu": "softmax", "avg": "max",
    "max": "avg", "imagenet": None, "constant": "reflect", "binary": "multilabel",
}  # fmt: skip


def mutants(source: str) -> list[tuple[str, str]]:
    """All changes of a piece of code: what was changed, such as `5 → 6`, and the changed code.

    Each changed code is there once; none is the same as the source.
    """
    tree = ast.parse(source)
    plain, found = ast.unparse(tree), {}
    names = _parameters(tree)
    for at, node in enumerate(ast.walk(tree)):
        for change in _changes(node, names):
            copied = copy.deepcopy(tree)
            change(list(ast.walk(copied))[at])
            try:
                text = ast.unparse(ast.fix_missing_locations(copied))
                ast.parse(text)
            except (SyntaxError, ValueError, AttributeError):
                continue
            if _quiet(text) != _quiet(plain) and text not in found:
                found[text] = told(plain, text)
    return [(change, text) for text, change in found.items()]


def told(before: str, after: str) -> str:
    """What differs between two codes, in one line: `x = 1 → x = 2`."""
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    gone, come = [], []
    for line in lines:
        if line.startswith("- "):
            gone.append(line[2:].strip())
        elif line.startswith("+ "):
            come.append(line[2:].strip())
    return f"{' '.join(gone)} → {' '.join(come) or '(nothing)'}"


def _quiet(source: str) -> str:
    """The code without how much Keras is to print."""
    return re.sub(r", verbose=-?\d", "", source)


def _parameters(tree: ast.AST) -> list[str]:
    """Parameters of the outermost functions, which a learner may mistake for each other."""
    functions = [node for node in ast.iter_child_nodes(tree) if isinstance(node, ast.FunctionDef)]
    return [argument.arg for one in functions for argument in one.args.args]


def _changes(node: ast.AST, names: list[str]) -> Iterator[Change]:
    match node:
        case ast.Constant():
            yield from (_field("value", new) for new in _other_values(node.value))
        case ast.Compare(ops=[op]):
            yield from (_field("ops", [new()]) for new in COMPARISONS.get(type(op), ()))
        case ast.BinOp(left=left, right=right, op=op):
            if type(op) in ARITHMETIC:
                yield _field("op", ARITHMETIC[type(op)]())
            yield _becomes(left)
            yield _becomes(right)
        case ast.AugAssign(op=op) if type(op) in ARITHMETIC:
            yield _field("op", ARITHMETIC[type(op)]())
        case ast.UnaryOp(operand=operand):
            yield _becomes(operand)
        case ast.BoolOp(op=op, values=values):
            yield _field("op", ast.Or() if isinstance(op, ast.And) else ast.And())
            yield from (_becomes(one) for one in values)
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
            yield _field("test", ast.UnaryOp(ast.Not(), test))
        case ast.comprehension(ifs=[test]):
            yield _field("ifs", [])
            yield _field("ifs", [ast.UnaryOp(ast.Not(), test)])
        case ast.Call(args=arguments, keywords=keywords):
            yield from _other_calls(arguments, keywords)
        case ast.Slice(lower=lower, upper=upper, step=step):
            parts = {"lower": lower, "upper": upper, "step": step}
            yield from (_field(name, None) for name, part in parts.items() if part is not None)
        case ast.Name(id=name, ctx=ast.Load()) if name in names:
            after = names[(names.index(name) + 1) % len(names)]
            yield _field("id", after)
        case ast.Attribute(attr=name) if name in SIBLINGS:
            yield _field("attr", SIBLINGS[name])
        case ast.Name(id=name) if name in SIBLINGS:
            yield _field("id", SIBLINGS[name])
        case ast.Return(value=ast.Tuple(elts=[first, second, *rest])):
            yield _field("value", ast.Tuple([second, first, *rest], ast.Load()))
        case ast.Subscript(value=value, ctx=ast.Load()):
            yield _becomes(value)
    # A docstring, and the `answer = None` that a learner finds there, do nothing.
    idle = isinstance(node, (ast.Expr, ast.Assign)) and isinstance(node.value, ast.Constant)
    dropped = (ast.Assign, ast.AugAssign, ast.Return, ast.For, ast.If, ast.Expr)
    if isinstance(node, dropped) and not idle:
        yield _becomes(ast.Pass())


def _other_calls(arguments: list[ast.expr], keywords: list[ast.keyword]) -> Iterator[Change]:
    for at in range(len(arguments) - 1):
        swapped = [*arguments[:at], arguments[at + 1], arguments[at], *arguments[at + 2 :]]
        yield _field("args", swapped)
    if len(arguments) > 1:
        yield _field("args", arguments[:-1])
    for one in keywords:
        if one.arg != "verbose":
            yield _field("keywords", [other for other in keywords if other is not one])
    if arguments and not isinstance(arguments[0], (ast.Starred, ast.GeneratorExp)):
        yield _becomes(arguments[0])  # f(x) becomes x


def _other_values(value: object) -> list[object]:
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value - 1]
    if isinstance(value, float):
        return [2 * value, value / 2, 0.0]
    if isinstance(value, str) and "\n" not in value:
        return _other_texts(value)
    return []


def _other_texts(text: str) -> list[object]:
    if text in OPTIONS:
        return [OPTIONS[text]]
    if re.fullmatch("[a-f]", text):  # the letter of an option
        return [letter for letter in "abcdef" if letter != text]
    if re.fullmatch("[a-f]{2,}", text):  # several letters, in an order
        swapped = [text[:k] + text[k + 1] + text[k] + text[k + 2 :] for k in range(len(text) - 1)]
        return [*swapped, text[:-1]]
    if found := re.fullmatch(r"(.*\D)(\d)", text):  # a name that counts, such as "stage2"
        return [f"{found[1]}{int(found[2]) + step}" for step in (1, -1)]
    return []


def _field(name: str, value: object) -> Change:
    return lambda node: setattr(node, name, copy.deepcopy(value))


def _becomes(other: ast.AST) -> Change:
    def change(node: ast.AST) -> None:
        new = copy.deepcopy(other)
        node.__class__ = new.__class__
        node.__dict__ = new.__dict__

    return change
