"""A folder for a room without a network: filled once, then only read."""

import os
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tlcourse import cli
from tlcourse.commands import fetch, room
from tlcourse.errors import AssetError

DRAW = """
from tlcourse import load_task
print(load_task("sunglasses", train_per_class=2))
"""


def lesson(folder, name, source):
    path = folder / name
    nbformat.write(new_notebook(cells=[new_code_cell(source)]), path)
    return path


def test_what_a_lesson_draws_is_found_by_machines_that_may_only_read_it(tmp_path, capsys):
    path = lesson(tmp_path, "01_draws.ipynb", DRAW)
    before = path.read_bytes()
    assert room.fill(tmp_path / "stick", [path]) == []
    assert path.read_bytes() == before
    drawn = list((tmp_path / "stick" / "drawn").rglob("*.npy"))
    assert len(drawn) == 3  # test, validation, training
    own = tmp_path / "own"
    places = {"TLCOURSE_SHARED": str(tmp_path / "stick"), "TLCOURSE_CACHE": str(own)}
    subprocess.run([sys.executable, "-c", DRAW], env={**os.environ, **places}, check=True)
    assert not own.exists(), "it was drawn again"


def test_a_lesson_that_stops_is_named_and_the_rest_are_run(tmp_path, capsys):
    paths = [
        lesson(tmp_path, "01_stops.ipynb", "raise ValueError('no such thing')"),
        lesson(tmp_path, "02_runs.ipynb", "print(1)"),
    ]
    (line,) = room.fill(tmp_path / "stick", paths)
    assert line == "01_stops.ipynb stopped: ValueError: no such thing"
    assert "02_runs.ipynb: " in capsys.readouterr().out


@pytest.mark.parametrize("error", [None, AssetError("There is no network.")])
def test_the_command_fetches_the_text_encoder_into_the_folder(error, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TLCOURSE_CACHE", "elsewhere")
    monkeypatch.setenv("TLCOURSE_SHARED", "elsewhere")
    places = []

    def fetched(argv):
        places.append((os.environ["TLCOURSE_CACHE"], os.environ["TLCOURSE_SHARED"]))
        if error:
            raise error
        return 0

    monkeypatch.setattr(fetch, "main", fetched)
    lesson(tmp_path, "01_runs.ipynb", "print(1)")
    (tmp_path / "appendix").mkdir()
    lesson(tmp_path / "appendix", "01_deeper.ipynb", "print(2)")
    stick = tmp_path / "stick"
    assert cli.main(["room", str(stick), "--lessons", str(tmp_path)]) == bool(error)
    assert places == [(str(stick), "")]
    said = capsys.readouterr()
    assert f"TLCOURSE_SHARED={stick}" in said.out
    assert said.out.index("01_runs.ipynb: ") < said.out.index("01_deeper.ipynb: ")
    assert said.err == ("There is no network.\n" if error else "")


def test_a_lesson_whose_photos_are_not_here_waits_and_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(fetch, "main", lambda argv: 0)
    monkeypatch.setattr(room, "pack", lambda folder: ["flowers", "MobileNetV2"])
    lesson(tmp_path, "01_runs.ipynb", "print(1)")
    (tmp_path / "field").mkdir()
    path = lesson(tmp_path / "field", "21_photos.ipynb", "raise ValueError('was run')")
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata["tlcourse"] = {"needs": ["flowers", "minilm"]}
    nbformat.write(notebook, path)
    assert cli.main(["room", str(tmp_path / "stick"), "--lessons", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "01_runs.ipynb: " in said
    assert "21_photos.ipynb was not run: it needs flowers, minilm." in said
    assert "ValueError" not in said


def test_without_lessons_a_clone_is_asked_for(tmp_path, capsys):
    assert cli.main(["room", str(tmp_path / "stick"), "--lessons", str(tmp_path)]) == 1
    assert "run this in a clone" in capsys.readouterr().err
    assert not (tmp_path / "stick").exists()
