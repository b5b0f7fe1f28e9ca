"""What an audit found: each mistake with its reason and the line that mends it."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One mistake.

    Attributes:
        severity: `"error"` (the result is wrong) or `"warning"` (it is worse than it need be).
        name: of the mistake, the same ones always, such as `"learning rate too high"`.
        found: what was found, with names and numbers.
        why: why it hurts.
        mend: the line of code that mends it.
    """

    severity: str
    name: str
    found: str
    why: str
    mend: str


@dataclass(frozen=True)
class Report:
    """All findings, the errors first; false when there are none. A notebook shows a table.

    `print` and a notebook show what a reader at work needs; `text()`, `html()` and the command
    also list what was not checked.

    Attributes:
        findings: what is wrong.
        looked_at: what was examined.
        skipped: what could not be, and what would be needed.
        not_checked: what a clean report says nothing of: what was not given, and what cannot be
            told from a model and its data.
    """

    findings: tuple[Finding, ...]
    looked_at: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the findings, in order."""
        return tuple(finding.name for finding in self.findings)

    @property
    def title(self) -> str:
        """The result in one line."""
        count = len(self.findings)
        return "Nothing found." if not count else f"{count} finding{'s' * (count > 1)}"

    def rows(self, *, complete: bool = True) -> list[tuple[str, str]]:
        """The report as (label, text) pairs, in the order to read them.

        Args:
            complete: with what was not checked.
        """
        rows = []
        for finding in self.findings:
            rows.append((finding.severity.capitalize(), finding.name))
            rows += [("Found", finding.found), ("Why", finding.why), ("Mend", finding.mend)]
        rows.append(("Looked at", "; ".join(self.looked_at) or "nothing"))
        rows += [("Skipped", reason) for reason in self.skipped]
        if complete and self.not_checked:
            rows.append(("Not checked", "; ".join(self.not_checked)))
        return rows

    def text(self) -> str:
        """All of it as plain text."""
        return _text(self.title, self.rows())

    def html(self) -> str:
        """All of it as a table, to be put into a page."""
        return _html(self.title, self.rows())

    def __str__(self) -> str:
        return _text(self.title, self.rows(complete=False))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return _html(self.title, self.rows(complete=False))


def _text(title: str, rows: list[tuple[str, str]]) -> str:
    wide = max(10, *(len(label) for label, _ in rows))
    lines = [
        f"{label:<{wide}} " + text.replace("\n", "\n" + " " * (wide + 1)) for label, text in rows
    ]
    return "\n".join([title, *lines])


def _html(title: str, rows: list[tuple[str, str]]) -> str:
    # No colors of its own: it follows the theme.
    left = 'style="text-align: left; vertical-align: top"'
    label_left = 'style="text-align: left; vertical-align: top; white-space: nowrap"'
    code = 'style="text-align: left; margin: 0; padding: 0"'
    lines = []
    for label, text in rows:
        text = html.escape(text, quote=False)
        if label in ("Error", "Warning"):
            label, text = f"{_MARKS[label]} {label}", f"<b>{text}</b>"
        elif label == "Mend":
            text = f"<pre {code}>{text}</pre>"
        else:
            text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
        head = f'<th scope="row" {label_left}>{label}</th>'
        lines.append(f"<tr>{head}<td {left}>{text}</td></tr>")
    return f'<p><b>{title}</b></p><table class="tlcourse-audit">{"".join(lines)}</table>'


_MARKS = {"Error": "✗", "Warning": "△"}
