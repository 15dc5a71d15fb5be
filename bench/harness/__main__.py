"""What bench/run does once all is built: measure, and print or write up the figures."""

import argparse
import datetime
import json
import os
import platform
import re
import subprocess
import sys
import tempfile

import page
import plan
import probe
import rounds
import table
from figures import Figures, load
from rounds import say

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DOCS = os.path.join(ROOT, "docs")
KEPT = os.path.join(DOCS, "performance")


def options():
    parser = argparse.ArgumentParser(
        prog="bench/run",
        description="Measure Bothy and other pools side by side; print a line of JSON for each "
        "figure.  Installs the other pools' packages (Debian) and builds first.",
        epilog="Workloads: " + ", ".join(plan.WORKLOADS),
    )
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help="all by default")
    parser.add_argument("--rounds", type=int, default=5, help="that count, of each (5)")
    parser.add_argument("--quick", action="store_true", help="one round of a tenth of the jobs")
    parser.add_argument("--peers", metavar="NAME,...", help="these and Bothy alone")
    parser.add_argument("--patience", type=float, default=600, metavar="SECONDS",
                        help="a workload may take longer, to wait for the cores and to measure "
                        "anew what was disturbed (600)")
    parser.add_argument("--any-load", action="store_true",
                        help="after that keep what was disturbed, and say how much it is")
    parser.add_argument("--table", action="store_true", help="a table instead of JSON")
    parser.add_argument("--page", action="store_true",
                        help="write the figures, tables and charts into docs/ too")
    parser.add_argument("--page-only", action="store_true",
                        help="measure nothing: write them anew from docs/performance/")
    parser.add_argument("--no-install", action="store_true", help="install nothing")
    chosen = parser.parse_args()
    unknown = [name for name in chosen.workloads if name not in plan.WORKLOADS]
    if unknown:
        parser.error(f"no such workload: {unknown[0]}")
    if chosen.quick:
        chosen.rounds = 1
    return chosen


def find_peers(build, names):
    """{name: (program, words of its --list)}, Bothy first."""
    folder = os.path.join(build, "peers")
    programs = [os.path.join(build, "bothy-bench")]
    programs += sorted(os.path.join(folder, name) for name in os.listdir(folder))
    peers = {}
    for program in programs:
        output = subprocess.run([program, "--list"], stdout=subprocess.PIPE, check=True)
        words = output.stdout.decode().split()
        if names is None or words[0] in ["bothy", *names.split(",")]:
            peers[words[0]] = (program, set(words))
    return peers


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = re.search(r"^model name\s*:\s*(.*)$", file.read(), re.MULTILINE)
    return f"{os.cpu_count()} cores ({model.group(1) if model else platform.machine()})"


def how_taken(run):
    left_out = {peer: why for (workload, peer), why in plan.LEFT_OUT.items()
                if workload == run.workload}
    return {
        "date": datetime.date.today().isoformat(),
        "machine": machine(),
        "load": [round(load_, 1) for load_ in run.load],
        "turns": run.taken,
        "discarded": run.discarded,
        "disturbed": run.disturbed,
        "left_out": {**left_out, **run.left_out},
    }


def measure_one(workload, peers, witness, chosen, build):
    count = 1 if workload in plan.OWN_ROUNDS else chosen.rounds
    turns = plan.turns_of(workload, peers, chosen.quick)
    run = rounds.Run(workload, turns, count, witness, chosen.patience, chosen.any_load)
    say(f"{workload}: {len(turns)} turns, {count} times")
    with tempfile.TemporaryDirectory(prefix="bothy-bench-", dir=build) as folder:
        run.run(folder)
    say(f"{workload}: {run.taken} turns taken, {run.discarded} discarded, "
        f"{run.disturbed} kept though disturbed")
    return Figures(run.figures(), {workload: how_taken(run)})


def measure(chosen, build):
    """The figures of each workload, as soon as they are there."""
    peers = find_peers(build, chosen.peers)
    witness = probe.Probe(os.path.join(build, "bench-probe"))
    for _ in range(10):
        witness.spin()
    for workload in chosen.workloads or plan.WORKLOADS:
        yield measure_one(workload, peers, witness, chosen, build)


def write_page(figures):
    os.makedirs(KEPT, exist_ok=True)
    figures.save(KEPT)
    page.write(figures, DOCS)


def main():
    chosen = options()
    if chosen.page_only:
        write_page(load(KEPT))
        return
    everything = Figures()
    for figures in measure(chosen, os.environ["BENCH_BUILD"]):
        everything = everything.updated(figures)
        if chosen.page:
            write_page(load(KEPT).updated(figures))
        if not chosen.table:
            for line in figures.lines:
                print(json.dumps(line), flush=True)
    if chosen.table:
        print(table.for_terminal(everything))
        print(table.plain(table.of_targets(everything)))


if __name__ == "__main__":
    sys.exit(main())
