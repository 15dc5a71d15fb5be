"""Whether others took the cores while something was measured.

Two witnesses, and neither has seen the figure: a spin on every core just before and just after
(bench-probe), and the kernel's count of all CPU time meanwhile, less what the measured process
used itself.
"""

import os
import subprocess

SPIN_MS = 15
SHARE_LEAST = 0.96  # of a core, for the spin
RATE_LEAST = 0.93  # of the fastest spin so far
OTHERS_MOST = 0.04  # of all cores, meanwhile
TICKS_SPARED = 3  # the kernel counts in ticks
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class Probe:
    def __init__(self, program):
        self.program = program
        self.best_rate = 0.0

    def spin(self):
        """(share of its core, steps a microsecond) on the core that got least."""
        output = subprocess.run([self.program, str(SPIN_MS)], stdout=subprocess.PIPE, check=True)
        share, rate = map(float, output.stdout.split())
        self.best_rate = max(self.best_rate, rate)
        return share, rate

    def fault(self, spins, others, seconds):
        """Why what was measured between SPINS, which took SECONDS, does not count; or None."""
        allowed = max(OTHERS_MOST * seconds * os.cpu_count(), TICKS_SPARED / TICKS_PER_SECOND)
        if others > allowed:
            return f"others had {others / seconds / os.cpu_count():.0%} of the cores"
        return next(filter(None, (self.fault_of_spin(*spin) for spin in spins)), None)

    def fault_of_spin(self, share, rate):
        if share < SHARE_LEAST:
            return f"a spin beside it had {share:.0%} of a core"
        if rate < RATE_LEAST * self.best_rate:
            return f"a spin beside it ran at {rate / self.best_rate:.0%}"
        return None


def busy_seconds():
    """CPU time of everything on this machine, and what its host took away."""
    with open("/proc/stat", encoding="ascii") as stat:
        user, nice, system, _idle, _iowait, irq, softirq, steal = map(
            int, stat.readline().split()[1:9]
        )
    return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND
