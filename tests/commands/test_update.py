"""Updating a clone: what a student has written is never lost."""

import subprocess

import pytest

from tlcourse import cli
from tlcourse.commands.update import UpdateError, update


def git(folder, *arguments):
    who = ["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", *who, "-C", str(folder), *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout


def commit(folder, **files):
    for name, text in files.items():
        path = folder / "lessons" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Change lessons")


@pytest.fixture
def course(tmp_path):
    """The course, and a student's clone of it."""
    upstream, clone = tmp_path / "upstream", tmp_path / "clone"
    upstream.mkdir()
    git(upstream, "init", "-q")
    commit(upstream, one="1", two="2", three="3")
    git(tmp_path, "clone", "-q", str(upstream), str(clone))
    return upstream, clone


def lesson(clone, name):
    return (clone / "lessons" / f"{name}.ipynb").read_text("utf-8")


def test_a_changed_notebook_that_the_update_replaces_is_set_aside(course, capsys):
    upstream, clone = course
    commit(upstream, one="1 new", two="2 new")
    (clone / "lessons" / "one.ipynb").write_text("1 mine", "utf-8")
    assert cli.main(["update", "--root", str(clone)]) == 0
    (kept,) = clone.glob("my-work/*/lessons/one.ipynb")
    assert kept.read_text("utf-8") == "1 mine"
    assert (lesson(clone, "one"), lesson(clone, "two")) == ("1 new", "2 new")
    assert str(kept) in capsys.readouterr().out


def test_a_changed_notebook_that_the_update_leaves_alone_stays_where_it_is(course):
    upstream, clone = course
    commit(upstream, one="1 new")
    (clone / "lessons" / "three.ipynb").write_text("3 mine", "utf-8")
    assert update(clone) == ([], None)
    assert (lesson(clone, "one"), lesson(clone, "three")) == ("1 new", "3 mine")
    assert not (clone / "my-work").exists()


def test_a_file_of_ones_own_under_a_new_lessons_name_is_set_aside(course):
    upstream, clone = course
    commit(upstream, four="4")
    (clone / "lessons" / "four.ipynb").write_text("my own four", "utf-8")
    aside, folder = update(clone)
    assert aside == ["lessons/four.ipynb"]
    assert (folder / aside[0]).read_text("utf-8") == "my own four"
    assert lesson(clone, "four") == "4"


def test_a_deleted_notebook_comes_back(course):
    upstream, clone = course
    commit(upstream, one="1 new")
    (clone / "lessons" / "one.ipynb").unlink()
    assert update(clone) == ([], None)
    assert lesson(clone, "one") == "1 new"


def test_nothing_new_changes_nothing(course):
    _, clone = course
    (clone / "lessons" / "one.ipynb").write_text("1 mine", "utf-8")
    assert update(clone) == ([], None)
    assert lesson(clone, "one") == "1 mine"


def test_commits_of_ones_own_are_kept_and_told(course):
    upstream, clone = course
    commit(upstream, one="1 new")
    commit(clone, two="2 committed")
    (clone / "lessons" / "one.ipynb").write_text("1 mine", "utf-8")
    with pytest.raises(UpdateError, match="git merge failed"):
        update(clone)
    assert (lesson(clone, "one"), lesson(clone, "two")) == ("1 mine", "2 committed")


def test_without_the_server_nothing_is_touched(course, capsys):
    upstream, clone = course
    upstream.rename(upstream.with_name("gone"))
    (clone / "lessons" / "one.ipynb").write_text("1 mine", "utf-8")
    assert cli.main(["update", "--root", str(clone)]) == 1
    assert "git fetch failed" in capsys.readouterr().err
    assert lesson(clone, "one") == "1 mine"
    assert not (clone / "my-work").exists()


def test_a_folder_that_is_no_clone_is_told(tmp_path):
    with pytest.raises(UpdateError, match="no clone"):
        update(tmp_path)
