"""What is measured: the cases of each workload, and how a program is asked for them."""

import collections

# LABEL tells the cases of a workload apart; ARGS are the program's; NEEDS is a word that its --list
# must have besides the workload's name; ONLY are the peers that the case is for.
Case = collections.namedtuple("Case", "label program args quick needs only")


def case(label="", program=None, args=(), quick=(), needs=None, only=None):
    return Case(label, program, list(args), list(quick), needs, only)


FEWER = ["--jobs", "100000"]


def drains(*more):
    return [case(quick=FEWER), *more]


WORKLOADS = {
    "drain": drains(
        case("by strings", args=["--strings"], quick=FEWER, needs="--strings"),
        case("unbounded", args=["--unbounded"], quick=FEWER, needs="--unbounded"),
        case("cold", args=["--cold"], quick=FEWER),
    ),
    "drain_many": drains(
        case("unbounded", args=["--unbounded"], quick=FEWER, needs="--unbounded")
    ),
    "batch": drains(),
    "futures": drains(),
    "round_trip": [case(quick=["--jobs", "10000"])],
    "round_trip_cold": [case(quick=["--jobs", "1000"])],
    "tree": [case()],
    "queued": [
        case(quick=FEWER),
        case("with futures", args=["--futures"], quick=FEWER, needs="--futures"),
    ],
    "coarse": [
        case(label, args=["--job-us", us], quick=["--jobs", jobs])
        for label, us, jobs in (
            ("10 us", "10", "10000"),
            ("100 us", "100", "1000"),
            ("1 ms", "1000", "100"),
        )
    ],
    "refs": [
        case(f"{n:,} ref{'s' if n > 1 else ''}", args=["--refs", str(n)])
        for n in (1, 10, 100, 10000)
    ],
    "tenants": [
        case(f"{n:,} project{'s' if n > 1 else ''}", args=["--projects", str(n)], quick=FEWER)
        for n in (1, 100, 10000)
    ],
    "fair": [
        case(f"{label}:", args=["--seconds", "5", *args], quick=["--seconds", "1"])
        for label, args in (("CPU time", ["--cpu"]), ("wall time", []))
    ],
    "idle": [case(args=["--workers", "4", "--seconds", "2"], quick=["--seconds", "1"])],
    "scale": [
        case(f"{n} worker{'s' if n > 1 else ''}", program="drain", args=["--workers", str(n)],
             quick=FEWER, only=("bothy", "ring", "glib", "concurrentqueue", "forkjoin"))
        for n in (1, 2, 4, 8)
    ],
    "rss": [case()],
    # These take turns within themselves, and print medians.
    "record": [case(quick=["--rounds", "1", "--jobs", "20000"])],
    "record_cost": [case(quick=["--rounds", "1", "--jobs", "4000"])],
}

# Cases without a target, which are in the tables and not in the charts.
BESIDE = ("unbounded", "cold")

# What has a chart of shares over time, and none of bars: its figures have nothing in common.
SHARED = ("fair",)

OWN_ROUNDS = ("record", "record_cost")

# Peers that have a workload, and are left out of it all the same.
LEFT_OUT = {
    ("queued", "apr"): "each push walks all that is queued, so a million take hours",
}


class Turn:
    """One process that measures one case on one peer."""

    def __init__(self, workload, case_, peer, program, quick):
        self.workload, self.case, self.peer = workload, case_, peer
        self.command = [program, *case_.args, *(case_.quick if quick else []),
                        case_.program or workload]

    def __str__(self):
        return " ".join(filter(None, (self.workload, self.case.label, "on", self.peer)))


def turns_of(workload, peers, quick):
    """The turns of one round; PEERS is {name: (program, words of its --list)}."""
    turns = []
    for case_ in WORKLOADS[workload]:
        for peer, (program, words) in peers.items():
            wanted = {case_.program or workload, case_.needs or peer}
            for_it = case_.only is None or peer in case_.only
            if wanted <= words and for_it and (workload, peer) not in LEFT_OUT:
                turns.append(Turn(workload, case_, peer, program, quick))
    return turns
