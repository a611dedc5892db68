"""Two plain charts of average precision as SVG text, drawn without a browser, for light and dark pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")  # told apart by colour-blind readers (Okabe & Ito)
WIDTH: Final = 720
HEIGHT: Final = 320
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 48, 44
STYLE: Final = (
    "text{font:13px system-ui,sans-serif;fill:#16233b}.axis{stroke:#cbd5e1}.card{fill:#fff}"
    ".value{font-size:12px;stroke:#fff;stroke-width:4px;paint-order:stroke}"
    "@media(prefers-color-scheme:dark){text{fill:#e8edf5}.axis{stroke:#38465f}.card{fill:#0f1624}.value{stroke:#0f1624}}"
)


def bar_chart(title: str, groups: Sequence[str], series: Mapping[str, Sequence[float | None]]) -> str:
    """Bars from 0 to 1, side by side in each group, with their values written above.

    Args:
        title: what is shown; also read aloud.
        groups: names along the axis.
        series: by name, a value for each group; None leaves a gap.
    """
    step = (WIDTH - LEFT - RIGHT) / max(1, len(groups))
    wide = step * 0.8 / max(1, len(series))
    parts = []
    for number, values in enumerate(series.values()):
        for group, value in enumerate(values):
            if value is None:
                continue
            x, y = LEFT + (group + 0.1) * step + number * wide, _y(value)
            parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide - 3:.1f}" height="{_y(0) - y:.1f}" ')
            parts.append(f'fill="{COLOURS[number % len(COLOURS)]}" rx="2"/>')
            parts.append(_text(x + wide / 2 - 1.5, y - 5, f"{value:.2f}", "middle", "value"))
    ticks = [_text(LEFT + (i + 0.5) * step, HEIGHT - BOTTOM + 20, name, "middle") for i, name in enumerate(groups)]
    return _chart(title, list(series), [*parts, *ticks])


def line_chart(title: str, ticks: Sequence[str], series: Mapping[str, Sequence[float | None]], *, x_title: str) -> str:
    """Lines from 0 to 1 over evenly spaced ticks.

    Args:
        title: what is shown; also read aloud.
        ticks: names along the axis.
        series: by name, a value for each tick; None leaves a gap.
        x_title: what the ticks are.
    """
    step = (WIDTH - LEFT - RIGHT) / max(1, len(ticks))
    parts = []
    for number, values in enumerate(series.values()):
        colour = COLOURS[number % len(COLOURS)]
        points = [(LEFT + (i + 0.5) * step, _y(v)) for i, v in enumerate(values) if v is not None]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>' for x, y in points]
    labels = [_text(LEFT + (i + 0.5) * step, HEIGHT - BOTTOM + 18, name, "middle") for i, name in enumerate(ticks)]
    labels.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, x_title, "middle"))
    return _chart(title, list(series), [*parts, *labels])


def _chart(title: str, names: Sequence[str], parts: Sequence[str]) -> str:
    axis = [_text(LEFT - 8, TOP - 16, "AP", "end")]
    for value in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = _y(value)
        axis.append(f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        axis.append(_text(LEFT - 8, y + 4, f"{value:g}", "end"))
    legend, x = [], float(LEFT)
    for number, name in enumerate(names):
        legend.append(
            f'<rect x="{x:.0f}" y="14" width="12" height="12" rx="2" fill="{COLOURS[number % len(COLOURS)]}"/>'
        )
        legend.append(_text(x + 18, 24, name))
        x += 18 + 7.5 * len(name) + 22
    body = "\n".join(["".join(axis), "".join(legend), *parts])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n"
        f'<rect class="card" width="{WIDTH}" height="{HEIGHT}" rx="8"/>\n{body}\n</svg>\n'
    )


def _y(value: float) -> float:
    return TOP + (1 - value) * (HEIGHT - TOP - BOTTOM)


def _text(x: float, y: float, text: str, anchor: str = "start", kind: str = "") -> str:
    name = f' class="{kind}"' if kind else ""
    return f'<text{name} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
