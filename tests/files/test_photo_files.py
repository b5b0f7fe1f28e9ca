"""Sets of real photos, loaded from a server of our own: whole and right, or not at all."""

import errno
import os
import signal
import subprocess
import sys
import time
import zipfile

import pytest

from tests.helpers import photo_server
from tests.helpers.photo_server import NAMES, Server, members, photo_set, picture, tarred, zipped
from tlcourse.errors import AssetError, InputError
from tlcourse.files import photo_archives, photo_files, resume
from tlcourse.files.photo_files import load_photos

ORIGINAL = {name: picture(name) for name in NAMES}
PREPARED = {name: picture(name, True) for name in NAMES}


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("TLCOURSE_CACHE", str(folder))
    for name in ("TLCOURSE_SHARED", "TLCOURSE_DATASETS", "TLCOURSE_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(photo_archives, "TIMEOUT", 0.5)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    return folder


@pytest.fixture
def server():
    made = Server(tarred(members()))
    yield made
    made.close()


@pytest.fixture
def publish(monkeypatch, server):
    """Make the set known, with the server's archive at the given kinds of addresses."""

    def put(*kinds, content=None, known=True):
        server.content = content or server.content
        urls = (f"{server.base}/{kind}" for kind in kinds)
        made = photo_set(server.content, *urls, known=known)
        for module in (photo_files, photo_archives):
            monkeypatch.setattr(module, "SETS", {"animals": made})
            monkeypatch.setattr(module, "photo_list", lambda name: photo_server.listed())

    return put


def left(cache):
    """Files in the cache, locks aside."""
    paths = (path for path in cache.rglob("*") if path.is_file())
    return sorted(p.relative_to(cache).as_posix() for p in paths if p.suffix != ".lock")


@pytest.mark.parametrize("kind", ["good", "slow", "cut", "unsaid"])
def test_the_chosen_pictures_come_and_nothing_else(kind, cache, server, publish, capsys):
    publish(kind)
    assert load_photos("animals") == (ORIGINAL, True)
    assert left(cache) == ["photos/animals.zip"]
    with zipfile.ZipFile(cache / "photos/animals.zip") as packed:
        assert sorted(packed.namelist()) == sorted(["ORIGIN.json", *NAMES])
    said = capsys.readouterr()
    assert said.out == ""
    assert "animals is not here: loading zoo.tgz, 0 MB, from 127.0.0.1, once." in said.err
    assert said.err.count("Animals: the zoo, 2020. CC BY 4.0.") == 1
    asked = len(server.asked)
    assert load_photos("animals") == (ORIGINAL, True)
    assert len(server.asked) == asked, "it was loaded again"
    assert capsys.readouterr().err == "", "the credit is said once"


def test_what_was_cut_off_is_gone_on_with(cache, server, publish):
    publish("cut")
    load_photos("animals")
    half = len(server.content) // 2
    assert server.asked == [("cut", None), ("cut", f"bytes={half}-")]


def test_a_later_run_goes_on_where_an_earlier_one_fell_silent(cache, server, publish, monkeypatch):
    monkeypatch.setattr(resume, "TRIES", 1)
    publish("stall")
    with pytest.raises(AssetError, match=r"loading it failed: 127\.0\.0\.1: "):
        load_photos("animals")
    assert left(cache) == ["photos/loading/zoo.tgz.part"]
    publish("good")
    assert load_photos("animals") == (ORIGINAL, True)
    assert server.asked[-1] == ("good", f"bytes={len(server.content) // 2}-")
    assert left(cache) == ["photos/animals.zip"]


@pytest.mark.parametrize("before", [b"x" * 100, b"x" * 10_000_000])
def test_a_part_of_another_file_is_not_used(before, cache, server, publish):
    """With a range that fits, the digest finds it out; with one that does not, the server."""
    publish("good", "good")
    part = cache / "photos/loading/zoo.tgz.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(before)
    assert load_photos("animals") == (ORIGINAL, True)
    assert left(cache) == ["photos/animals.zip"]


def test_a_server_that_knows_no_ranges_gives_all_again(cache, server, publish):
    publish("whole")
    part = cache / "photos/loading/zoo.tgz.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"xxx")
    assert load_photos("animals") == (ORIGINAL, True)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("missing", "the server says 404 Not Found"),
        ("wrong", "what came has another SHA-256 than"),
        ("silent", "timed out"),
    ],
)
def test_a_failure_is_told_and_leaves_nothing(kind, words, cache, publish):
    publish(kind)
    with pytest.raises(AssetError) as caught:
        load_photos("animals")
    assert words in str(caught.value)
    assert left(cache) == []


