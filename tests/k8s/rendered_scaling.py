"""How many pods there are, and how long one takes to go: without a cluster."""

import unittest

from chart import EVERYTHING, TIERS, find, pod_templates, refusal, rendered
from workloads import Workloads


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

    def test_indexers_of_mirrored_regions_follow_their_own_lag(self):
        """
        Scenario: indexers are scaled in each way, with two mirrored regions.
        Guarantees: those of each region have an autoscaler of their own, which leads to them and asks for the topic and group that they read, on this
        region's brokers, within the same bounds; and no number of their own stands beside it.
        """
        metric = "indexer.autoscaling.metric.name=lag,indexer.autoscaling.metric.selector"
        kinds = {
            "cpu": "HorizontalPodAutoscaler", "lag": "ScaledObject", f"metric,{metric}.group=forebay-indexer": "HorizontalPodAutoscaler",
            f"metric,{metric}.topic=forebay.events,{metric}.is=it": "HorizontalPodAutoscaler",
        }
        for by, kind in kinds.items():
            documents = rendered("small", "--set", f"mirrored={{us,ap-1}},config.kafka.topics.partitions=7,indexer.autoscaling.by={by}")
            scaled = {d["metadata"]["name"]: d["spec"] for d in documents if d["kind"] == kind}
            read = {"forebay-indexer": ("forebay.events", "forebay-indexer"), "forebay-indexer-us": ("us.forebay.events", "forebay-indexer-us"),
                    "forebay-indexer-ap-1": ("ap-1.forebay.events", "forebay-indexer-ap-1")}
            self.assertEqual(set(scaled), set(read), by)
            for name, (topic, group) in read.items():
                target, spec = scaled[name]["scaleTargetRef"], scaled[name]
                workload = find(documents, target["kind"], target["name"])
                self.assertEqual(target["name"], name)
                self.assertNotIn("replicas", workload["spec"])
                env = {e["name"]: e.get("value") for e in workload["spec"]["template"]["spec"]["containers"][0]["env"]}
                self.assertEqual(env.get("FOREBAY__KAFKA__TOPICS__EVENTS", "forebay.events"), topic)
                self.assertEqual(env.get("FOREBAY__INDEXER__GROUP", "forebay-indexer"), group)
                self.assertEqual(spec.get("maxReplicas") or spec["maxReplicaCount"], 7)
                if by == "lag":
                    trigger = spec["triggers"][0]["metadata"]
                    self.assertEqual((trigger["topic"], trigger["consumerGroup"]), (topic, group))
                    self.assertEqual(trigger["bootstrapServers"], "kafka-0.kafka.svc:9092,kafka-1.kafka.svc:9092")
                elif by != "cpu":
                    wanted = {"topic": topic, "is": "it"} if "topic" in by else {"group": group}
                    self.assertEqual(spec["metrics"][0]["external"]["metric"]["selector"]["matchLabels"], wanted)

    def test_an_autoscaler_takes_over_what_is_there(self):
        """
        Scenario: tiers run with other numbers of pods than they were given, one was stopped by hand, and they get autoscalers; then an upgrade.
        Then tiers that had autoscalers from their beginning, and one that has it no more, and again.
        Guarantees: as many pods stay as there are, since a number that is taken out of a release becomes 1; where none was written, none is ever.
        """
        own = ["--set", "mirrored={us},ingest.autoscaling.by=cpu,indexer.autoscaling.by=lag,parser.autoscaling.by=cpu"]

        def upgraded(there, *more):
            with Workloads(there) as api:
                documents = rendered("small", *own, *more, "--dry-run=server", KUBECONFIG=str(api.kubeconfig))
            return [d for d in documents if d["kind"] in ("Deployment", "StatefulSet")]

        def replicas(documents):
            return {d["metadata"]["name"].removeprefix("forebay-"): d["spec"].get("replicas") for d in documents}

        before = rendered("small", "--set", "mirrored={us}")
        now = {"ingest": 5, "parser": 0, "indexer": 3, "indexer-us": 4}
        for tier, count in now.items():
            find(before, "Deployment" if tier in ("ingest", "parser") else "StatefulSet", tier)["spec"]["replicas"] = count
        switched = upgraded(before)
        self.assertEqual(replicas(switched), now)
        self.assertEqual(replicas(upgraded(switched)), now, "once written, it stays written")

        none = dict.fromkeys(now)
        begun = upgraded([])
        self.assertEqual(replicas(begun), none)
        for document in begun:
            document["spec"]["replicas"] = 7
        self.assertEqual(replicas(upgraded(begun)), none, "the autoscaler's alone")
        off = upgraded(begun, "--set", "ingest.autoscaling.by=")
        self.assertEqual(replicas(off), {**none, "ingest": 2})
        self.assertEqual(replicas(upgraded(off))["ingest"], 2)

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
