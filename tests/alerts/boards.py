#!/usr/bin/env python3
"""What dashboards say while somebody is missing who would tell: no nought, unless those answer who count. And the ledger of the runbooks.

    boards.py PROMTOOL
"""

import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools/dashboards"))

from expressions import expressions  # noqa: E402
from generate import known  # noqa: E402
from tellers import TIERS, tellers  # noqa: E402
from walk import RUNBOOKS, SHELL, blocks  # noqa: E402

# The longer name stands before the one that it begins with.
VARIABLES = {"$__rate_interval": "5m", "$__range_s": "3600", "$__range": "1h", "$namespace": ".*", "$tenant": ".*"}
# A board with a tenant chosen.
OF_TENANT = {**VARIABLES, "$tenant": "acme"}
# What the numbers of the overview need, and which are nought while there was nothing to count.
NEEDS = {
    "Accepted": ("ingest",),
    "Indexed": ("indexer",),
    "Waiting in Kafka": ("parser", "indexer"),
    "Oldest waits": ("parser", "indexer"),
    "Retention left": ("parser", "indexer"),
    "Received to indexed, p99": ("indexer",),
    "Dead letters in an hour": ("parser", "indexer"),
    "Parts not ready": TIERS,
    "Without an outcome": TIERS,
    "Records deleted unread": ("parser", "indexer"),
    "Lost at the door": ("ingest",),
}
NOUGHT = set(NEEDS) - {"Retention left", "Received to indexed, p99"}
ONES = ("forebay_component_ready", "forebay_build_info", "forebay_consumer_retention_left_seconds")
HISTOGRAMS = ("forebay_event_latency_seconds", "forebay_bulk_request_seconds", "forebay_rules_step_seconds")
# What says that a process is there, from its start on.
FROM_THE_START = ("forebay_records_received_total", "forebay_build_info")
LOST = (
    ('forebay_events_dead_lettered_total{stage="parser"}', "parser", "Dead letters in an hour"),
    ('forebay_consumer_offset_resets_total{topic="t"}', "indexer", "Records deleted unread"),
    ('forebay_ingest_lost_events_total{reason="r"}', "ingest", "Lost at the door"),
)


def series_of(tier, names, noughts, ones):
    """What a process of a tier tells of these metrics, each a series: noughts, or ones where that is how all is well."""
    for name, labels in sorted(known().items()):
        if name not in names or tier not in (tellers(name) or TIERS):
            continue
        told = {label: "x" for label in labels} | {"instance": tier}
        told |= {"stage": tier} if "stage" in labels else {}
        told |= {"component": "search" if tier == "indexer" else "kafka"} if "component" in labels else {}
        histogram = name in HISTOGRAMS
        for suffix in ("_sum", "_count", "_bucket") if histogram else ("",):
            inside = told | ({"le": "+Inf"} if suffix == "_bucket" else {})
            text = ", ".join(f'{label}="{value}"' for label, value in inside.items())
            yield {"series": f"{name}{suffix}{{{text}}}", "values": ones if name in ONES else noughts}


def test(name, series, checks):
    """One of promtool's tests: expressions at minutes, each with the value that is expected or None for no value."""
    return {
        "name": name,
        "interval": "1m",
        "input_series": list(series),
        "promql_expr_test": [
            {"eval_time": f"{minute}m", "expr": text, "exp_samples": [] if value is None else [{"labels": "{}", "value": value}]}
            for minute, text, value in checks
        ],
    }


