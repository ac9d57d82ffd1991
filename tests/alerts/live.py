#!/usr/bin/env python3
"""A real Prometheus looks at a running `forebay dev`: every expression of dashboards and alerts is understood, those of the
dashboards answer, and alerts fire when their faults are caused.

    live.py --programs target/debug --prometheus .../bin/prometheus

The rules are those of the chart with their times and sizes divided (`shortened`), since nobody waits for six hours here.
Beside `dev` runs an indexer of its own group on dev's broker, whose search cluster is a fake that refuses when it is told to.
"""

import argparse
import json
import math
import pathlib
import sys
import time
import urllib.error

from faults import FAULTS
from stack import Stack

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What stands for Grafana's variables.
VARIABLES = {"$__rate_interval": "15s", "$__range": "1m", "$namespace": ".*", "$tenant": ".*"}
# Expressions that can't answer here, and why.
SILENT = {}
# Alerts whose faults can't be caused on one machine in a minute; `promtool test rules` makes them fire.
NOT_CAUSED = {
    "ForebayLedgerOutOfBalance": "a loss would have to be built in",
    "ForebayRecordsDeleted": "the embedded broker deletes no records",
    "ForebayAuditRecordsLost": "Kafka would have to be away from a process that reloads its files",
    "ForebayKafkaDiskFull": "Kubernetes tells of its volumes",
}


def expressions():
    """Dashboard, panel and expression of every target."""
    for path in sorted((ROOT / "helm/forebay/dashboards").glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel.get("targets", ()):
                text = target["expr"]
                for name, value in VARIABLES.items():
                    text = text.replace(name, value)
                yield path.stem, panel["title"], text


def answers(result):
    """Whether there is a number in an answer."""
    return any(not math.isnan(float(series["value"][1])) for series in result)


def look_at_dashboards(stack):
    """Each expression answers within a minute, while events come in."""
    waiting = {(board, panel, text) for board, panel, text in expressions() if text not in SILENT}
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
        print(f"{board}: {panel}: nothing comes of {text} {last.get((board, panel, text), '')}", file=sys.stderr)
    print(f"dashboards: {total - len(waiting)} of {total} expressions answer")
    return len(waiting)


def look_at_rules(stack):
    """Each rule was evaluated without an error."""
    failures = [rule for rule in stack.rules() if rule["health"] != "ok"]
    for rule in failures:
        print(f"{rule['name']}: {rule['health']}: {rule.get('lastError')}", file=sys.stderr)
    quiet = [alert["labels"] for alert in stack.alerts() if alert["state"] == "firing"]
    for labels in quiet:
        print(f"fires without a fault: {labels}", file=sys.stderr)
    print(f"rules: {len(stack.rules()) - len(failures)} of {len(stack.rules())} are evaluated, {len(quiet)} fire without a fault")
    return len(failures) + len(quiet)


def cause_faults(stack):
    """Each fault makes its alerts fire."""
    fired, failed = set(), 0
    for fault in FAULTS:
        names = set(fault.alerts)
        # What an earlier fault left behind is to be over, or it would be taken for this one's doing.
        loud = stack.await_quiet(names, 120)
        began, cause = time.monotonic(), fault(stack)
        skipped = next(cause)
        failed += len(loud)
        for name in sorted(loud):
            print(f"{fault.__name__}: {name} fires before its fault is caused", file=sys.stderr)
        if skipped:
            print(f"{fault.__name__}: not caused: {skipped}")
            NOT_CAUSED.update(dict.fromkeys(names, skipped))
            continue
        missing = stack.await_alerts(names, 150)
        next(cause, None)
        fired |= names - missing
        failed += len(missing)
        for name in sorted(missing):
            print(f"{fault.__name__}: {name} doesn't fire", file=sys.stderr)
        print(f"{fault.__name__}: {', '.join(sorted(names - missing))} after {time.monotonic() - began:.0f} s")
    every = {rule["name"] for rule in stack.rules() if rule["type"] == "alerting"}
    for name in sorted(every - fired - set(NOT_CAUSED)):
        failed += 1
        print(f"{name}: nobody causes its fault", file=sys.stderr)
    print(f"alerts: {len(fired)} of {len(every)} fired for their faults; not caused: {', '.join(sorted(NOT_CAUSED))}")
    return failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--prometheus", type=pathlib.Path, required=True)
    parser.add_argument("--keep", action="store_true", help="keep the folder with logs and data")
    args = parser.parse_args()
    with Stack(args.programs, args.prometheus, args.keep) as stack:
        stack.start()
        failed = look_at_dashboards(stack)
        failed += look_at_rules(stack)
        failed += cause_faults(stack)
    print("test-alerts: " + ("FAILED" if failed else "all passed"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
