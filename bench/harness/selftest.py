"""The harness measures nothing here: programs that print known figures, and witnesses that lie as
they are told."""

import os
import sys
import tempfile
import unittest
import xml.etree.ElementTree

import charts
import figures
import page
import plan
import probe
import rounds
import shares
import table
import targets

LINE = '{"workload":"drain","case":"","peer":"%s","value":%s,"unit":"ns/job","cpu":2,' \
       '"sleeps_per_1000":1}'


def turn(peer, value, script="echo '%s'"):
    made = plan.Turn("drain", plan.case(), peer, "sh", False)
    made.command = ["sh", "-c", script % (LINE % (peer, value))]
    return made


class Witness:
    """Says of one turn after the other what it is told; then that all is quiet."""

    def __init__(self, *faults):
        self.faults = list(faults)

    def spin(self):
        return 1.0, 1.0

    def fault_of_spin(self, share, rate):
        return None

    def fault(self, spins, others, seconds):
        return self.faults.pop(0) if self.faults else None


def run(turns, witness, count=1, patience=100.0, any_load=False):
    made = rounds.Run("drain", turns, count, witness, patience, any_load)
    with tempfile.TemporaryDirectory() as folder:
        made.run(folder)
    return made


class Rounds(unittest.TestCase):
    def setUp(self):
        rounds.say = lambda text: None

    def test_a_disturbed_turn_is_taken_again(self):
        made = run([turn("bothy", 3)], Witness("others"))
        self.assertEqual((made.taken, made.discarded), (1, 1))
        self.assertEqual(made.figures()[0]["rounds"], 1)

    def test_what_is_disturbed_is_dropped_once_patience_is_used_up(self):
        made = run([turn("bothy", 3)], Witness("others"), patience=0)
        self.assertEqual((made.taken, made.discarded, made.figures()), (0, 1, []))

    def test_any_load_keeps_it_and_counts_it(self):
        made = run([turn("bothy", 3)], Witness("others"), patience=0, any_load=True)
        self.assertEqual((made.taken, made.discarded, made.disturbed), (1, 0, 1))

    def test_any_load_drops_nothing_when_patience_ends_in_a_turn(self):
        made = run([turn("bothy", 3)], Witness("a", "b"), patience=1e-9, any_load=True)
        self.assertEqual((made.taken, made.discarded, made.disturbed), (1, 1, 1))

    def test_a_failing_peer_is_left_out_of_all_rounds(self):
        made = run([turn("glib", 1, "echo '%s'; exit 3"), turn("ring", 1)], Witness(), count=3)
        self.assertEqual(made.left_out, {"glib": "failed with 3"})
        self.assertEqual([f["peer"] for f in made.figures()], ["ring"])

    def test_a_figure_is_the_median_with_its_spread(self):
        with tempfile.TemporaryDirectory() as folder:
            count = os.path.join(folder, "count")
            script = f"echo x >>{count}; echo '%s' | sed s/0/$(wc -l <{count})0/"
            made = run([turn("ring", 0, script)], Witness(), count=3)
        self.assertEqual([made.figures()[0][key] for key in ("min", "value", "max", "rounds")],
                         [10, 20, 30, 3])

    def test_each_round_begins_with_another_turn(self):
        made = run([turn(peer, 1) for peer in "abc"], Witness(), count=3)
        self.assertEqual(made.taken, 9)
        self.assertEqual([f["rounds"] for f in made.figures()], [3, 3, 3])


class Series(unittest.TestCase):
    def test_a_figure_keeps_the_series_of_its_median(self):
        made = rounds.Run("fair", [], 1, Witness(), 100.0, False)
        lines = [{"value": value, "peer": "bothy", "unit": "%", "cpu": 1, "sleeps_per_1000": 1,
                  "series": [value]} for value in (1, 9, 5)]
        self.assertEqual(made.figure("share", lines)["series"], [5])

    def test_figures_without_a_series_have_none(self):
        made = run([turn("bothy", 3)], Witness())
        self.assertNotIn("series", made.figures()[0])


class Probing(unittest.TestCase):
    def test_witnesses(self):
        witness = probe.Probe("unused")
        witness.best_rate = 100.0
        cores = os.cpu_count()
        self.assertIsNone(witness.fault([(1, 100), (0.99, 99)], 0.0, 1.0))
        self.assertIn("others", witness.fault([(1, 100), (1, 100)], 0.1 * cores, 1.0))
        self.assertIn("of a core",
                      witness.fault([(1, 100), (0.5, 100)], 0.0, 1.0))
        self.assertIn("ran at", witness.fault([(1, 80), (1, 100)], 0.0, 1.0))


