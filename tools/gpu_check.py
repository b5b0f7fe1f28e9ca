"""`make gpu-check`: does the course use the GPU that is here, and does it compute as the CPU does?

Ten minutes at most. What it measured goes to the screen and to `build/gpu_check.json`, to be sent
along with a report. The exit status is 0 where all is well, 1 where something is not, and 2 where
TensorFlow finds no GPU; then it says why, as far as it knows.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np

REPORT = Path(__file__).resolve().parent.parent / "build" / "gpu_check.json"
CPU, GPU = "/CPU:0", "/GPU:0"
TOLERANCE = 1e-2  # of features of about 1: TF32 on new GPUs keeps three digits


def features(device: str, images: np.ndarray) -> np.ndarray:
    """What photonet gives on one device: float32 (n, d)."""
    import tensorflow as tf

    from tlcourse import load_backbone

    with tf.device(device):
        return load_backbone("photonet").predict(images, verbose=0)


def train(device: str, steps: int, batch: int = 64) -> tuple[float, list[np.ndarray]]:
    """Train the small network of lesson 5; gives seconds without the first steps, and weights."""
    import keras
    import tensorflow as tf

    from tlcourse import load_task
    from tlcourse.networks.small import LOSS, small_network

    images, labels = load_task("objects", train_per_class=150).train
    rng = np.random.default_rng(0)
    chosen = [rng.integers(len(labels), size=batch) for _ in range(steps + 5)]
    with tf.device(device):
        keras.utils.set_random_seed(0)
        model = small_network(20)
        model.compile(keras.optimizers.SGD(0.05, momentum=0.9), LOSS)
        for number, rows in enumerate(chosen):
            if number == 5:  # the first ones are spent on preparing
                start = time.perf_counter()
            model.train_on_batch(images[rows].astype("float32"), labels[rows])
    return time.perf_counter() - start, model.get_weights()


def checks(fast: str = GPU, slow: str = CPU, steps: int = 200) -> dict[str, dict]:
    """Everything that is looked at: name → what came of it, and whether it is well."""
    from tlcourse import load_task

    images = load_task("sunglasses").test.images[:64]
    apart = float(np.abs(features(fast, images) - features(slow, images)).max())
    seconds, weights = train(fast, steps)
    _, again = train(fast, steps)
    on_slow, _ = train(slow, steps)
    equal = all(np.array_equal(a, b) for a, b in zip(weights, again, strict=True))
    return {
        "same features as on the CPU": {"largest difference": apart, "well": apart <= TOLERANCE},
        "the same weights after the same training": {"equal": equal, "well": equal},
        "speed of training, in times of the CPU's": {
            "times": on_slow / seconds,
            "steps a second": steps / seconds,
            "well": True,  # a small network is too little work for a large GPU
        },
    }


def main() -> int:
    """Look, tell and write the report."""
    from tlcourse import setup_device

    device = setup_device()
    print(device)
    if device.kind != "GPU":
        print("No GPU computes here, so there is nothing to check. See the notes above, if any.")
        return 2
    found = checks()
    for name, what in found.items():
        numbers = ", ".join(
            f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}"
            for key, value in what.items()
            if key != "well"
        )
        print(f"{'✓' if what['well'] else '✗'} {name}: {numbers}")
    REPORT.parent.mkdir(exist_ok=True)
    text = json.dumps({"device": dict(device.rows()), "checks": found}, indent=1)
    REPORT.write_text(text + "\n", encoding="utf-8")
    print(f"Written to {REPORT}")
    return 0 if all(what["well"] for what in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
