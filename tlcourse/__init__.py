"""A course on transfer learning: its helpers, in rooms.

**Imports only go down this list; a name has one room; a sub-command has one file.**

    commands    the `tlcourse` command, a file a sub-command
    exercises   ask, check, hint, solution; `lessons/` has the checks
    widgets     the demos for a classroom
    retrain     from a folder of photos to a model and a report
    recipes     how the bundled weights and tables were made
    auditing    what is wrong with a model and its data
    transfer    features, heads, probes, freezing, fine-tuning
    inside      what layers see
    networks    backbones and their weights; the names of layers
    photos      photos of one's own
    data        the tasks, and the tables of long studies
    files       files that are no code: found, fetched, kept
    drawing  plots  machine      the renderer; figures; device, GPU, limits
    claims  errors  notebooks  progress     modules of this folder, below all rooms

What lessons use comes from `tlcourse` itself: `__init__.pyi` lists it, with the room that each
name is from. Importing the package is cheap: a room is imported when a name of it is asked for.
CONTRIBUTING.md says which files a change touches.
"""

from pathlib import Path

import lazy_loader

__version__ = "0.1.0"
_find, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str):
    if name not in __all__:
        raise AttributeError(
            f"module 'tlcourse' has no attribute {name!r}; it has: {', '.join(__all__)}"
        )
    return _find(name)


# Until the next release: paths that copies of earlier lessons import from.
__path__.append(str(Path(__file__).with_name("old_names")))