def made_figures(**values):
    return figures.Figures([
        {"workload": "drain", "case": "", "peer": peer, "value": value, "unit": "ns/job",
         "min": value, "max": value, "rounds": 5, "cpu": 1, "sleeps_per_1000": 1}
        for peer, value in values.items()
    ])


class Targets(unittest.TestCase):
    def verdict(self, goal, found):
        return next(v for v in targets.verdicts(found) if v.goal == goal and v.case == "")

    def test_reached_and_missed(self):
        found = made_figures(bothy=50, glib=201, libuv=100, ring=40)
        self.assertEqual(table.said(self.verdict("4 times GLib", found)), "reached")
        self.assertEqual(table.said(self.verdict("4 times libuv", found)), "missed by 2.00 times")

    def test_a_slow_ring_makes_figures_against_it_void(self):
        found = made_figures(bothy=50, glib=100, ring=40)
        self.assertTrue(self.verdict("within 1.5 times the ring's time", found).void)

    def test_a_chart_of_nothing_but_zeros_can_be_drawn(self):
        self.assertIn("</svg>", charts.chart("drain", made_figures(bothy=0).lines, ""))


def shared_figure(**more):
    points = [[1.0, 0, 0], [0.25, 0.7, 0.05], [0.25, 0.75, 0]]
    return {"workload": "fair", "case": "wall time: share", "peer": "bothy", "value": 4.0,
            "unit": "% off its weight", "min": 3.0, "max": 6.0, "rounds": 5, "cpu": 1,
            "sleeps_per_1000": 1,
            "series": {"seconds_a_point": 0.5, "shared": [0.5, 1.5], "weights": [1, 3, 1],
                       "shares": points}, **more}


class Shares(unittest.TestCase):
    def said(self, **more):
        found = figures.Figures([shared_figure(**more)])
        verdict = next(v for v in targets.verdicts(found)
                       if (v.workload, v.case) == ("fair", more.get("case", "wall time: share")))
        return table.said(verdict)

    def test_limits(self):
        self.assertEqual(self.said(), "reached")
        self.assertEqual(self.said(value=10.0), "missed by 2.00 times")
        self.assertEqual(self.said(case="CPU time: wait", value=101.0), "missed by 1.01 times")
        self.assertEqual(self.said(case="CPU time: throughput", value=92.5), "reached")
        self.assertEqual(self.said(case="CPU time: throughput", value=46.0),
                         "missed by 2.00 times")

    def test_a_project_is_due_its_weight_of_those_that_always_have_jobs(self):
        self.assertEqual(shares.due(shared_figure()["series"]), [0.25, 0.75])

    def test_the_chart_is_of_shares_and_well_formed(self):
        found = figures.Figures([shared_figure()], {"fair": {
            "date": "-", "machine": "-", "load": [0, 0], "turns": 1, "discarded": 0,
            "disturbed": 0, "left_out": {}}})
        chart = page.chart_of(found, "fair")
        root = xml.etree.ElementTree.fromstring(chart)
        bands = [path for path in root if path.get("d", "").endswith("Z")]
        self.assertEqual(len(bands), 3)
        plot = shares.Plot(1.5)
        self.assertIn(f"{plot.x(0.5):.1f} {plot.y(0.25):.1f}", bands[0].get("d"))
        self.assertIn("![fair](performance/fair.svg)", page.section(found, "fair"))

    def test_the_chart_is_of_the_first_case_in_the_plan(self):
        cases = [f"{case.label} share" for case in plan.WORKLOADS["fair"]]
        found = figures.Figures([shared_figure(case=case) for case in cases[::-1]])
        self.assertEqual(page.series_of(found, "fair")["case"], cases[0])

    def test_every_target_of_fair_is_of_a_case_that_is_measured(self):
        labels = tuple(case.label for case in plan.WORKLOADS["fair"])
        for limit in targets.TARGETS:
            if limit.workload == "fair":
                self.assertTrue(limit.case.startswith(labels), limit.case)


if __name__ == "__main__":
    sys.exit(unittest.main())
