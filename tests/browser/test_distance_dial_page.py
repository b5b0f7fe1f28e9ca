"""Demo 4 in a real page: guess, turn the dial; in JupyterLab and in voila."""

NOTEBOOK = "demos/04_distance_dial.ipynb"
BARS = "Points over training from scratch"
DIAL = "Source, near to useless"


def guess_and_turn(demo):
    with demo.changes(BARS):
        demo.pick("My guess", "wrong labels")
    for _ in range(6):
        with demo.changes(BARS):
            demo.step(DIAL)
    demo.expect_message("Your guess: wrong labels.")


def test_guess_and_turn_in_jupyterlab(demo, lab):
    demo.run_in_lab(lab, NOTEBOOK)
    guess_and_turn(demo)
    demo.screenshot("04_distance_dial")
    with demo.changes(BARS):
        demo.step("Images a class")
    with demo.changes(BARS):
        demo.pick("Target", "digits")
    demo.expect_message("Harm begins at: drawings.")
    with demo.changes(BARS):
        demo.pick("The network is", "fine-tuned")
    demo.expect_message("Harm begins at")


def test_voila_serves_it(demo, voila):
    demo.run_in_voila(voila, NOTEBOOK)
    guess_and_turn(demo)
