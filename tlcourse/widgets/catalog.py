"""A catalog of backbones to search and sort."""

import html
from collections.abc import Callable, Mapping, Sequence

import ipywidgets as widgets

from tlcourse.networks.backbones import Backbone

# heading -> what it shows and sorts by; None sorts last either way
_COLUMNS: dict[str, Callable[[Backbone], object]] = {
    "name": lambda row: row.name,
    "year": lambda row: row.year,
    "parameters (M)": lambda row: row.million_parameters,
    "body (M)": lambda row: row.million_body,
    "10⁹ multiplications": lambda row: row.giga_multiplications,
    "download (MB)": lambda row: row.download_mb,
    "pixels": lambda row: row.image_size,
    "top-1 %": lambda row: row.top1,
    "source": lambda row: row.source,
    "recipe": lambda row: row.recipe,
    "license": lambda row: row.license,
}
SPEED = "ms here"


def catalog(
    rows: Sequence[Backbone],
    *,
    milliseconds: Mapping[str, float] | None = None,
    demo: Callable[[str], object] | None = None,
) -> widgets.VBox:
    """A catalog of backbones to search and sort, with the line of code that loads the chosen one.

    Args:
        rows: such as `list_backbones()`.
        milliseconds: name → time of one picture, as measured on this machine; a column more.
        demo: called with the chosen name when the button is pressed; what it prints or returns
            is shown. Of an error that it raises, the message is.

    Returns:
        The widget. Its parts are `children`: controls, table, chosen network, demo's output.
    """
    columns = dict(_COLUMNS)
    if milliseconds:
        columns[SPEED] = lambda row: milliseconds.get(row.name)
    wide = {"style": {"description_width": "6em"}, "layout": widgets.Layout(width="20em")}
    search = widgets.Text(description="Search", placeholder="name, source, license", **wide)
    sort = widgets.Dropdown(description="Sort by", options=list(columns), **wide)
    down = widgets.Checkbox(description="largest first", indent=False)
    chosen = widgets.Dropdown(description="Network", options=[row.name for row in rows], **wide)
    button = widgets.Button(description="Try it", disabled=demo is None)
    table, code, output = widgets.HTML(), widgets.HTML(), widgets.Output()

    def refresh(_=None) -> None:
        found = matching(rows, search.value, columns[sort.value], down.value)
        table.value = _table(found, columns)

    def show_code(_=None) -> None:
        line = f'backbone = tlcourse.load_backbone("{chosen.value}")'
        code.value = f"<pre>{html.escape(line)}</pre>"
        output.clear_output()

    def run(_) -> None:
        output.clear_output()
        button.disabled = True
        try:
            with output:
                from IPython.display import display

                try:
                    if (result := demo(chosen.value)) is not None:
                        display(result)
                except Exception as error:
                    print(error)
        finally:
            button.disabled = False

    for control in (search, sort, down):
        control.observe(refresh, "value")
    chosen.observe(show_code, "value")
    button.on_click(run)
    refresh()
    show_code()
    return widgets.VBox(
        [widgets.HBox([search, sort, down]), table, widgets.HBox([chosen, button]), code, output]
    )


def matching(
    rows: Sequence[Backbone], words: str, key: Callable[[Backbone], object], down: bool = False
) -> list[Backbone]:
    """The rows whose words hold every one of `words`, sorted; those without `key` last.

    Searched are name, source, recipe and license.

    Args:
        rows: of the catalog.
        words: separated by spaces; upper or lower case.
        key: what to sort by; None where a row has no such figure.
        down: largest first.
    """
    wanted = words.lower().split()

    def text(row: Backbone) -> str:
        told = (row.name, row.source, row.recipe, row.license)
        return " ".join(filter(None, told)).lower()

    found = [row for row in rows if all(word in text(row) for word in wanted)]

    def place(row: Backbone):
        value = key(row)
        return value.lower() if isinstance(value, str) else value

    known = sorted((r for r in found if key(r) is not None), key=place, reverse=down)
    return known + [r for r in found if key(r) is None]


def _table(rows: Sequence[Backbone], columns: Mapping[str, Callable]) -> str:
    if not rows:
        return "<p>No network fits. Take a word out of the search.</p>"
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in columns)
    lines = [
        "<tr>" + "".join(f"<td>{_cell(value(row))}</td>" for value in columns.values()) + "</tr>"
        for row in rows
    ]
    return (
        '<div style="max-height: 24em; overflow: auto"><table class="tlcourse-catalog" '
        f'style="border-spacing: 1em 0.1em"><tr>{head}</tr>{"".join(lines)}</table></div>'
    )


def _cell(value: object) -> str:
    if value is None:
        return ""
    return html.escape(f"{value:g}" if isinstance(value, float) else str(value))
