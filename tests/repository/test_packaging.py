"""Set-up: versions held together, nothing tied to one machine, a wheel that works elsewhere."""

import contextlib
import importlib
import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
INSTALLED = PROJECT["dependencies"] + EXTRAS["dev"] + EXTRAS["text"]  # by make
# What people have: Debian 12, Ubuntu 24.04, Debian 13.
PYTHONS = ("3.11.2", "3.12.3", "3.13.5")
# Written in pieces, so that this file does not hold what it looks for.
HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("anaconda", "org"),
        ("npmjs", "org"),
        ("tuna", "tsinghua"),
        ("mirrors", "aliyun"),
    )
] + ["--" + "index-url", "--" + "extra-index-url"]
MACHINE_PATH = re.compile(r"(?<![\w.~-])/(?:work|root)/")
NOT_OURS = {".git", ".venv", "build", "dist", "__pycache__", ".ipynb_checkpoints"}


def pins() -> dict[str, Version]:
    found = {}
    for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines():
        if text := line.split("#")[0].strip():
            requirement = Requirement(text)
            (specifier,) = requirement.specifier
            assert specifier.operator == "==", f"{text} is no exact version"
            name = canonicalize_name(requirement.name)
            assert name not in found, f"{name} is pinned twice"
            found[name] = Version(specifier.version)
    return found


def text_files() -> dict[str, str]:
    """Every text file of the project, by its path; hidden caches and builds left out."""
    texts = {}
    for folder, subfolders, files in os.walk(ROOT):
        subfolders[:] = [
            name
            for name in subfolders
            if name not in NOT_OURS and not name.endswith(("_cache", ".egg-info"))
        ]
        for name in set(files) - NOT_OURS:  # in a git worktree, .git is a file
            path = Path(folder, name)
            try:
                texts[path.relative_to(ROOT).as_posix()] = path.read_text("utf-8")
            except UnicodeDecodeError:
                continue  # a picture or weights
    return texts


def test_every_dependency_is_pinned_to_a_version_that_it_allows():
    pinned = pins()
    for text in INSTALLED:
        requirement = Requirement(text)
        name = canonicalize_name(requirement.name)
        assert name in pinned, f"constraints.txt does not pin {name}"
        assert pinned[name] in requirement.specifier, f"{text}, but pinned is {pinned[name]}"


def test_gpu_extra_asks_for_the_tensorflow_that_is_pinned():
    (text,) = EXTRAS["gpu"]
    assert pins()["tensorflow"] in Requirement(text).specifier


def test_what_the_dependencies_bring_in_is_pinned_too():
    """Else two machines get different versions. Walks what is installed here."""
    pinned = pins()
    todo = list(INSTALLED)
    seen, loose = set(), set()
    while todo:
        requirement = Requirement(todo.pop())
        name = canonicalize_name(requirement.name)
        if name in seen:
            continue
        seen.add(name)
        try:
            needs = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue  # one for another system
        if name not in pinned:
            loose.add(name)
        for need in needs:
            marker = Requirement(need).marker
            if marker is None or marker.evaluate({"extra": ""}):
                todo.append(need)
    assert not loose - {"pip", "setuptools", "wheel"}


