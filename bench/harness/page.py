"""Write the tables of docs/performance.md, between its markers, and its charts."""

import os
import re

import charts
import plan
import shares
import table
import targets

CHARTED = [name for name in plan.WORKLOADS if name not in ("rss", *plan.SHARED, *plan.OWN_ROUNDS)]


def how(figures, workload):
    taken = figures.taken[workload]
    noise = f"turns discarded: {taken['discarded']}"
    if taken["disturbed"]:
        noise += f", **{taken['disturbed']} of {taken['turns']} kept though disturbed by others**"
    return (
        f"{taken['date']}, {taken['machine']}; load {taken['load'][0]:.1f} to "
        f"{taken['load'][1]:.1f}; {noise}"
    )


def note(figures, workload):
    return how(figures, workload).replace("**", "")


def series_of(figures, workload):
    """The figure that has one, of the first such case in the plan; or None."""
    labels = [case.label for case in plan.WORKLOADS[workload]]
    found = [f for f in figures.of(workload) if "series" in f]
    return min(found, default=None, key=lambda f: next(
        i for i, label in enumerate(labels) if f["case"].startswith(label)))


def section(figures, workload):
    if not figures.of(workload):
        return "Not measured yet."
    parts = [f"{how(figures, workload)}."]
    for peer, why in figures.taken[workload]["left_out"].items():
        parts.append(f"{targets.name(peer)} is left out: {why}.")
    if workload in CHARTED or series_of(figures, workload):
        parts.append(f"![{workload}](performance/{workload}.svg)")
    return "\n\n".join([*parts, table.for_page(figures, workload)])


def summary(figures):
    rows = table.of_targets(figures)
    reached = sum(row[-1] == "reached" for row in rows[1:])
    lines = [f"{reached} of {len(rows) - 1} are reached."]
    if any(f["workload"] == "drain" for f in figures.lines):
        glib, ring = figures.value("drain", "", "glib"), figures.value("drain", "", "ring")
        if glib and ring:
            counts = "so figures against it count" if targets.ring_counts(figures) else (
                "less than 4: **figures against it are void**")
            lines.append(f"The ring is {glib / ring:.1f} times as fast as GLib, {counts}.")
    disturbed = sum(taken["disturbed"] for taken in figures.taken.values())
    turns = sum(taken["turns"] for taken in figures.taken.values())
    if disturbed:
        lines.append(f"**Others used the machine meanwhile: {disturbed} of {turns} turns were "
                     "disturbed and kept all the same, so none of this is to be relied on.**")
    return "\n\n".join([" ".join(lines), table.markdown(rows, lambda row: False)])


def fill(text, name, content):
    """TEXT, with CONTENT between the markers of that NAME."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    pattern = re.escape(begin) + ".*?" + re.escape(end)
    return re.sub(pattern, lambda _: f"{begin}\n{content}\n{end}", text, flags=re.DOTALL)


def chart_of(figures, workload):
    """None: it has none."""
    lines = [f for f in table.sorted_figures(figures, workload) if f["case"] not in plan.BESIDE]
    if workload in CHARTED and lines:
        return charts.chart(workload, lines, note(figures, workload))
    figure = series_of(figures, workload)
    return shares.chart(workload, figure, note(figures, workload)) if figure else None


def write(figures, docs):
    path = os.path.join(docs, "performance.md")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    text = fill(text, "targets", summary(figures))
    for workload in plan.WORKLOADS:
        text = fill(text, workload, section(figures, workload))
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    for workload in plan.WORKLOADS:
        chart = chart_of(figures, workload)
        if chart:
            with open(os.path.join(docs, "performance", f"{workload}.svg"), "w",
                      encoding="utf-8") as file:
                file.write(chart)
