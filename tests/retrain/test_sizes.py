"""At which size the network looks at pictures: chosen on training photos, in the time there is."""

import time
from types import SimpleNamespace

import numpy as np
import pytest

from tests.helpers.photo_folder import make_folder
from tlcourse import cli
from tlcourse.retrain import fine_tuning, sizes, store
from tlcourse.retrain.result import SizesTold
from tlcourse.retrain.sizes import Looked, choose_size, others
from tlcourse.retrain.stream import NoTimeError

PATHS = [f"{at}.jpg" for at in range(120)]
LABELS = np.arange(120) % 3


def seen(share, size=64):
    """Features that tell the class of a share of the photos, and nothing of the others.

    The first to be told are the same ones at each size.
    """
    dice = np.random.default_rng(0)
    known = dice.random(120) < share
    features = np.eye(3)[np.where(known, LABELS, dice.integers(0, 3, 120))]
    return Looked(size, None, SimpleNamespace(features=features + dice.normal(0, 0.1, (120, 3))))


def choose(at_size, own=0.6, tried=(96, 32), train=100, asked=None, **options):
    """Choose among sizes at which so many photos can be told; `asked` takes what is looked at."""
    asked = [] if asked is None else asked

    def look(size, paths, deadline):
        asked.append((size, len(paths)))
        if callable(at_size[size]):
            at_size[size](deadline)
        whole = seen(at_size[size], size)
        rows = [PATHS.index(path) for path in paths]
        return whole._replace(extracted=SimpleNamespace(features=whole.extracted.features[rows]))

    training = (PATHS[:train], LABELS[:train], np.arange(train))
    return choose_size(
        seen(own), tried, look, PATHS, training, regularization=1.0, **options
    )  # fmt: skip


def no_time(deadline):
    raise NoTimeError("")


def test_the_size_that_is_clearly_better_is_taken_on_training_photos_alone():
    asked = []
    looked, told = choose({96: 0.95, 32: 0.3}, asked=asked)
    assert (looked.size, told.chosen, told.photos) == (96, 96, 100)
    assert looked.extracted.features.shape == (120, 3)
    # 20 photos of validation and test are looked at once, at the size that was chosen.
    assert asked == [(96, 100), (32, 100), (96, 120)]
    assert list(told.right) == [32, 64, 96]
    assert told.right[96] > told.right[64] > told.right[32]
    assert "96 pixels" in told.words


def test_what_is_hardly_better_leaves_the_own_size():
    looked, told = choose({96: 0.6, 32: 0.62})
    assert looked.size == told.chosen == 64
    assert len(told.right) == 3


def test_of_a_few_that_are_better_the_best_is_taken():
    assert choose({96: 0.8, 32: 0.97}, own=0.4)[0].size == 32
    assert choose({96: 0.97, 32: 0.8}, own=0.4)[0].size == 96


def test_below_a_size_that_is_far_behind_no_smaller_one_is_tried():
    asked = []
    _, told = choose({96: 0.6, 48: 0.1, 32: 0.9}, tried=(96, 48, 32), asked=asked)
    assert [size for size, _ in asked] == [96, 48]
    assert (told.chosen, list(told.right), told.left_out) == (64, [48, 64, 96], ())


def test_a_size_for_which_there_is_no_time_is_named():
    _, told = choose({96: no_time, 32: 0.3})
    assert (told.chosen, told.left_out, list(told.right)) == (64, (96,), [32, 64])
    assert "Pictures of 96 pixels were left out: --time-budget" in told.words
    asked = []
    _, told = choose({}, asked=asked, deadline=time.monotonic() - 1)
    assert (asked, told.left_out, told.right) == ([], (96, 32), {})
    assert "96 and 32 pixels were left out" in told.words


