"""Pods follow the lag: a real HorizontalPodAutoscaler, told of a lag that the test makes up."""

import tempfile
import unittest

import cluster
from chart import CHART, values
from cluster import eventually, get, installing, kubectl, namespace, ready_pods
from metrics import GROUP, Adapter

# 12 partitions and 3 lanes a pod: 4 pods have work.
LANES = ["--set", "config.parser.lanes=3"]
OWN = [*LANES, "--set", "parser.autoscaling.by=metric,parser.autoscaling.metric.name=kafka_lag"]
AT_ONCE = ["--set", "parser.autoscaling.behavior.scaleDown.stabilizationWindowSeconds=0",
           "--set-json", 'parser.autoscaling.behavior.scaleDown.policies=[{"type":"Percent","value":100,"periodSeconds":15}]']


def setUpModule():
    cluster.start()


class Scaled(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.adapter = Adapter(folder.name, "kafka_lag", 0)
        self.addCleanup(self.adapter.close)
        kubectl("apply", "-f", "-", stdin=self.adapter.manifests())
        self.addCleanup(kubectl, "delete", "apiservice", f"v1beta1.{GROUP}")
        kubectl("wait", "--for=condition=Available", f"apiservice/v1beta1.{GROUP}", f"--timeout={cluster.PATIENCE}s")
        self.space = namespace("scaled")
        self.addCleanup(kubectl, "delete", "namespace", self.space)

    def test_parsers_follow_the_lag_within_their_bounds(self):
        """
        Scenario: a lag comes up, far beyond what all pods could have, the chart is upgraded meanwhile, and the lag goes.
        Guarantees: as many pods as there is work for by partitions and no more; an upgrade leaves them; scale-in waits for its window,
        and then goes to the least number.
        """
        installing("install", "forebay", CHART, "-n", self.space, "--wait", *values("small"), *OWN)
        eventually("the metric is seen", lambda: self.autoscaler()["status"].get("currentMetrics"))
        self.assertEqual(self.replicas(), 2)

        self.adapter.value = 600_000
        eventually("three pods for three times the lag of one", lambda: self.replicas() == 3)
        self.adapter.value = 10**9
        eventually("a pod for each set of partitions", lambda: self.replicas() == 4)
        limited = eventually("the bound is told", lambda: self.condition("ScalingLimited") == "TooManyReplicas")
        self.assertTrue(limited)
        eventually("all are ready", lambda: len(ready_pods(self.space, "parser")) == 4)

        installing("upgrade", "forebay", CHART, "-n", self.space, "--wait", *values("small"), *OWN, "--set", "image.tag=next")
        self.assertEqual(self.replicas(), 4)

        self.adapter.value = 0
        eventually("scale-in waits", lambda: self.condition("AbleToScale") == "ScaleDownStabilized")
        self.assertEqual(self.replicas(), 4)
        installing("upgrade", "forebay", CHART, "-n", self.space, *values("small"), *OWN, *AT_ONCE)
        eventually("the least number", lambda: self.replicas() == 2)

    def test_an_autoscaler_takes_over_what_is_there(self):
        """
        Scenario: parsers run by a number in the values, somebody has made them more, and then autoscaling is switched on, under as much lag as they
        have work with; the lag grows, and the chart is upgraded again.
        Guarantees: the upgrade that brings the autoscaler takes no pod away, though the number leaves the values; the autoscaler goes on from
        there, and the next upgrade leaves what it has made.
        """
        self.adapter.value = 600_000
        installing("install", "forebay", CHART, "-n", self.space, "--wait", *values("small"), *LANES)
        kubectl("-n", self.space, "scale", "deployment", "forebay-parser", "--replicas=3")
        eventually("a pod more than in the values", lambda: len(ready_pods(self.space, "parser")) == 3)
        before = ready_pods(self.space, "parser")

        installing("upgrade", "forebay", CHART, "-n", self.space, "--wait", *values("small"), *OWN)
        self.assertEqual((self.replicas(), ready_pods(self.space, "parser")), (3, before))
        eventually("the metric is seen", lambda: self.autoscaler()["status"].get("currentMetrics"))
        self.assertEqual(ready_pods(self.space, "parser"), before)

        self.adapter.value = 10**9
        eventually("a pod for each set of partitions", lambda: self.replicas() == 4)
        installing("upgrade", "forebay", CHART, "-n", self.space, "--wait", *values("small"), *OWN, "--set", "image.tag=next")
        self.assertEqual(self.replicas(), 4)

    def autoscaler(self):
        return get(self.space, "hpa", "forebay-parser")

    def condition(self, kind):
        return {c["type"]: c["reason"] for c in self.autoscaler()["status"].get("conditions", [])}.get(kind)

    def replicas(self):
        return get(self.space, "deployment", "forebay-parser")["spec"]["replicas"]


if __name__ == "__main__":
    unittest.main()
