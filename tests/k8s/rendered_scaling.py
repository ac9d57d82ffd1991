"""How many pods there are, and how long one takes to go: without a cluster."""

import unittest

from chart import EVERYTHING, TIERS, find, pod_templates, refusal, rendered


class Scaling(unittest.TestCase):
    maxDiff = None

    def test_no_more_pods_than_partitions(self):
        """Guarantees: no tier is scaled to pods without a partition, however it is scaled."""
        few = ["--set", "config.kafka.topics.partitions=7,config.parser.lanes=2,parser.replicas=50,indexer.replicas=50"]
        documents = rendered("small", *few)
        self.assertEqual(find(documents, "Deployment", "parser")["spec"]["replicas"], 4)
        self.assertEqual(find(documents, "StatefulSet", "indexer")["spec"]["replicas"], 7)
        documents = rendered(EVERYTHING)
        scaled = find(documents, "HorizontalPodAutoscaler", "parser")["spec"]
        self.assertEqual((scaled["minReplicas"], scaled["maxReplicas"]), (2, 4))
        scaled = find(documents, "ScaledObject", "indexer")["spec"]
        self.assertEqual((scaled["minReplicaCount"], scaled["maxReplicaCount"]), (2, 7))
        trigger = scaled["triggers"][0]["metadata"]
        self.assertEqual((trigger["consumerGroup"], trigger["topic"]), ("forebay-indexer", "forebay.events"))
        behavior = scaled["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
        self.assertGreaterEqual(behavior["scaleDown"]["stabilizationWindowSeconds"], 300)
        for tier in TIERS:
            kind = "Deployment" if tier == "ingest" else "StatefulSet"
            self.assertNotIn("replicas", find(documents, kind, tier)["spec"], "an upgrade would undo what was scaled")

    def test_members_of_a_stateful_set_are_known_by_their_names(self):
        for kind, known in {"StatefulSet": True, "Deployment": False}.items():
            documents = rendered("small", "--set", f"indexer.kind={kind}")
            env = dict(pod_templates(documents))["forebay-indexer"]["spec"]["containers"][0].get("env", [])
            self.assertEqual("FOREBAY__KAFKA__INSTANCE_ID" in [e["name"] for e in env], known)

    def test_a_pod_has_the_time_that_its_tier_promises(self):
        """Guarantees: the node kills later than the tier's own deadline, however that is set and written."""
        def grace(tier, *more):
            return dict(pod_templates(rendered("small", *more)))[f"forebay-{tier}"]["spec"]["terminationGracePeriodSeconds"]

        # delay, twice the drain for requests and for the producer, 5 s for what is given up, margin
        self.assertEqual(grace("ingest"), 5 + 2 * 20 + 5 + 15)
        self.assertEqual((grace("parser"), grace("indexer")), (20 + 15, 20 + 15))
        written = {"90s": 90, "1m 30s": 90, "1h": 3600, "1.5s": 2, "250ms": 1, "0s": 0, "2 min": 120}
        for text, seconds in written.items():
            self.assertEqual(grace("parser", "--set-string", f"config.parser.drain_timeout={text}"), seconds + 15, text)
        self.assertIn("no unit of time", refusal("--skip-schema-validation", "--set-string", "config.parser.drain_timeout=3 fortnights"))
        self.assertEqual(grace("ingest", "--set", "shutdown.delay=0,shutdown.margin=1,config.ingest.drain_timeout=7s"), 2 * 7 + 5 + 1)

    def test_who_does_not_wait_has_no_hook(self):
        """Guarantees: without a delay there is no sleep of none, which Kubernetes refuses before 1.33."""
        def container(delay):
            return dict(pod_templates(rendered("small", "--set", f"shutdown.delay={delay}")))["forebay-ingest"]["spec"]["containers"][0]

        self.assertNotIn("lifecycle", container(0))
        self.assertEqual(container(3)["lifecycle"], {"preStop": {"sleep": {"seconds": 3}}})


if __name__ == "__main__":
    unittest.main()
