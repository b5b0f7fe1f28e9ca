"""`make bench`: speeds of the course on this machine. Nothing is asserted, only printed.

`python tools/bench.py inside` runs one of them.

A benchmark is a function that returns (what, value) lines; add one and put it into BENCHES.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for the tests' folder of photos

TARGET_IMAGES_A_SECOND = 300


def renderer() -> list[tuple[str, str]]:
    """How fast pictures are drawn, on one core."""
    from tlcourse.drawing.render import SOURCE_CLASSES, render

    for name in SOURCE_CLASSES:
        render(name, 1, 0)  # fills the tables that are made once
    count = 40
    # Processor time, so that another program on the same core does not count.
    start, busy = time.perf_counter(), time.process_time()
    images = [render(name, 2, index) for index in range(count) for name in SOURCE_CLASSES]
    took, busy = time.perf_counter() - start, time.process_time() - busy
    speed = len(images) / busy
    return [
        ("images drawn", f"{len(images)}"),
        ("images/s of one core", f"{speed:.0f}"),
        ("images/s on the clock", f"{len(images) / took:.0f}"),
        (
            f"ratio to the target of {TARGET_IMAGES_A_SECOND}",
            f"{speed / TARGET_IMAGES_A_SECOND:.2f}",
        ),
    ]


def cache() -> list[tuple[str, str]]:
    """What the cache saves: a task drawn, then read."""
    from tlcourse import load_task

    def seconds() -> float:
        start = time.perf_counter()
        task = load_task("sunglasses", train_per_class=50)
        # A memory map reads a page when it is touched, so touch them all.
        task.train.images.sum(), task.validation.images.sum(), task.test.images.sum()
        return time.perf_counter() - start

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ["TLCOURSE_CACHE"] = folder
        drawn = seconds()
        read = min(seconds() for _ in range(5))
    return [
        ("drawn, 900 images", f"{1000 * drawn:.0f} ms"),
        ("read from the cache", f"{1000 * read:.1f} ms"),
        ("ratio", f"{drawn / read:.0f}"),
    ]


def imports() -> list[tuple[str, str]]:
    """How long `import tlcourse` takes in a fresh Python."""
    code = (
        "import time; start = time.perf_counter(); import tlcourse; "
        "took = time.perf_counter() - start; import sys; "
        "print(took, 'tensorflow' in sys.modules)"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()
        for _ in range(5)
    ]
    return [
        ("import tlcourse (best of 5)", f"{1000 * min(float(took) for took, _ in runs):.1f} ms"),
        ("brings TensorFlow in", runs[0][1]),
    ]


def features() -> list[tuple[str, str]]:
    """Features of 500 pictures of 64x64, computed and read from the cache."""
    from tlcourse import extract_features, load_backbone, load_task

    images, lines = load_task("digits").train.images[:500], []
    for name, options in (
        ("photonet", {}),
        ("MobileNetV2", {"alpha": 0.35, "image_size": 96, "weights": None}),  # weights do not count
    ):
        backbone = load_backbone(name, **options)
        extract_features(backbone, images[:100], cache=False)  # the graph is traced once
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            os.environ["TLCOURSE_CACHE"] = folder
            took = []
            for _ in range(2):
                start = time.perf_counter()
                extract_features(backbone, images).sum()
                took.append(time.perf_counter() - start)
        lines += [
            (f"{name}, images/s", f"{len(images) / took[0]:.0f}"),
            (f"{name}, cached, images/s", f"{len(images) / took[1]:.0f}"),
            (f"{name}, ratio", f"{took[0] / took[1]:.0f}"),
        ]
    return lines


def transfer() -> list[tuple[str, str]]:
    """From the arrays of 10 images a class, 10 classes, to a trained network (photonet)."""
    from tlcourse import extract_features, fine_tune, linear_probe, load_backbone, load_task

    few = load_task("digits").few_shot(10)
    start = time.perf_counter()
    backbone = load_backbone("photonet")
    linear_probe(extract_features(backbone, few.train.images, cache=False), few.train.labels)
    probed = time.perf_counter() - start
    start = time.perf_counter()
    fine_tune(backbone, few, from_layer="stage4")
    tuned = time.perf_counter() - start
    return [
        ("linear probe", f"{probed:.1f} s"),
        ("fine-tuned", f"{tuned:.1f} s"),
        ("ratio", f"{tuned / probed:.1f}"),
    ]


def inside() -> list[tuple[str, str]]:
    """Activations and explanations, as ratios to one compiled forward pass of the same model.

    Medians over rounds in which each is called once, so that a busy machine slows all alike.
    "one model a layer" is the usual idiom, `keras.Model(inputs, layer.output).predict`.
    """
    import keras
    import numpy as np

    from tlcourse import grad_cam, list_layers, load_backbone, saliency
    from tlcourse.inside.activations import ActivationExtractor

    def photonet():
        backbone = load_backbone("photonet")
        return keras.Model(backbone.input, keras.layers.Dense(10)(backbone.output))

    networks = (
        ("photonet", photonet, 64),
        ("MobileNetV2", lambda: application("MobileNetV2", 96), 96),
        ("ResNet50", lambda: application("ResNet50", 224), 224),
    )

    def application(name, side):
        maker = getattr(keras.applications, name)
        return maker(weights=None, input_shape=(side, side, 3), classifier_activation=None)

    lines = []
    for name, make, side in networks:
        flat = make()
        image = keras.Input((side, side, 3))
        nested = keras.Model(image, flat(image))
        convs = [row.path for row in list_layers(flat, "conv")]
        all_convs = ActivationExtractor(flat, convs)
        all_nested = ActivationExtractor(nested, [f"{flat.name}/{path}" for path in convs])
        for count in (1, 32):
            images = np.random.default_rng(0).integers(0, 256, (count, side, side, 3), np.uint8)
            work = {
                "forward pass": forward(flat, images),
                "all convolutions": lambda x=images, f=all_convs: f(x),
                "the same, nested": lambda x=images, f=all_nested: f(x),
                "Grad-CAM": lambda x=images, m=flat: grad_cam(m, x, class_index=3),
                "Grad-CAM, nested": lambda x=images, m=nested: grad_cam(m, x, class_index=3),
                "saliency": lambda x=images, m=flat: saliency(m, x, class_index=3),
                "saliency, nested": lambda x=images, m=nested: saliency(m, x, class_index=3),
                **others(flat, images),
            }
            took = rounds(work)
            where = f"{name}, batch {count}:"
            lines.append((f"{where} forward pass", f"{1000 * took.pop('forward pass')[0]:.1f} ms"))
            lines += [(f"{where} {what}", f"{ratio:.2f}") for what, (_, ratio) in took.items()]
            if count == 1:
                lines.append(
                    (f"{where} one model a layer", f"{one_model_a_layer(flat, convs, images):.0f}")
                )
    return lines


def forward(model, images):
    """One compiled forward pass, from array to array."""
    import numpy as np
    import tensorflow as tf

    spec = tf.TensorSpec((None, *images.shape[1:]), images.dtype)
    graph = tf.function(
        lambda x: model(tf.cast(x, tf.float32), training=False), autograph=False
    ).get_concrete_function(spec)
    return lambda: np.asarray(graph(tf.constant(images)))


def rounds(work: dict, seconds: float = 8.0) -> dict[str, tuple[float, float]]:
    """Median time of each, and median ratio to the first, over rounds of calls."""
    import numpy as np

    for call in work.values():  # the graphs are traced, and memory is warm
        call(), call()
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 7:
        row = []
        for call in work.values():
            start = time.perf_counter()
            call()
            row.append(time.perf_counter() - start)
        times.append(row)
    median = np.median(times, axis=0)
    return {what: (at, at / median[0]) for what, at in zip(work, median, strict=True)}


def one_model_a_layer(model, layers, images) -> float:
    """Ratio of the usual idiom to one forward pass; it is run once, with all that it brings."""
    import keras

    floor = rounds({"forward": forward(model, images)}, seconds=1)["forward"][0]
    start = time.perf_counter()
    for name in layers:
        keras.Model(model.inputs, model.get_layer(name).output).predict(images, verbose=0)
    return (time.perf_counter() - start) / floor


def others(model, images) -> dict:
    """The same work by tf-keras-vis and tf-explain, where they are installed and run."""
    found = {}
    try:
        from tf_keras_vis.gradcam import Gradcam
        from tf_keras_vis.saliency import Saliency
        from tf_keras_vis.utils.model_modifiers import ReplaceToLinear
        from tf_keras_vis.utils.scores import CategoricalScore

        score, floats = CategoricalScore([3] * len(images)), images.astype("float32")
        cam, gradient = (Kind(model, ReplaceToLinear(), clone=True) for Kind in (Gradcam, Saliency))
        found["Grad-CAM, tf-keras-vis"] = lambda: cam(score, floats)
        found["saliency, tf-keras-vis"] = lambda: gradient(score, floats)
    except ImportError:
        pass
    try:
        from tf_explain.core.grad_cam import GradCAM
        from tf_explain.core.vanilla_gradients import VanillaGradients

        data = (images.astype("float32"), None)
        found["Grad-CAM, tf-explain"] = lambda: GradCAM().explain(data, model, 3)
        found["saliency, tf-explain"] = lambda: VanillaGradients().explain(data, model, 3)
    except ImportError:
        pass
    for what, call in list(found.items()):
        try:
            call()
        except Exception as error:  # "in part": say which, and go on
            print(f"  {what} fails here: {type(error).__name__}")
            del found[what]
    return found


USUAL = """
import sys
import keras
options = dict(validation_split=0.2, subset="both", seed=0, image_size=(224, 224), batch_size=32)
train, rest = keras.utils.image_dataset_from_directory(sys.argv[1], verbose=False, **options)
image = keras.Input((224, 224, 3))
base = keras.applications.MobileNetV2(include_top=False, pooling="avg", weights=None)
base.trainable = False
scaled = keras.applications.mobilenet_v2.preprocess_input(image)
model = keras.Model(image, keras.layers.Dense(10)(base(scaled, training=False)))
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile("adam", loss, metrics=["accuracy"])
model.fit(train, validation_data=rest, epochs=10, verbose=0)
model.save(sys.argv[2])
"""


def retrain() -> list[tuple[str, str]]:
    """500 photos of 10 classes, 500x375 JPEG: from the folder to model and report, import included.

    "the usual recipe" is a frozen MobileNetV2 at 224 pixels inside `fit`, 10 epochs, its features
    computed anew in each (random weights, which take the same time); it makes no report.
    """
    import re

    from tests.helpers.photo_folder import make_folder

    lines, seconds = [], {}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        photos, output = make_folder(Path(place) / "photos"), Path(place) / "out"
        command = ["-m", "tlcourse", "retrain", str(photos), "--output", str(output)]
        command += ["--overwrite"]
        photonet = [*command, "--backbone", "photonet"]
        runs = {
            "photonet": photonet,
            "photonet, cached features": photonet,
            "the usual recipe": ["-c", USUAL, str(photos), str(output / "usual.keras")],
        }
        environment = {**os.environ, "TLCOURSE_CACHE": place, "TQDM_DISABLE": "1"}
        environment |= {"TF_CPP_MIN_LOG_LEVEL": "3"}
        for what, arguments in runs.items():
            took, memory = timed([sys.executable, *arguments], environment)
            seconds[what] = took
            lines += [(what, f"{took:.1f} s"), (f"{what}, peak memory", f"{memory:.0f} MB")]
            if what == "photonet":
                page = (output / "report.html").read_text("utf-8").split("Where the time went")[1]
                steps = re.findall(r'<th scope="row">([^<]+)</th><td>([\d.]+ s)</td>', page)
                lines += [(f"  {step}", took) for step, took in steps]
    for what in ("photonet", "photonet, cached features"):
        ratio = seconds["the usual recipe"] / seconds[what]
        lines.append((f"ratio, the usual recipe to {what}", f"{ratio:.1f}"))
    return lines


def field() -> list[tuple[str, str]]:
    """The lessons in the field, from an empty cache, and once more with what they have kept.

    The photographs are looked for in `TLCOURSE_DATASETS`, or loaded. Targets: 240 s, then 120 s.
    """
    from pathlib import Path

    import nbformat

    from tlcourse.networks.needs import bring, needs_of
    from tlcourse.notebooks import FIELD, execute, lessons_in

    lines = []
    for path in lessons_in(Path(__file__).resolve().parent.parent / "lessons"):
        if path.parent.name != FIELD:
            continue
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
            os.environ["TLCOURSE_CACHE"] = place
            notebook = nbformat.read(path, as_version=4)
            for need in needs_of(notebook):
                bring(need)
            for what in ("from an empty cache", "again"):
                start = time.perf_counter()
                execute(notebook, path.parent, {**os.environ, "TQDM_DISABLE": "1"})
                lines.append((f"{path.stem}, {what}", f"{time.perf_counter() - start:.0f} s"))
    return lines


def timed(command: list[str], environment: dict[str, str], said=os.devnull) -> tuple[float, float]:
    """Seconds that a program takes, and the most memory that it held, in MB."""
    import psutil

    start, most = time.perf_counter(), 0
    with open(said, "wb") as out:
        process = psutil.Popen(command, env=environment, stdout=out, stderr=subprocess.DEVNULL)
        while process.poll() is None:
            try:
                most = max(most, process.memory_info().rss)
            except psutil.NoSuchProcess:
                break
            time.sleep(0.05)
    if process.wait():
        raise SystemExit(f"{command} ended with {process.returncode}")
    return time.perf_counter() - start, most / 1e6


def real() -> list[tuple[str, str]]:
    """Real photographs: `tlcourse retrain` beside a script and a probe, each as it is used."""
    from bench_retrain import compare

    return compare(timed)


BENCHES = (imports, renderer, cache, features, transfer, inside, retrain, real, field)


def main() -> None:
    names = sys.argv[1:]
    for bench in BENCHES:
        if names and bench.__name__ not in names:
            continue
        print(f"\n{bench.__name__}: {bench.__doc__}", flush=True)
        for what, value in bench():
            print(f"  {what:<44} {value:>10}")


if __name__ == "__main__":
    main()
