"""What is to be reached, as data, and how far it is."""

import collections

C_AND_CPP = ("glib", "gtask", "libuv", "tbb_arena", "tbb_group", "asio", "apr", "openmp_gcc",
             "openmp_clang", "cthreadpool", "concurrentqueue")

# GOAL is for people; WORST is Bothy's figure over the goal: reached if it is at most 1.
Verdict = collections.namedtuple("Verdict", "workload case goal measured worst void")


class Target:
    """Bothy's VALUE against those of PEERS: TIMES as fast as the fastest of them."""

    def __init__(self, workload, case, goal, peers, times=1.0, peer_case=None):
        self.workload, self.case, self.goal = workload, case, goal
        self.peers, self.times = peers, times
        self.peer_case = case if peer_case is None else peer_case

    def verdict(self, figures):
        own = figures.value(self.workload, self.case, "bothy")
        others = {
            peer: figures.value(self.workload, self.peer_case, peer)
            for peer in self.peers
            if figures.value(self.workload, self.peer_case, peer)
        }
        if own is None or not others:
            return Verdict(self.workload, self.case, self.goal, None, None, False)
        best = min(others, key=others.get)
        measured = f"{others[best] / own:.2f} times as fast as {name(best)}"
        if best == "bothy":
            measured = f"{own / others[best]:.2f} times its cost"
        void = best == "ring" and not ring_counts(figures)
        return Verdict(self.workload, self.case, self.goal, measured,
                       own * self.times / others[best], void)


class Limit:
    """Bothy's figure against a fixed one; UNIT as it is printed."""

    def __init__(self, workload, case, goal, most=None, least=None, key="value", scale=1.0,
                 unit=None):
        self.workload, self.case, self.goal = workload, case, goal
        self.most, self.least, self.key = most, least, key
        self.scale, self.unit = scale, unit

    def verdict(self, figures):
        figure = figures.by_key.get((self.workload, self.case, "bothy"))
        if figure is None:
            return Verdict(self.workload, self.case, self.goal, None, None, False)
        value = float(f"{figure[self.key] * self.scale:.3g}")  # as it is printed
        if self.least is not None:
            worst = self.least / value
        else:
            worst = value / self.most if self.most else 1.0 if value < 1 else float("inf")
        return Verdict(self.workload, self.case, self.goal,
                       f"{value:.3g} {self.unit or figure['unit']}", worst, False)


class Best(Limit):
    """As Limit, or as good as the best peer if that is easier."""

    def verdict(self, figures):
        others = [figures.value(self.workload, self.case, peer)
                  for peer in figures.peers(self.workload, self.case) if peer != "bothy"]
        self.most = max([self.most or 0.0] + ([min(others)] if others else []))
        return super().verdict(figures)


def name(peer):
    return {"glib": "GLib", "gtask": "GTask", "forkjoin": "ForkJoinPool", "ring": "the ring",
            "tbb_group": "oneTBB's group", "tbb_arena": "oneTBB's arena", "apr": "APR",
            "asio": "Boost.Asio", "openmp_gcc": "OpenMP (gcc)", "openmp_clang": "OpenMP (clang)",
            "bothy": "Bothy"}.get(peer, peer)


def ring_counts(figures):
    """Whether the reference is one: at least 4 times as fast as GLib in the same run."""
    glib, ring = figures.value("drain", "", "glib"), figures.value("drain", "", "ring")
    return glib is not None and ring is not None and glib >= 4 * ring


def drain_targets(case):
    def to(goal, peers, times):
        return Target("drain", case, goal, peers, times, peer_case="" if case else None)

    return [
        to("4 times GLib", ["glib"], 4),
        to("4 times libuv", ["libuv"], 4),
        to("ahead of every C and C++ peer", C_AND_CPP, 1),
        to("within 2 times ForkJoinPool", ["forkjoin"], 1 / 2),
        to("within 1.5 times the ring's time", ["ring"], 1 / 1.5),
    ]


def without(*peers):
    return [peer for peer in C_AND_CPP if peer not in peers]


def fair_limits(by):
    return [
        Limit("fair", f"{by} share", "within 5% of its weight, over a second", most=5),
        Limit("fair", f"{by} wait", "twice that on an idle pool and one job", most=100),
        Limit("fair", f"{by} throughput", "92% of first-in first-out", least=92),
    ]


TARGETS = [
    *drain_targets(""),
    *drain_targets("by strings"),
    Target("drain_many", "", "3 times GLib", ["glib"], 3),
    Target("drain_many", "", "4 times libuv", ["libuv"], 4),
    Target("drain_many", "", "ahead of every C and C++ peer but concurrentqueue",
           without("concurrentqueue")),
    Target("drain_many", "", "within 1.5 times concurrentqueue", ["concurrentqueue"], 1 / 1.5),
    Target("drain_many", "", "within 1.5 times the ring's time", ["ring"], 1 / 1.5),
    Target("batch", "", "the ring's time", ["ring"]),
    Target("futures", "", "3 times libuv", ["libuv"], 3),
    Target("futures", "", "ahead of every peer that has futures", [*C_AND_CPP, "forkjoin"]),
    Limit("round_trip", "p50", "0.6 us", most=0.6),
    Best("round_trip", "p99", "no worse than the best peer's"),
    Best("round_trip_cold", "p50", "6.5 us, or the best peer's", most=6.5),
    Limit("round_trip_cold", "p50", "75 us of CPU a job", most=75, key="cpu", scale=1e-3,
          unit="us of CPU"),
    Target("tree", "", "ahead of oneTBB's group", ["tbb_group"]),
    Target("tree", "", "1.5 times oneTBB's group (a stretch)", ["tbb_group"], 1.5),
    Limit("queued", "with futures", "160 bytes a job, future included", most=160),
    *[Limit("coarse", case, "95% of the cores", least=95) for case in ("10 us", "100 us", "1 ms")],
    Limit("refs", "1 ref", "150 ns for the first ref in a job", most=150),
    *[Target("refs", case, "within 1.3 times uthash by hand", ["uthash"], 1 / 1.3)
      for case in ("10 refs", "100 refs", "10,000 refs")],
    Target("tenants", "100 projects", "1.2 times the cost of 1", ["bothy"], 1 / 1.2, "1 project"),
    Target("tenants", "10,000 projects", "2 times the cost of 1", ["bothy"], 1 / 2, "1 project"),
    *[limit for by in ("wall time:", "CPU time:") for limit in fair_limits(by)],
    Limit("idle", "", "0 CPU", most=0),
    Target("scale", "8 workers", "no slower than 1.3 times 2 workers", ["bothy"], 1 / 1.3,
           "2 workers"),
]


def verdicts(figures):
    return [target.verdict(figures) for target in TARGETS]
