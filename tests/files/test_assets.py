"""Finding and fetching files: the order, and everything that can go wrong on the way.

The tests may run as root, whom no permission stops from writing: a folder that cannot be written
is stood in for by a path below a plain file, and unreadable files by a patched `open`.
"""

import builtins
import errno
import hashlib
import http.client
import http.server
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import platformdirs
import pytest
from platformdirs.macos import MacOS
from platformdirs.unix import Unix
from platformdirs.windows import Windows

from tlcourse.errors import AssetError
from tlcourse.files import assets
from tlcourse.files.assets import Asset, all_in_cache, atomic_path, locate

CONTENT = bytes(range(256)) * 4096  # 1 MiB
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class _Handler(http.server.BaseHTTPRequestHandler):
    """Answers by the name of the path; `server.asked` counts the requests."""

    def do_GET(self):
        self.server.asked.append(self.path)
        kind = self.path.strip("/")
        if kind == "missing":
            self.send_error(404)
            return
        if kind == "silent":
            self.server.stop.wait(10)
            return
        if kind == "nonsense":
            self.wfile.write(b"this is not HTTP\r\n\r\n")
            return
        self.send_response(200)
        if kind == "chunked":  # cut off within a chunk: http.client raises IncompleteRead
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"10000\r\n" + CONTENT[:100])
            return
        if kind != "endless":
            self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        if kind == "good":
            self.wfile.write(CONTENT)
        elif kind == "wrong":
            self.wfile.write(CONTENT[::-1])
        elif kind == "short":
            self.wfile.write(CONTENT[:1000])
        elif kind == "endless":
            try:
                while not self.server.stop.is_set():
                    self.wfile.write(CONTENT)
            except OSError:
                self.server.hung_up.set()
        elif kind in ("stall", "once-stalled"):
            self.wfile.write(CONTENT[: len(CONTENT) // 2])
            if kind == "stall" or self.server.asked.count(self.path) == 1:
                self.server.stop.wait(10)
            else:
                self.wfile.write(CONTENT[len(CONTENT) // 2 :])

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    made.daemon_threads = True
    made.handle_error = lambda *_: None  # clients that hang up are what is tested here
    made.asked, made.stop, made.hung_up = [], threading.Event(), threading.Event()
    made.base = f"http://127.0.0.1:{made.server_port}"
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.stop.set()
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache folder that does not exist yet; no shared one, network allowed."""
    for name in ("TLCOURSE_SHARED", "TLCOURSE_OFFLINE", "http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("TLCOURSE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def wanted(server, kind="good", **changes):
    values = {"path": "some/file.bin", "sha256": DIGEST, "size": len(CONTENT)}
    return Asset(**(values | {"url": f"{server.base}/{kind}"} | changes))


def put(folder, content, relative="some/file.bin"):
    target = folder / relative
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return target


def files_in(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_order_bundled_then_shared_then_cache_then_download(
    server, cache, tmp_path, monkeypatch, capfd
):
    bundled, shared = tmp_path / "bundled", tmp_path / "shared"
    monkeypatch.setattr(assets, "bundled_dirs", lambda: [bundled])
    monkeypatch.setenv("TLCOURSE_SHARED", str(shared))
    asset = wanted(server)

    assert locate(asset) == cache / "some/file.bin"
    assert (cache / "some/file.bin").read_bytes() == CONTENT
    assert server.asked == ["/good"]
    assert capfd.readouterr() == ("", "")  # 1 MiB is over at once: no progress bar
    assert locate(asset) == cache / "some/file.bin"  # no second download
    in_shared = put(shared, CONTENT)
    assert locate(asset) == in_shared
    in_bundle = put(bundled, CONTENT)
    assert locate(asset) == in_bundle
    assert server.asked == ["/good"]
    assert files_in(cache) == ["some/file.bin"]


def test_progress_bar_for_a_large_file_only_when_asked(server, cache, monkeypatch, capfd):
    monkeypatch.setattr(sys.modules[__name__], "CONTENT", CONTENT * 5)
    big = {"sha256": hashlib.sha256(CONTENT).hexdigest(), "size": 5 << 20}
    locate(wanted(server, path="quiet.bin", **big), progress=False)
    assert capfd.readouterr().err == ""
    locate(wanted(server, path="loud.bin", **big))
    assert "loud.bin: 100%" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("short", "gave 1,000 bytes where 1,048,576 were expected"),
        ("wrong", "has SHA-256"),
        ("chunked", "IncompleteRead"),
        ("nonsense", "this is not HTTP"),
        ("missing", "HTTP Error 404"),
    ],
)
def test_a_bad_answer_leaves_nothing_and_says_what_to_do(server, cache, kind, reason):
    with pytest.raises(AssetError, match=reason) as caught:
        locate(wanted(server, kind))
    text = str(caught.value)
    assert f"{server.base}/{kind}" in text
    assert str(cache / "some/file.bin") in text
    assert f"1,048,576 bytes, SHA-256 {DIGEST}" in text
    assert "To mend it by hand: get" in text
    assert files_in(cache) == []
    assert locate(wanted(server)).read_bytes() == CONTENT  # the next try is not in its way


def test_an_endless_answer_is_hung_up_on(server, cache):
    with pytest.raises(AssetError, match=r"gave over 1,048,576 bytes where 1,048,576"):
        locate(wanted(server, "endless"))
    assert server.hung_up.wait(5)
    assert files_in(cache) == []


@pytest.mark.parametrize("kind", ["silent", "stall"])
def test_a_server_that_falls_silent_is_given_up_after_the_timeout(server, cache, kind):
    start = time.monotonic()
    with pytest.raises(AssetError, match=r"Could not fetch .*timed out"):
        locate(wanted(server, kind), timeout=0.3)
    assert time.monotonic() - start < 4
    assert files_in(cache) == []


def test_nobody_listens(cache):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # bound, not listening: refused at once
        url = f"http://127.0.0.1:{free.getsockname()[1]}/x"
        with pytest.raises(AssetError, match=rf"Could not fetch {url}: .*refused"):
            locate(Asset("x", DIGEST, 1, url), timeout=2)


@pytest.mark.parametrize("url", ["no address at all", "http://127.0.0.1:port/x"])
def test_a_wrong_address(cache, url):
    with pytest.raises(AssetError, match=f"Could not fetch {url}"):
        locate(Asset("x", DIGEST, 1, url))


@pytest.mark.parametrize(
    "error",
    [
        http.client.IncompleteRead(b"part"),
        ConnectionResetError("reset by peer"),
        OSError(errno.ENETDOWN, "Network is down"),
        TimeoutError("timed out"),
    ],
)
def test_what_breaks_on_the_network_is_not_blamed_on_the_disk(server, cache, monkeypatch, error):
    def broken(self, amount=None):
        raise error

    monkeypatch.setattr(http.client.HTTPResponse, "read", broken)
    with pytest.raises(AssetError) as caught:
        locate(wanted(server))
    assert str(caught.value).startswith(f"Could not fetch {server.base}/good: ")
    assert "Could not write" not in str(caught.value)


@pytest.mark.parametrize(("value", "forbidden"), [("1", True), ("yes", True), ("0", False)])
def test_offline(server, cache, monkeypatch, value, forbidden):
    monkeypatch.setenv("TLCOURSE_OFFLINE", value)
    if not forbidden:
        assert locate(wanted(server)).read_bytes() == CONTENT
        return
    with pytest.raises(AssetError, match=r"TLCOURSE_OFFLINE is set\. To mend it by hand: get"):
        locate(wanted(server))
    assert server.asked == []
    put(cache, CONTENT)
    assert locate(wanted(server)) == cache / "some/file.bin"


def test_a_file_that_only_comes_with_the_course(cache):
    with pytest.raises(AssetError, match=r"install the course again, or copy the file to") as error:
        locate(Asset("some/file.bin", DIGEST, 1))
    assert str(cache / "some/file.bin") in str(error.value)


@pytest.mark.parametrize("wrong", [b"", CONTENT[:-1], CONTENT[::-1]])
def test_a_wrong_file_in_the_own_cache_is_set_aside_and_fetched_again(server, cache, wrong):
    put(cache, wrong)
    assert locate(wanted(server)).read_bytes() == CONTENT
    assert (cache / "some/file.bin.damaged").read_bytes() == wrong
    assert files_in(cache) == ["some/file.bin", "some/file.bin.damaged"]


def test_the_shared_cache_is_never_written(server, cache, tmp_path, monkeypatch):
    shared = tmp_path / "shared"
    put(shared, b"wrong")
    monkeypatch.setenv("TLCOURSE_SHARED", str(shared))
    assert locate(wanted(server)) == cache / "some/file.bin"
    assert files_in(shared) == ["some/file.bin"]
    assert (shared / "some/file.bin").read_bytes() == b"wrong"


def test_a_folder_that_may_not_be_looked_into_is_passed_over(server, cache, tmp_path, monkeypatch):
    monkeypatch.setenv("TLCOURSE_SHARED", str(tmp_path / "locked"))
    put(tmp_path / "locked", CONTENT)
    plain = os.stat

    def stat(path, *rest, **options):
        if "locked" in os.fspath(path):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return plain(path, *rest, **options)

    monkeypatch.setattr(os, "stat", stat)
    assert all_in_cache("some/file.bin") == []
    assert locate(wanted(server)) == cache / "some/file.bin"


def test_the_shared_cache_comes_first(cache, tmp_path, monkeypatch):
    assert all_in_cache("some/file.bin") == []
    own = put(cache, b"own")
    assert all_in_cache("some/file.bin") == [own]
    monkeypatch.setenv("TLCOURSE_SHARED", str(tmp_path / "shared"))
    assert all_in_cache("some/file.bin") == [own]
    shared = put(tmp_path / "shared", b"shared")
    assert all_in_cache("some/file.bin") == [shared, own]


def test_full_disk(server, cache, monkeypatch):
    plain = builtins.open

    def full(path, mode="r", *rest, **options):
        if "w" in mode and str(path).startswith(str(cache)):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return plain(path, mode, *rest, **options)

    monkeypatch.setattr(builtins, "open", full)
    with pytest.raises(AssetError) as caught:
        locate(wanted(server))
    assert str(caught.value) == (
        f"Could not write {cache / 'some/file.bin'}: No space left on device. Make room on the "
        "disk or give the folder write permission, or set TLCOURSE_CACHE to another folder."
    )
    assert files_in(cache) == []


def test_no_write_permission(server, cache):
    cache.write_text("a file where the folder should be")
    with pytest.raises(AssetError, match=r"Could not write .*set TLCOURSE_CACHE to another"):
        locate(wanted(server))


def test_a_file_that_another_process_put_there_is_taken(server, cache, monkeypatch):
    # Windows lets no one replace a file that is open elsewhere.
    def replace(source, target):
        put(cache, CONTENT)
        raise PermissionError(errno.EACCES, "Access is denied", str(target))

    monkeypatch.setattr(os, "replace", replace)
    assert locate(wanted(server)) == cache / "some/file.bin"
    assert files_in(cache) == ["some/file.bin"]


# The program of a second process: fetch the file and print its digest.
FETCH = """
import sys
from tlcourse.files.assets import Asset, locate, sha256
path, digest, size, url = sys.argv[1:]
print(sha256(locate(Asset(path, digest, int(size), url))))
"""


def start_fetch(asset):
    values = [asset.path, asset.sha256, str(asset.size), asset.url]
    command = [sys.executable, "-c", FETCH, *values]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL on Windows")
def test_a_killed_download_leaves_no_wrong_file(server, cache):
    asset = wanted(server, "once-stalled")
    with start_fetch(asset) as process:
        deadline = time.monotonic() + 20
        while not (partials := list(cache.rglob("*.part"))) or not partials[0].stat().st_size:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert not (cache / "some/file.bin").exists()
    assert files_in(cache) == [partials[0].relative_to(cache).as_posix()]

    assert locate(asset).read_bytes() == CONTENT
    assert partials[0].exists()  # it may belong to a process that still runs …
    yesterday = time.time() - 25 * 3600
    os.utime(partials[0], (yesterday, yesterday))
    with atomic_path(cache / "some/other") as draft:
        draft.write_text("x")
    assert files_in(cache) == ["some/file.bin", "some/other"]  # … but not after a day


def test_a_folder_that_a_killed_run_left_is_swept_away_after_a_day(tmp_path):
    for name in (".draft-old", ".draft-new", "kept"):
        put(tmp_path / name, b"x", "file")
    yesterday = time.time() - 25 * 3600
    for name in (".draft-old", "kept"):
        os.utime(tmp_path / name, (yesterday, yesterday))
    assets.sweep(tmp_path, ".draft-*")
    assert files_in(tmp_path) == [".draft-new/file", "kept/file"]


def test_two_processes_at_once(server, cache):
    first, second = start_fetch(wanted(server)), start_fetch(wanted(server))
    with first, second:
        assert first.communicate(timeout=30) == (f"{DIGEST}\n", "")
        assert second.communicate(timeout=30) == (f"{DIGEST}\n", "")
    assert files_in(cache) == ["some/file.bin"]


def test_atomic_path_keeps_the_old_file_when_the_new_one_fails(tmp_path):
    target = tmp_path / "file"
    target.write_text("old")

    def fail():
        with atomic_path(target) as draft:
            assert draft.parent == tmp_path
            draft.write_text("half of the ne")
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        fail()
    assert files_in(tmp_path) == ["file"]
    assert target.read_text() == "old"
    with atomic_path(target) as draft:
        draft.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert files_in(tmp_path) == ["file"]


@pytest.mark.parametrize(
    ("system", "variables", "expected"),
    [
        (Unix, {"XDG_CACHE_HOME": "/x"}, "/x/tlcourse"),
        (Unix, {"XDG_CACHE_HOME": ""}, "~/.cache/tlcourse"),  # empty counts as unset
        (Unix, {}, "~/.cache/tlcourse"),
        (MacOS, {}, "~/Library/Caches/tlcourse"),
        # What Windows itself would say: there is no asking it elsewhere.
        (Windows, {"WIN_PD_OVERRIDE_LOCAL_APPDATA": "C:/local"}, "C:/local/tlcourse"),
        (Unix, {"TLCOURSE_CACHE": "~/mine"}, "~/mine"),
    ],
)
def test_cache_dir(tmp_path, monkeypatch, system, variables, expected):
    for name in ("TLCOURSE_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(platformdirs, "PlatformDirs", system)
    assert assets.cache_dir().as_posix() == expected.replace("~", tmp_path.as_posix())


def test_free_bytes_of_a_folder_that_does_not_exist_yet(tmp_path):
    assert assets.free_bytes(tmp_path / "a/b/c") > 0


def test_bundled_dirs_exist_and_hold_the_cards():
    assert all(folder.is_dir() for folder in assets.bundled_dirs())
    assert any((folder / "digits").is_dir() for folder in assets.bundled_dirs())


# What a fresh process prints: seconds that the import took, and what else it brought along.
IMPORT = """
import sys, time
start = time.perf_counter()
import tlcourse
print(time.perf_counter() - start)
print(*sorted({"tensorflow", "keras", "numpy", "matplotlib", "PIL"} & set(sys.modules)))
"""


def test_importing_the_package_is_cheap():
    seconds = []
    for _ in range(3):  # the best of three: the machine may be busy
        output = subprocess.check_output([sys.executable, "-c", IMPORT], text=True).split("\n")
        assert output[1] == ""
        seconds.append(float(output[0]))
    print(f"import tlcourse: {min(seconds) * 1000:.1f} ms")
    assert min(seconds) < 0.1


def test_lazy_attributes():
    import tlcourse

    assert tlcourse.claim is tlcourse.claims.claim
    assert "load_task" in dir(tlcourse)
    with pytest.raises(AttributeError, match="has no attribute 'load_tusk'; it has: "):
        _ = tlcourse.load_tusk


def test_a_bundled_file_is_found_and_a_missing_one_named():
    assert assets.bundled("transfer_surface/surface.csv").read_text("utf-8").startswith("seed,")
    with pytest.raises(AssetError, match=r"nowhere/table\.csv"):
        assets.bundled("nowhere/table.csv")