def tests():
    """Every expression while nobody answers, and those of the overview while one tier doesn't."""
    every = [(board, panel, text) for variables in (VARIABLES, OF_TENANT) for board, panel, text in expressions(variables)]
    silent = sorted({text for board, panel, text in every if panel != "Tiers scraped"})
    overview = {panel: text for board, panel, text in expressions(VARIABLES) if board == "overview" and panel in NEEDS}
    if set(overview) != set(NEEDS):
        raise ValueError(f"the overview lacks {sorted(set(NEEDS) - set(overview))}")
    scraped = [text for board, panel, text in expressions(VARIABLES) if panel == "Tiers scraped"]
    metrics = set(known())

    yield test("nobody has ever answered", (), [(30, text, None) for text in silent] + [(30, text, 0) for text in scraped])
    gone = [series for tier in TIERS for series in series_of(tier, metrics, "0x10 stale", "1x10 stale")]
    # Long after the longest time that a rate looks back, and well within an hour.
    yield test("all answered, and are gone", gone, [(40, text, None) for text in silent] + [(40, text, 0) for text in scraped])
    for missing in TIERS:
        there = [series for tier in TIERS for series in series_of(tier, metrics, *(("0x10 stale", "1x10 stale") if tier == missing else ("0x60", "1x60")))]
        checks = [(40, f"count({text})", None if missing in NEEDS[panel] else 1) for panel, text in overview.items()]
        yield test(f"all answered, and {missing} is gone", there, checks + [(40, text, int(tier != missing)) for tier, text in zip(TIERS, scraped)])
    young = [series for tier in TIERS for series in series_of(tier, FROM_THE_START, "0x60", "1x60")]
    yield test("all have just begun", young, [(40, overview[panel], 0) for panel in sorted(NOUGHT)])
    chosen = {text for board, panel, text in expressions(OF_TENANT) if board == "tenant" and panel == "Dead letters in an hour"}
    yield test("all have just begun, and a tenant is chosen", young, [(40, text, 0) for text in chosen])
    for series, tier, panel in LOST:
        others = [series for other in TIERS for series in series_of(other, FROM_THE_START, "0x60", "1x60") if other != tier]
        counted = [{"series": series, "values": "0 0 0 0 0 40x5 stale"}, *others]
        yield test(f"{panel}: what was counted is shown, though {tier} is gone", counted, [(40, f"count({overview[panel]} > 30)", 1)])
        # Of the process that is there from the start on, so that it is known not to have counted before.
        counter = f'{series[:-1]}, instance="{tier}"}}'
        first = [{"series": counter, "values": "_x5 7x60"}, *young]
        yield test(f"{panel}: a first count counts", first, [(40, overview[panel], 7)])
        began = [{"series": 'process_start_time_seconds{instance="young"}', "values": "_x20 1170x80"}, {"series": 'forebay_build_info{instance="young"}', "values": "_x20 1x80"}]
        begun = [{"series": f'{series[:-1]}, instance="young"}}', "values": "_x20 7x60"}, *began, *young]
        yield test(f"{panel}: what a process counted before its first scrape counts", begun, [(40, overview[panel], 7)])
        old = [{"series": counter, "values": "7x10 stale 7x180"}, *long_ago(tier)]
        yield test(f"{panel}: an old count is no new one, in a new Prometheus and after a scrape that failed", old, [(minute, overview[panel], 0) for minute in (5, 15, 71, 75, 131)])
    yield from of_mirrored_regions(overview)
    yield from of_runbooks()


def long_ago(tier):
    """Processes that began before all that is known of them; a scrape of one tier's fails."""
    for other in TIERS:
        values = "1x10 stale 1x180" if other == tier else "1x200"
        yield {"series": f'forebay_build_info{{instance="{other}"}}', "values": values}
        yield {"series": f'forebay_records_received_total{{stage="{other}", instance="{other}"}}', "values": values}
        yield {"series": f'process_start_time_seconds{{instance="{other}"}}', "values": values.replace("1x", "-90000x")}


