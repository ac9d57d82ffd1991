"""What helm renders, without a cluster."""

import base64
import difflib
import json
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import yaml

from chart import CHART, EVERYTHING, HERE, KUBE, PROFILES, find, helm, notes, pod_templates, refusal, rendered, selects, template, values

ALL = [*PROFILES, EVERYTHING]
TIERS = ["ingest", "parser", "indexer"]


class Rendered(unittest.TestCase):
    maxDiff = None

    def each(self):
        for name in ALL:
            yield name, rendered(name)

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
        for name, documents in self.each():
            with tempfile.TemporaryDirectory() as folder:
                folder = Path(folder)
                settings = lay_out(documents, folder)
                done = subprocess.run(
                    [os.environ["FOREBAY"], "check", "--strict", settings], capture_output=True, text=True, check=False
                )
                self.assertEqual(done.returncode, 0, f"{name}: {done.stdout}{done.stderr}")

    def test_pods_have_no_rights(self):
        """Guarantees: what the restricted standard asks for, and beyond it: nothing writable but /tmp and data, no token."""
        for _, documents in self.each():
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

    def test_scheduled_jobs_are_given_what_they_ask_for(self):
        """
        Scenario: the commands of scheduled jobs, as their pods have them, with the reader's access file and token; neither Kafka nor the store
        is there. Then the same without the token.
        Guarantees: the program understands them and gets as far as the servers (69); without the token it would not (77).
        """
        nowhere = "config.kafka.bootstrap_servers=127.0.0.1:1,config.search.url=http://127.0.0.1:1,config.search.retention.delete_after=30d"
        documents = rendered("small", "--set", f"{nowhere},secrets.reader.name=forebay-reader")
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            settings = lay_out(documents, folder)
            make_tokens(folder)
            jobs = {name: t["spec"]["containers"][0]["command"] for name, t in pod_templates(documents)}
            for name in ("forebay-dead-letters", "forebay-retention"):
                own = {"/usr/bin/forebay": os.environ["FOREBAY"], "/etc/forebay/settings/forebay.yaml": str(settings)}
                command = [own.get(part, part.replace("/etc/forebay/", f"{folder}/")) for part in jobs[name]]
                shown = command.index("--token-file")
                for expected, given in ((69, command), (77, command[:shown] + command[shown + 2:])):
                    done = subprocess.run(given, capture_output=True, text=True, check=False)
                    self.assertEqual(done.returncode, expected, f"{name}: {done.stdout}{done.stderr}")

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

    def test_what_is_typed_into_the_tools_finds_its_way(self):
        """
        Scenario: commands as they are typed into the tools' pod, with its variables and nothing else; no tier, no Kafka, no store is there.
        Guarantees: what keeps the pod writes a line at once, which names each tier's pods, and stays; a command gets as far as the
        servers (69), and one that changes is refused to a reader (77).
        """
        nowhere = "config.kafka.bootstrap_servers=127.0.0.1:1,config.search.url=http://127.0.0.1:1"
        documents = rendered("small", "--set", f"{nowhere},tools.enabled=true,secrets.reader.name=forebay-reader")
        container = dict(pod_templates(documents))["forebay-tools"]["spec"]["containers"][0]
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            settings = lay_out(documents, folder)
            tokens = make_tokens(folder)
            env = {"PATH": os.environ["PATH"]}
            for variable in container["env"]:
                env[variable["name"]] = variable.get("value", tokens["reader"]).replace("/etc/forebay/settings/forebay.yaml", str(settings))
            own = {"/usr/bin/forebay": os.environ["FOREBAY"], "/etc/forebay/settings/forebay.yaml": str(settings)}
            with subprocess.Popen([own.get(part, part) for part in container["command"]], env=env, stdout=subprocess.PIPE, text=True) as stays:
                line = json.loads(stays.stdout.readline())
                self.assertIsNone(stays.poll())
                stays.kill()
            self.assertEqual({p["address"] for p in line["processes"]}, {f"forebay-{tier}-pods:9600" for tier in TIERS})
            for expected, typed in ((69, ["dlq", "stats"]), (77, ["dlq", "purge", "--all", "--yes"])):
                done = subprocess.run([os.environ["FOREBAY"], *typed], env=env, capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, expected, f"{typed}: {done.stdout}{done.stderr}")

    def test_indices_are_deleted_where_somebody_said_when(self):
        """Guarantees: a job for retention is made where there are terms that Forebay itself keeps to, and nowhere else."""
        def commands(*more, profile="small"):
            pods = dict(pod_templates(rendered(profile, *more)))
            return pods["forebay-retention"]["spec"]["containers"][0]["command"] if "forebay-retention" in pods else None

        for terms in ("delete_after=30d", "close_after=14d", "tenants.acme.delete_after=1d"):
            self.assertEqual(commands("--set", f"config.search.retention.{terms}")[:3], ["/usr/bin/forebay", "retention", "--json"], terms)
        told = commands("--set", "config.search.retention.delete_after=30d", "--set-json", 'retention.arguments=["--dry-run"]')
        self.assertIn("--dry-run", told)
        for no in (
            "config.search.index_prefix=forebay", "config.search.retention.by=cluster,config.search.retention.delete_after=30d",
            "config.search.retention.delete_after=30d,retention.enabled=false",
        ):
            self.assertIsNone(commands("--set", no), no)
        self.assertIsNone(commands("--set-json", 'config.search.retention={"tenants":{"kept":{}}}'))
        self.assertIsNone(commands("--set", "config.search.retention.delete_after=30d", profile="dev"), "it does so by itself")
        terms = "config.search.retention.delete_after=30d,secrets.token.name=,deadLetters.report.enabled=false"
        self.assertIn("secrets.token.name", refusal("--set", terms))

    def test_closed_metrics_are_open_to_who_shows_a_token(self):
        """Guarantees: all tiers know the tokens that they ask for, and Prometheus has one to show."""
        closed = ["--set", "config.telemetry.metrics=token,monitoring.token.name=scraper"]
        documents = rendered("large", *closed)
        for tier in TIERS:
            volumes = dict(pod_templates(documents))[f"forebay-{tier}"]["spec"]["volumes"]
            self.assertIn("access", [v["name"] for v in volumes], tier)
        endpoint = find(documents, "PodMonitor", "forebay")["spec"]["podMetricsEndpoints"][0]
        self.assertEqual(endpoint["authorization"], {"credentials": {"name": "scraper", "key": "token"}})

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

    def test_who_does_not_wait_has_no_hook(self):
        """Guarantees: without a delay there is no sleep of none, which Kubernetes refuses before 1.33."""
        def container(delay):
            return dict(pod_templates(rendered("small", "--set", f"shutdown.delay={delay}")))["forebay-ingest"]["spec"]["containers"][0]

        self.assertNotIn("lifecycle", container(0))
        self.assertEqual(container(3)["lifecycle"], {"preStop": {"sleep": {"seconds": 3}}})

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
        for name, documents in self.each():
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

    def test_a_replay_is_told_what_was_asked_for(self):
        """Guarantees: options reach the job as they were written, large numbers too; other options are another job."""
        def job(*more):
            documents = rendered("small", "--set", "replay.enabled=true", *more)
            return next((name, t) for name, t in pod_templates(documents) if "-replay-" in name)

        options = '{"error_type":"json_invalid","limit":5000000,"dry_run":true}'
        name, template_ = job("--set-json", f"replay.options={options}")
        env = {e["name"]: e.get("value") for e in template_["spec"]["containers"][0]["env"]}
        self.assertEqual(
            (env["FOREBAY_REPLAY_ERROR_TYPE"], env["FOREBAY_REPLAY_LIMIT"], env["FOREBAY_REPLAY_DRY_RUN"]), ("json_invalid", "5000000", "true")
        )
        self.assertEqual(name, job("--set-json", f"replay.options={options}")[0])
        for change in ("replay.again=once-more", "replay.options.tenant=acme", "image.tag=next"):
            self.assertNotEqual(name, job("--set-json", f"replay.options={options}", "--set", change)[0], change)


