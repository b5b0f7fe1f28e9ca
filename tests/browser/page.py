"""A demo in a real page: run it, use its controls as a person does, and look at it.

Nothing here waits for a fixed time: every step waits for what it should bring about.
"""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.browser.servers import ROOT

SCREENSHOTS = ROOT / "build" / "screenshots"  # an artefact; git ignores it
MILLISECONDS = 60_000  # for one step; two kernels may share two cores
RUN_MILLISECONDS = 300_000  # for all cells of a notebook, the import of TensorFlow included
expect.set_options(timeout=MILLISECONDS)
# What the console may hold, and why.
KNOWN_NOISE = {
    r"Could not restore the debugger state": "it still asks when a test ends the kernel",
    r"net::ERR_\w+ \(https://cdn\.": "voila asks for icons, which the widgets bring along",
    r"[Ss]hared module": "voila loads extensions that only work in the whole of JupyterLab",
}


class Demo:
    """The widgets of one page, found by their labels.

    Attributes:
        page: playwright's page.
        errors: what came into the page's console as an error, known noise left out.
    """

    def __init__(self, page: Page):
        self.page = page
        self.errors: list[str] = []
        page.set_default_timeout(MILLISECONDS)
        page.on("console", self._read)
        page.on("pageerror", lambda error: self._note(str(error)))

    def _read(self, line) -> None:
        if line.type == "error":
            self._note(f"{line.text} ({line.location['url']})")

    def _note(self, text: str) -> None:
        if not any(re.search(noise, text) for noise in KNOWN_NOISE):
            self.errors.append(text)

    # -------------------------------------------------------------- open and run

    def run_in_lab(self, address: str, notebook: str, part: str = ".tlcourse-demo") -> "Demo":
        """Open a notebook in JupyterLab, run all its cells, and wait for the part that matters."""
        self.page.goto(f"{address}/doc/tree/{notebook}")
        self.page.wait_for_selector(".jp-Notebook .jp-Cell")
        self.page.evaluate(
            "async () => { const panel = window.jupyterapp.shell.currentWidget;"
            " await panel.context.ready; await panel.sessionContext.ready;"
            " window.ran = false;"
            " window.jupyterapp.commands.execute('notebook:run-all-cells')"
            ".then(() => { window.ran = true; }); }"
        )
        self.page.wait_for_function("window.ran", timeout=RUN_MILLISECONDS)
        self.wait_until_idle()
        wrong = self.page.locator(
            "[data-mime-type='application/vnd.jupyter.error'],"
            "[data-mime-type='application/vnd.jupyter.stderr']"
        )
        assert not wrong.count(), wrong.first.inner_text()
        expect(self.page.locator(part).first).to_be_visible()
        return self

    def run_in_voila(self, address: str, notebook: str) -> "Demo":
        """Have voila run a notebook, and open the page that it makes of it."""
        self.page.goto(f"{address}/voila/render/{notebook}", timeout=RUN_MILLISECONDS)
        expect(self.page.locator(".tlcourse-demo").first).to_be_visible(timeout=RUN_MILLISECONDS)
        return self

    def wait_until_idle(self) -> None:
        """Wait until the kernel has nothing to do."""
        self.page.wait_for_function(
            "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status == 'idle'",
            timeout=RUN_MILLISECONDS,
        )

    def end_kernel(self) -> None:
        """So that the next page starts afresh."""
        if self.page.evaluate("Boolean(window.jupyterapp)"):
            self.page.evaluate("window.jupyterapp.serviceManager.sessions.shutdownAll()")

    # -------------------------------------------------------------- controls

    def control(self, label: str) -> Locator:
        """The box of the control with that label."""
        exact = self.page.locator(".widget-label", has_text=re.compile(rf"^\s*{re.escape(label)}"))
        return self.page.locator(".tlcourse-demo .widget-inline-hbox", has=exact).first

    def press(self, text: str, *, mouse: bool = False) -> None:
        """Press a button: by the keyboard, or by the mouse."""
        button = self.page.locator(".tlcourse-demo").get_by_role("button", name=text)
        expect(button).to_be_enabled()
        if mouse:
            button.click()
        else:
            button.focus()
            self.page.keyboard.press("Enter")

    def step(self, label: str, key: str = "ArrowRight") -> None:
        """Move a slider, or choose the next entry of a list, by the keyboard."""
        target = self.control(label).locator(".noUi-handle, select, input").first
        target.focus()
        self.page.keyboard.press(key)

    def pick(self, label: str, option: str) -> None:
        """Choose from a list."""
        self.control(label).locator("select").select_option(option)

    def fill(self, label: str, text: str) -> None:
        """Write into a field."""
        field = self.control(label).locator("input")
        field.fill(text)
        field.press("Enter")

    def upload(self, button: str, *files: Path) -> None:
        """Give files to an upload button, as the file dialog would."""
        with self.page.expect_file_chooser() as chooser:
            self.press(button)
        chooser.value.set_files(list(files))

    # -------------------------------------------------------------- what is to be seen

    def picture(self, alt: str) -> Locator:
        """The picture whose alt text begins like that."""
        return self.page.locator(f'.tlcourse-demo img[alt^="{alt}"]')

    @contextlib.contextmanager
    def changes(self, alt: str, *, timeout: int = MILLISECONDS) -> Iterator[None]:
        """What is done inside brings another picture."""
        picture = self.picture(alt)
        expect(picture).to_be_visible()
        before = picture.get_attribute("src")
        yield
        expect(picture).not_to_have_attribute("src", before, timeout=timeout)

    def seconds_until_change(self, alt: str, label: str, key: str) -> float:
        """The time from a key press to the picture that it brings, taken within the page."""
        self.page.evaluate(
            """alt => {
                const find = () => document.querySelector(`.tlcourse-demo img[alt^="${alt}"]`);
                const before = find().src;
                let start;
                window.seconds = null;
                addEventListener("keydown", () => start ??= performance.now(), true);
                new MutationObserver(async (_, watcher) => {
                    if (start === undefined || !find() || find().src === before) return;
                    watcher.disconnect();
                    await find().decode();
                    window.seconds = (performance.now() - start) / 1000;
                }).observe(document.body, {childList: true, subtree: true, attributes: true});
            }""",
            alt,
        )
        self.step(label, key)
        return self.page.wait_for_function("window.seconds").json_value()

    def expect_message(self, words: str, *, timeout: int = MILLISECONDS) -> None:
        """Wait until a line for the user holds these words."""
        line = self.page.locator(".tlcourse-message", has_text=words).first
        expect(line).to_be_visible(timeout=timeout)

    def screenshot(self, name: str, part: str = ".tlcourse-demo") -> Path:
        """Keep how the demo looks now."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        demo, window = self.page.locator(part).first, self.page.viewport_size
        height = demo.bounding_box()["height"]
        self.page.set_viewport_size(window | {"height": int(height) + 300})  # the page's bars, too
        demo.scroll_into_view_if_needed()
        demo.screenshot(path=path)
        self.page.set_viewport_size(window)
        return path
