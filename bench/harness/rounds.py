"""Run rounds of turns, each in a process of its own, and make figures of those that count."""

import json
import os
import statistics
import subprocess
import sys
import time

import plan
import probe

TURN_SECONDS_MOST = 300


def say(text):
    print(text, file=sys.stderr, flush=True)


class Outcome:
    """What a turn printed, unread, and what the witnesses say of the time that it took."""

    def __init__(self, path, failure, others, seconds):
        self.path, self.failure = path, failure
        self.others, self.seconds = others, seconds

    def lines(self):
        with open(self.path, encoding="utf-8") as file:
            return [json.loads(line) for line in file]


def run_turn(turn, folder):
    path = os.path.join(folder, "figures")
    busy, start = probe.busy_seconds(), time.monotonic()
    with open(path, "w", encoding="utf-8") as output:
        process = subprocess.Popen(turn.command, stdout=output, cwd=folder)
        status, usage = wait(process, start)
    seconds = time.monotonic() - start
    others = probe.busy_seconds() - busy - usage.ru_utime - usage.ru_stime
    failure = None if status == 0 else describe(status, seconds)
    return Outcome(path, failure, others, seconds)


def wait(process, start):
    """As os.wait4(); kill it if it takes too long, or if nobody waits any more."""
    try:
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid != 0:
                process.returncode = os.waitstatus_to_exitcode(status)
                return process.returncode, usage
            if time.monotonic() - start > TURN_SECONDS_MOST:
                process.kill()
            time.sleep(0.005)
    except KeyboardInterrupt:
        process.kill()
        raise


def describe(status, seconds):
    if seconds > TURN_SECONDS_MOST:
        return f"took over {TURN_SECONDS_MOST} s"
    return f"failed with {status}"


class Run:
    """All rounds of one workload.

    A turn is discarded and tried again if others took the cores, until waiting and trying again
    have cost PATIENCE seconds.  From then on it is dropped, or with ANY_LOAD kept and counted.
    """

    def __init__(self, workload, turns, rounds, probe_, patience, any_load):
        self.workload, self.turns, self.rounds = workload, turns, rounds
        self.probe, self.patience, self.any_load = probe_, patience, any_load
        self.taken = self.discarded = self.disturbed = 0
        self.left_out = {}
        self.samples = {}  # (case, peer, unit): [line ...]
        self.load = [os.getloadavg()[0]]

    def run(self, folder):
        """Rounds one after the other, each of them begun with another turn."""
        for i in range(self.rounds):
            first = i * len(self.turns) // self.rounds
            queue = self.turns[first:] + self.turns[:first]
            while queue:
                turn = queue.pop(0)
                if turn.peer not in self.left_out and not self.take(turn, folder):
                    queue.append(turn)
        self.load.append(os.getloadavg()[0])

    def quiet_spin(self):
        """A spin, once it finds the cores free, or patience ends."""
        spin = self.probe.spin()
        while self.patience > 0 and self.probe.fault_of_spin(*spin):
            start = time.monotonic()
            time.sleep(0.2)
            spin = self.probe.spin()
            self.patience -= time.monotonic() - start
        return spin

    def take(self, turn, folder):
        """Whether TURN is done with: not if it is to be tried again."""
        before = self.quiet_spin()
        outcome = run_turn(turn, folder)
        fault = self.probe.fault((before, self.probe.spin()), outcome.others, outcome.seconds)
        if outcome.failure:
            say(f"  {turn}: {outcome.failure}; left out")
            self.left_out[turn.peer] = outcome.failure
            return True
        if fault and not self.keeps_disturbed():
            return self.discard(turn, fault, outcome.seconds)
        self.taken += 1
        self.disturbed += bool(fault)
        for line in outcome.lines():
            self.keep(turn, line)
        return True

    def keeps_disturbed(self):
        """What takes turns within itself is long, and the disk's own work counts as others'."""
        return self.workload in plan.OWN_ROUNDS or (self.any_load and self.patience <= 0)

    def discard(self, turn, fault, seconds):
        """Whether it is given up."""
        say(f"  {turn}: discarded: {fault}")
        self.discarded += 1
        self.patience -= seconds
        return self.patience <= 0 and not self.any_load

    def keep(self, turn, line):
        label = " ".join(filter(None, (turn.case.label, line["case"])))
        # record prints several units of one peer.
        unit = line["unit"] if turn.workload in plan.OWN_ROUNDS else None
        self.samples.setdefault((label, line["peer"], unit), []).append(line)

    def figures(self):
        return [self.figure(label, lines) for (label, _, _), lines in self.samples.items()]

    def figure(self, label, lines):
        if "rounds" in lines[-1]:  # they are medians already
            return {**lines[-1], "workload": self.workload, "case": label}
        values = [line["value"] for line in lines]
        middle = min(lines, key=lambda line: abs(line["value"] - statistics.median(values)))
        return {
            "workload": self.workload,
            "case": label,
            "peer": lines[0]["peer"],
            "value": statistics.median(values),
            "unit": lines[0]["unit"],
            "min": min(values),
            "max": max(values),
            "rounds": len(values),
            "cpu": statistics.median(line["cpu"] for line in lines),
            "sleeps_per_1000": statistics.median(line["sleeps_per_1000"] for line in lines),
            **({"series": middle["series"]} if "series" in middle else {}),
        }
