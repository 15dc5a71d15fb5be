"""A chart of the shares that projects have of a pool, over time, as SVG: a band for each."""

from charts import OURS, TOP, WIDTH, head, text

PLOT, FOOT = 300, 44
SHADES = ("#9fb0bd", "#b9c6cf")  # of two neighbours


class Plot:
    """From seconds and shares to pixels."""

    def __init__(self, seconds):
        self.seconds, self.left, self.right = seconds, 52, WIDTH - 150

    def x(self, second):
        return self.left + (self.right - self.left) * second / self.seconds

    def y(self, share):
        return TOP + PLOT * (1 - share)

    def scale(self):
        parts = []
        for percent in range(0, 101, 20):
            y = self.y(percent / 100)
            parts.append(f'<path d="M{self.left - 4} {y:.1f}H{self.left}" stroke="#666"/>')
            parts.append(text(self.left - 8, y + 4, f"{percent}%", "end", 11, colour="#666"))
        for second in range(0, int(self.seconds) + 1, 1 if self.seconds < 16 else 5):
            parts.append(text(self.x(second), TOP + PLOT + 16, f"{second} s", "middle", 11,
                              colour="#666"))
        return parts


def sums(shares):
    """Where each band begins, and the last one ends."""
    edges = [0.0]
    for share in shares:
        edges.append(edges[-1] + share)
    return edges


def band(plot, series, project, colour):
    step = series["seconds_a_point"]
    edges = [sums(shares) for shares in series["shares"]]

    def path(at, points):
        for i, point in points:
            yield f"{plot.x(i * step):.1f} {plot.y(point[at]):.1f}"
            yield f"{plot.x((i + 1) * step):.1f} {plot.y(point[at]):.1f}"

    lower = list(path(project, enumerate(edges)))
    upper = list(path(project + 1, enumerate(edges)))
    return f'<path d="M{"L".join(lower + upper[::-1])}Z" fill="{colour}"/>'


def due(series):
    """What each project that always has jobs is to have while all are there; the last has few."""
    weights = series["weights"][:-1]
    return [weight / sum(weights) for weight in weights]


def dues(plot, series):
    """A line where each band should end, and what it is, beside the chart."""
    begin, end = (plot.x(second) for second in series["shared"])
    parts = []
    edges = sums(due(series))
    for project, weight in enumerate(series["weights"][:-1]):
        if project > 0:
            parts.append(f'<path d="M{begin:.1f} {plot.y(edges[project]):.1f}H{end:.1f}" '
                         'stroke="#fff" stroke-width="1.2" stroke-dasharray="5 3"/>')
        middle = plot.y((edges[project] + edges[project + 1]) / 2)
        name = "the flood" if project == 0 else f"weight {weight}"
        parts.append(text(plot.right + 8, middle + 4,
                          f"{name}: due {edges[project + 1] - edges[project]:.1%}", size=11))
    return parts


def chart(workload, figure, note):
    """A band for each project, the flood's at the bottom."""
    series = figure["series"]
    plot = Plot(len(series["shares"]) * series["seconds_a_point"])
    height = TOP + PLOT + FOOT
    bands = [band(plot, series, project, OURS if project == 0 else SHADES[project % 2])
             for project in range(len(series["weights"]))]
    by = figure["case"].split(":")[0]
    legend = "The flood alone; eight others come; they are gone.  Dashed: where bands are to end."
    return "\n".join([
        *head(f"{workload}: shares of the pool over time, by {by}", note, height),
        *bands,
        *dues(plot, series),
        *plot.scale(),
        text(plot.left, height - 8, legend, size=11, colour="#666"),
        "</svg>",
        "",
    ])
