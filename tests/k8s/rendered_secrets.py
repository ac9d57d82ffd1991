"""Who gets which Secret, and who shows which token: without a cluster."""

import unittest

from chart import EVERYTHING, TIERS, find, pod_templates, refusal, rendered


class Secrets(unittest.TestCase):
    maxDiff = None

    def test_secrets_come_as_folders_for_those_that_need_them(self):
        """Guarantees: a tier sees its own secrets only, and a changed Secret reaches a running pod (a subPath would not)."""
        documents = rendered("multi-region", "--set", "config.search.retention.delete_after=30d,secrets.traces.name=collector,replay.enabled=true")
        for tier, wanted in {
            "ingest": {"access", "tls", "kafka", "traces"}, "parser": {"kafka", "traces"}, "indexer": {"kafka", "search", "traces"},
            "indexer-us": {"kafka", "search", "traces"}, "bootstrap": {"kafka", "search"}, "dead-letters": {"access", "kafka", "token"},
            "retention": {"access", "kafka", "search", "token"},
        }.items():
            spec = dict(pod_templates(documents))[f"forebay-{tier}"]["spec"]
            found = {v["name"]: v["secret"] for v in spec["volumes"] if "secret" in v}
            self.assertEqual(set(found), wanted, tier)
            for secret in found.values():
                self.assertEqual(oct(secret["defaultMode"]), "0o440", tier)
            self.assertFalse([m for c in spec["containers"] for m in c["volumeMounts"] if "subPath" in m], tier)
        replay = next(t["spec"] for name, t in pod_templates(documents) if "-replay-" in name)
        self.assertEqual({v["name"] for v in replay["volumes"] if "secret" in v}, {"access", "kafka", "token"})

    def test_ingest_can_have_a_user_of_its_own(self):
        """
        Scenario: ingest has another Secret for Kafka than the others, with another user's password; then half of that.
        Guarantees: it is mounted in the other's place, for ingest alone, and ingest logs in as that user; half of it is refused.
        """
        sasl = "config.kafka.properties.sasl\\.username=forebay"
        secrets = f"{sasl},secrets.kafka.name=all,replay.enabled=true"
        own = f"{secrets},secrets.kafka.ingest.name=writer,secrets.kafka.ingest.username=writes"
        for set_, secret, user in ((own, "writer", ["writes"]), (secrets, "all", [])):
            for name, template_ in pod_templates(rendered("small", "--set", set_)):
                spec, ingest = template_["spec"], name == "forebay-ingest"
                found = [v["secret"]["secretName"] for v in spec["volumes"] if v["name"] == "kafka"]
                self.assertEqual(found, [secret if ingest else "all"], name)
                env = spec["containers"][0].get("env", [])
                users = [e["value"] for e in env if e["name"] == "FOREBAY__KAFKA__PROPERTIES__SASL_USERNAME"]
                self.assertEqual(users, user if ingest else [], name)
        self.assertIn("secrets.kafka.ingest.name", refusal("--set", f"{secrets},secrets.kafka.ingest.username=writes"))
        self.assertIn("secrets.kafka.ingest.username", refusal("--set", f"{secrets},secrets.kafka.ingest.name=writer"))
        certificates = rendered("small", "--set", "secrets.kafka.ingest.name=writer")
        self.assertNotIn("env", dict(pod_templates(certificates))["forebay-ingest"]["spec"]["containers"][0])

    def test_users_of_kafka_may_do_what_their_tiers_do(self):
        """Guarantees: nobody deletes but dead letters; and ingest, which the network reaches, reads and makes nothing but audit records."""
        def rights(name):
            acls = find(rendered(EVERYTHING), "KafkaUser", name)["spec"]["authorization"]["acls"]
            self.assertNotIn("prefix", [a["resource"]["patternType"] for a in acls if a["resource"]["type"] == "topic"])
            return {a["resource"].get("name", a["resource"]["type"]): set(a["operations"]) for a in acls}

        shared = rights("forebay")
        deleted = {name for name, operations in shared.items() if "Delete" in operations}
        self.assertEqual(deleted, {"forebay.dlq", "forebay.parked"})
        self.assertLessEqual({"Create", "Describe", "DescribeConfigs", "Read", "Write"}, shared["forebay.dlq.state"])
        self.assertEqual(rights("forebay-ingest"), {
            "forebay.raw": {"Describe", "DescribeConfigs", "Write"},
            "forebay.audit": {"Describe", "DescribeConfigs", "Read", "Write"},
            "cluster": {"IdempotentWrite"},
        })

    def test_who_is_asked_for_a_token_has_one(self):
        """
        Scenario: with an access file, jobs that look at dead letters, bring them back, and delete indices.
        Guarantees: each shows the token of its Secret, under the key that the values name; what nobody asks for one shows none.
        """
        own = ["--set", "config.search.retention.delete_after=30d,replay.enabled=true,secrets.token.key=admin"]
        for name, template_ in pod_templates(rendered("small", *own)):
            command = template_["spec"]["containers"][0]["command"]
            if any(job in name for job in ("-replay-", "-dead-letters", "-retention")):
                self.assertEqual(command[command.index("--token-file") + 1], "/etc/forebay/token/admin", name)
            else:
                self.assertNotIn("--token-file", command, name)

    def test_who_only_counts_shows_no_administrators_token(self):
        """Guarantees: reports of dead letters get the reader's token and not the administrator's, who isn't needed for them."""
        reader = "secrets.reader.name=forebay-reader,secrets.reader.key=counts"
        for no_admin in ("", ",secrets.token.name="):
            spec = dict(pod_templates(rendered("small", "--set", reader + no_admin)))["forebay-dead-letters"]["spec"]
            secrets = {v["secret"]["secretName"] for v in spec["volumes"] if "secret" in v}
            self.assertEqual(secrets, {"forebay-access", "forebay-reader"})
            command = spec["containers"][0]["command"]
            self.assertEqual(command[command.index("--token-file") + 1], "/etc/forebay/reader/counts")
        pods = dict(pod_templates(rendered("small", "--set", f"{reader},config.search.retention.delete_after=30d,replay.enabled=true")))
        for name, template_ in pods.items():
            if name != "forebay-dead-letters":
                self.assertNotIn("reader", [v["name"] for v in template_["spec"]["volumes"]], name)
                self.assertNotIn("/etc/forebay/reader/counts", template_["spec"]["containers"][0]["command"], name)
        for job in ("replay.enabled=true", "config.search.retention.delete_after=30d"):
            self.assertIn("secrets.token.name", refusal("--set", f"{reader},secrets.token.name=,{job}"))

    def test_closed_metrics_are_open_to_who_shows_a_token(self):
        """Guarantees: all tiers know the tokens that they ask for, and Prometheus has one to show."""
        closed = ["--set", "config.telemetry.metrics=token,monitoring.token.name=scraper"]
        documents = rendered("large", *closed)
        for tier in TIERS:
            volumes = dict(pod_templates(documents))[f"forebay-{tier}"]["spec"]["volumes"]
            self.assertIn("access", [v["name"] for v in volumes], tier)
        endpoint = find(documents, "PodMonitor", "forebay")["spec"]["podMetricsEndpoints"][0]
        self.assertEqual(endpoint["authorization"], {"credentials": {"name": "scraper", "key": "token"}})


if __name__ == "__main__":
    unittest.main()
