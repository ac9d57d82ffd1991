"""Follows a runbook as somebody who doesn't know the cause: its commands and expressions, as they stand and in their order.

Words in capitals are what the reader has to fill in, such as TENANT, and stand for what the alert and the installation say. What
changes something is not done on the way; that is the remedy (`follow`), once the cause is known.
"""

import json
import pathlib
import re
import urllib.error

RUNBOOKS = pathlib.Path(__file__).resolve().parents[2] / "docs/runbooks"
SHELL = re.compile(r"(forebay|curl|grep|openssl|kubectl|kafka-[a-z-]+\.sh) ")
CHANGES = re.compile(r"--alter\b|--execute\b| dlq (replay|park|purge)\b(?!.*--dry-run)|^forebay (retention|bootstrap)\b(?!.*--dry-run)|^curl .*(-d|-X) ")
# There is no cluster of Kubernetes here.
ELSEWHERE = re.compile(r"kubectl ")
WORD = re.compile(r"\b(?:HOST:PORT|PARTITION:OFFSET|[A-Z][A-Z_]{2,})\b")
# What says by its exit code what it found.
MAY_FAIL = re.compile(r"forebay (check|test|status|bootstrap) ?|curl |grep ")
LINES = 60


def blocks(text):
    """The lines of code blocks."""
    return [line.strip() for line in text.splitlines() if line.startswith("    ") and line.strip()]


def fill(line, words):
    """A line with its words filled in."""
    filled = WORD.sub(lambda found: str(words.get(found.group(), found.group())), line)
    left = [word for word in WORD.findall(line) if word not in words]
    if left:
        raise ValueError(f"`{line}`: nothing says what {left[0]} stands for")
    return filled


def answer(stack, expression):
    """What Prometheus says, a series a line."""
    result = stack.query(expression)
    return "\n".join(f"{json.dumps(series['metric'])} {series['value'][1]}" for series in result) or "(nothing)"


def shortened(text):
    lines = text.rstrip().splitlines()
    return "\n".join(lines if len(lines) <= LINES else [*lines[:LINES], f"... and {len(lines) - LINES} lines more"])


def walk(stack, page, words):
    """What a runbook's lines say, and which of them don't work."""
    told, faults = [], []
    for line in blocks((RUNBOOKS / page).read_text()):
        if ELSEWHERE.match(line) or CHANGES.search(line) or (stack.lacks and re.search(stack.lacks, line)):
            told.append(f"# {line}")
            continue
        filled = fill(line, stack.words | words)
        if SHELL.match(line):
            code, output = stack.shell(filled)
            # 2: wrong arguments; 77: not allowed; 124: no answer; 127: no such program.
            if code in (2, 77, 124, 127) or (code != 0 and not MAY_FAIL.match(line)):
                faults.append(f"{page}: `{filled}` ends with {code}: {output.strip()}")
            told.append(f"$ {filled}\n{shortened(output)}" + (f"\n(exit code {code})" if code else ""))
            continue
        try:
            told.append(f"> {filled}\n{answer(stack, filled)}")
        except urllib.error.HTTPError as error:
            faults.append(f"{page}: `{filled}`: {error.read().decode()}")
    return "\n\n".join(told), faults


def follow(stack, page, beginning, **words):
    """Does what a runbook tells to do, in the line that begins so; answers what that says."""
    lines = [line for line in blocks((RUNBOOKS / page).read_text()) if line.startswith(beginning)]
    if not lines:
        raise ValueError(f"{page} has no line that begins with `{beginning}`")
    return stack.must(fill(lines[0], stack.words | words))