def test_the_second_address_is_asked_when_the_first_has_the_wrong_file(cache, server, publish):
    publish("wrong", "good")
    assert load_photos("animals") == (ORIGINAL, True)
    assert [kind for kind, _ in server.asked] == ["wrong", "good"]


def test_a_size_that_is_another_is_refused_before_it_is_loaded(cache, server, publish):
    publish("good")
    server.content = server.content + b"more"
    with pytest.raises(AssetError, match=r"bytes where .* were expected"):
        load_photos("animals")
    assert left(cache) == []


def test_a_picture_with_another_digest_is_refused(cache, publish):
    """Where the digest of the archive is not known, the list has those of the pictures."""
    inside = members()
    inside["zoo/lions/lion1.jpg"] = picture("lion2")
    publish("good", content=tarred(inside), known=False)
    with pytest.raises(AssetError, match=r"1 of 20 pictures with another SHA-256 .*lion/lion1.jpg"):
        load_photos("animals")
    assert left(cache) == []


def test_an_archive_without_a_known_digest(cache, publish):
    publish("good", known=False)
    assert load_photos("animals") == (ORIGINAL, True)


def hostile_tar():
    inside = {f"../../{name}": b"out" for name in NAMES} | {"/etc/tlcourse": b"out"}
    return tarred(inside | members(), {"zoo/link": "/etc", "zoo/link/file": "/etc/passwd"})


def hostile_zip():
    inside = {f"../../{name}": b"out" for name in NAMES} | {"/etc/tlcourse": b"out"}
    return zipped(inside | {"C:\\tlcourse": b"out"} | members())


@pytest.mark.parametrize("make", [hostile_tar, hostile_zip])
def test_nothing_is_written_outside_the_cache(make, cache, publish, tmp_path):
    publish("good", content=make())
    before = sorted(path for path in tmp_path.rglob("*") if cache not in path.parents)
    assert load_photos("animals") == (ORIGINAL, True)
    assert left(cache) == ["photos/animals.zip"]
    after = sorted(path for path in tmp_path.rglob("*") if cache not in path.parents)
    assert set(after) - set(before) <= {cache}
    assert not os.path.exists("/etc/tlcourse")


def without(*names):
    return {path: content for path, content in members().items() if path not in names}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            tarred(without("zoo/lions/lion3.jpg"), {"zoo/lions/lion3.jpg": "/etc/passwd"}),
            "no plain",
        ),
        (tarred(without("zoo/lions/lion3.jpg")), "lacks 1 of 20 pictures, zoo/lions/lion3.jpg"),
        (tarred(members() | {"zoo/lions/lion3.jpg": b"0" * 2_000_000}), "is bigger than"),
        (b"no archive at all, whatever it is called", "is damaged or no archive"),
        (zipped(members())[:-200], "is damaged or no archive"),
        (tarred(members())[:-200], "is damaged or no archive"),
    ],
    ids=["link", "lacking", "bomb", "nonsense", "half a ZIP", "half a TAR"],
)
def test_an_archive_that_is_not_what_it_should_be(content, words, cache, publish, monkeypatch):
    monkeypatch.setattr("tlcourse.files.unpack.MOST_BYTES", 1_000_000)
    publish("good", content=content)
    with pytest.raises(AssetError, match=words):
        load_photos("animals")
    assert left(cache) == []


def test_offline_it_says_within_a_second_what_to_do(cache, server, publish, monkeypatch):
    publish("good")
    monkeypatch.setenv("TLCOURSE_OFFLINE", "1")
    start = time.perf_counter()
    with pytest.raises(AssetError) as caught:
        load_photos("animals")
    assert time.perf_counter() - start < 1
    said = str(caught.value)
    assert f"animals is not in {cache / 'photos'}, and TLCOURSE_OFFLINE is set" in said
    assert f"0 MB (zoo.tgz from {server.base}/good)" in said
    assert "run `tlcourse fetch animals`" in said
    assert "put that file into a folder and set TLCOURSE_DATASETS to it" in said
    assert server.asked == []


def test_without_an_answer_it_does_not_wait(cache, publish, monkeypatch):
    publish("good")

    def never(*_, **__):
        time_sleep(3)
        raise TimeoutError

    monkeypatch.setattr("socket.create_connection", never)
    start = time.perf_counter()
    with pytest.raises(AssetError, match="no server that has it answers"):
        load_photos("animals")
    assert time.perf_counter() - start < 2  # 0.8 s, and whatever else the machine does


time_sleep = time.sleep


