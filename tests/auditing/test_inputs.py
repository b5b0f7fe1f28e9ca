"""Range, size and kind of what goes in."""

import numpy as np
import pytest

from tests.helpers.audited import body, classifier, compiled, follow, frozen_body
from tlcourse import audit
from tlcourse.auditing.preprocessing import expected_range, fits

pytestmark = pytest.mark.slow


def test_scaled_pictures_for_a_network_that_scales_inside(task):
    import keras

    small = task.train.images / np.float32(255)
    for given, mend in ((small, "Rescaling(255.0)"), (2 * small - 1, "Rescaling(127.5, offset")):
        model = compiled(classifier(body("photonet", trained=False)))
        report = audit(model, train=(given, task.train.labels))
        assert report.names == ("input range",)
        assert "photonet gets numbers from" in report.findings[0].found
        assert mend in report.findings[0].mend

        def before(image, report=report):
            return follow(report, "input range", x=image, keras=keras)["x"]

        right = compiled(classifier(body("photonet", trained=False), before=before))
        assert audit(right, train=(given, task.train.labels)).names == ()


def test_pictures_scaled_twice(task):
    import keras

    scaled = keras.layers.Rescaling(1 / 255)
    for name in ("photonet", "efficientnetb0", "MobileNetV2"):
        model = compiled(classifier(body(name, trained=False), before=scaled))
        report = audit(model, task)
        assert report.names == ("input range",)
        assert "scales them once more inside" in report.findings[0].found

        def before(image, report=report):
            return follow(report, "input range", image=image)["x"]

        model = compiled(classifier(body(name, trained=False), before=before))
        assert audit(model, task).names == ()


WITHOUT_PREPROCESSING = [
    ("resnet50", "resnet"),
    ("vgg16", "vgg16"),
    ("densenet121", "densenet"),
    ("mobilenetv2_0.35_224", "mobilenet_v2"),
    ("inception_v3", "inception_v3"),
    ("xception", "xception"),
]


@pytest.mark.parametrize(("name", "home"), WITHOUT_PREPROCESSING)
@pytest.mark.parametrize("wrong", ["raw", "divided by 255"])
def test_preprocessing_that_is_missing_or_another_one(name, home, wrong, task):
    import keras

    def build(before):
        return compiled(classifier(body(name, trained=False, scale=False), before=before))

    before = None if wrong == "raw" else keras.layers.Rescaling(1 / 255)
    report = audit(build(before), task)
    assert report.names == ("input range",)
    assert f"keras.applications.{home}.preprocess_input(image)" in report.findings[0].mend
    right = build(lambda image: follow(report, "input range", image=image)["x"])
    assert audit(right, task).names == ()


def test_preprocessing_done_twice(task):
    import keras

    function = keras.applications.densenet.preprocess_input
    model = classifier(
        body("densenet121", trained=False, scale=False), before=lambda x: function(function(x))
    )
    assert audit(compiled(model), task).names == ("input range",)


def test_the_first_normalization_remembers_the_range(task):
    import keras

    def build(before=None):
        model = classifier(body("mine"), before=before)
        model.get_layer("mine").trainable = False
        return compiled(model)

    assert audit(build(), task).names == ()
    small = task.train.images / np.float32(255)
    report = audit(build(), train=(small, task.train.labels))
    assert report.names == ("input range",)
    assert "1/255 of" in report.findings[0].found or "1/2" in report.findings[0].found
    model = build(lambda image: follow(report, "input range", x=image, keras=keras)["x"])
    assert audit(model, train=(small, task.train.labels)).names == ()


@pytest.mark.parametrize(
    ("got", "expected", "fit"),
    [
        ((0, 255), (0, 255), True),
        ((3, 90), (0, 255), True),
        ((0, 1), (0, 255), False),
        ((-1, 1), (0, 255), False),
        ((-1, 1), (-1, 1), True),
        ((0, 1), (-1, 1), False),
        ((-1.0, -0.99), (-1, 1), False),
        ((0, 255), (-123.68, 151.06), False),
        ((-120, 140), (-123.68, 151.06), True),
    ],
)
def test_ranges(got, expected, fit):
    assert fits(got, expected) is fit


def test_every_application_is_known_by_the_name_that_keras_gives_it():
    import inspect

    import keras
    from keras import applications

    for factory in [getattr(applications, n) for n in dir(applications) if n[0].isupper()]:
        default = inspect.signature(factory).parameters["name"].default
        if default is not None:
            assert expected_range(default) is not None, default
    for factory in (applications.MobileNet, applications.MobileNetV2):
        model = factory(input_shape=(32, 32, 3), weights=None, include_top=False)
        assert expected_range(model.name) == (-1, 1)
    assert expected_range("vgg16") == pytest.approx((-123.68, 151.061))
    assert expected_range("efficientnetb0") == expected_range("MobileNetV2") == (0, 255)
    assert expected_range("convnext_tiny") == (0, 255)
    assert expected_range("functional_3") is None
    keras.backend.clear_session()


def test_input_size(task):
    import keras

    model = compiled(frozen_body())
    big = keras.ops.convert_to_numpy(keras.ops.image.resize(task.train.images, (24, 20)))
    report = audit(model, train=(big, task.train.labels))
    assert "input size" in report.names
    assert "24×20×3; the model takes 16×16×3" in report.findings[0].found
    images = follow(report, "input size", images=big)["images"]
    assert audit(model, train=(np.asarray(images), task.train.labels)).names == ()

    gray = task.train.images.mean(axis=-1, keepdims=True)
    report = audit(model, train=(gray, task.train.labels))
    assert "input size" in report.names
    images = follow(report, "input size", images=gray)["images"]
    assert audit(model, train=(images, task.train.labels)).names == ()
