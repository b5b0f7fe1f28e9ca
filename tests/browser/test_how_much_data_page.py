"""Demo 3 in a real page: draw a guess, reveal, change the way; in JupyterLab and in voila."""

from playwright.sync_api import expect

NOTEBOOK = "demos/03_how_much_data.ipynb"
CURVES = "From scratch"


def guess_and_reveal(demo):
    with demo.changes(CURVES):
        demo.step("10 a class", "PageUp")
    with demo.changes(CURVES):
        demo.step("300 a class", "PageDown")
    with demo.changes(CURVES):
        demo.press("Reveal next")
    demo.expect_message("With 5 images a class, transfer is 13.8 points ahead.")
    with demo.changes(CURVES):
        demo.press("Reveal all", mouse=True)
    demo.expect_message("The curves cross at about 25 images a class.")


def test_guess_and_reveal_in_jupyterlab(demo, lab):
    demo.run_in_lab(lab, NOTEBOOK)
    guess_and_reveal(demo)
    demo.screenshot("03_how_much_data")
    with demo.changes(CURVES):
        demo.step("Stages kept", "ArrowLeft")
    demo.expect_message("The curves cross at about 81 images a class.")
    with demo.changes(CURVES):
        demo.pick("They are", "learning on")
    demo.expect_message("which may be luck")
    with demo.changes(CURVES):
        demo.press("Again")
    expect(demo.page.get_by_role("button", name="Reveal next")).to_be_enabled()


def test_voila_serves_it(demo, voila):
    demo.run_in_voila(voila, NOTEBOOK)
    guess_and_reveal(demo)
