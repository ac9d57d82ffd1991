#!/usr/bin/env python3
"""Each alert has a runbook, and a test that makes it fire; each command, option, address and metric that a runbook names exists.

    runbooks.py [FOREBAY]   without the program its commands aren't looked at
"""

import pathlib
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools/dashboards"))

from addresses import faults_of_addresses  # noqa: E402
from generate import known, misnamed  # noqa: E402
from installation import TOOLS  # noqa: E402
from walk import RUNBOOKS, blocks  # noqa: E402


def alerts():
    """Name, text and runbook of every alert. Each begins with a line of its own."""
    for path in sorted((ROOT / "helm/forebay/alerts").glob("*.yaml")):
        text = path.read_text()
        for part in re.split(r"^      - (?=alert:|record:)", text, flags=re.M)[1:]:
            if part.startswith("alert: "):
                url = re.search(r"^          runbook_url: (\S+)$", part, re.M)
                yield part.split("\n", 1)[0].removeprefix("alert: "), part, url and url.group(1)


def faults_of_alerts(metrics):
    index = (RUNBOOKS / "README.md").read_text()
    tests = "".join(path.read_text() for path in (ROOT / "tests/alerts/rules").glob("*.yaml"))
    for name, text, url in alerts():
        page = ROOT / url if url else None
        if not page or not page.is_file():
            yield f"{name} has no runbook"
            continue
        if name not in page.read_text().split("\n", 1)[0]:
            yield f"{url} doesn't name {name} in its heading"
        if f"`{name}`" not in index or f"({page.name})" not in index:
            yield f"docs/runbooks/README.md doesn't lead from {name} to {url}"
        if f'alertname="{name}", alertstate="firing"' not in tests:
            yield f"no test in tests/alerts/rules makes {name} fire"
        for part in ("summary", "description", "severity"):
            if f"{part}:" not in text:
                yield f"{name} has no {part}"
        for fault in misnamed(text, metrics):
            yield f"{name}: {fault}"


def help_of(program, words, cache={}):
    """What a command says of itself; nothing if there isn't one."""
    if words not in cache:
        ran = subprocess.run([program, *words, "--help"], capture_output=True, text=True, check=False)
        cache[words] = ran.stdout if ran.returncode == 0 else ""
    return cache[words]


def faults_of_command(program, line):
    words = shlex.split(line.removeprefix("$ ").split(" #")[0])[1:]
    if words == ["..."]:
        return  # Prose that speaks of any command.
    command = ()
    while words and re.fullmatch(r"[a-z]+", words[0]) and help_of(program, (*command, words[0])):
        command = (*command, words.pop(0))
        # A file's name that happens to be a word is no command.
        if "\nCommands:\n" not in help_of(program, command):
            break
    about = help_of(program, command)
    if not command or ("\nCommands:\n" in about and words and not words[0].startswith("-")):
        yield f"`{line}`: there is no such command"
        return
    for option in (word for word in words if word.startswith("--") and word != "--help"):
        if not re.search(rf"(^|[ ,]){re.escape(option.split('=')[0])}\b", about, re.M):
            yield f"`{line}`: `forebay {' '.join(command)}` has no option {option}"


def faults_of_tool(line, cache={}):
    """What is wrong with a call of one of Kafka's own tools."""
    words = shlex.split(line)
    name = words[0]
    if name not in TOOLS:
        yield f"`{line}`: nobody knows {name}"
        return
    if name not in cache:
        tool = ROOT / "tests/servers/kafka/tool.sh"
        ran = subprocess.run([tool, TOOLS[name], "--help"], capture_output=True, text=True, check=False)
        cache[name] = ran.stdout + ran.stderr
    for option in (word for word in words if word.startswith("--")):
        if not re.search(rf"(^|[ ,\[]){re.escape(option.split('=')[0])}\b", cache[name], re.M):
            yield f"`{line}`: {name} has no option {option}"


def commands(text):
    """What is typed, by a page's blocks and spans; of what a pod is to run, that."""
    spans = re.findall(r"`((?:forebay|kafka-[a-z-]+\.sh|kubectl) [^`]+)`", text)
    for line in (*blocks(text), *(" ".join(span.split()) for span in spans)):
        yield re.sub(r"^kubectl .*? -- (?:bin/)?", "", line)


def faults_of_runbooks(program, metrics):
    for path in sorted(RUNBOOKS.glob("*.md")):
        text = path.read_text()
        lines = list(commands(text))
        for line in (line for line in lines if line.startswith("kafka-")):
            for fault in faults_of_tool(line):
                yield f"{path.name}: {fault}"
        for line in (line for line in lines if program and re.match(r"(\$ )?forebay ", line)):
            for fault in faults_of_command(program, line):
                yield f"{path.name}: {fault}"
        for fault in faults_of_addresses(text):
            yield f"{path.name}: {fault}"
        for fault in misnamed(text, metrics):
            yield f"{path.name}: {fault}"


def main():
    program, metrics = next(iter(sys.argv[1:]), None), known()
    found = [*faults_of_alerts(metrics), *faults_of_runbooks(program, metrics)]
    for fault in found:
        print(fault, file=sys.stderr)
    if not found:
        print(f"{len(list(alerts()))} alerts have their runbooks and tests, and what runbooks name exists")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
