"""The figures of a run, kept in two files: lines of JSON, and how they were taken."""

import json
import os

import plan


def sort_key(figure):
    return list(plan.WORKLOADS).index(figure["workload"])


class Figures:
    def __init__(self, lines=(), taken=None):
        self.lines = list(lines)
        self.taken = dict(taken or {})  # {workload: how}
        self.by_key = {(f["workload"], f["case"], f["peer"]): f for f in self.lines}

    def value(self, workload, case, peer):
        figure = self.by_key.get((workload, case, peer))
        return figure["value"] if figure else None

    def of(self, workload):
        return [figure for figure in self.lines if figure["workload"] == workload]

    def peers(self, workload, case):
        return [f["peer"] for f in self.of(workload) if f["case"] == case]

    def updated(self, newer):
        """These, with those workloads replaced that NEWER has."""
        kept = [f for f in self.lines if f["workload"] not in newer.taken]
        return Figures(sorted(kept + newer.lines, key=sort_key), {**self.taken, **newer.taken})

    def save(self, folder):
        with open(os.path.join(folder, "figures.jsonl"), "w", encoding="utf-8") as file:
            for line in self.lines:
                file.write(json.dumps(line) + "\n")
        with open(os.path.join(folder, "taken.json"), "w", encoding="utf-8") as file:
            json.dump(self.taken, file, indent=1, sort_keys=True)
            file.write("\n")


def load(folder):
    try:
        with open(os.path.join(folder, "figures.jsonl"), encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        with open(os.path.join(folder, "taken.json"), encoding="utf-8") as file:
            return Figures(lines, json.load(file))
    except FileNotFoundError:
        return Figures()
