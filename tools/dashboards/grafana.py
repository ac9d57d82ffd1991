"""Grafana's dashboards from a few lines each: https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/

A panel is a title, expressions, a unit and a width in 24ths. Every metric of an expression gets the matchers of the dashboard's
variables, so that no expression can forget them. Panels are laid out row by row, in their order.
"""

import json
import re

from tellers import ANY, THERE, or_nought, told

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
NAMESPACE = 'namespace=~"$namespace"'
SINCE = "process_start_time_seconds"


def scoped(expression, matchers):
    """The expression with the matchers in each of its selectors; what says who is there and since when knows no tenants, and gets the namespace's alone."""

    def add(match):
        name, inside = match.group(1), match.group(2)
        parts = [part for part in (inside, NAMESPACE if name in (ANY, THERE, SINCE) else matchers) if part]
        return f"{name}{{{', '.join(parts)}}}" if parts else name

    return re.sub(r"\b((?:forebay|process)_[a-z0-9_]+)(?:\{([^}]*)\})?", add, expression)


class Dashboard:
    def __init__(self, name, title, about, matchers=(), variables=()):
        self.name, self.title, self.about = name, title, about
        self.matchers = ", ".join((NAMESPACE, *matchers))
        self.variables = variables
        self.panels = []
        self.x = self.y = self.height = 0

    def row(self, title):
        """A heading."""
        self._next_line()
        self.panels.append({"type": "row", "title": title, "collapsed": False, "panels": [], "gridPos": self._place(24, 1)})
        self._next_line()

    def graph(self, title, *targets, unit="short", width=8, about="", stack=False, log=False):
        """Lines over time. A target is an expression, or one with its legend."""
        custom = {
            "lineWidth": 1,
            "fillOpacity": 20 if stack else 5,
            "showPoints": "never",
            "stacking": {"mode": "normal" if stack else "none"},
            "scaleDistribution": {"type": "log", "log": 10} if log else {"type": "linear"},
        }
        self._add(
            "timeseries",
            title,
            targets,
            about,
            width,
            8,
            {"defaults": {"unit": unit, "min": 0, "custom": custom}, "overrides": []},
            {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True}, "tooltip": {"mode": "multi", "sort": "desc"}},
        )

    def stat(self, title, target, unit="short", width=3, about="", bad_from=None, bad_to=None, nought=False):
        """The value now, red from or below a limit. "No data" while a tier is not scraped without which the value isn't known, unless
        what the others say is bad already. With `nought` it is nought while there was nothing to count yet."""
        bad = f">= {bad_from}" if bad_from is not None else f"< {bad_to}" if bad_to is not None else ""
        self._stat(title, [told(target, nought, bad)], unit, width, 4, about, bad_from, bad_to, "value")

    def counts(self, title, *targets, about="", bad_to=None):
        """A line of numbers with their names, as they are."""
        self._stat(title, targets, "short", 24, 3, about, None, bad_to, "value_and_name")

    def table(self, title, target, unit="short", width=12, about=""):
        """The latest values, a line for each series."""
        self._add(
            "table",
            title,
            [target],
            about,
            width,
            8,
            {"defaults": {"unit": unit}, "overrides": []},
            {"showHeader": True, "sortBy": [{"displayName": "Value", "desc": True}]},
            instant="table",
            transformations=[{"id": "organize", "options": {"excludeByName": {"Time": True}}}],
        )

    def json(self):
        """The file."""
        self._next_line()
        every_namespace = variable("namespace", "label_values(forebay_build_info, namespace)")
        return (
            json.dumps(
                {
                    "uid": f"forebay-{self.name}",
                    "title": f"Forebay: {self.title}",
                    "description": self.about,
                    "tags": ["forebay"],
                    "schemaVersion": 39,
                    "version": 1,
                    "editable": True,
                    "graphTooltip": 1,
                    "refresh": "30s",
                    "time": {"from": "now-3h", "to": "now"},
                    "timezone": "",
                    "links": [
                        {"type": "dashboards", "title": "Forebay", "tags": ["forebay"], "asDropdown": True, "keepTime": True, "includeVars": True}
                    ],
                    "annotations": {"list": []},
                    "templating": {"list": [datasource(), every_namespace, *self.variables]},
                    "panels": self.panels,
                },
                indent=1,
            )
            + "\n"
        )

    def _stat(self, title, targets, unit, width, height, about, bad_from, bad_to, text):
        good, bad = "green", "red"
        if bad_from is not None:
            steps = [{"color": good, "value": None}, {"color": bad, "value": bad_from}]
        elif bad_to is not None:
            steps = [{"color": bad, "value": None}, {"color": good, "value": bad_to}]
        else:
            steps = [{"color": good, "value": None}]
        self._add(
            "stat",
            title,
            targets,
            about,
            width,
            height,
            {"defaults": {"unit": unit, "thresholds": {"mode": "absolute", "steps": steps}}, "overrides": []},
            {
                "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
                "colorMode": "value",
                "graphMode": "none",
                "textMode": text,
            },
            # Of a range, Grafana would show the last value that there was, long after nobody answers.
            instant="time_series",
        )

    def _add(self, kind, title, targets, about, width, height, field, options, instant=None, transformations=()):
        place = self._place(width, height)
        panel = {
            "id": len(self.panels) + 1,
            "type": kind,
            "title": title,
            "datasource": DATASOURCE,
            "gridPos": place,
            "fieldConfig": field,
            "options": options,
            "targets": [self._target(letter, target, instant) for letter, target in zip("ABCDEFGH", targets)],
        }
        if about:
            panel["description"] = about
        if transformations:
            panel["transformations"] = list(transformations)
        self.panels.append(panel)

    def _target(self, letter, target, instant):
        expression, legend = target if isinstance(target, tuple) else (target, "")
        made = {"refId": letter, "datasource": DATASOURCE, "expr": scoped(expression, self.matchers), "legendFormat": legend or "__auto"}
        return {**made, "instant": True, "range": False, "format": instant} if instant else made

    def _place(self, width, height):
        if self.x + width > 24:
            self._next_line()
        place = {"x": self.x, "y": self.y, "w": width, "h": height}
        self.x += width
        self.height = max(self.height, height)
        return place

    def _next_line(self):
        self.x, self.y, self.height = 0, self.y + self.height, 0


