"""The sets of real photos: who made them, where they lie, which archive holds which picture.

Nothing of them comes with the course but lists, `datasets/NAME/files.tsv`: the names of the chosen
pictures, their split, and digests. `files.photo_files` gets the pictures.
"""

import csv
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from tlcourse.files.assets import bundled

DIGITS = 32  # of a SHA-256 in hex, as many as the lists hold


@dataclass(frozen=True)
class Archive:
    """A file with the pictures of a set, among others.

    Attributes:
        file: its name in a folder of the user's.
        root: the folder inside it that has a folder a class.
        size: in bytes; 0 where no source of it is known.
        sha256: in hex digits; empty where no source of it is known, and each picture is checked.
        urls: where it can be had; the first that answers is taken.
        folders: the archive's names of classes, where they are others than ours.
        original: whether it has the pictures as their authors published them.
        about: in bytes, where the size can only be told roughly.
    """

    file: str
    root: str
    size: int = 0
    sha256: str = ""
    urls: tuple[str, ...] = ()
    folders: dict[str, str] = field(default_factory=dict)
    original: bool = True
    about: int = 0


@dataclass(frozen=True)
class PhotoSet:
    """A set of photos: the archives that hold it, those of the authors first, and its credit.

    `unchanged` says that the prepared files are the authors', byte by byte.
    """

    name: str
    archives: tuple[Archive, ...]
    credit: str
    unchanged: bool = False


class Photo(NamedTuple):
    """A line of a list.

    `digest` is of the prepared file, `original` of the authors' file where it is known; `by_lot`
    is a second way to split, `account` and `photographer` are those at Flickr. Empty where a set
    has no such thing.
    """

    file: str
    split: str
    digest: str
    original: str = ""
    by_lot: str = ""
    account: str = ""
    photographer: str = ""

    @property
    def folder(self) -> str:
        """The class, as the folder of a file is called."""
        return self.file.split("/")[0]

    @property
    def page(self) -> str:
        """Where the photographer shows the picture; empty for pictures that are not from Flickr."""
        number = self.file.split("/")[1].split("_")[0]
        return f"https://www.flickr.com/photos/{self.account}/{number}/" if self.account else ""


_FLOWERS = "download.tensorflow.org/example_images/flower_photos.tgz"
_CELLS = "https://data.mendeley.com/public-files/datasets/snkd93bnjr/files"
_CELLS_CREDIT = (
    "Blood cells: A. Acevedo, A. Merino, S. Alférez, Á. Molina, L. Boldú and J. Rodellar, Mendeley "
    "Data 2020, doi:10.17632/snkd93bnjr.1. CC BY 4.0. Not for medical use."
)
_BLOOD = Archive(
    "PBC_dataset_normal_DIB.zip",
    "PBC_dataset_normal_DIB/",
    about=280_000_000,
    urls=(f"{_CELLS}/2fc38728-2ae7-4a62-a857-032af82334c3/file_downloaded",),
    folders={"immature_granulocyte": "ig"},
)


def _prepared(file: str) -> Archive:
    return Archive(f"{file}.zip", f"{file}/", original=False)


# Sizes and digests of whole archives: each card in `datasets/` names where they are from.
SETS = {
    one.name: one
    for one in (
        PhotoSet(
            "flowers",
            (
                Archive(
                    "flower_photos.tgz",
                    "flower_photos/",
                    228_813_984,
                    "4c54ace7911aaffe13a365c34f650e71dd5bf1be0a58b464e5a7183e3e595d9c",
                    (f"https://storage.googleapis.com/{_FLOWERS}", f"http://{_FLOWERS}"),
                    {"rose": "roses", "sunflower": "sunflowers", "tulip": "tulips"},
                ),
                _prepared("flowers"),
            ),
            "Flowers: flower_photos of the TensorFlow team, 2019; photographs by the people at "
            "Flickr that datasets/flowers/files.tsv names, one for each. CC BY 2.0.",
        ),
        PhotoSet(
            "satellite",
            (
                Archive(
                    "EuroSAT.zip",
                    "2750/",
                    94_280_567,
                    "8ebea626349354c5328b142b96d0430e647051f26efc2dc974c843f25ecf70bd",
                    (
                        "https://huggingface.co/datasets/torchgeo/eurosat/resolve/"
                        "c877bcd43f099cd0196738f714544e355477f3fd/EuroSAT.zip",
                    ),
                ),
                Archive(
                    "EuroSAT_RGB.zip",
                    "EuroSAT_RGB/",
                    94_658_721,
                    "b4f5b234ecb7d7ff9c6cddb046543b4717c53fd6e9815be6c0e80cc614f51b90",
                    ("https://zenodo.org/records/7711810/files/EuroSAT_RGB.zip",),
                ),
                _prepared("eurosat_rgb"),
            ),
            "Satellite tiles: EuroSAT, P. Helber, B. Bischke, A. Dengel and D. Borth, 2019. MIT. "
            "Contains modified Copernicus Sentinel data (2015–2017).",
            unchanged=True,
        ),
        PhotoSet("blood_cells", (_BLOOD, _prepared("blood_cells")), _CELLS_CREDIT),
        PhotoSet(
            "blood_cells_other_series",
            (_BLOOD, _prepared("blood_cells_other_series")),
            _CELLS_CREDIT,
        ),
        PhotoSet(
            "recycling",
            (
                Archive(
                    "dataset-resized.zip",
                    "dataset-resized/",
                    42_834_870,
                    "c060e8abfe5d6de0578ca15be1ed8ad0794a865d333c3473d53d1d9ad6e38b8c",
                    (
                        "https://huggingface.co/datasets/garythung/trashnet/resolve/main/"
                        "dataset-resized.zip",
                        "https://github.com/garythung/trashnet/raw/master/data/dataset-resized.zip",
                    ),
                ),
                _prepared("trashnet"),
            ),
            "Recycling: TrashNet, G. Thung and M. Yang, Stanford University, 2016. MIT.",
        ),
    )
}


@cache
def photo_list(name: str) -> tuple[Photo, ...]:
    """The chosen pictures of a set, in the order of their names.

    Raises:
        AssetError: the list does not lie where it should.
        KeyError: there is no such set.
    """
    with open(bundled(f"{SETS[name].name}/files.tsv"), encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        photos = tuple(Photo(**row) for row in rows)
    if SETS[name].unchanged:
        photos = tuple(photo._replace(original=photo.digest) for photo in photos)
    return photos
