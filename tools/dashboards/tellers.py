"""Which tiers tell a metric: without them nobody knows its value, and a board must not say nought.

A tier is there when it tells how many records it has taken in, which each does from its start on; the alert `ForebayTierMissing` goes
by the same.
"""

import re

TIERS = ("ingest", "parser", "indexer")
THERE = "forebay_records_received_total"
# Of this region: indexers of mirrored ones have their component in the label `tier`, `indexer-REGION`, and count what others accepted.
HOME = 'tier!~"indexer-.+"'
# What any process tells.
ANY = "forebay_build_info"
WORKERS = ("parser", "indexer")
# By the beginning of a selector; the first that fits. A matcher of `stage` says it before all of them.
TELLERS = (
    (r'forebay_component_ready\{component="search"', ("indexer",)),
    (r"forebay_(ingest|certificate|tls|tenant)_|forebay_events_accepted_", ("ingest",)),
    (r"forebay_(parser|rules|source)_|forebay_events_(split|dropped)_", ("parser",)),
    (r"forebay_(bulk|target|targets|documents|failure)_|forebay_events_(indexed|duplicate)_", ("indexer",)),
    (r"forebay_(consumer|retries|receipts)_|forebay_in_flight_bytes|forebay_events_(dead_lettered|replayed)_", WORKERS),
    (r"forebay_(audit|producer)_", ("ingest", "parser")),
    (r"forebay_(backpressure|component|kafka|event|records|received)_", TIERS),
    # A replay is a job: where none runs, none is scraped. Of the others any process tells.
    (r"forebay_(replayed|build|disk|logs|tail|trace)_", ()),
)


def tellers(expression):
    """The tiers without which an expression doesn't know its value, in their order; none if any process will do."""
    tiers = set()
    for selector in re.findall(r"\bforebay_[a-z0-9_]+(?:\{[^}]*\})?", expression):
        stage = re.search(r'\bstage="(\w+)"', selector)
        known = (stage.group(1),) if stage else next((found for pattern, found in TELLERS if re.match(pattern, selector)), None)
        if known is None:
            raise KeyError(f"{selector}: say in tellers.py which tiers tell it")
        tiers |= set(known)
    return tuple(tier for tier in TIERS if tier in tiers)


def there(tier):
    """How many processes of a tier of this region are scraped; nothing if none is."""
    return f'count({THERE}{{stage="{tier}", {HOME}}})'


def answered(expression):
    """Has a value, which means nothing, if somebody of each tier that the expression needs is scraped."""
    return " * ".join(there(tier) for tier in tellers(expression)) or f"count({ANY})"


def or_nought(expression):
    """A line at nought rather than "No data" while there was nothing to count yet, if those are there who would count it."""
    return f"{expression} or 0 * {answered(expression)}"


def told(expression, nought=False, bad=""):
    """The value if all are there who tell of it, nought included if asked for; and what is bad whoever is missing."""
    value = f"(({expression}) or vector(0))" if nought else f"({expression})"
    known = f"({expression}) {bad} or " if bad else ""
    return f"{known}{value} and on () ({answered(expression)})"
