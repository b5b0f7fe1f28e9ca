"""Where model and report go, and what is said of a folder: quick, as nothing is trained."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tlcourse import cli
from tlcourse.errors import AssetError, InputError
from tlcourse.photos.check import Finding
from tlcourse.photos.folder import Dealt
from tlcourse.retrain import model, words
from tlcourse.retrain.groups import Groups
from tlcourse.retrain.output import claimed, default_output, forget_report

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def photos(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / "pets" / name).mkdir(parents=True)
    return tmp_path / "pets"


def test_an_earlier_model_is_not_replaced_unasked(photos, tmp_path, capsys):
    out = tmp_path / "out"
    out.mkdir()
    (out / "model.keras").write_text("precious")
    assert cli.main(["retrain", str(photos), "--output", str(out)]) == 1
    said = capsys.readouterr()
    for expected in ("holds model.keras already, made 20", "--output FOLDER", "--overwrite"):
        assert expected in said.err
    assert said.out == ""  # at once, not after the work
    assert (out / "model.keras").read_text() == "precious"
    with claimed(out, photos, overwrite=True):
        pass
    assert (out / "model.keras").read_text() == "precious"  # until there is a new one


def test_a_folder_with_other_things_in_it_will_do(photos, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with claimed(tmp_path, photos, overwrite=False):
        pass
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_failure_leaves_none_of_the_folders_that_it_made(photos, tmp_path):
    deep = tmp_path / "a" / "b"

    def fail():
        with claimed(deep, photos, overwrite=False):
            assert deep.parent.exists() == was_there  # made late, so a kill leaves none either
            deep.mkdir(parents=True)
            raise RuntimeError

    was_there = False
    with pytest.raises(RuntimeError):
        fail()
    assert not (tmp_path / "a").exists()
    (tmp_path / "a").mkdir()
    was_there = True
    with pytest.raises(RuntimeError):
        fail()
    assert list((tmp_path / "a").iterdir()) == []  # that one was there before


def test_what_is_there_in_part_stays(photos, tmp_path):
    with claimed(tmp_path / "a" / "b", photos, overwrite=False):
        (tmp_path / "a" / "b").mkdir(parents=True)
        (tmp_path / "a" / "b" / "model.keras").write_text("whole")
    assert (tmp_path / "a" / "b" / "model.keras").read_text() == "whole"


def test_the_output_never_becomes_a_class(photos, tmp_path, monkeypatch):
    with (
        pytest.raises(InputError, match=r"lies among the photos, .* --output .*pets-model\."),
        claimed(photos / "out", photos, overwrite=False),
    ):
        pass
    monkeypatch.chdir(tmp_path)
    assert default_output(Path("pets")) == Path("pets-model")
    monkeypatch.chdir(photos)
    assert default_output(Path(".")) == tmp_path / "pets-model"
    monkeypatch.chdir(photos / "cat")
    assert default_output(Path("..")) == tmp_path / "pets-model"


def test_options_that_make_no_sense(capsys):
    with pytest.raises(SystemExit):
        cli.main(["retrain", "pets", "--time-budget", "-5"])
    assert "--time-budget must be above 0 seconds" in capsys.readouterr().err


def test_too_few_photos_are_told_in_words_of_the_command(photos, tmp_path, capsys):
    for name, many in (("cat", 6), ("dog", 3)):
        for i in range(many):
            Image.effect_noise((20, 20), 50 + i).save(photos / name / f"{i}.png")
    assert cli.main(["retrain", str(photos), "--output", str(tmp_path / "out")]) == 1
    said = capsys.readouterr().err
    assert "take larger shares: --validation and --test" in said
    assert "validation=" not in said


def test_a_phone_full_of_heic_is_one_line(photos, tmp_path, capsys):
    for i in range(20):
        (photos / "cat" / f"IMG_{i:04}.HEIC").write_bytes(b"ftypheic")
    assert cli.main(["retrain", str(photos), "--output", str(tmp_path / "out")]) == 1
    said = capsys.readouterr().err
    assert "IMG_0000.HEIC and 19 more: is a HEIC photo" in said
    assert said.count("HEIC photo") == 1
    assert "export it as JPEG" in said


def test_findings_that_differ_have_lines_of_their_own():
    found = [Finding(Path(f"cat/{i}.jpg"), f"reason {i}.") for i in range(11)]
    lines = words.left_out(found, [Finding(Path("dog/1.jpg"), "is a copy.")]).splitlines()
    assert lines[0] == "11 cannot be used, 1 are copies, and are left out:"
    assert lines[-1] == "  … and 4 more, in the report"
    assert words.left_out([], []) == "no file had to be left out."


def test_names_that_differ_in_capitals_are_asked_about():
    assert "Dog and dog are taken for different ones" in words.same_names(("Dog", "cat", "dog"))
    assert words.same_names(("cat", "dog")) == ""


def test_a_full_folder_of_temporary_files_is_not_blamed_on_the_output(tmp_path):
    class Full:
        def save(self, path):
            raise OSError(28, "No space left on device", str(path))

    with pytest.raises(AssetError, match=r"where temporary files go: No space .* TMPDIR"):
        model.save_model(Full(), tmp_path / "out" / "model.keras")
    assert not (tmp_path / "out").exists()


def test_the_command_alone_lists_what_there_is(capsys):
    assert cli.main([]) == 2
    assert "retrain    make a model" in capsys.readouterr().err


def test_who_reads_no_more_gets_no_traceback():
    # A command that prints more than a pipe holds, to a reader that is gone.
    code = (
        "import sys, types; m = types.ModuleType('m'); m.main = lambda a: print('x' * 10**6) or 0;"
        "sys.modules['tlcourse.commands.predict'] = m;"
        "from tlcourse import cli; sys.exit(cli.main(['predict']))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    )
    process.stdout.close()
    words = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait() == 141
    assert words == ""


def dealt(train, test):
    """A split of which only training and test photos matter."""
    paths = {"train": tuple(map(Path, train)), "validation": (), "test": tuple(map(Path, test))}
    return Dealt("pets", ("cat", "dog"), paths, {})


def test_what_was_kept_together_is_told():
    groups = Groups(
        {Path(name): k for name, k in zip("abcdef", (0, 0, 1, 1, 2, 3), strict=True)}, 4
    )
    by_lot = dealt("ace", "bdf")
    assert groups.beside(by_lot) == 2
    told = words.kept_together(groups, by_lot, given=False)
    assert told.startswith("4 photos belong together, in 2 groups (4 look nearly the same): ")
    assert "By lot, 2 of 3 test photos would have had one of theirs" in told
    told = words.kept_together(groups, by_lot, given=True)
    assert "2 of 3 test photos have one of theirs among those to train on" in told
    told = words.kept_together(groups, dealt("ab", "cdef"), given=True)
    assert "no test photo has one of theirs" in told
    assert "flatters" not in told
    alone = Groups({Path(name): k for k, name in enumerate("abcdef")})
    assert words.kept_together(alone, by_lot, given=False) == ""


def test_folders_within_classes_lead_to_the_option():
    inside = Finding(Path("cat/2023"), "is a folder inside a class; photos must …")
    assert "--group-by folder" in words.folders_within([inside])
    assert words.folders_within([Finding(Path("cat/1.jpg"), "is empty")]) == ""


def test_a_new_model_takes_the_old_report_with_it(tmp_path):
    for name in ("model.keras", "report.html", "MODEL_CARD.md", "notes.txt"):
        (tmp_path / name).write_text("old")
    forget_report(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.keras", "notes.txt"]