def datasource():
    return {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus", "current": {}, "hide": 0}


def variable(name, query, many=True):
    """A variable whose values are asked for. All of them match series without the label too."""
    chosen = {"selected": True, "text": "All", "value": "$__all"} if many else {}
    return {
        "name": name,
        "label": name.capitalize(),
        "type": "query",
        "datasource": DATASOURCE,
        "query": {"query": query, "refId": name},
        "definition": query,
        "refresh": 2,
        "sort": 1,
        "multi": many,
        "includeAll": many,
        "allValue": ".*" if many else None,
        "current": chosen,
        "hide": 0,
    }


def rate(metric, by="", quiet=True):
    """Per second, summed by labels; nought while nothing came, if those are there who would tell."""
    summed = f"sum by ({by}) (rate({metric}[$__rate_interval]))" if by else f"sum(rate({metric}[$__rate_interval]))"
    return or_nought(summed) if quiet else summed


def grown(metric, window, seconds):
    """How much counters grew, summed. One that is new counts whole: `increase` doesn't see a first count. It is new as the alerts have it
    (loss.yaml says why): not there before the window, and its process was scraped without it or began within the window."""
    scraped = f"sum by (namespace, instance) (count_over_time({ANY}[{window}]))"
    unknown = f"count_over_time({metric}[{window}]) >= on (namespace, instance) group_left () {scraped} unless on (namespace, instance) {SINCE} > time() - {seconds}"
    return f"sum(({metric} unless last_over_time({metric}[1h] offset {window}) unless ({unknown})) or increase({metric}[{window}]))"


def quantile(share, metric, by=""):
    """Of a histogram; nought while nothing came."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, sum by ({labels}) (rate({metric}_bucket[$__rate_interval])))"
