"""For each exercise, answers that its check must accept, and others that it must refuse.

`RIGHT[id]()` gives answers that must be accepted, each by a name: other dtypes and shapes of the
solution, a list in the place of an array, another seed. `WRONG[id]()` gives answers that must not
be, each with words that the message has to hold: the mistakes that people make. They are functions,
so that no network is built before it is needed.

One module a lesson, as in `tlcourse/exercises/lessons`; `common.py` has what many exercises share.
"""

from collections.abc import Callable, Mapping
from importlib import import_module

from tlcourse.exercises import registry

RIGHT: dict[str, Callable[[], Mapping[str, object]]] = {}
WRONG: dict[str, Callable[[], Mapping[str, tuple[object, str]]]] = {}
for _lesson in registry.lessons():
    _module = import_module(f"{__name__}.lesson{_lesson}")
    RIGHT |= _module.RIGHT
    WRONG |= _module.WRONG