def of_mirrored_regions(overview):
    """Indexers of a mirrored region are no part of what became of this region's events, and no tier of it."""
    us = 'tier="indexer-us", instance="us"'
    mirrored = [
        {"series": f'forebay_records_received_total{{stage="indexer", {us}}}', "values": "0+5000x60"},
        *({"series": f'forebay_events_{name}_total{{tenant="acme", {us}}}', "values": "0+5000x60"} for name in ("indexed", "duplicate")),
        {"series": f'forebay_events_dead_lettered_total{{tenant="acme", stage="indexer", {us}}}', "values": "0+5000x60"},
    ]
    flow = [
        {"series": 'forebay_events_accepted_total{tenant="acme", tier="ingest", instance="ingest"}', "values": "0+60x60"},
        {"series": 'forebay_events_indexed_total{tenant="acme", tier="indexer", instance="indexer"}', "values": "0+54x60"},
    ]
    home = [
        {"series": f'forebay_records_received_total{{stage="{tier}", tier="{tier}", instance="{tier}"}}', "values": "0+60x60"} for tier in TIERS
    ]
    boards = {board: text for board, panel, text in expressions(OF_TENANT) if panel == "Without an outcome"}
    checks = [(60, f"round({text})", 360) for text in boards.values()]
    yield test("a mirrored region's indexers have outcomes of other events", mirrored + flow + home, [*checks, (60, f"round({overview['Indexed']}, 0.1)", 0.9)])
    scraped = [text for board, panel, text in expressions(VARIABLES) if panel == "Tiers scraped"]
    alone = mirrored + flow[:1] + home[:2]
    checks = [(60, text, None) for text in (*boards.values(), overview["Indexed"])]
    yield test("a mirrored region's indexers are here alone", alone, checks + [(60, text, value) for text, value in zip(scraped, (1, 1, 0))])


def of_runbooks():
    """The ledger as it is typed at 3 a.m.: of tenants that have all outcomes, and of those that lack some."""

    def counted(tenant, **entries):
        for name, each in entries.items():
            yield {"series": f'forebay_events_{name}_total{{tenant="{tenant}"}}', "values": f"0+{each}x480"}

    once = {"accepted": "0+60x480", "replayed": "_x450 500x30", "indexed": "0+60x449 27500+60x30"}
    series = [
        *counted("plain", accepted=60, indexed=60),
        *counted("drops", accepted=60, split=6, indexed=33, dropped=33),
        *counted("all", accepted=60, indexed=30, duplicate=10, dead_lettered=10, dropped=10),
        *counted("lossy", accepted=60, indexed=50, dropped=5),
        *counted("again", accepted=60, replayed=10, indexed=55, dead_lettered=15),
        *counted("hidden", accepted=60, replayed=5, indexed=55, dead_lettered=5),
        # Many at once, the first that this process counts.
        *({"series": f'forebay_events_{name}_total{{tenant="once", instance="parser"}}', "values": values} for name, values in once.items()),
        {"series": 'forebay_build_info{instance="parser"}', "values": "1x480"},
        {"series": 'process_start_time_seconds{instance="parser"}', "values": "-90000x480"},
        {"series": 'forebay_events_indexed_total{tenant="plain", tier="indexer-us"}', "values": "0+600x480"},
    ]
    missing = {"plain": 0, "drops": 0, "all": 0, "lossy": 5, "again": 0, "hidden": 5, "once": 0}
    typed = [line for line in blocks((RUNBOOKS / "at-3-am.md").read_text()) if not SHELL.match(line)]
    if not typed:
        raise ValueError("at-3-am.md has no expression of the ledger")
    exact = [{"labels": f'{{tenant="{tenant}"}}', "value": 360 * each} for tenant, each in missing.items()]
    checks = [{"eval_time": "480m", "expr": f"round({line})", "exp_samples": exact} for line in typed]
    yield {**test("at 3 a.m.", series, ()), "promql_expr_test": checks}
    there = [{"series": f'forebay_records_received_total{{stage="{tier}"}}', "values": "0+60x480"} for tier in TIERS]
    boards = [
        (text, 60 * each)
        for tenant, each in missing.items()
        for board, panel, text in expressions({**VARIABLES, "$tenant": tenant})
        if (board, panel) == ("tenant", "Without an outcome")
    ]
    yield test("on the tenant's dashboard", series + there, [(480, f"round({text})", value) for text, value in boards])


def main():
    found = list(tests())
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "boards.yaml"
        # JSON is YAML.
        path.write_text(json.dumps({"rule_files": [str(ROOT / "helm/forebay/alerts/loss.yaml")], "evaluation_interval": "1m", "tests": found}))
        ran = subprocess.run([sys.argv[1], "test", "rules", path], capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        print(ran.stdout + ran.stderr, file=sys.stderr)
        return 1
    print(f"dashboards: no nought without those who count, in {len(found)} scenarios with {sum(len(one['promql_expr_test']) for one in found)} expressions")
    return 0


if __name__ == "__main__":
    sys.exit(main())