def test_other_sizes_take_a_quarter_of_the_time_that_is_left():
    given = []

    def slow(deadline):
        given.append(deadline)
        raise NoTimeError("")

    start = time.monotonic()
    choose({96: slow, 32: slow}, deadline=start + 400)
    assert [round(limit - start) for limit in given] == [100, 100]


def test_with_few_photos_nothing_is_chosen():
    asked = []
    looked, told = choose({96: 0.95, 32: 0.3}, train=sizes.FEW - 1, asked=asked)
    assert (looked.size, told, asked) == (64, SizesTold(64), [])
    assert told.words == ""


def test_of_many_photos_a_part_is_asked(monkeypatch):
    monkeypatch.setattr(sizes, "MOST", 60)
    asked = []
    assert choose({96: 0.97, 32: 0.3}, own=0.4, asked=asked)[1].photos == 60
    assert asked == [(96, 60), (32, 60), (96, 120)]


def test_which_sizes_there_are():
    assert others("photonet", 64) == (96, 32)
    assert others("MobileNetV2:alpha=0.35", 224) == (160, 128, 96)


# ------------------------------------------------------------------ whole runs


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TLCOURSE_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("TLCOURSE_OFFLINE", "1")
        patch.setenv("TQDM_DISABLE", "1")
        patch.setattr(fine_tuning, "EPOCHS", 1)
        yield make_folder(tmp_path_factory.mktemp("mine") / "photos", 2, 45, (96, 72))


def retrain(photos, output, *more):
    command = ["retrain", str(photos), "--output", str(output), "--backbone", "photonet", *more]
    assert cli.main(command) == 0
    return output


@pytest.fixture(scope="module")
def made(photos, tmp_path_factory):
    return retrain(photos, tmp_path_factory.mktemp("out"))


def size_of(output):
    return store.read_store(output, output / "model.keras").about.size


def test_report_and_card_say_what_each_size_gave(made):
    chosen = size_of(made)
    for file in ("report.html", "MODEL_CARD.md"):
        said = (made / file).read_text("utf-8")
        assert f"Size of the pictures: {chosen} pixels. Cross-validated on" in said
        assert all(f"% at {size}" in said for size in (32, 64, 96))
    assert f"photonet, {chosen}×{chosen} pixels" in (made / "report.html").read_text("utf-8")


def test_a_second_run_reads_the_features_of_all_sizes(made, photos, tmp_path, monkeypatch):
    from tlcourse.retrain import stream

    monkeypatch.setattr(stream, "read_picture", lambda *_: pytest.fail("a photo is read again"))
    assert size_of(retrain(photos, tmp_path / "again")) == size_of(made)


def test_a_budget_that_is_too_small_leaves_the_others_out(photos, tmp_path, capsys):
    output = retrain(photos, tmp_path / "out", "--time-budget", "1")
    expected = "Pictures of 96 and 32 pixels were left out: --time-budget leaves no time for them."
    assert expected in capsys.readouterr().out
    assert expected in (output / "report.html").read_text("utf-8")
    assert size_of(output) == 64


@pytest.mark.slow
def test_a_size_that_is_asked_for_is_taken(photos, tmp_path, capsys):
    output = retrain(photos, tmp_path / "out", "--image-size", "48")
    assert size_of(output) == 48
    said = capsys.readouterr().out
    assert "48×48 pixels" in said
    assert "Cross-validated on" not in said.split("Test,")[0]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("16",), "photonet takes images of 32 pixels and more, not 16"),
        (("96", "--export", "html"), "--export html looks at pictures of 64 pixels, not of 96"),
        (("large",), "expected auto or a number of pixels, not 'large'"),
    ],
)
def test_a_size_that_cannot_be_is_an_error_in_words(photos, tmp_path, capsys, more, said):
    command = ["retrain", str(photos), "--output", str(tmp_path / "out")]
    try:
        status = cli.main([*command, "--backbone", "photonet", "--image-size", *more])
    except SystemExit as ended:  # of argparse
        status = ended.code
    assert status
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
