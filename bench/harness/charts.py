"""A bar chart of each workload's figures, as SVG: the median as a bar, the spread as a line."""

import math
from xml.sax.saxutils import escape

import table
import targets

WIDTH, LEFT, RIGHT = 820, 250, 110
ROW, BAR, TOP, BOTTOM = 22, 14, 52, 26
OURS, THEIRS, PLAIN = "#1f6f54", "#9fb0bd", "#c9b27c"


class Axis:
    """From figures to pixels; by powers of ten where a linear one would hide the small."""

    def __init__(self, figures):
        values = [f["value"] for f in figures]
        positive = [value for value in values if value > 0]
        self.log = bool(positive) and max(values) > 30 * min(positive)
        self.most = max([f["max"] for f in figures] + [1e-9])
        if self.most > 3 * max(values + [1e-9]):  # a spread that would dwarf all bars
            self.most = 3 * max(values + [1e-9])
        self.least = 10 ** math.floor(math.log10(min(positive))) if self.log else 0.0

    def at(self, value):
        value = min(max(value, self.least), self.most)
        span = WIDTH - LEFT - RIGHT
        if not self.log:
            return LEFT + span * value / self.most
        return LEFT + span * math.log(value / self.least) / math.log(self.most / self.least)

    def ticks(self):
        if self.log:
            first, last = math.log10(self.least), math.log10(self.most)
            return [10.0**i for i in range(round(first), math.floor(last) + 1)]
        step = 10 ** math.floor(math.log10(self.most))
        step = next(s for s in (step / 5, step / 2, step, step * 2) if self.most / s <= 6)
        return [i * step for i in range(int(self.most / step) + 1)]


def head(title, note, height):
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif">',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        text(12, 20, title, size=15, weight="bold"),
        text(12, 36, note, size=11, colour="#666"),
    ]


def text(x, y, words, anchor="start", size=12, weight="normal", colour="#222"):
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" '
        f'font-weight="{weight}" fill="{colour}">{escape(words)}</text>'
    )


def bar(figure, axis, y):
    colour = {"bothy": OURS, "ring": PLAIN, "uthash": PLAIN}.get(figure["peer"], THEIRS)
    label = targets.name(figure["peer"])
    label = f"{label}, {figure['case']}" if figure["case"] else label
    end, middle = axis.at(figure["value"]), y + BAR / 2
    low, high = axis.at(figure["min"]), axis.at(figure["max"])
    return [
        text(LEFT - 8, y + BAR - 3, label, "end",
             weight="bold" if figure["peer"] == "bothy" else "normal"),
        f'<rect x="{LEFT}" y="{y}" width="{max(end - LEFT, 1):.1f}" height="{BAR}" '
        f'fill="{colour}"/>',
        f'<path d="M{low:.1f} {middle}H{high:.1f}" stroke="#444" stroke-width="1.5"/>',
        text(max(end, high) + 6, y + BAR - 3, table.number(figure["value"])),
    ]


def grid(axis, height):
    parts = []
    for tick in axis.ticks():
        x = axis.at(tick)
        parts.append(
            f'<path d="M{x:.1f} {TOP - 6}V{height - BOTTOM}" stroke="#ddd" stroke-width="1"/>'
        )
        parts.append(text(x, height - 8, f"{tick:,.10g}", "middle", 11, colour="#666"))
    return parts


def chart(workload, figures, note):
    axis = Axis(figures)
    height = TOP + ROW * len(figures) + BOTTOM
    better = "more is better" if workload == "coarse" else "less is better"
    scale = ", logarithmic" if axis.log else ""
    parts = [
        *head(f"{workload}: {figures[0]['unit']} ({better}{scale})", note, height),
        *grid(axis, height),
    ]
    for i, figure in enumerate(figures):
        parts += bar(figure, axis, TOP + ROW * i)
    return "\n".join([*parts, "</svg>", ""])
