"""What helm renders, without a cluster: manifests as wholes, settings, rules."""

import difflib
import json
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from chart import ALL, CHART, EVERYTHING, HERE, KUBE, TIERS, each, find, helm, pod_templates, rendered, template, values
from places import lay_out


class Rendered(unittest.TestCase):
    maxDiff = None

    def test_lint_finds_nothing(self):
        for name in ALL:
            with self.subTest(values=name):
                helm("lint", "--strict", CHART, *KUBE, *values(name))

    def test_manifests_are_as_they_were_looked_at(self):
        """Guarantees: no change of the chart changes what is installed unseen. BLESS=1 takes the new manifests over."""
        for name in ALL:
            with self.subTest(values=name):
                golden, now = HERE / "golden" / f"{name}.yaml", without_foreign_files(template(name))
                if os.environ.get("BLESS"):
                    golden.write_text(now)
                before = golden.read_text() if golden.exists() else ""
                diff = difflib.unified_diff(before.splitlines(), now.splitlines(), "golden", "now", lineterm="", n=2)
                self.assertEqual(before, now, "\n" + "\n".join(diff) + "\nBLESS=1 takes it over")

    def test_forebay_takes_the_settings(self):
        """
        Scenario: the settings and rules of each profile, as pods get them, with certificates and an access file in their places.
        Guarantees: `forebay check` finds nothing wrong with them.
        """
        for name, documents in each():
            with tempfile.TemporaryDirectory() as folder:
                folder = Path(folder)
                settings = lay_out(documents, folder)
                done = subprocess.run(
                    [os.environ["FOREBAY"], "check", "--strict", settings], capture_output=True, text=True, check=False
                )
                self.assertEqual(done.returncode, 0, f"{name}: {done.stdout}{done.stderr}")

    def test_pods_have_no_rights(self):
        """Guarantees: what the restricted standard asks for, and beyond it: nothing writable but /tmp and data, no token."""
        for _, documents in each():
            for name, template_ in pod_templates(documents):
                spec = template_["spec"]
                self.assertIs(spec["automountServiceAccountToken"], False, name)
                self.assertIs(spec["enableServiceLinks"], False, name)
                self.assertIs(spec["securityContext"]["runAsNonRoot"], True, name)
                self.assertEqual(spec["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"}, name)
                accounts = [d for d in documents if d["kind"] == "ServiceAccount"]
                account = [d for d in accounts if d["metadata"]["name"] == spec["serviceAccountName"]]
                self.assertEqual([d["automountServiceAccountToken"] for d in account], [False], name)
                for container in spec["containers"]:
                    own = container["securityContext"]
                    self.assertEqual(own["capabilities"], {"drop": ["ALL"]}, name)
                    self.assertIs(own["readOnlyRootFilesystem"], True, name)
                    self.assertIs(own["allowPrivilegeEscalation"], False, name)
                    self.assertIn("memory", container["resources"]["limits"], name)
                    for mount in container["volumeMounts"]:
                        writable = mount["mountPath"] in ("/tmp", "/var/lib/forebay")
                        self.assertEqual(writable, not mount.get("readOnly", False), mount)
            self.assertFalse({"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"} & {d["kind"] for d in documents})

    def test_names_are_short_enough_for_what_becomes_of_them(self):
        """
        Scenario: the longest name that a release can have, and one that is made longer; the longest regions that still fit.
        Guarantees: CronJobs have room for their Jobs' times, StatefulSets for the label of their revision, Jobs and Services are labels themselves.
        """
        most = {"CronJob": 52, "StatefulSet": 52, "Job": 63, "Service": 63}
        region = "r" * 4
        jobs = f"config.search.retention.delete_after=30d,replay.enabled=true,tools.enabled=true,bootstrap.as=job,mirrored={{{region}}}"
        for named in (f"fullnameOverride={'n' * 63}", f"nameOverride={'n' * 63}", f"nameOverride={'n' * 38}-n"):
            for kind in ("Deployment", "StatefulSet"):
                for document in rendered("small", "--set", f"{jobs},parser.kind={kind},indexer.kind={kind},{named}"):
                    name = document["metadata"]["name"]
                    self.assertLessEqual(len(name), most.get(document["kind"], 63), f"{document['kind']} {name}")
                    for value in document["metadata"]["labels"].values():
                        self.assertLessEqual(len(value), 63, value)

    def test_settings_replace_pods_and_rules_do_not(self):
        """
        Guarantees: a change of settings replaces every pod; that of a rule's text none, nor a new file; one in a new folder those
        that read rules, since it has to be laid out.
        """
        def changed(profile, change):
            before, after = (dict(pod_templates(rendered(profile, *more))) for more in ([], ["--set-string", change]))
            return {tier for tier in TIERS if before[f"forebay-{tier}"] != after[f"forebay-{tier}"]}

        self.assertEqual(changed("small", "config.parser.timezone=Europe/Berlin"), set(TIERS))
        self.assertEqual(changed("small", "rules.files.tenants/acme/50-drop\\.yaml=steps: []"), set())
        self.assertEqual(changed("large", "rules.files.40-mine\\.yaml=steps: []"), set())
        self.assertEqual(changed("large", "rules.files.tenants/acme/50-drop\\.yaml=steps: []"), {"parser"})

    def test_rules_arrive_as_they_were_written(self):
        """Guarantees: a file is what the values say, also where its first line is indented or empty."""
        files = {
            "indented.yaml": "  steps:\n    - name: one\n  description: two\n", "plain.yaml": "steps: []\n", "tab.csv": "\ta\tb\nc\td\n",
            "empty-first.yaml": "\n   steps:\n  - drop\n", "tenants/acme/table.csv": "    key, value\na, b\n",
        }
        documents = rendered("small", "--set-json", f"rules.files={json.dumps(files)}")
        data = find(documents, "ConfigMap", "rules")["data"]
        for path, text in files.items():
            self.assertEqual(data[path.replace("/", "__")], text, path)

    def test_topics_are_as_bootstrap_makes_them(self):
        topics = {d["spec"]["topicName"]: d["spec"] for d in rendered(EVERYTHING) if d["kind"] == "KafkaTopic"}
        self.assertEqual(set(topics), {"forebay.raw", "forebay.events", "forebay.dlq", "forebay.parked", "forebay.dlq.state", "forebay.audit"})
        self.assertEqual(topics["forebay.raw"]["config"], {
            "cleanup.policy": "delete", "max.message.bytes": 8455168, "min.insync.replicas": 2, "retention.bytes": -1,
            "retention.ms": 5400000,
        })
        self.assertEqual(topics["forebay.dlq"]["config"]["retention.bytes"], 1610612736)
        self.assertEqual((topics["forebay.audit"]["partitions"], topics["forebay.audit"]["config"]["retention.ms"]), (1, -1))
        self.assertEqual((topics["forebay.dlq.state"]["partitions"], topics["forebay.raw"]["partitions"]), (1, 7))


def without_foreign_files(text):
    """Dashboards and alerts have tests of their own, and are long."""
    parts = re.split(r"(?m)^---\n", text)
    return "---\n".join(p for p in parts if "kind: PrometheusRule" not in p and "-dashboard-" not in p)


if __name__ == "__main__":
    unittest.main()
