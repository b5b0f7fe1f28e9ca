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

    Attributes:
        findings: what is wrong.
        looked_at: what was examined.
        skipped: what could not be, and what would be needed.
    """

    findings: tuple[Finding, ...]
    looked_at: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()

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

    def rows(self) -> list[tuple[str, str]]:
        """The report as (label, text) pairs, in the order to read them."""
        rows = []
        for finding in self.findings:
            rows.append((finding.severity.capitalize(), finding.name))
            rows += [("Found", finding.found), ("Why", finding.why), ("Mend", finding.mend)]
        rows.append(("Looked at", "; ".join(self.looked_at) or "nothing"))
        return rows + [("Skipped", reason) for reason in self.skipped]

    def __str__(self) -> str:
        lines = [self.title]
        for label, text in self.rows():
            lines.append(f"{label:<10} " + text.replace("\n", "\n" + 11 * " "))
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        # No colors of its own: it follows the theme.
        left = 'style="text-align: left; vertical-align: top"'
        label_left = 'style="text-align: left; vertical-align: top; white-space: nowrap"'
        code = 'style="text-align: left; margin: 0; padding: 0"'
        lines = []
        for label, text in self.rows():
            text = html.escape(text, quote=False)
            if label in ("Error", "Warning"):
                label, text = f"{_MARKS[label]} {label}", f"<b>{text}</b>"
            elif label == "Mend":
                text = f"<pre {code}>{text}</pre>"
            else:
                text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
            head = f'<th scope="row" {label_left}>{label}</th>'
            lines.append(f"<tr>{head}<td {left}>{text}</td></tr>")
        return f'<p><b>{self.title}</b></p><table class="tlcourse-audit">{"".join(lines)}</table>'


_MARKS = {"Error": "✗", "Warning": "△"}
