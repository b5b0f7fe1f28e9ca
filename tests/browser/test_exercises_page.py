"""An exercise notebook without any answer in a real JupyterLab: run, asked and answered by keys."""

from playwright.sync_api import expect

NOTEBOOK = "exercises/05_method_1_train_and_reuse.ipynb"


def test_a_question_is_answered_by_keyboard(lab, demo):
    demo.run_in_lab(lab, NOTEBOOK, ".tlcourse-quiz")
    quiz = demo.page.locator(".tlcourse-quiz")
    options = quiz.locator("input[type=radio]")
    options.first.focus()
    demo.page.keyboard.press("Space")
    expect(quiz).to_contain_text("05.1: Not yet. The first stage is what you can use best")
    demo.page.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_be_checked()
    expect(quiz).to_contain_text("05.1: Right.")
    demo.screenshot("exercise", ".tlcourse-quiz")


def test_without_answers_it_runs_to_its_end_and_says_so(lab, demo):
    demo.run_in_lab(lab, NOTEBOOK, ".tlcourse-quiz")
    outputs = demo.page.locator(".jp-OutputArea-output")
    expect(outputs.filter(has_text="There is no answer yet")).to_have_count(5)
    expect(outputs.filter(has_text="exercises done")).to_have_count(1)
