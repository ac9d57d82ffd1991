"""Services, policies, and what goes by them: without a cluster."""

import json
import unittest

from chart import EVERYTHING, TIERS, each, find, notes, pod_templates, rendered, selects, template


class Network(unittest.TestCase):
    maxDiff = None

    def test_each_listener_that_is_reached_has_a_service(self):
        documents = rendered("small")
        ports = {
            d["metadata"]["name"]: (d["spec"]["type"], d["spec"]["ports"][0]["port"], d["spec"]["ports"][0]["targetPort"],
                                    d["spec"]["ports"][0]["protocol"])
            for d in documents if d["kind"] == "Service" and d["spec"].get("clusterIP") != "None"
        }
        self.assertEqual(ports, {
            "forebay-http": ("ClusterIP", 8080, 8080, "TCP"),
            "forebay-beats": ("ClusterIP", 5044, 5044, "TCP"),
            "forebay-syslog-udp": ("LoadBalancer", 514, 5514, "UDP"),
        })

    def test_a_name_leads_to_all_pods_of_a_tier(self):
        """Guarantees: each tier has a headless Service, mirrored regions' indexers too, whatever kind it is and whatever else is switched on."""
        own = "mirrored={us},ingest.kind=Deployment,monitoring.serviceMonitor.enabled=false,tools.enabled=false"
        for kind in ("Deployment", "StatefulSet"):
            documents = rendered("small", "--set", f"{own},parser.kind={kind},indexer.kind={kind}")
            for component in (*TIERS, "indexer-us"):
                service = find(documents, "Service", f"{component}-pods")["spec"]
                self.assertEqual((service["clusterIP"], service["ports"][0]["port"]), ("None", 9600))
                taken = [name for name, t in pod_templates(documents) if selects({"matchLabels": service["selector"]}, t["metadata"]["labels"])]
                self.assertEqual(taken, [f"forebay-{component}"])

    def test_all_that_lead_to_a_service_know_its_port(self):
        """Guarantees: a port for all listeners' Services is the route's and the notes' too; the notes name no Service that there isn't."""
        ways = "services.defaults.port=8443,services.beats.enabled=false,routes.http.enabled=true,routes.parentRefs[0].name=public"
        documents = rendered("small", "--set", ways)
        port = find(documents, "Service", "http")["spec"]["ports"][0]["port"]
        route = find(documents, "HTTPRoute", "http")["spec"]["rules"][0]["backendRefs"][0]
        self.assertEqual((port, route["port"]), (8443, 8443))
        said = notes("small", "--set", ways)
        self.assertIn("forebay-http.logs.svc:8443/TCP", said)
        self.assertNotIn("forebay-beats", said)

    def test_every_pod_is_held_to_a_policy(self):
        """Guarantees: nothing reaches a pod, and it reaches nothing, but what a policy for its own tier says."""
        for name, documents in each():
            policies = [d["spec"] for d in documents if d["kind"] == "NetworkPolicy"]
            nothing = [p for p in policies if not p.get("ingress") and not p.get("egress")]
            for pod, template_ in pod_templates(documents):
                labels = template_["metadata"]["labels"]
                held = [p for p in policies if selects(p["podSelector"], labels)]
                self.assertTrue([p for p in held if p in nothing], f"{name}: {pod} is not denied everything first")
                mine = [p for p in held if p["podSelector"]["matchLabels"].get("forebay/tier") == labels["forebay/tier"]]
                self.assertEqual(len(mine), 1, f"{name}: {pod}")
                ports = {p["containerPort"] for c in template_["spec"]["containers"] for p in c.get("ports", [])}
                allowed = {p["port"] for rule in mine[0].get("ingress") or [] for p in rule["ports"]}
                self.assertEqual(allowed, ports, f"{name}: {pod}")

    def test_a_tier_reaches_what_it_needs(self):
        documents = rendered("small")

        def reached(tier):
            rules = find(documents, "NetworkPolicy", tier)["spec"]["egress"]
            return {(p["port"], json.dumps(rule.get("to", "anywhere"))) for rule in rules for p in rule["ports"]}

        dns = '[{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}]'
        kafka = '[{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kafka"}}}]'
        base = {(53, dns), (9092, kafka)}
        self.assertEqual(reached("ingest"), base)
        self.assertEqual(reached("parser"), base)
        self.assertEqual(reached("indexer"), base | {(9200, '"anywhere"')})
        self.assertEqual(reached("bootstrap"), base | {(9200, '"anywhere"')})
        self.assertEqual(reached("dead-letters"), base)
        documents = rendered("small", "--set", "config.search.retention.delete_after=30d")
        self.assertEqual(reached("retention"), base | {(9200, '"anywhere"')})
        documents = rendered("small", "--set", "config.telemetry.traces.endpoint=https://collector.tracing.svc/v1/traces")
        tracing = {(443, '[{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "tracing"}}}]')}
        self.assertEqual((reached("ingest"), reached("parser")), (base | tracing, base | tracing))
        self.assertEqual(reached("indexer"), base | {(9200, '"anywhere"')} | tracing)
        self.assertEqual(reached("dead-letters"), base)
        documents = rendered("dev", "--set", "config.telemetry.traces.endpoint=http://10.1.2.3:4318/v1/traces")
        self.assertEqual(reached("dev"), {(53, dns), (4318, '[{"ipBlock": {"cidr": "10.1.2.3/32"}}]')})
        egress = find(rendered(EVERYTHING), "NetworkPolicy", "parser")["spec"]["egress"]
        self.assertIn({"ports": [{"port": 9092, "protocol": "TCP"}], "to": [{"ipBlock": {"cidr": "10.1.2.3/32"}}]}, egress)

    def test_tools_reach_what_status_asks(self):
        """
        Scenario: a pod for commands beside each kind of tier, mirrored ones too; then no such pod.
        Guarantees: a name leads to all pods of each tier, ready or not, at the port where they listen; the pod may go there, to Kafka and the store,
        and tiers let it in; it gets a reader's token where there is one, and the administrator's only where it is asked for.
        """
        own = "tools.enabled=true,secrets.reader.name=forebay-reader,config.telemetry.listen.parser=0.0.0.0:9700"
        documents = rendered("multi-region", "--set", own)
        pod = dict(pod_templates(documents))["forebay-tools"]
        env = {e["name"]: e.get("value", e.get("valueFrom")) for e in pod["spec"]["containers"][0]["env"]}
        policy = find(documents, "NetworkPolicy", "tools")["spec"]
        self.assertIn("Egress", policy["policyTypes"])
        for tier, port in {"ingest": "9600", "parser": "9700", "indexer": "9600"}.items():
            self.assertEqual(env[f"FOREBAY__TELEMETRY__LISTEN__{tier.upper()}"], f"forebay-{tier}-pods:{port}")
            service = find(documents, "Service", f"{tier}-pods")["spec"]
            self.assertEqual((service["clusterIP"], service["publishNotReadyAddresses"]), ("None", True))
            labels = dict(pod_templates(documents))[f"forebay-{tier}"]["metadata"]["labels"]
            self.assertTrue(selects({"matchLabels": service["selector"]}, labels), tier)
            let_in = [r for r in find(documents, "NetworkPolicy", tier)["spec"]["ingress"] if r["ports"][0]["port"] == int(port)]
            peers = [peer["podSelector"] for peer in let_in[0]["from"] if "podSelector" in peer]
            self.assertEqual([selects(peer, pod["metadata"]["labels"]) for peer in peers], [True], tier)
            there = [r for r in policy["egress"] if int(port) in [p["port"] for p in r["ports"]]][0]["to"][0]["podSelector"]
            self.assertTrue(selects(there, labels) and tier in there["matchExpressions"][0]["values"], tier)
        self.assertEqual({p["port"] for r in policy["egress"] for p in r["ports"]}, {53, 9093, 9200, 9600, 9700})
        token = {"reader": {"name": "forebay-reader", "key": "token"}, "token": {"name": "forebay-token", "key": "token"}}
        self.assertEqual(env["FOREBAY_TOKEN"], {"secretKeyRef": token["reader"]})
        for more in ("tools.role=admin", "secrets.reader.name="):
            spec = dict(pod_templates(rendered("small", "--set", f"{own},{more}")))["forebay-tools"]["spec"]
            self.assertIn({"name": "FOREBAY_TOKEN", "valueFrom": {"secretKeyRef": token["token"]}}, spec["containers"][0]["env"], more)
            self.assertEqual(spec["restartPolicy"], "Always")
        self.assertNotIn("tools", template("small"))
        self.assertNotIn("tools", template("dev", "--set", own))


if __name__ == "__main__":
    unittest.main()
