"""Makes HTML: one page, styles inline, pictures as data, nothing that a browser would have to fetch.

Every text that comes from outside is escaped here and nowhere else. A content security policy forbids the page all
requests, so that a mistake would show as a missing picture and not as traffic.
Not here: what the page says (`report.py`).
"""

import base64
from collections.abc import Sequence
from html import escape

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
STYLE = """
:root { --ink: #1d2126; --soft: #5c6570; --line: #dfe3e8; --back: #f6f7f9; --card: #fff; --accent: #a94712;
  --proceed: #22663a; --adjust: #8a5a00; --reconsider: #a3222b; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 72rem; margin: 0 auto; padding: 1rem; }
header { padding: 1.25rem 0 .25rem; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 0 0 .75rem; }
h3 { font-size: 1rem; margin: 1rem 0 .5rem; overflow-wrap: anywhere; }
p { margin: 0 0 .75rem; }
.soft { color: var(--soft); }
section { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: 1rem;
  margin: 1rem 0; }
.tiles, .figures { display: grid; gap: 1rem; }
.tiles { grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); }
.figures { grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr)); }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .75rem 1rem; }
.tile b { display: block; font-size: 1.35rem; line-height: 1.25; font-variant-numeric: tabular-nums; }
.badge { display: inline-block; padding: .1rem .7rem; border-radius: 1rem; color: #fff; font-weight: 600; }
.proceed { background: var(--proceed); } .adjust { background: var(--adjust); }
.reconsider { background: var(--reconsider); }
figure { margin: 0; } figure img { width: 100%; max-width: 34rem; height: auto; display: block; }
/* A shadow lies at the side where a table goes on; two covers that scroll with the table hide it at the ends. */
.scroll { overflow-x: auto; scrollbar-width: thin; background:
  linear-gradient(to right, var(--card) 1.5rem, transparent 3rem) left / 3rem 100% no-repeat local,
  linear-gradient(to left, var(--card) 1.5rem, transparent 3rem) right / 3rem 100% no-repeat local,
  linear-gradient(to right, #0003, transparent) left / .9rem 100% no-repeat scroll,
  linear-gradient(to left, #0003, transparent) right / .9rem 100% no-repeat scroll; }
section > * + .figures, section > * + .scroll, section > * + details { margin-top: 1rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .92rem; }
th, td { padding: .35rem .6rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; white-space: normal; min-width: 6.5rem; }
th.text, td.text { text-align: left; } td.text { white-space: normal; min-width: 7rem; }
th { color: var(--soft); font-weight: 600; }
pre { margin: 0; padding: .75rem; background: var(--back); border: 1px solid var(--line); border-radius: .35rem;
  overflow-x: auto; font: .82rem/1.45 ui-monospace, monospace; }
.pair { display: grid; gap: .75rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); }
.pair > div { min-width: 0; } .pair p { margin: 0 0 .35rem; font-size: .88rem; color: var(--soft); }
dl { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: .25rem 1rem; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
summary { cursor: pointer; color: var(--accent); }
"""


def page(title: str, body: Sequence[str]) -> str:
    """Return a whole document.

    Args:
        title (`str`): Shown by the browser.
        body (`Sequence[str]`): HTML of its parts.
    """
    head = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main>",
    ]
    return "\n".join([*head, *body, "</main></body></html>"]) + "\n"


def section(heading: str, *parts: str) -> str:
    """Return a section with a heading; empty parts are left out."""
    return "\n".join([f"<section><h2>{escape(heading)}</h2>", *filter(None, parts), "</section>"])


def paragraph(text: str, soft: bool = False) -> str:
    """Return a paragraph of plain text."""
    return f"<p{' class=soft' if soft else ''}>{escape(text)}</p>"


def table(rows: Sequence[Sequence[str]], text_columns: Sequence[int] = ()) -> str:
    """Return a table that scrolls sideways where it is too wide.

    Args:
        rows (`Sequence[Sequence[str]]`): Cells as text; the first row is the heading, the first column names the row.
        text_columns (`Sequence[int]`, *optional*): Columns of prose, which wrap and align left.
    """
    kinds = [" class=text" if column in text_columns else "" for column in range(len(rows[0]))]
    head = "".join(f'<th scope="col"{kind}>{escape(cell)}</th>' for kind, cell in zip(kinds, rows[0], strict=True))
    lines = []
    for row in rows[1:]:
        cells = (f"<td{kind}>{escape(cell)}</td>" for kind, cell in zip(kinds, row, strict=True))
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'


def figures(items: Sequence[tuple[str, bytes]]) -> str:
    """Return pictures in a grid, each with the text that stands for it where it cannot be seen."""
    shown = "\n".join(f"<figure>{picture(alt, svg)}</figure>" for alt, svg in items)
    return f'<div class="figures">{shown}</div>' if items else ""


def picture(alt: str, svg: bytes) -> str:
    """Return one SVG as an image whose data is in the page."""
    data = base64.b64encode(svg).decode("ascii")
    return f'<img alt="{escape(alt)}" src="data:image/svg+xml;base64,{data}">'


def tiles(items: Sequence[tuple[str, str, str]]) -> str:
    """Return key figures: each a label, a value and a remark."""
    shown = "".join(
        f'<div class="tile"><span class="soft">{escape(label)}</span><b>{escape(value)}</b>'
        f'<span class="soft">{escape(remark)}</span></div>'
        for label, value, remark in items
    )
    return f'<div class="tiles">{shown}</div>' if items else ""


def definitions(items: Sequence[tuple[str, str]]) -> str:
    """Return names with their values."""
    return f"<dl>{''.join(f'<dt>{escape(name)}</dt><dd>{escape(value)}</dd>' for name, value in items)}</dl>"


def code_pair(heading: str, sides: Sequence[tuple[str, str]]) -> str:
    """Return code side by side, one below the other on a narrow screen; each side is a caption and its code."""
    shown = "".join(f"<div><p>{escape(caption)}</p><pre>{escape(code)}</pre></div>" for caption, code in sides)
    return f'<h3>{escape(heading)}</h3><div class="pair">{shown}</div>'


def details(summary: str, content: str) -> str:
    """Return content that a reader opens when wanted; `content` is HTML."""
    return f"<details><summary>{escape(summary)}</summary>{content}</details>"
