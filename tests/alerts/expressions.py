"""The expressions of the chart's dashboards."""

import json
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]


def expressions(variables):
    """Dashboard, panel and expression of every target, with something in the place of Grafana's variables."""
    for path in sorted((ROOT / "helm/forebay/dashboards").glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel.get("targets", ()):
                text = target["expr"]
                for name, value in variables.items():
                    text = text.replace(name, value)
                yield path.stem, panel["title"], text
