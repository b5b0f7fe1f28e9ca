"""An exercise notebook without any answer in a real JupyterLab: run, asked and answered by keys."""

from playwright.sync_api import expect

from tlcourse.exercises import registry

NOTEBOOK, QUESTION = "exercises/10_your_own_task.ipynb", "10.1"


def test_a_question_is_answered_by_keyboard(lab, demo):
    demo.run_in_lab(lab, NOTEBOOK, ".tlcourse-quiz")
    quiz = demo.page.locator(".tlcourse-quiz")
    options = quiz.locator("input[type=radio]")
    options.first.focus()
    demo.page.keyboard.press("Space")
    for at, option in enumerate(registry.find(QUESTION).options.values()):
        if at:
            demo.page.keyboard.press("ArrowDown")
        expect(options.nth(at)).to_be_checked()
        expect(quiz).to_contain_text(option.explanation.split("`")[0])
    demo.screenshot("exercise", ".tlcourse-quiz")


def test_without_answers_it_runs_to_its_end_and_says_so(lab, demo):
    demo.run_in_lab(lab, NOTEBOOK, ".tlcourse-quiz")
    outputs = demo.page.locator(".jp-OutputArea-output")
    asked = len(registry.exercises(QUESTION[:2]))
    expect(outputs.filter(has_text="There is no answer yet")).to_have_count(asked)
    expect(outputs.filter(has_text="exercises done")).to_have_count(1)
