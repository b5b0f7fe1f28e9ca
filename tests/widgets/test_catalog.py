"""The catalog widget: search, sort, the line of code, the demo and its errors."""

import pytest

from tlcourse import widgets
from tlcourse.networks.backbones import Backbone


def row(name, year, top1, license_, body=1.25, source="ImageNet-1k"):
    return Backbone(name, year, 1.5, 4.0, 64, top1, license_, True, body, 0.06, source, None)


ROWS = [
    row("VGG16", 2014, 71.3, "CC BY 4.0", 14.7),
    row("photonet", 2026, None, "MIT", source="180 classes"),
    row("ResNet50", 2015, 74.9, "MIT", 23.6),
]


def names(rows):
    return [r.name for r in rows]


@pytest.mark.parametrize(
    ("words", "down", "expected"),
    [
        ("", False, ["VGG16", "ResNet50", "photonet"]),
        ("", True, ["ResNet50", "VGG16", "photonet"]),
        ("mit", False, ["ResNet50", "photonet"]),
        ("MIT net50", False, ["ResNet50"]),
        ("1k res", False, ["ResNet50"]),
        ("gpl", False, []),
        ("none", False, []),
    ],
)
def test_matching_rows_are_sorted_and_unknown_figures_come_last(words, down, expected):
    assert names(widgets.matching(ROWS, words, lambda r: r.top1, down)) == expected


def test_names_are_sorted_as_in_a_dictionary():
    found = widgets.matching(ROWS, "", lambda r: r.name)
    assert names(found) == ["photonet", "ResNet50", "VGG16"]


def parts(**options):
    box = widgets.catalog(ROWS, **options)
    (controls, table, choice, code, output) = box.children
    return (*controls.children, table, *choice.children, code, output)


def test_the_table_follows_search_and_sort():
    search, sort, down, table, *_ = parts(milliseconds={"VGG16": 90.0, "ResNet50": 30.0})
    assert table.value.index("photonet") < table.value.index("VGG16")
    sort.value = widgets.SPEED
    assert table.value.index("ResNet50") < table.value.index("VGG16") < table.value.index("photo")
    down.value = True
    assert table.value.index("VGG16") < table.value.index("ResNet50")
    search.value = "mit"
    assert "VGG16" not in table.value
    assert "ResNet50" in table.value
    search.value = "<b>"
    assert "No network fits" in table.value


def test_bodies_are_told_apart_from_whole_networks_and_sorted_by():
    _, sort, _, table, *_ = parts()
    sort.value = "body (M)"
    assert table.value.index("photonet") < table.value.index("VGG16") < table.value.index("ResNet")
    assert "<td>14.7</td>" in table.value
    assert "<td>180 classes</td>" in table.value


def test_the_chosen_network_has_a_line_of_code_and_a_demo():
    seen = []
    *_, choice, button, code, _ = parts(demo=seen.append)
    choice.value = "photonet"
    assert "load_backbone(&quot;photonet&quot;)" in code.value
    button.click()
    assert seen == ["photonet"]
    assert not button.disabled


def test_a_demo_that_fails_is_told_in_words_and_leaves_the_button_usable(capsys):
    def fail(name):
        raise ValueError(f"The weights of {name} are not here.")

    *_, button, _, _ = parts(demo=fail)
    button.click()
    assert "The weights of VGG16 are not here." in capsys.readouterr().out
    assert not button.disabled


def test_without_a_demo_the_button_is_off():
    *_, button, _, _ = parts()
    assert button.disabled
