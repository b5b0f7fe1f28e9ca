"""`make bench`, part `real`: `tlcourse retrain` on real photographs, beside what people do.

    python tools/bench.py real
    TLCOURSE_BENCH=flowers TLCOURSE_BENCH_EACH=30 python tools/bench.py real
    TLCOURSE_BENCH_KEEP=FOLDER python tools/bench.py real    # stopped, it goes on where it was

All three get the same photographs in the same splits and the same network, each in a process of its
own: `retrain` with its defaults, a plain Keras script of the standard recipe (the network frozen
inside `fit`), and a logistic regression by scikit-learn on the network's features. Times are those
of the processors, which other programs change little, and ratios to the script's.
"""

import functools
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

SETS = ("flowers", "satellite", "blood_cells", "recycling")
NETWORK = "MobileNetV2:alpha=0.35"
EACH = {"train": 100, "validation": 40, "test": 60}  # photographs a class
READ = """
import json, sys
import numpy as np
import keras
folder, weights = sys.argv[1:3]
def read(split, **options):
    return keras.utils.image_dataset_from_directory(
        f"{folder}/{split}", image_size=(224, 224), batch_size=32, crop_to_aspect_ratio=True,
        verbose=False, **options)
base = keras.applications.MobileNetV2(
    include_top=False, pooling="avg", weights=weights, alpha=0.35, input_shape=(224, 224, 3))
base.trainable = False
image = keras.Input((224, 224, 3))
features = base(keras.applications.mobilenet_v2.preprocess_input(image), training=False)
"""
# The recipe of Keras's own guide to transfer learning: frozen inside `fit`, the best epoch kept.
SCRIPT = (
    READ
    + """
keras.utils.set_random_seed(0)
train, val, test = read("train", seed=0), read("val"), read("test", shuffle=False)
x = keras.layers.Dropout(0.2)(features)
model = keras.Model(image, keras.layers.Dense(len(train.class_names))(x))
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(keras.optimizers.Adam(1e-3), loss, metrics=["accuracy"])
stop = keras.callbacks.EarlyStopping(patience=3, restore_best_weights=True)
model.fit(train, validation_data=val, epochs=20, callbacks=[stop], verbose=0)
labels = np.concatenate([y for _, y in test])
right = model.predict(test, verbose=0).argmax(axis=1) == labels
print(json.dumps({"right": int(right.sum()), "of": len(labels)}))
"""
)
PROBE = (
    READ
    + """
from sklearn.linear_model import LogisticRegressionCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
inner, found = keras.Model(image, features), {}
for split in ("train", "test"):
    batches = read(split, shuffle=False)
    labels = np.concatenate([y for _, y in batches])
    found[split] = inner.predict(batches, verbose=0), labels
search = LogisticRegressionCV(Cs=np.logspace(-4, 0, 5), max_iter=2000)
probe = make_pipeline(StandardScaler(), search)
probe.fit(*found["train"])
right = probe.predict(found["test"][0]) == found["test"][1]
print(json.dumps({"right": int(right.sum()), "of": len(right)}))
"""
)
# What the report is made of, as a line: the report itself is for people.
RETRAIN = """
import json, sys
from tlcourse.commands import retrain
kept, do = [], retrain.run
retrain.run = lambda *arguments: kept.append(do(*arguments)) or kept[0]
if status := retrain.main(sys.argv[1:]):
    sys.exit(status)
right = kept[0].test.answers == kept[0].test.labels
print(json.dumps({"right": int(right.sum()), "of": len(right), "kept": kept[0].trained.method}))
"""


def write_splits(task: str, folder: Path, each: int) -> Path:
    """The photographs of a task as train/, val/ and test/, of each class at most so many to train.

    Fewer to train are fewer to validate and to test, in proportion, but 20 at the least.
    """
    from tlcourse.data.real import write_photos

    write_photos(task, folder)
    (folder / "validation").rename(folder / "val")
    for split, most in EACH.items():
        most = most if each >= EACH["train"] else max(20, round(most * each / EACH["train"]))
        most = each if split == "train" else most
        for of_class in (folder / split.replace("validation", "val")).iterdir():
            for path in sorted(of_class.iterdir())[most:]:
                path.unlink()
    return folder


def row(timed: Callable, command: list[str], environment: dict, place: Path) -> dict:
    """Seconds, memory in MB and what a program says of its test, by the last line of its output."""
    said = place / "said.txt"
    before = os.times()
    _, memory = timed(command, environment, said)
    after = os.times()
    seconds = after.children_user + after.children_system
    seconds -= before.children_user + before.children_system
    return json.loads(said.read_text("utf-8").splitlines()[-1]) | {
        "seconds": seconds, "MB": memory,
    }  # fmt: skip


def keeping(path: Path, key: str, do: Callable[[], dict]) -> dict:
    """What was measured under a key in an earlier run; or what comes now, which is written down."""
    kept = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    if key not in kept:
        kept[key] = do()
        path.write_text(json.dumps(kept, indent=1), "utf-8")
    return kept[key]


def compare(timed: Callable) -> list[tuple[str, str]]:
    """Lines of a table: for each set here and each program accuracy, interval, time, memory."""
    from tlcourse.errors import AssetError
    from tlcourse.networks.needs import weights_path
    from tlcourse.retrain.judge import wilson

    sets = os.environ.get("TLCOURSE_BENCH", ",".join(SETS)).split(",")
    each = int(os.environ.get("TLCOURSE_BENCH_EACH", EACH["train"]))
    environment = {**os.environ, "TQDM_DISABLE": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    lines = []
    try:
        weights = str(weights_path(NETWORK))
    except AssetError as error:
        return [("left out", str(error))]
    keep = os.environ.get("TLCOURSE_BENCH_KEEP")
    for task in sets:
        place = Path(keep or tempfile.mkdtemp(prefix="tlcourse-bench-")) / f"{task}-{each}"
        try:
            photos = place / task
            if not photos.is_dir():
                place.mkdir(parents=True, exist_ok=True)
                shutil.rmtree(place / "draft", ignore_errors=True)  # of a run that was stopped
                write_splits(task, place / "draft", each).rename(photos)
            again = ["-c", RETRAIN, str(photos), "--output", str(place / "out"), "--overwrite"]
            programs = {
                "the usual script": ["-c", SCRIPT, str(photos), weights],
                "retrain": again,
                "retrain, a second time": again,
                "a probe in scikit-learn": ["-c", PROBE, str(photos), weights],
            }
            own = environment | {"TLCOURSE_CACHE": str(place / "cache")}
            usual = None
            for what, arguments in programs.items():
                command = [sys.executable, *arguments]
                measure = functools.partial(row, timed, command, own, place)
                found = keeping(place / "rows.json", what, measure)
                usual = usual or found["seconds"]
                low, high = wilson(found["right"], found["of"])
                lines.append((
                    f"{task}, {each} a class: {what}",
                    f"{found['right'] / found['of']:.1%} right ({low:.1%} to {high:.1%}), "
                    f"{found['seconds'] / usual:.2f} of the script's time "
                    f"({found['seconds']:.0f} s), {found['MB']:.0f} MB"
                    + (f", {found['kept']} kept" if "kept" in found else ""),
                ))  # fmt: skip
        except AssetError as error:
            lines.append((task, f"left out: {error}"))
        finally:
            if not keep:
                shutil.rmtree(place.parent, ignore_errors=True)
    return lines