def without_foreign_files(text):
    """Dashboards and alerts have tests of their own, and are long."""
    parts = re.split(r"(?m)^---\n", text)
    return "---\n".join(p for p in parts if "kind: PrometheusRule" not in p and "-dashboard-" not in p)


def lay_out(documents, folder):
    """Puts what pods find below /etc/forebay into a folder; answers where the settings are."""
    settings = find(documents, "ConfigMap", "settings")["data"]["forebay.yaml"].replace("/etc/forebay/", f"{folder}/")
    for part in ("access", "tls", "kafka", "search", "traces", "rules"):
        (folder / part).mkdir()
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "90",
         "-subj", "/CN=forebay", "-addext", "subjectAltName=DNS:forebay", "-addext", "basicConstraints=critical,CA:FALSE", "-keyout", folder / "tls/tls.key", "-out", folder / "tls/tls.crt"],
        check=True, capture_output=True,
    )
    (folder / "tls/tls.key").chmod(0o600)
    token = base64.b16encode(bytes(32)).decode().lower()
    access = {"credentials": [{"name": "test", "tenant": "test", "token": f"sha256:{token}"}]}
    (folder / "access/access.yaml").write_text(yaml.safe_dump(access))
    (folder / "access/access.yaml").chmod(0o600)
    for name in ("kafka/password", "search/elastic", "traces/token"):
        (folder / name).write_text("secret")
    for name in ("kafka/ca.crt", "search/ca.crt"):
        (folder / name).write_bytes((folder / "tls/tls.crt").read_bytes())
    for _, template_ in pod_templates(documents):
        for volume in template_["spec"]["volumes"]:
            if volume["name"] == "rules":
                data = find(documents, "ConfigMap", volume["configMap"]["name"])["data"]
                flat = [{"key": key, "path": key} for key in data]
                for item in volume["configMap"].get("items", flat):
                    path = folder / "rules" / item["path"]
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(data[item["key"]])
    (folder / "forebay.yaml").write_text(settings)
    return folder / "forebay.yaml"


def make_tokens(folder):
    """A reader's and an administrator's token, each in its Secret's place, and the access file that knows them; answers them."""
    (folder / "access/access.yaml").unlink()
    tokens = {}
    # The administrator last: from then on a token is asked for to make others.
    for secret, role in (("reader", "read"), ("token", "admin")):
        (folder / secret).mkdir()
        made = subprocess.run(
            [os.environ["FOREBAY"], "token", "create", "--file", folder / "access/access.yaml", "--tenant", "ops", "--may-choose", "*",
             "--role", role, "--name", role], capture_output=True, text=True, check=True,
        )
        (folder / secret / "token").write_text(made.stdout)
        tokens[secret] = made.stdout
    return tokens


if __name__ == "__main__":
    unittest.main()
