"""Where the dials stand in the pages, and what is said of them there."""

import json

from tools.site_dials import DIALS

ABOUT = {
    "freeze": "A small network learns to tell six kinds of drawn eyewear apart. Some of its four "
    "stages come from a network that has learned twenty other things; *frozen*, they stay as they "
    "are, or they *learn on*. Bars are means over ten runs, thin lines go from the worst to the "
    "best. These are runs of lesson 3's table, made beforehand. The demo in the notebook trains "
    "photonet before your eyes instead, on other pictures, so its numbers differ.",
    "how-much": "Draw where you expect a network with transfer to be, then reveal what was "
    "measured. Lines are means over ten runs, bands go from the worst to the best: the numbers of "
    "lesson 3's table.",
    "distance": "Guess at which source help turns into harm, then turn the dial, from a near "
    "source to a useless one. Bars are means over repetitions, thin lines go from the worst to "
    "the best. The runs were made beforehand; the notebook's demo reads the same table.",
    "flowers": "Five kinds of flowers, real photographs: a small network from scratch, beside "
    "*photonet* (180 kinds of photographs, 64 pixels) and *MobileNetV2* (ImageNet, 160 pixels). "
    "Lines are means over five runs, bands go from the worst to the best: the table of "
    "[field lesson 21]({lessons}field/21_flowers.ipynb). With 200, all runs have the same "
    "pictures.",
    "real": "The same for real tasks. *ImageNet* is MobileNetV2, which looks at 128 or 160 pixels; "
    "the others look at 64: *photographs* is photonet, *drawings* has learned twenty drawn "
    "things, *random* has learned nothing (its layers are alive). [Field lesson "
    "22]({lessons}field/22_satellites_and_cells.ipynb) tells the whole of it.",
}
# A page: the dials that stand in it, and the cell that each follows; "" is the only code cell.
PLACES = {
    "lessons/03_why.ipynb": {"how-much": "l03-17", "freeze": "l03-20", "flowers": "l03-real"},
    "lessons/04_when.ipynb": {"distance": "l04-29", "real": "distance-dial"},
    "lessons/demos/02_freeze_dial.ipynb": {"freeze": ""},
    "lessons/demos/03_how_much_data.ipynb": {"how-much": "", "flowers": "how-much-dial"},
    "lessons/demos/04_distance_dial.ipynb": {"distance": "", "real": "distance-dial"},
}


def cell(kind: str, page: str) -> dict:
    """A Markdown cell that holds a dial."""
    dial = DIALS[kind]()
    root = "../" * page.count("/")
    level = "##" if "/demos/" in page else "###"
    about = ABOUT[kind].replace("{lessons}", f"{root}lessons/")
    held = json.dumps(dial, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    source = (
        f"{level} In this page: {dial['title'][0].lower()}{dial['title'][1:]}\n\n{about}\n\n"
        f'<div class="dial" id="{kind}-dial"><noscript>The dial needs JavaScript.</noscript>'
        f'<script type="application/json">{held}</script></div>\n'
        f'<script src="{root}_static/dials.js" defer></script>\n'
    )
    return {"cell_type": "markdown", "id": f"{kind}-dial", "metadata": {}, "source": source}


def insert(notebook: dict, page: str) -> None:
    """Put the dials of a page where they belong; in a demo's page, in the place of its widget."""
    for kind, after in PLACES.get(page, {}).items():
        cells = notebook["cells"]
        if after:
            at = [one["id"] for one in cells].index(after)
        else:
            at = [one["cell_type"] for one in cells].index("code")
            cells[at]["outputs"] = []
        cells.insert(at + 1, cell(kind, page))
