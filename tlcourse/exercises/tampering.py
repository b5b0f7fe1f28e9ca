"""What in a notebook reaches for the checks themselves, read from its text.

A check runs in the same kernel as the answers, so Python cannot keep the two apart. This names
the plain ways, for a person to look at; somebody determined finds another.
"""

import ast

# Modules with which one gets at what is not one's own.
_MODULES = {"IPython", "ctypes", "gc", "importlib", "inspect", "ipykernel", "builtins"}
_NAMES = {"get_ipython", "__import__", "exec", "eval", "globals", "setattr", "__builtins__"}
_ATTRIBUTES = {"__code__", "__globals__", "__subclasses__", "__builtins__", "modules"}
_OURS = "tlcourse.exercises"


def tampering(cells: list[dict]) -> str:
    """The first cell that reaches for the checks, and how; empty where none does.

    Args:
        cells: of a notebook, as JSON has them. Locked cells of nbgrader are put back before they
            run, and not looked at; neither is what is no Python.
    """
    for number, cell in enumerate(cells, 1):
        if cell.get("cell_type") != "code" or cell["metadata"].get("nbgrader", {}).get("locked"):
            continue
        try:
            tree = ast.parse("".join(cell["source"]))
        except (SyntaxError, ValueError):
            lines = "".join(cell["source"]).splitlines()
            if any(line.lstrip().startswith(("%", "!")) for line in lines):
                return f"cell {number} gives commands to IPython"
            continue
        for node in ast.walk(tree):
            if how := _reaches(node):
                return f"cell {number} {how}"
    return ""


def _reaches(node: ast.AST) -> str:
    match node:
        case ast.Name(id="check", ctx=ast.Store() | ast.Del()):
            return "assigns `check`"
        case ast.FunctionDef(name="check") | ast.ClassDef(name="check"):
            return "defines `check`"
        case ast.Name(id=name) if name in _NAMES:
            return f"uses `{name}`"
        case ast.Attribute(attr=name) if name in _ATTRIBUTES:
            return f"uses `.{name}`"
        case ast.Attribute(value=ast.Name(id="check"), ctx=ast.Store()):
            return "changes `check`"
        case ast.Import(names=names):
            for one in names:
                if one.name.split(".")[0] in _MODULES or one.name.startswith(_OURS):
                    return f"imports {one.name}"
        case ast.ImportFrom(module=module, names=names):
            taken = {(one.name, one.asname or one.name) for one in names}
            if (module or "").split(".")[0] in _MODULES or (module or "").startswith(f"{_OURS}."):
                return f"imports from {module}"
            if module == "tlcourse" and any(name == "exercises" for name, _ in taken):
                return f"imports {_OURS}"
            if any(to == "check" and (module, name) != (_OURS, "check") for name, to in taken):
                return "imports another `check`"
    return ""
