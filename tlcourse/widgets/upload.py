"""Photos from the user's disk, of any number and size.

ipywidgets' own `FileUpload` sends all files in one message. Jupyter's server takes 10 MB in one,
and hangs up on more: four photos of a phone would cut the page off from its kernel, without a
word. So files come here in pieces.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import anywidget
import numpy as np
import traitlets

from tlcourse.errors import ImageFolderError
from tlcourse.photos.read import examine, read_image

LARGEST_FILE = 100_000_000  # bytes; of a photo, a few millions
LARGEST_SIDE = 384  # pixels that are kept: enough to look at; the networks see 64
_SEND = """
const PIECE = 1 << 20;
function render({ model, el }) {
  const button = document.createElement("button");
  const input = document.createElement("input");
  const bar = document.createElement("progress");
  button.className = "jupyter-widgets jupyter-button widget-button";
  button.style.width = "auto";
  input.type = "file";
  input.accept = model.get("accept");
  input.multiple = model.get("multiple");
  input.hidden = true;
  const label = () => {
    const icon = document.createElement("i");
    icon.className = "fa fa-upload";
    button.replaceChildren(icon, model.get("label"));
    button.disabled = model.get("disabled");
    bar.value = model.get("done");
    bar.hidden = bar.value === 1;
  };
  model.on("change", label);
  label();
  // A piece is sent when the one before it is there; again, when no answer comes.
  let answered = () => {};
  model.on("msg:custom", answer => answered(answer));
  const arrives = (about, piece) => new Promise(resolve => {
    const send = () => model.send(about, undefined, [piece.slice(0)]);
    const again = setInterval(send, 10000);
    answered = answer => {
      if (answer.at !== about.at || answer.start !== about.start) return;
      clearInterval(again);
      resolve();
    };
    send();
  });
  button.onclick = () => input.click();
  input.onchange = async () => {
    const files = [...input.files];
    const id = Math.random();
    input.value = "";  // so that the same file can be chosen again
    for (const [at, file] of files.entries()) {
      const about = { id, name: file.name, size: file.size, at, files: files.length };
      const end = file.size > model.get("largest") ? 0 : file.size;  // too large: only its name
      for (let start = 0; start === 0 || start < end; start += PIECE) {
        const piece = await file.slice(start, Math.min(start + PIECE, end)).arrayBuffer();
        await arrives({ ...about, start }, piece);
      }
    }
  };
  bar.setAttribute("aria-label", "Upload");
  el.append(button, input, bar);
}
export default { render };
"""


class Photo(NamedTuple):
    """A photo that was given: its name, and uint8 (height, width, 3), shrunk to be looked at."""

    name: str
    pixels: np.ndarray


class Upload(anywidget.AnyWidget):
    """A button that opens the file dialog, and hands over the photos that were chosen.

    Call `tlcourse.widgets.upload.upload`, which makes one.
    """

    _esm = _SEND
    label = traitlets.Unicode("Upload").tag(sync=True)
    accept = traitlets.Unicode("image/*").tag(sync=True)
    multiple = traitlets.Bool(False).tag(sync=True)
    disabled = traitlets.Bool(False).tag(sync=True)
    done = traitlets.Float(1.0).tag(sync=True)  # share of the files that is here
    largest = traitlets.Int(LARGEST_FILE).tag(sync=True)

    def __init__(self, on_photos: Callable[[list[Photo], list[str]], object], **options) -> None:  # noqa: D107
        super().__init__(**options)
        self._on_photos = on_photos
        self._id: float | None = None
        self._seen: set[tuple[int, int]] = set()
        self._pieces: list[bytes] = []
        self._photos: list[Photo] = []
        self._complaints: list[str] = []
        self.on_msg(self._receive)

    def _receive(self, _, about: dict, buffers: list) -> None:
        self.send({"at": about["at"], "start": about["start"]})
        if about["id"] != self._id:  # another upload; what is left of a broken one is dropped
            self._id, self._seen = about["id"], set()
            self._photos, self._complaints = [], []
        if (about["at"], about["start"]) in self._seen:  # sent again, though it was here
            return
        self._seen.add((about["at"], about["start"]))
        if about["start"] == 0:
            self._pieces = []
        self._pieces.append(bytes(buffers[0]))
        received = sum(map(len, self._pieces))
        share = (about["at"] + received / max(about["size"], 1)) / about["files"]
        self.done = min(share, 0.99)  # not done before it is decoded
        try:
            if about["size"] > self.largest:
                most = f"{self.largest // 1_000_000} MB"
                raise ImageFolderError(f"{about['name']} has more than {most}; save it smaller.")
            if received < about["size"]:
                return
            self._photos.append(read_photo(about["name"], b"".join(self._pieces)))
        except ImageFolderError as error:
            self._complaints.append(str(error))
        if about["at"] == about["files"] - 1:
            self.done = 1.0
            self._on_photos(self._photos, self._complaints)


def upload(
    label: str, on_photos: Callable[[list[Photo], list[str]], object], *, multiple: bool = False
) -> Upload:
    """A button that opens the file dialog.

    Args:
        label: what the button says.
        on_photos: called with the photos that could be read, and a sentence about each of the
            other files.
        multiple: several photos may be chosen at once.
    """
    return Upload(on_photos, label=label, multiple=multiple)


def read_photo(name: str, content: bytes) -> Photo:
    """A file as a photo, the way a person sees it (see `tlcourse.photos.read.read_image`).

    Args:
        name: of the file; its ending says what kind it should be.
        content: the bytes of the file.

    Raises:
        ImageFolderError: it is no photo, damaged, or too large; the message is one sentence.
    """
    from PIL import Image

    with tempfile.TemporaryDirectory(prefix="tlcourse-") as folder:
        # A name from elsewhere is only shown, never used as a path.
        path = Path(folder) / f"photo{Path(name).suffix[:8]}"
        path.write_bytes(content)
        look = examine(path)
        if look.problem:
            raise ImageFolderError(f"{name} {look.problem}".replace(str(path), name))
        picture = Image.fromarray(read_image(path)[0])
    picture.thumbnail((LARGEST_SIDE, LARGEST_SIDE), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return Photo(name, np.asarray(picture))
