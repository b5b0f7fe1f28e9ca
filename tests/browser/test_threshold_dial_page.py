"""Demo 6 in a real page: guess, reveal, turn the threshold; in JupyterLab and in voila."""

NOTEBOOK = "demos/06_threshold_dial.ipynb"
FIGURE = "At a threshold of"
DIAL = "Validation pictures handed to a person"


def guess_and_turn(demo):
    demo.step("My guess", "PageUp")
    with demo.changes(FIGURE):
        demo.press("Reveal")
    demo.expect_message("Of the unknown (other kinds), 85 % come through")
    with demo.changes(FIGURE):
        demo.step(DIAL)
    demo.expect_message("Of the unknown (other kinds), 75 % come through")


def test_guess_and_turn_in_jupyterlab(demo, lab):
    demo.run_in_lab(lab, NOTEBOOK)
    guess_and_turn(demo)
    demo.screenshot("06_threshold_dial")
    with demo.changes(FIGURE):
        demo.pick("Unknown", "digits")
    demo.expect_message("Guess, then reveal.")
    with demo.changes(FIGURE):
        demo.pick("Score", "distance")
    with demo.changes(FIGURE):
        demo.press("Reveal", mouse=True)
    demo.expect_message("Of the unknown (digits), 0 % come through")


def test_voila_serves_it(demo, voila):
    demo.run_in_voila(voila, NOTEBOOK)
    guess_and_turn(demo)
