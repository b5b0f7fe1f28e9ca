"""`make bench`: speeds of the course on this machine. Nothing is asserted, only printed.

A benchmark is a function that returns (what, value) lines; add one and put it into BENCHES.
"""

import os
import subprocess
import sys
import tempfile
import time

TARGET_IMAGES_A_SECOND = 300


def renderer() -> list[tuple[str, str]]:
    """How fast pictures are drawn, on one core."""
    from tlcourse.data.objects import SOURCE_CLASSES, render_many

    render_many(SOURCE_CLASSES, 1, seed=1)  # fills the tables that are made once
    count = 40
    # Processor time, so that another program on the same core does not count.
    start, busy = time.perf_counter(), time.process_time()
    images, _ = render_many(SOURCE_CLASSES, count, seed=2)
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


BENCHES = (imports, renderer, cache, features, transfer)


def main() -> None:
    for bench in BENCHES:
        print(f"\n{bench.__name__}: {bench.__doc__}", flush=True)
        for what, value in bench():
            print(f"  {what:<28} {value:>10}")


if __name__ == "__main__":
    main()