@pytest.mark.parametrize("python", PYTHONS)
def test_pins_install_on_every_python(python):
    assert python in SpecifierSet(PROJECT["requires-python"])
    refused = []
    for name, version in pins().items():
        try:
            metadata = importlib.metadata.metadata(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        if Version(metadata["Version"]) == version:
            needs = metadata.get("Requires-Python") or ""
            if python not in SpecifierSet(needs):
                refused.append(f"{name}=={version} needs Python {needs}")
    assert not refused


def test_environment_installs_the_same():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    plain = [entry for entry in environment["dependencies"] if isinstance(entry, str)]
    (from_pip,) = (entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    assert sorted(entry.split("=")[0] for entry in plain) == ["pip", "python"]
    (python,) = (entry.split("=")[1] for entry in plain if entry.startswith("python="))
    assert python in SpecifierSet(PROJECT["requires-python"])
    assert from_pip == ["--constraint constraints.txt", "--editable .[dev,text]"]


def test_make_and_the_readme_install_the_same():
    for name in ("Makefile", "README.md"):
        assert '-e ".[dev,text]"' in (ROOT / name).read_text("utf-8")


def test_no_file_names_a_registry():
    found = [
        f"{name}: {host}" for name, text in text_files().items() for host in HOSTS if host in text
    ]
    assert not found


def test_no_file_holds_a_path_of_one_machine():
    found = [name for name, text in text_files().items() if MACHINE_PATH.search(text)]
    assert not found


@pytest.mark.parametrize("text", ["see " + "/work" + "/main", '"' + "/root" + '/.cache"'])
def test_a_path_of_one_machine_would_be_found(text):
    assert MACHINE_PATH.search(text)


USE_INSTALLED = """
import hashlib, sys
from pathlib import Path
import numpy as np
from PIL import Image
import tlcourse
from tlcourse import cli, load_backbone, load_task
from tlcourse.drawing.render import render
from tlcourse.exercises import check
from tlcourse.files import assets

card = Path(sys.argv[1])
asset = assets.Asset("digits/README.md", assets.sha256(card), card.stat().st_size)
print(tlcourse.__file__)
print(assets.locate(asset))
print(load_task("digits"))
print(load_backbone("photonet").count_params())
alike = lambda q, rows, n: np.argsort(-(rows @ q) / np.linalg.norm(rows, axis=1))[:n]
print(check("07.2", alike).right, check("07.2", 3).right)
for name in ("key", "mug"):
    Path("photos", name).mkdir(parents=True)
    for index in range(10):
        Image.fromarray(render(name, 0, index)).save(Path("photos", name, f"{index}.png"))
print(cli.main(["retrain", "photos", "--backbone", "photonet"]))
"""


@pytest.mark.slow
def test_a_wheel_carries_the_data_and_the_weights_with_it(tmp_path):
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("TLCOURSE_", "PIP_"))}
    environment |= {"PIP_NO_INDEX": "1", "TLCOURSE_CACHE": str(tmp_path / "cache")}
    environment |= {"TLCOURSE_DATA": str(tmp_path / "data"), "TQDM_DISABLE": "1"}
    wheels, installed, elsewhere = (tmp_path / name for name in ("wheels", "installed", "else"))
    elsewhere.mkdir()

    def run(*command, **options):
        done = subprocess.run(
            [*map(str, command)], capture_output=True, text=True, check=False, **options
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.splitlines()

    build = ["wheel", ROOT, "--no-deps", "--no-build-isolation", "-w", wheels]
    run(*pip, *build, env=environment)
    (wheel,) = wheels.glob("*.whl")
    run(*pip, "install", "--no-deps", "--target", installed, wheel, env=environment)

    environment |= {"PYTHONPATH": str(installed), "TLCOURSE_OFFLINE": "1"}
    card = ROOT / "datasets" / "digits" / "README.md"
    module, found, task, parameters, judged, *said, status = run(
        sys.executable, "-c", USE_INSTALLED, card, env=environment, cwd=elsewhere
    )
    assert Path(module).is_relative_to(installed)
    assert Path(found) == installed / "tlcourse" / "_datasets" / "digits" / "README.md"
    assert task.startswith("Task 'digits': 10 classes, 64×64 pixels, 1,078 / 360 / 359")
    assert parameters == "1251580"
    assert judged == "True False"
    assert status == "0", said
    assert (elsewhere / "photos-model" / "model.keras").stat().st_size > 1_000_000
    assert (elsewhere / "photos-model" / "report.html").is_file()


TEXTS = {
    name: text
    for name, text in text_files().items()
    if name.endswith((".md", ".ipynb")) or (name.startswith("tlcourse/") and name.endswith(".py"))
}


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_the_paths_that_a_text_names_are_there(name):
    """Files of the package and modules that prose sends a reader to; code has imports for that."""
    text = TEXTS[name]
    # NN and NAME stand for any.
    text = re.sub(r"`[^`\n]*(?:NN|NAME)[^`\n]*`", "", text)
    files = re.findall(
        r"`(?:\.\./)*((?:tlcourse|tests|tools|datasets|lessons)/[\w./-]*\.\w+)`", text
    )
    assert [file for file in files if not (ROOT / file).exists()] == []
    dotted = re.findall(r"`(tlcourse(?:\.\w+)+)", text)
    assert [path for path in dotted if not found(path)] == []


def found(dotted: str) -> bool:
    """Whether a dotted name is a module of today, or something in one."""
    names = dotted.split(".")
    for count in range(len(names), 0, -1):
        with contextlib.suppress(ModuleNotFoundError):
            thing = importlib.import_module(".".join(names[:count]))
            if "old_names" in (getattr(thing, "__file__", "") or ""):
                return False
            return all((thing := getattr(thing, name, None)) is not None for name in names[count:])
    return False
