"""Addresses in runbooks are those that the settings have when nobody says otherwise; on Kubernetes, those of the chart's values."""

import json
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHART = ROOT / "helm/forebay"
TIERS = ("ingest", "parser", "indexer")
# In a command, or in a span of code. Times and places of dead letters have no such host.
ADDRESS = re.compile(r"(?<![\w.:/-])((?:https?://)?)(\d+(?:\.\d+){3}|localhost|[a-z][a-z0-9.-]*):(\d{2,5})(?![\w.])")
FORWARDED = re.compile(r"kubectl .*\bport-forward \S+ (\d+)")
# What a Service of the chart leads to.
OF_CHART = re.compile(rf"\w+-({'|'.join(TIERS)})-pods")
LOOPBACK = ("127.0.0.1", "localhost")


def defaults():
    """What each port is for, by the settings: several names where they say which tier."""
    settings = json.loads((CHART / "files/defaults.json").read_text())
    told = {tier: settings["telemetry"]["listen"][tier] for tier in TIERS}
    told |= {"events": settings["ingest"]["listen"], "kafka": settings["kafka"]["bootstrap_servers"], "search": settings["search"]["url"]}
    return {what: address.rsplit(":", 1)[1] for what, address in told.items()}


def of_chart():
    """Where tiers tell of themselves in pods."""
    values = (CHART / "values.yaml").read_text()
    listen = re.search(r"^  telemetry:\n(?:    .*\n)*?    listen: \{(.*)\}", values, re.M).group(1)
    return dict(re.findall(r"(\w+): [\d.]+:(\d+)", listen))


def code(paragraph):
    """The lines of a paragraph that are commands, and its spans of code."""
    for line in paragraph.splitlines():
        yield from [line] if line.startswith("    ") else re.findall(r"`([^`]+)`", line)


def faults_of_addresses(text):
    """What is wrong with the addresses of a page, paragraph by paragraph."""
    local, pods = defaults(), of_chart()
    for paragraph in text.split("\n\n"):
        played = re.search(r"\bkubectl\b|-pods\b", paragraph)
        named = {tier for tier in TIERS if re.search(rf"\b{tier}\b", paragraph)}
        for line in code(paragraph):
            for port in FORWARDED.findall(line):
                if port not in pods.values():
                    yield f"`{line.strip()}`: no pod listens on {port} (values.yaml has {sorted(set(pods.values()))})"
            for _, host, port in ADDRESS.findall(line):
                service = OF_CHART.fullmatch(host)
                if service and pods[service[1]] != port:
                    yield f"`{line.strip()}`: in the chart, {service[1]} tells of itself on {pods[service[1]]}"
                elif not service and host not in LOOPBACK:
                    yield f"`{line.strip()}`: nobody says that {host} is there: take a word in capitals, or a default"
                elif not service:
                    yield from faults_of_loopback(line.strip(), port, set(pods.values()) if played else set(), local, named)


def faults_of_loopback(line, port, forwarded, local, named):
    """What is wrong with a port of this machine, in a paragraph that names these tiers."""
    owners = {what for what, known in local.items() if known == port}
    if port in forwarded:
        return
    if not owners:
        yield f"`{line}`: by the settings' defaults nothing listens on {port}"
    elif owners & set(TIERS) and len(named) == 1 and not owners & named:
        (tier,) = named
        yield f"`{line}`: {port} is that of {', '.join(sorted(owners))}, and {tier} has {local[tier]}"
