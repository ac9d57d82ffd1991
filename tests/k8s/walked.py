"""docs/kubernetes.md, walked: a real control plane is given the page's commands, one after the other, as by its reader."""

import os
import re
import tempfile
import unittest
from pathlib import Path

import cluster
from chart import HELM, ROOT
from cluster import as_user, eventually, get, kubectl, ready_pods

PAGE = ROOT / "docs" / "kubernetes.md"
# What is said of a step that can't be walked here.
MARK = "[not shown]"
# What the reader brings along: certificates, passwords.
OWN = ["tls.crt", "tls.key", "ca.crt", "password", "api-key"]


def setUpModule():
    cluster.start()


class Walked(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.programs = self.folder / "programs"
        self.programs.mkdir()
        (self.programs / "helm").symlink_to(HELM)
        (self.programs / "forebay").symlink_to(Path(os.environ["FOREBAY"]).resolve())
        (self.programs / "kubectl").write_text(f'#!/bin/sh\nexec "{cluster.HOME}/bin/kube" kubectl "$@"\n')
        (self.programs / "kubectl").chmod(0o755)
        (self.folder / "helm").symlink_to(ROOT / "helm")
        self.certificate()

    def certificate(self):
        made = as_user(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=logs.example.com -keyout tls.key -out tls.crt"
            " && cp tls.crt ca.crt && echo secret > password && echo secret > api-key", folder=self.folder,
        )
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertEqual([name for name in OWN if not (self.folder / name).exists()], [])

    def test_the_page_can_be_followed(self):
        """
        Scenario: somebody does what the page says, from its beginning to its end, but for what it marks as not shown.
        Guarantees: each command does what it is there for: everything is taken by the cluster, under the restricted standard, pods become
        ready, and in the end nothing of Forebay is left but the reader's own Secrets.
        """
        cluster.gone("logs")
        self.addCleanup(kubectl, "delete", "namespace", "logs", "--ignore-not-found", "--wait=false")
        text = PAGE.read_text()
        (self.folder / "my-values.yaml").write_text(re.search(r"(?s)```yaml\n(# my-values\.yaml\n.*?)```", text)[1])
        steps = commands(text)
        walked = [step for step, marked in steps if not marked]
        self.assertGreaterEqual(len(walked), 20, walked)
        self.assertTrue([step for step, marked in steps if marked], "what can't be shown is marked")
        for step in walked:
            with self.subTest(step=step):
                self.take(step)
        self.assertRegex((self.folder / "token").read_text(), r"^fbt_\S+\n?$")
        left = {s["metadata"]["name"] for s in get("logs", "secrets")}
        self.assertEqual(left, {f"forebay-{name}" for name in ("access", "reader", "token", "tls", "kafka", "keda", "search")})
        def none(kind):
            self.assertEqual([d["metadata"]["name"] for d in get("logs", kind)], [], kind)
            return True

        for kind in ("deployments", "statefulsets", "jobs", "cronjobs", "services", "networkpolicies", "poddisruptionbudgets"):
            eventually(f"no {kind}", lambda kind=kind: none(kind))

    def take(self, step):
        done = as_user(step, self.programs, folder=self.folder)
        self.assertEqual(done.returncode, 0, f"{done.stdout}{done.stderr}")
        self.assertNotIn("Warning", done.stderr)
        if step.startswith("helm install") and "dev.yaml" in step:
            self.ready(dev=1)
        elif step.startswith(("helm install", "helm upgrade", "helm rollback")):
            self.ready(ingest=2, parser=2, indexer=2, **({"tools": 1} if "tools.enabled=true" in step else {}))
        elif step.startswith("kubectl -n logs get pods"):
            self.assertEqual(done.stdout.count("1/1     Running"), 6, done.stdout)

    def ready(self, **tiers):
        for tier, count in tiers.items():
            eventually(f"{count} pods of {tier}", lambda tier=tier, count=count: len(ready_pods("logs", tier)) == count)


def commands(text):
    """The page's commands, each with whether it, or its section, is marked."""
    found, section, marked, going_on = [], False, False, ""
    for line in re.sub(r"(?ms)^```.*?^```$", "", text).splitlines():
        if line.startswith("#"):
            section = MARK in line
        if not going_on and not re.match(r" {4,}(helm|kubectl|forebay|curl|docker) ", line):
            continue
        marked = MARK in line if not going_on else marked or MARK in line
        going_on += line.strip() + "\n"
        if not line.endswith("\\"):
            found.append((going_on.strip(), section or marked))
            going_on = ""
    return found


if __name__ == "__main__":
    unittest.main()