def test_no_room_is_said_before_anything_is_loaded(cache, server, publish, monkeypatch):
    publish("good")
    monkeypatch.setattr("tlcourse.files.assets.free_bytes", lambda folder: 10)
    with pytest.raises(AssetError, match="Make room, or set TLCOURSE_CACHE"):
        load_photos("animals")
    assert server.asked == []


def test_a_disk_that_fills_up_keeps_nothing(cache, publish, monkeypatch):
    publish("good")

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("tlcourse.files.resume._write", full)
    with pytest.raises(AssetError, match=r"Could not write zoo.tgz .*No space left on device"):
        load_photos("animals")
    assert left(cache) == []


def test_a_folder_comes_before_the_server_and_has_either_archive(
    cache, server, publish, tmp_path, monkeypatch
):
    publish("good")
    published, prepared = tmp_path / "published", tmp_path / "prepared"
    for folder in (published, prepared):
        folder.mkdir()
    (published / "zoo.tgz").write_bytes(server.content)
    (prepared / "animals.zip").write_bytes(zipped(members(True)))
    assert load_photos("animals", published) == (ORIGINAL, True)
    (cache / "photos/animals.zip").unlink()
    monkeypatch.setenv("TLCOURSE_DATASETS", str(prepared))
    assert load_photos("animals") == (PREPARED, False)
    assert server.asked == []
    with pytest.raises(InputError, match="is no folder"):
        load_photos("animals", tmp_path / "nowhere")


def test_a_prepared_picture_that_was_changed_is_refused(cache, publish, tmp_path):
    publish("good")
    inside = members(True) | {"animals/lion/lion1.jpg": picture("lion2", True)}
    (tmp_path / "animals.zip").write_bytes(zipped(inside))
    with pytest.raises(AssetError, match="1 of 20 pictures with another SHA-256"):
        load_photos("animals", tmp_path)


def test_a_published_archive_in_a_folder_is_checked(cache, server, publish, tmp_path):
    publish("good")
    (tmp_path / "zoo.tgz").write_bytes(server.content[:-10])
    with pytest.raises(AssetError, match="it is another file, or a part of it"):
        load_photos("animals", tmp_path)
    assert (tmp_path / "zoo.tgz").exists(), "what is the user's is not touched"


def test_the_shared_cache_is_used_and_not_written(cache, publish, tmp_path, monkeypatch):
    publish("good")
    load_photos("animals")
    cache.rename(tmp_path / "room")
    monkeypatch.setenv("TLCOURSE_SHARED", str(tmp_path / "room"))
    monkeypatch.setenv("TLCOURSE_OFFLINE", "1")
    assert load_photos("animals") == (ORIGINAL, True)
    assert not cache.exists()


def test_a_damaged_cache_is_set_aside(cache, publish):
    publish("good")
    load_photos("animals")
    kept = cache / "photos/animals.zip"
    content = bytearray(kept.read_bytes())
    content[len(content) // 2] ^= 255
    kept.write_bytes(content)
    assert load_photos("animals") == (ORIGINAL, True)
    assert left(cache) == ["photos/animals.zip", "photos/animals.zip.damaged"]


PROGRAM = """
import sys
from tests.helpers import photo_server
from tests.helpers.photo_server import members, photo_set, tarred
from tlcourse.files import photo_archives, photo_files

made = photo_set(tarred_content := open(sys.argv[1], "rb").read(), sys.argv[2])
for module in (photo_files, photo_archives):
    module.SETS = {"animals": made}
    module.photo_list = lambda name: photo_server.listed()
print(len(photo_files.load_photos("animals")[0]))
"""


def program(server, cache, kind, tmp_path):
    file = tmp_path / "content"
    file.write_bytes(server.content)
    command = [sys.executable, "-c", PROGRAM, str(file), f"{server.base}/{kind}"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_two_programs_at_once_load_it_once(cache, server, tmp_path):
    both = [program(server, cache, "slow", tmp_path) for _ in range(2)]
    said = [one.communicate(timeout=120) for one in both]
    assert [out for out, _ in said] == ["20\n", "20\n"], said
    assert server.asked == [("slow", None)]
    assert left(cache) == ["photos/animals.zip"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_killed_download_leaves_nothing_that_is_used(cache, server, publish, tmp_path):
    killed = program(server, cache, "stall", tmp_path)
    part = cache / "photos/loading/zoo.tgz.part"
    deadline = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size) and time.monotonic() < deadline:
        time_sleep(0.05)
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    assert not (cache / "photos/animals.zip").exists()
    publish("good")
    assert load_photos("animals") == (ORIGINAL, True)
