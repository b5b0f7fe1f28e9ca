"""Multiple-choice questions with an explanation for each option, usable by keyboard."""

import html

from tlcourse.exercises.asking import Note, check
from tlcourse.exercises.registry import find


def choose(id: str):
    """Show a multiple-choice question; choosing an option says why it is right or not.

    Tab moves to the options, the arrow keys choose, and what is chosen is checked at once.

    Args:
        id: such as `"05.1"`.

    Returns:
        An ipywidgets box; its parts are the question, the options and the answer. A note that says
        so where there is no such question.
    """
    import ipywidgets as widgets

    from tlcourse.widgets.style import own_keys

    try:
        exercise = find(id)
    except KeyError as error:
        return Note(error.args[0])
    if not exercise.options:
        return Note(f"{exercise.id} is no question with options: answer it in its cell.")
    question = widgets.HTML(
        f"<style {own_keys('tlcourse-quiz')}></style><b>{html.escape(exercise.question)}</b>"
    )
    options = widgets.RadioButtons(
        options=[
            (f"{letter}) {option.text}", letter) for letter, option in exercise.options.items()
        ],
        value=None,
        layout=widgets.Layout(width="auto"),
    )
    answer = widgets.HTML()

    def judge(change: dict) -> None:
        answer.value = check(exercise.id, change["new"])._repr_html_()

    options.observe(judge, "value")
    box = widgets.VBox([question, options, answer])
    box.add_class("tlcourse-quiz")
    return box
