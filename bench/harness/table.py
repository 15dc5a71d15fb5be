"""Figures as tables: for a terminal, and for the page."""

import targets


def number(value):
    if value is None:
        return ""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def cells(figure):
    spread = f"{number(figure['min'])} to {number(figure['max'])}"
    return [
        figure["case"] or "-",
        targets.name(figure["peer"]),
        number(figure["value"]),
        figure["unit"],
        spread,
        str(figure["rounds"]),
        number(figure.get("cpu")),
        number(figure.get("sleeps_per_1000")),
    ]


HEAD = ["case", "pool", "median", "unit", "spread", "rounds", "CPU ns/job", "sleeps/1,000"]


def sorted_figures(figures, workload):
    """By case in the order of the plan; the best first."""
    lines = figures.of(workload)
    cases = list(dict.fromkeys(f["case"] for f in lines))
    more_is_better = workload == "coarse"
    return sorted(
        lines,
        key=lambda f: (cases.index(f["case"]), -f["value"] if more_is_better else f["value"]),
    )


def plain(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows
    )


def markdown(rows, bold=lambda row: False):
    lines = ["| " + " | ".join(rows[0]) + " |", "|" + "---|" * len(rows[0])]
    for row in rows[1:]:
        marked = [f"**{cell}**" if cell and bold(row) else cell for cell in row]
        lines.append("| " + " | ".join(marked) + " |")
    return "\n".join(lines)


def for_terminal(figures):
    parts = []
    for workload in dict.fromkeys(f["workload"] for f in figures.lines):
        rows = [HEAD] + [cells(f) for f in sorted_figures(figures, workload)]
        parts.append(f"{workload}\n{plain(rows)}\n")
    return "\n".join(parts)


def for_page(figures, workload):
    rows = [HEAD] + [cells(f) for f in sorted_figures(figures, workload)]
    return markdown(rows, bold=lambda row: row[1] == "Bothy")


def said(verdict):
    if verdict.measured is None:
        return "not measured"
    if verdict.void:
        return "void: the ring is under 4 times GLib"
    if verdict.worst <= 1:
        return "reached"
    if verdict.worst == float("inf"):
        return "missed"
    return f"missed by {verdict.worst:.2f} times"


def of_targets(figures):
    rows = [["workload", "to reach", "measured", ""]]
    for verdict in targets.verdicts(figures):
        what = ", ".join(filter(None, (verdict.workload, verdict.case)))
        rows.append([what, verdict.goal, verdict.measured or "", said(verdict)])
    return rows
