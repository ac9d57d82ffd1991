#!/usr/bin/env python3
"""Writes the chart's dashboards from dashboards.py. `--check` writes nothing, and fails where a file isn't what it says.

What the expressions name is held against the reference of metrics, so that a metric that was renamed is found here.
"""

import json
import pathlib
import re
import sys

from dashboards import ALL

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = ROOT / "helm/forebay/dashboards"
REFERENCE = ROOT / "docs/reference/metrics.md"


def known():
    """Metrics by name, each with its labels, as the reference has them."""
    metrics = {}
    for name, labels in re.findall(r"^\| `(forebay_[a-z0-9_]+)` \| ([^|]*) \|", REFERENCE.read_text(), re.M):
        metrics[name] = set(re.findall(r"`([a-z]+)`", labels))
    return metrics


def misnamed(expression, metrics):
    """What an expression names that no process tells."""
    for name, inside in re.findall(r"\b(forebay_[a-z0-9_]+)(?:\{([^}]*)\})?", expression):
        base = name if name in metrics else re.sub(r"_(bucket|sum|count)$", "", name)
        if base not in metrics:
            yield f"there is no metric {name}"
            continue
        for label in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", inside):
            if label not in metrics[base] | {"namespace", "instance", "tier", "le"}:
                yield f"{name} has no label {label}"


def main():
    check = sys.argv[1:] == ["--check"]
    metrics, faults, wanted = known(), [], {}
    for make in ALL:
        board = make()
        wanted[TARGET / f"{board.name}.json"] = text = board.json()
        for panel in json.loads(text)["panels"]:
            for target in panel.get("targets", ()):
                faults += [f"{board.name}: {panel['title']}: {fault}" for fault in misnamed(target["expr"], metrics)]
    for path in set(TARGET.glob("*.json")) - set(wanted):
        faults.append(f"{path.relative_to(ROOT)} is not generated any more: remove it")
    for path, text in wanted.items():
        if check and (not path.exists() or path.read_text() != text):
            faults.append(f"{path.relative_to(ROOT)} is not up to date: run tools/dashboards/generate.py")
        elif not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    for fault in faults:
        print(fault, file=sys.stderr)
    if not faults:
        print(f"{len(wanted)} dashboards {'are up to date' if check else 'written'}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
