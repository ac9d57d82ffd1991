"""`forebay dev`, and an indexer of its own group on dev's broker, whose search cluster is a fake that takes everything."""

import json

from fake_store import FakeStore
from stack import LISTENERS, Stack, eventually, free_port

CONFIG = """
kafka:
  topics: {{ retention: 2m }}
telemetry:
  tenant_groups: {{ held: gold }}
parser:
  rules: {{ folder: {folder}/rules, check_every: 1s }}
ingest:""" + LISTENERS
INDEXER = """
kafka:
  bootstrap_servers: {kafka}
search: {{ url: "{store}" }}
indexer: {{ group: beside, max_in_flight: 4MiB, bulk_bytes: 256KiB }}
telemetry: {{ listen: {{ indexer: "{metrics}" }} }}
"""
DISK = 512 << 20


class Dev(Stack):
    # It has neither a Kafka of its own name nor a cluster.
    lacks = r"\b(KAFKA|SEARCH)\b"

    def __init__(self, *words):
        super().__init__(*words)
        self.store = FakeStore()
        # Where commands look for it when nobody says where it is.
        self.data = self.folder / "forebay/dev"
        self.has_disk = False

    def __exit__(self, *words):
        super().__exit__(*words)
        self.store.stop()

    def variables(self):
        return {"XDG_DATA_HOME": str(self.folder)}

    def start(self):
        """Everything, until Prometheus has seen all of it."""
        self.has_disk = self.mount(self.data, DISK)
        config = self.folder / "dev.yaml"
        config.write_text(CONFIG.format(folder=self.folder, **self.ports))
        self.run("dev", self.programs / "forebay", "--config", config, "--data", self.data, "dev", "--port", "0")
        eventually("forebay dev runs", lambda: (self.data / "dev.json").exists() or self.died("dev"))
        dev = json.loads((self.data / "dev.json").read_text())
        self.ingest_url = dev["ingest_url"]
        metrics = f"127.0.0.1:{free_port()}"
        beside = self.folder / "beside.yaml"
        beside.write_text(INDEXER.format(kafka=dev["kafka"], store=self.store.url, metrics=metrics))
        self.run("beside", self.programs / "forebay-indexer", "--config", beside)
        self.watch(dev["metrics"], metrics)
        (self.folder / "bin").mkdir()
        (self.folder / "bin/forebay").symlink_to(self.programs / "forebay")
        self.start_prometheus()
        self.start_sending()
