"""A folder of photos: what keeps it from being used, and in which words.

The tests may run as root, who can read everything: unreadable files are stood in for by patched
functions.
"""

import errno
import os
from pathlib import Path

import pytest
from PIL import Image

from tests.helpers.odd_photos import messages, photos, solid
from tlcourse.errors import ImageFolderError
from tlcourse.photos.check import check_images
from tlcourse.photos.folder import load_image_folder


def test_unreadable_files(folder, monkeypatch):
    plain = Image.open

    def forbidden(path, *rest):
        if Path(path).name == "3.png":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return plain(path, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda path, mode: Path(path).name != "1.png")
        patch.setattr(Image, "open", forbidden)
        found = messages(check_images(folder).problems, folder)
    words = "cannot be read; give yourself read permission."
    assert found == {f"{name}/{i}.png": words for name in ("cat", "dog") for i in (1, 3)}


def test_an_unreadable_class_folder(folder, monkeypatch):
    photos(folder, ("owl",))
    plain = Path.iterdir

    def forbidden(path):
        if path.name == "owl":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return plain(path)

    monkeypatch.setattr(Path, "iterdir", forbidden)
    assert messages(check_images(folder).problems, folder) == {
        "owl": "cannot be read (Permission denied); give yourself read permission."
    }
    with pytest.warns(UserWarning, match="Left out, since it cannot be used: owl"):
        task = load_image_folder(folder, image_size=8, skip_broken=True)
    assert task.class_names == ("cat", "dog")


def test_an_unreadable_folder(folder, monkeypatch):
    def forbidden(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", forbidden)
    with pytest.raises(ImageFolderError, match=r"cannot be read \(Permission denied\); give"):
        check_images(folder)


def test_an_empty_class(folder):
    (folder / "owl").mkdir()
    report = check_images(folder)
    assert report.counts == {"cat": 5, "dog": 5, "owl": 0}
    assert messages(report.problems, folder) == {
        "owl": "has no usable image; add some, or remove the folder."
    }
    with pytest.raises(ImageFolderError, match="owl: has no usable image"):
        load_image_folder(folder)
    with pytest.warns(UserWarning, match=r"Left out, since it cannot be used: owl\. check_images"):
        task = load_image_folder(folder, image_size=8, skip_broken=True)
    assert task.class_names == ("cat", "dog")


def test_one_class_only(tmp_path):
    folder = photos(tmp_path / "pets", ("cat",))
    for skip_broken in (False, True):
        with pytest.raises(ImageFolderError, match="holds fewer than two classes") as caught:
            load_image_folder(folder, skip_broken=skip_broken)
        assert "add a second sub-folder with photos." in str(caught.value)


def test_loose_photos_beside_the_classes_are_not_lost_in_silence(folder):
    solid().save(folder / "stray.png")
    assert messages(check_images(folder).problems, folder) == {
        "stray.png": "lies beside the class folders; move it into one, or remove it."
    }


def test_loose_photos_and_no_sub_folder(tmp_path):
    for i in range(3):
        solid().save(tmp_path / f"{i}.png")
    with pytest.raises(ImageFolderError) as caught:
        load_image_folder(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path} has no sub-folder; expected one a class, such as {tmp_path / 'cat'} and "
        f"{tmp_path / 'dog'}. It has 3 loose photos: move them into sub-folders."
    )


def test_an_empty_folder(tmp_path):
    with pytest.raises(ImageFolderError, match=r"has no sub-folder; .*dog\.$"):
        check_images(tmp_path)


def test_no_such_folder(tmp_path):
    with pytest.raises(ImageFolderError, match=r"There is no folder .*nowhere \(looked from "):
        load_image_folder(tmp_path / "nowhere")


def test_a_file_instead_of_a_folder(folder):
    with pytest.raises(ImageFolderError, match=r"0\.png is a file\. Give the folder that holds"):
        load_image_folder(folder / "cat/0.png")


def test_names_of_any_script(tmp_path, monkeypatch):
    names = ("a cat & a <dog>", "猫", "🦉 owl")
    folder = photos(tmp_path / "Haus­tiere 猫", names)
    report = check_images(str(folder))
    assert report.ok
    assert tuple(report.counts) == names
    assert "&amp; a &lt;dog&gt;: 5" in report._repr_html_()
    task = load_image_folder(folder, image_size=8)
    assert task.class_names == names
    assert "猫" in task._repr_html_()
    monkeypatch.chdir(folder)
    assert load_image_folder(".", image_size=8).name == folder.name


def test_labels_do_not_depend_on_how_a_system_sorts_paths(tmp_path):
    # Windows sorts paths without regard to case.
    folder = photos(tmp_path / "pets", ("Zebra", "ant", "Bee"))
    assert load_image_folder(folder, image_size=8).class_names == ("Bee", "Zebra", "ant")


def test_a_report_of_many_problems_is_cut(folder):
    for i in range(25):
        (folder / "cat" / f"x{i}.jpg").write_bytes(b"")
    text = str(check_images(folder))
    assert "To mend (25):" in text
    assert text.count("zero bytes") == 20
    assert text.endswith("  … and 5 more")
    with pytest.warns(UserWarning, match=r"x17\.jpg and 15 more\."):
        load_image_folder(folder, image_size=8, skip_broken=True)


def test_photos_in_folders_within_a_class_are_taken_when_asked_for(folder):
    photos(folder / "cat", ("2023",), 2)
    photos(folder / "cat" / "2023", ("may",), 1)
    assert messages(check_images(folder).problems, folder) == {
        "cat/2023": "is a folder inside a class; photos must lie directly in the class's folder."
    }
    report = check_images(folder, deep=True)
    assert report.ok
    assert report.counts == {"cat": 8, "dog": 5}
    assert [path.parent.name for path in report.usable["cat"]] == ["cat"] * 5 + ["2023"] * 2 + [
        "may"
    ]
