#!/usr/bin/env python3
"""A real Prometheus looks at a running `forebay dev`, in which every expression of the dashboards answers, and at an installation on a
real Kafka and a real Elasticsearch, in which each alert fires when its fault is caused, its runbook leads to the cause, and the remedy
ends it.

    live.py --programs target/debug --prometheus .../bin/prometheus

The rules are those of the chart with their times and sizes divided (`SHORTENED` in stack.py), since nobody waits for six hours here.
"""

import argparse
import math
import pathlib
import re
import signal
import sys
import time
import urllib.error

from dev import Dev
from expressions import expressions
from faults import DEV_FAULTS, FAULTS
from installation import Installation
from walk import walk

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What stands for Grafana's variables; the longer name before the one that it begins with.
VARIABLES = {"$__rate_interval": "15s", "$__range_s": "60", "$__range": "1m", "$namespace": ".*", "$tenant": ".*"}
# There is no kubelet beside `forebay dev`: these have to answer in an installation.
OF_KUBELET = "kubelet_"


def answers(result):
    """Whether there is a number in an answer."""
    return any(not math.isnan(float(series["value"][1])) for series in result)


def runbook(alert):
    """The runbook of an alert."""
    for path in (ROOT / "helm/forebay/alerts").glob("*.yaml"):
        if found := re.search(rf"- alert: {alert}\n(?:.*\n)*?\s+runbook_url: docs/runbooks/(\S+)", path.read_text()):
            return found.group(1)
    raise KeyError(alert)


class Report:
    """What was found, and whether all of it is as it should be."""

    def __init__(self, transcripts, without_disks=False):
        self.transcripts, self.without_disks = transcripts, without_disks
        self.failed, self.fired, self.left_out = 0, set(), []

    def fail(self, text):
        self.failed += 1
        print(f"FAILED: {text}", file=sys.stderr, flush=True)

    def look_at_dashboards(self, stack, of_kubelet=False):
        """Each expression answers within a minute, while events come in."""
        waiting = {(board, panel, text) for board, panel, text in expressions(VARIABLES) if (OF_KUBELET in text) == of_kubelet}
        total, until, last = len(waiting), time.monotonic() + 60, {}
        while waiting and time.monotonic() < until:
            for key in list(waiting):
                try:
                    if answers(stack.query(key[2])):
                        waiting.discard(key)
                except urllib.error.HTTPError as error:
                    last[key] = error.read().decode()
            time.sleep(0.5)
        for board, panel, text in sorted(waiting):
            self.fail(f"{board}: {panel}: nothing comes of {text} {last.get((board, panel, text), '')}")
        print(f"dashboards: {total - len(waiting)} of {total} expressions answer", flush=True)

    def look_at_rules(self, stack):
        """Each rule was evaluated without an error, and no alert fires while nothing is wrong."""
        broken = [rule for rule in stack.rules() if rule["health"] != "ok"]
        for rule in broken:
            self.fail(f"{rule['name']}: {rule['health']}: {rule.get('lastError')}")
        # While processes start, some parts aren't there or aren't ready for longer than the divided times.
        stack.await_quiet({rule["name"] for rule in stack.rules() if rule["type"] == "alerting"}, 60)
        loud = [alert["labels"] for alert in stack.alerts() if alert["state"] == "firing"]
        for labels in loud:
            self.fail(f"fires without a fault: {labels}")
        print(f"rules: {len(stack.rules()) - len(broken)} of {len(stack.rules())} are evaluated, {len(loud)} fire without a fault", flush=True)

    def cause(self, stack, fault):
        """A fault makes its alerts fire, their runbooks lead to the cause, and its remedy is done."""
        names = set(fault.clues)
        # What an earlier fault left behind is to be over, or it would be taken for this one's doing. What began before may be there by now.
        for name in sorted(set() if fault.begins else stack.await_quiet(names, 120)):
            self.fail(f"{fault.__name__}: {name} fires before its fault is caused")
        began, cause = time.monotonic(), fault(stack)
        words = next(cause)
        if isinstance(words, str):
            self.leave_out(fault.__name__, words)
            return
        missing = stack.await_alerts(names, fault.seconds)
        for name in sorted(missing):
            self.fail(f"{fault.__name__}: {name} doesn't fire")
        self.fired |= names - missing
        fired = time.monotonic() - began
        for name in sorted(names):
            self.follow(stack, name, fault.clues[name], words)
        walked = time.monotonic() - began
        next(cause, None)
        done = time.monotonic() - began
        times = f"after {fired:.0f} s; runbook {walked - fired:.0f} s, remedy {done - walked:.0f} s"
        print(f"{fault.__name__}: {', '.join(sorted(names - missing))} {times}", flush=True)

    def leave_out(self, name, why):
        """A fault can't be caused, which is a failure unless it was asked for."""
        if self.without_disks:
            self.left_out.append(name)
            print(f"{name}: left out, as asked: {why}", flush=True)
        else:
            self.fail(f"{name}: not caused: {why}; run it where root may mount a tmpfs, or leave this out by --without-disks")

    def verdict(self):
        """The last line."""
        left_out = f", without {', '.join(self.left_out)}" if self.left_out else ""
        return "FAILED" if self.failed else f"all passed{left_out}"

    def follow(self, stack, alert, clues, words):
        """The runbook of an alert works, and says what the cause is."""
        page = runbook(alert)
        told, faults = walk(stack, page, words)
        for text in faults:
            self.fail(f"{alert}: {text}")
        if self.transcripts:
            (self.transcripts / f"{alert}.txt").write_text(f"{told}\n")
        for clue in clues:
            if not re.search(clue, told):
                self.fail(f"{alert}: nothing in {page} says `{clue}`:\n{told}")

    def cause_faults(self, stack, faults):
        for fault in faults:
            if fault.begins:
                fault.begins(stack)
        for fault in faults:
            self.cause(stack, fault)
        for name in sorted(stack.await_quiet(self.fired, 180)):
            self.fail(f"{name} goes on after its fault's remedy")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--prometheus", type=pathlib.Path, required=True)
    parser.add_argument("--keep", action="store_true", help="keep the folders with logs and data")
    parser.add_argument("--transcripts", type=pathlib.Path, help="a folder for what following each runbook said")
    parser.add_argument("--without-disks", action="store_true", help="where no tmpfs can be mounted: leave out the faults that fill one")
    parser.add_argument("--only", nargs="*", help="these faults of an installation, and not forebay dev")
    args = parser.parse_args()
    # Who ends it ends what it has started, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    report, began = Report(args.transcripts, args.without_disks), time.monotonic()
    if args.transcripts:
        args.transcripts.mkdir(parents=True, exist_ok=True)
    if args.only is None:
        with Dev(args.programs, args.prometheus, args.keep) as stack:
            stack.start()
            report.look_at_dashboards(stack)
            report.look_at_rules(stack)
            report.cause_faults(stack, DEV_FAULTS)
            every = {rule["name"] for rule in stack.rules() if rule["type"] == "alerting"}
        for name in sorted(every - {name for fault in DEV_FAULTS + FAULTS for name in fault.clues}):
            report.fail(f"{name}: nobody causes its fault")
    with Installation(args.programs, args.prometheus, args.keep) as stack:
        stack.start()
        report.look_at_dashboards(stack, of_kubelet=True)
        report.look_at_rules(stack)
        report.cause_faults(stack, [fault for fault in FAULTS if args.only is None or fault.__name__ in args.only])
    print(f"alerts: {len(report.fired)} fired for their faults, {time.monotonic() - began:.0f} s")
    print(f"test-alerts: {report.verdict()}")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
