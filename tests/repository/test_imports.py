"""The house as it is drawn: imports only go down, and what learners read uses the public face."""

import ast
import importlib
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from tlcourse.retrain import lab

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "tlcourse"
# From the top floor to the ground: a room imports from those of later lines, never from its own
# line or an earlier one.
FLOORS = (
    {"cli"},
    {"commands"},
    {"exercises"},
    {"widgets"},
    {"retrain", "recipes"},
    {"auditing"},
    {"transfer"},
    {"inside"},
    {"networks", "photos"},
    {"data"},
    {"files"},
    {"drawing", "plots", "machine"},
    {"claims", "guesses", "errors", "notebooks", "progress", "old_names"},
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
# What a learner reads imports from here. The two lessons on a recipe look into it.
FACE = {f"tlcourse{room}" for room in ("", ".data", ".exercises", ".plots", ".widgets", ".recipes")}
# Each name that a copy of an earlier lesson, or a train.py that the photo lab wrote, imports by
# another path than today's.
OLD = {
    "tlcourse.assets": ["AssetError"],
    "tlcourse.exercises.lesson04": ["strange_photographs"],
    "tlcourse.exercises.lesson10": ["collection"],
    "tlcourse.photonet": ["load_photonet_weights", "photonet", "photonet_classes"],
    "tlcourse.probe": ["FloorScaler", "linear_probe", "set_head"],
    "tlcourse.recipes.ladder": ["load_table"],
    "tlcourse.recipes.surface": ["load_surface"],
    "tlcourse.retrain.model": ["save"],
    "tlcourse.similarity": ["cka_matrix", "linear_cka", "nearest_neighbors"],
}
# And those that are as they were.
STILL = {
    "tlcourse.data.lost_property": ["write_lost_property"],
    "tlcourse.data.photographs": ["cut", "load_photographs", "middle"],
    "tlcourse.recipes.ladder": ["load_rung"],
    "tlcourse.retrain.model": ["ready_to_use"],
    "tlcourse.retrain.stream": ["read_picture"],
    "tlcourse.transfer": ["restart"],
}
MODULES = sorted(PACKAGE.rglob("*.py"))


def imported(code: str) -> Iterator[str]:
    """Each module of ours that a piece of code imports, names within it included."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "tlcourse":
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.split(".")[0] == "tlcourse")


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_imports_only_go_down():
    wrong = []
    for path in MODULES:
        here = room_of(path)
        if here in ("__init__", "__main__", "old_names"):
            continue
        for name in imported(path.read_text("utf-8")):
            parts = name.split(".")
            there = parts[1] if len(parts) > 1 else ""
            # `from tlcourse import audit`: the name of a room, or one that a room gives
            if there not in FLOOR and there:
                there = home(there)
            if there and there != here and FLOOR[there] <= FLOOR[here]:
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert wrong == []


def test_no_two_modules_import_each_other():
    """Also not by way of others, and not within functions."""
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in MODULES}
    names = {name.removesuffix(".__init__"): path for name, path in names.items()}
    needs = {}
    for name, path in names.items():
        found = {own for other in imported(path.read_text("utf-8")) if (own := owner(other, names))}
        needs[name] = found - {name, "tlcourse"}
    for _ in names:  # what waits for nothing that is left goes, again and again
        ready = [one for one, others in needs.items() if not others]
        for one in ready:
            del needs[one]
        needs = {one: others - set(ready) for one, others in needs.items()}
    assert needs == {}  # what is left waits for itself


def owner(name: str, modules) -> str | None:
    """The module that a dotted name is, or is in."""
    return name if name in modules else name.rpartition(".")[0] if "." in name else None


def home(name: str) -> str:
    """The room of a name of the public face; the version is of no room."""
    stub = (PACKAGE / "__init__.pyi").read_text("utf-8")
    found = re.search(rf"^from \.(\w+)[\w.]* import {name} as {name}$", stub, re.MULTILINE)
    return found[1] if found else ""


def test_every_room_has_its_floor_and_the_root_eight_modules():
    rooms = {room_of(path) for path in MODULES}
    assert rooms == set(FLOOR) | {"__init__", "__main__"}
    assert len(list(PACKAGE.glob("*.py"))) == 8


def test_modules_fit_in_the_head():
    lengths = sorted(len(path.read_text("utf-8").splitlines()) for path in MODULES)
    assert lengths[-1] <= 400
    assert lengths[len(lengths) // 2] < 150


NOTEBOOKS = sorted(
    path for path in (ROOT / "lessons").rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts
)


@pytest.mark.parametrize(
    "path", NOTEBOOKS, ids=lambda p: p.relative_to(ROOT / "lessons").as_posix()
)
def test_a_notebook_imports_from_the_public_face(path):
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            code = re.sub(r"^[%!].*$", "pass", cell.source, flags=re.MULTILINE)
            assert {name.rpartition(".")[0] for name in imported(code)} <= FACE


def test_the_script_of_the_photo_lab_imports_from_the_public_face():
    names = list(imported(lab.script(["cat", "dog"])))
    assert "tlcourse.set_head" in names
    assert {name.rpartition(".")[0] for name in names} == {"tlcourse"}


def test_every_name_of_the_stub_is_there():
    import tlcourse

    stub = (PACKAGE / "__init__.pyi").read_text("utf-8")
    listed = re.findall(r"^from \.([\w.]*) import (\w+) as \2$", stub, re.MULTILINE)
    assert {name for _, name in listed} == set(tlcourse.__all__)
    for module, name in listed:
        found = getattr(tlcourse, name)
        source = importlib.import_module(f"tlcourse.{module}".rstrip("."))
        assert found is getattr(source, name, importlib.import_module(f"tlcourse.{module or name}"))


def test_a_room_of_the_same_name_hides_no_public_name():
    """Asked for in any order, `tlcourse.audit` stays the function, whatever was imported before."""
    code = (
        "import importlib, pkgutil, types, tlcourse\n"
        "for module in pkgutil.iter_modules(tlcourse.__path__):\n"
        "    if module.name != '__main__': importlib.import_module('tlcourse.' + module.name)\n"
        "rooms = 'auditing claims data exercises plots recipes transfer widgets'.split()\n"
        "for name in tlcourse.__all__:\n"
        "    is_module = isinstance(getattr(tlcourse, name), types.ModuleType)\n"
        "    assert is_module == (name in rooms), name\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, cwd=ROOT)


@pytest.mark.parametrize(("module", "name"), [(m, name) for m in OLD for name in OLD[m]])
def test_an_old_path_works_and_says_the_new_one(module, name):
    with pytest.warns(FutureWarning, match=f"from {module} import {name}` is an old path") as told:
        old = getattr(importlib.import_module(module), name)
    assert told[0].filename == __file__  # it points at the caller's line
    line = re.search(r"write `from ([\w.]+) import (\w+)`", str(told[0].message))
    assert getattr(importlib.import_module(line[1]), line[2]) is old


@pytest.mark.parametrize(("module", "name"), [(m, name) for m in STILL for name in STILL[m]])
def test_a_path_that_stayed_says_nothing(module, name):
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)
        assert callable(getattr(importlib.import_module(module), name))


def test_an_old_module_lacks_what_it_never_had():
    with pytest.raises(AttributeError, match=r"'tlcourse\.probe' has no attribute 'prob'"):
        _ = importlib.import_module("tlcourse.probe").prob


# Slow to import, or not there at all on some machines: only what needs them waits for them.
SLOW = {
    *("IPython", "absl", "distributed", "filelock", "h5py", "ipywidgets", "jinja2", "joblib"),
    *("keras", "keras_hub", "matplotlib", "nbclient", "nbconvert", "nbformat", "nbgrader", "PIL"),
    "onnxruntime",
    *(
        "platformdirs",
        "pooch",
        "psutil",
        "safetensors",
        "scipy",
        "skimage",
        "sklearn",
        "tensorflow",
    ),
    *("torch", "tqdm", "traitlets"),
}
# Imported late for another reason, which stands beside the import.
LATE = {("commands/doctor.py", "tlcourse.data"), ("commands/doctor.py", "tlcourse.machine.device")}


def top_level(path: Path) -> set[str]:
    """Each module and name that a file imports when it is imported itself."""
    found = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def is_slow(name: str, seen: frozenset[str] = frozenset()) -> bool:
    """Whether a package is slow, or one of our modules imports a slow one at once."""
    if name.split(".")[0] != "tlcourse" or name in seen:
        return name.split(".")[0] in SLOW
    path = PACKAGE.parent / Path(*name.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return path.is_file() and any(is_slow(other, seen | {name}) for other in top_level(path))


def test_only_slow_imports_wait_in_functions():
    early = []
    for path in MODULES:
        for function in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(function, ast.FunctionDef):
                continue
            for node in ast.walk(function):
                if isinstance(node, ast.Import):
                    names = {alias.name for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module != "tlcourse":
                    names = {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
                else:  # the public face finds its rooms when they are asked for
                    continue
                where = path.relative_to(PACKAGE).as_posix()
                if not any(is_slow(name) or (where, name) in LATE for name in names):
                    early.append(f"{where}:{node.lineno} {sorted(names)[0]}")
    assert early == []
