"""Demo 2 in a real page: turn the dial, train, stop, compare; in JupyterLab and in voila."""

from playwright.sync_api import expect

from tests.browser.page import MILLISECONDS

NOTEBOOK = "demos/02_freeze_dial.ipynb"
CURVES = "Validation accuracy"


def wait_for_the_end(demo):
    expect(demo.page.get_by_role("button", name="Stop")).to_be_disabled(timeout=MILLISECONDS)


def test_the_dial_trains_and_is_stopped_in_jupyterlab(demo, lab):
    demo.run_in_lab(lab, NOTEBOOK)
    learns = demo.page.locator(".tlcourse-demo b", has_text="learns")
    expect(learns).to_have_count(2)
    demo.step("Frozen stages")
    expect(learns).to_have_count(1)  # the new head
    with demo.changes(CURVES):
        demo.press("Train")
    demo.expect_message("4 of 4 stages frozen, 10 images a class: photonet")
    wait_for_the_end(demo)
    expect(demo.page.locator(".tlcourse-runs td")).to_have_count(5)

    # A second run, with other settings, stopped half way; controls answer meanwhile.
    demo.step("Frozen stages", "Home")
    demo.step("Images a class", "End")
    demo.press("Train", mouse=True)
    demo.expect_message("0 of 4 stages frozen, 50 images a class: photonet")
    demo.step("Frozen stages", "End")
    expect(learns).to_have_count(1)
    demo.press("Stop")
    demo.expect_message("Stopped.")
    wait_for_the_end(demo)

    # And a third, after the stop.
    demo.step("Images a class", "Home")
    demo.press("Train")
    demo.expect_message("4 of 4 stages frozen, 2 images a class: photonet")
    wait_for_the_end(demo)
    expect(demo.page.locator(".tlcourse-runs tr").nth(2)).to_be_visible()  # a head and two runs
    demo.screenshot("02_freeze_dial")


def test_a_cell_that_is_run_again_stops_what_it_was_at(demo, lab):
    demo.run_in_lab(lab, NOTEBOOK)
    demo.press("Train")
    demo.expect_message("photonet")
    demo.run_in_lab(lab, NOTEBOOK)
    demo.press("Train")
    demo.expect_message("3 of 4 stages frozen")
    wait_for_the_end(demo)


def test_voila_serves_it(demo, voila):
    demo.run_in_voila(voila, NOTEBOOK)
    demo.step("Frozen stages")
    with demo.changes(CURVES):
        demo.press("Train")
    demo.expect_message("4 of 4 stages frozen")
    demo.press("Stop")
    wait_for_the_end(demo)
