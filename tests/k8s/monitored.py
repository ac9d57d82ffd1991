"""What Prometheus' operator gets of the chart: without a cluster."""

import re
import unittest

from chart import EVERYTHING, ROOT, pod_templates, refusal, rendered

RULES = ("--set", "monitoring.rules.enabled=true")


class Monitored(unittest.TestCase):
    def runbooks(self, *more):
        """The links of all alerts."""
        rules = [document for document in rendered("small", *RULES, *more) if document["kind"] == "PrometheusRule"]
        alerts = [rule for document in rules for group in document["spec"]["groups"] for rule in group["rules"] if "alert" in rule]
        return [alert["annotations"]["runbook_url"] for alert in alerts]

    def test_runbooks_are_below_the_address_that_is_given(self):
        """Guarantees: each alert's runbook is a page of this project; a link to it where the chart is told where the project's pages are."""
        paths = self.runbooks()
        self.assertTrue(paths)
        for path in paths:
            self.assertTrue((ROOT / path).is_file(), path)
        base = "https://git.example/forebay/blob/main"
        for given in (base, f"{base}/"):
            self.assertEqual(self.runbooks("--set", f"monitoring.rules.runbooks={given}"), [f"{base}/{path}" for path in paths])

    def test_what_is_no_address_is_refused(self):
        for given in ("git.example", "javascript:alert(1)", "https://git.example/a b", "https://git.example/{{ $labels.tenant }}"):
            self.assertIn("/monitoring/rules/runbooks", refusal(*RULES, "--set-string", f"monitoring.rules.runbooks={given}"), given)

    def test_indexers_of_mirrored_regions_are_told_apart(self):
        """Guarantees: by the label `tier` of the chart's monitors, as alerts and dashboards tell them from this region's."""
        for kind in ("podMonitor", "serviceMonitor"):
            monitors = ("--set", "monitoring.podMonitor.enabled=false,monitoring.serviceMonitor.enabled=false", "--set", f"monitoring.{kind}.enabled=true")
            documents = rendered(EVERYTHING, *monitors, "--set", "mirrored={us}")
            (spec,) = [d["spec"] for d in documents if d["kind"] == kind[0].upper() + kind[1:]]
            for endpoint in spec.get("endpoints") or spec["podMetricsEndpoints"]:
                (relabeling,) = [r for r in endpoint["relabelings"] if r["targetLabel"] == "tier"]
                self.assertEqual(relabeling["sourceLabels"], ["__meta_kubernetes_pod_label_app_kubernetes_io_component"])
            tiers = {t["metadata"]["labels"]["app.kubernetes.io/component"] for _, t in pod_templates(documents)}
            self.assertLessEqual({"ingest", "parser", "indexer", "indexer-us"}, tiers)
            self.assertEqual({tier for tier in tiers if re.fullmatch("indexer-.+", tier)}, {"indexer-us"})
