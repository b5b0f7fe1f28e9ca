"""What the photo lab has found, in words and pictures."""

import html
from itertools import starmap

from tlcourse.retrain import lab
from tlcourse.widgets import style
from tlcourse.widgets.upload import Photo

MISTAKES, MISTAKE = 4, 130  # that are shown, and the height of a photo in pixels


def verdict(trained: lab.Trained) -> str:
    """How many photos were named right when they were left out, in one sentence."""
    count = len(trained.labels)
    right = count - len(trained.wrong)
    way = "Each photo was" if trained.left_out == 1 else "A tenth of the photos at a time was"
    return f"{right} of {count} right. {way} left out, and judged by a head trained on the others."


def mistakes_html(trained: lab.Trained) -> str:
    """The surest mistakes, and where the evidence lay."""
    if not len(trained.wrong):
        return "<p>No photo was named wrong.</p>"
    cells = []
    for at in trained.wrong[:MISTAKES]:
        photo, share = trained.photos[at], trained.held_out[at]
        said = trained.class_names[share.argmax()]
        right = trained.class_names[trained.labels[at]]
        for_said, for_right = lab.explain(trained, at)
        pictures = {
            "the photo": style.image_html(photo, alt=f"A mistake: {right}", height=MISTAKE),
            f"for {said}": style.heat_html(
                photo, for_said, alt=f"Evidence for {said}", height=MISTAKE
            ),
            f"for {right}": style.heat_html(
                photo, for_right, alt=f"Evidence for {right}", height=MISTAKE
            ),
        }
        words = f"<b>{html.escape(right)}</b>, called {html.escape(said)} ({share.max():.0%})"
        shown = style.row_html(starmap(style.figure_html, pictures.items()), 12)
        cells.append(f"<div>{words}{shown}</div>")
    count = len(trained.wrong)
    words = "the" if count <= MISTAKES else f"{MISTAKES} of {count}"
    words = f"Here are {words} mistakes, the surest first, and where the evidence lay:"
    return f"<p>{words}</p>{style.row_html(cells, 48)}"


def answer_html(trained: lab.Trained, photo: Photo) -> str:
    """What the model says about a new photo: bars, and where the evidence lay."""
    shares, heat = lab.judge(trained, photo.pixels)
    bars = "".join(
        f"<div>{html.escape(trained.class_names[k])} {shares[k]:.0%}</div>"
        f"<div style='background: {style.ACCENT}; height: 14px; width: {shares[k]:.0%}; "
        "min-width: 2px; margin-bottom: 6px'></div>"
        for k in shares.argsort()[::-1]
    )
    said = trained.class_names[shares.argmax()]
    pictures = [
        style.figure_html(photo.name, style.image_html(photo.pixels, alt="New photo", height=200)),
        style.figure_html(
            f"evidence for {said}",
            style.heat_html(photo.pixels, heat, alt=f"Evidence for {said}", height=200),
        ),
        f"<div style='width: 20em'>{bars}</div>",
    ]
    return style.row_html(pictures, 16)
