"""What the chart refuses before anything is made of it, and what it lets pass: without a cluster."""

import json
import re
import tempfile
import unittest
from pathlib import Path

from chart import EVERYTHING, PROFILES, ROOT, find, refusal, rendered, template


class Refused(unittest.TestCase):
    maxDiff = None

    def test_no_manifest_holds_a_secret(self):
        """
        Scenario: secrets in every value that could be taken for the place of one.
        Guarantees: the chart refuses each and doesn't show it; and makes no Secret of its own.
        """
        canary = "canary-5f1c"
        places = [
            *(f"config.kafka.properties.{key}" for key in (
                "sasl\\.password", "ssl\\.key\\.password", "ssl\\.keystore\\.password", "ssl\\.key\\.pem", "sasl\\.jaas\\.config",
                "sasl\\.oauthbearer\\.client\\.secret", "sasl\\.oauthbearer\\.config",
            )),
            "config.search.password", "config.search.api_key", "config.kafka.sasl_password",
            "secrets.access.value", "secrets.search.password", "secrets.traces.value", "config.telemetry.traces.token", "password",
        ]
        for place in places:
            with self.subTest(place=place):
                self.assertNotIn(canary, refusal("--set-string", f"{place}={canary}"))
        for place in ("config.search.url", "config.telemetry.traces.endpoint"):
            said = refusal("--set-string", f"{place}=https://forebay:{canary}@search:9200/path")
            self.assertNotIn(canary, said)
            self.assertIn(f"{place}: there is a user in it", said)
            for query in ("api-key", "a=1&ApiKey", "X-Signature", "access_token"):
                said = refusal("--set-string", f"{place}=https://search:9200/path?{query}={canary}")
                self.assertNotIn(canary, said)
                self.assertIn(f"{place}: there is a secret in its query", said)
        endpoint = "config.kafka.properties.sasl\\.oauthbearer\\.token\\.endpoint\\.url"
        for url in (f"https://forebay:{canary}@search:9200", f"https://search:9200/?pretty&api-key={canary}"):
            for place in ("env[0].name=FOREBAY__SEARCH__URL,env[0].value", "env[0].name=HTTPS_PROXY,env[0].value", endpoint):
                with self.subTest(place=place, url=url):
                    said = refusal("--set-string", f"{place}={url}")
                    self.assertNotIn(canary, said)
                    self.assertIn("there is a secret in", said)
        harmless = "env[0].name=FOREBAY__SEARCH__URL,env[0].value=https://search:9200/a@b?pretty=1"
        self.assertIn("search:9200/a@b", template("small", "--set-string", harmless))
        for name in ("FOREBAY__KAFKA__PROPERTIES__SASL_PASSWORD", "API_KEY", "MY_TOKEN"):
            with self.subTest(variable=name):
                self.assertNotIn(canary, refusal("--set-string", f"env[0].name={name},env[0].value={canary}"))
        for name in [*PROFILES, EVERYTHING]:
            documents = rendered(name)
            self.assertNotIn("Secret", [d["kind"] for d in documents])
            self.assertNotIn(canary, json.dumps(documents))

    def test_what_cannot_work_is_refused_all_at_once(self):
        said = refusal("--set", "config.kafka.bootstrap_servers=,config.search.url=,config.telemetry.listen.parser=127.0.0.1:9600")
        for what in ("config.kafka.bootstrap_servers", "config.search.url", "config.telemetry.listen.parser"):
            self.assertIn(what, said)
        for change, what in {
            "secrets.access.name=": "secrets.access.name",
            "secrets.token.name=": "secrets.token.name",
            "config.telemetry.metrics=token,monitoring.podMonitor.enabled=true": "monitoring.token.name",
            "services.nobody.type=LoadBalancer": "services.nobody",
            "config.ingest.listeners.a_b.protocol=relp,config.ingest.listeners.a_b.address=0.0.0.0:1,"
            "config.ingest.listeners.a-b.protocol=relp,config.ingest.listeners.a-b.address=0.0.0.0:2": "another listener",
            "parser.autoscaling.min=11,parser.autoscaling.max=10": "min is more than max",
            "monitoring.podMonitor.enabled=true,monitoring.serviceMonitor.enabled=true": "twice",
            "config.parser.lanes=0": "config.parser.lanes: 0",
            "config.parser.lanes=null": "config.parser.lanes: 0",
            "config.parser.lans=3": "lans",
            "config.ingest.max_body=16": "max_body",
            "ingest.autoscaling.by=lag": "autoscaling",
            "dev.kind=Deployment": "kind",
        }.items():
            self.assertIn(what, refusal("--set", change), change)

    def test_what_only_programs_would_refuse_is_refused_here(self):
        """
        Scenario: values of which each is well-formed, and with which some program would not start, or go on without work.
        Guarantees: each is refused with its path, and so are all of them at once; what was changed as it is told to is taken.
        """
        lag = "parser.autoscaling.by=lag"
        sasl = "config.kafka.properties.security\\.protocol=SASL_SSL"
        asks = "keda.secretTargetRef[0].parameter=username,keda.secretTargetRef[1].parameter=password"
        beats, metric = "config.ingest.listeners.beats", "indexer.autoscaling.metric"
        for change, path, mended in [
            ("config.kafka.properties.ssl\\.ca\\.location=/etc/forebay/kafka/ca.crt", "config.kafka.properties.ssl.ca.location",
             "secrets.kafka.name=forebay-kafka"),
            ("config.kafka.properties.sasl\\.password=file:/etc/forebay/kafka/password", "config.kafka.properties.sasl.password",
             "secrets.kafka.name=forebay-kafka"),
            ("config.search.api_key_file=/etc/forebay/search/api-key", "config.search.api_key_file", "secrets.search.name=forebay-search"),
            ("config.telemetry.traces.token_file=/etc/forebay/traces/token", "config.telemetry.traces.token_file", "secrets.traces.name=a"),
            ("config.telemetry.access_file=/etc/forebay/reader/access.yaml", "config.telemetry.access_file", "secrets.reader.name=a"),
            (f"{beats}.tls.client_ca_file=/etc/forebay/kafka/ca.crt", f"{beats}.tls.client_ca_file", "secrets.kafka.name=forebay-kafka"),
            ("env[0].name=FOREBAY__SEARCH__CA_FILE,env[0].value=/etc/forebay/search/ca.crt", "env: FOREBAY__SEARCH__CA_FILE",
             "secrets.search.name=forebay-search"),
            ("secrets.tls.name=", "config.ingest.plain", f"config.ingest.plain=true,{beats}.plain=true"),
            ("secrets.tls.name=,config.ingest.plain=true", f"{beats}.plain", f"{beats}.tls.certificate_file=a,{beats}.tls.key_file=b"),
            (f"{lag},{sasl}", "keda.metadata.sasl", f"keda.metadata.sasl=scram_sha512,keda.metadata.tls=enable,{asks}"),
            (f"indexer.autoscaling.by=lag,{sasl},keda.metadata.sasl=scram_sha512,keda.metadata.tls=enable", "keda.secretTargetRef", asks),
            (f"{lag},{sasl},keda.metadata.sasl=oauthbearer", "keda.metadata.tls", "keda.metadata.tls=enable"),
            ("image.registry=", "image.registry", "image.repository=registry.example:5000/forebay"),
            ("image.registry=", "image.registry", "image.pullPolicy=Never"),
            ("replay.enabled=true,replay.options.errortype=a", "replay.options.errortype", "replay.enabled=false"),
            ("replay.enabled=true,replay.options.token_file=a", "replay.options.token_file", "replay.enabled=false"),
            ("replay.enabled=true,replay.options.tenant=", "replay.options.tenant", "replay.options.tenant=acme"),
            ("tools.enabled=true,deadLetters.report.enabled=false,secrets.token.name=", "secrets.token.name", "secrets.reader.name=forebay-reader"),
            ("tools.enabled=true,tools.role=admin,secrets.token.name=,secrets.reader.name=a", "secrets.token.name", "tools.role=read"),
            ("services.http.enabled=false,ingress.enabled=true,ingress.hosts[0].host=a", "services.http.enabled", "services.http.enabled=true"),
            ("services.defaults.enabled=false,routes.http.enabled=true", "services.http.enabled", "services.http.enabled=true"),
            (f"mirrored={{{'r' * 20}}},fullnameOverride={'n' * 24}", "mirrored: for the region rrr", f"fullnameOverride={'n' * 23}"),
            (f"mirrored={{eu,{'r' * 5}}},fullnameOverride={'n' * 50}", "mirrored: for the region rrrrr", "mirrored={eu}"),
            (f"mirrored={{us}},indexer.autoscaling.by=metric,{metric}.name=lag,{metric}.selector.topic=others", f"{metric}.selector",
             f"{metric}.selector.topic=forebay.events"),
            (f"eck.enabled=true,fullnameOverride={'n' * 37}", "eck.enabled", f"fullnameOverride={'n' * 36}"),
            ("services.http.enabled=false,routes.grpc.enabled=true", "services.http.enabled", "services.http.enabled=true"),
        ]:
            with self.subTest(change=change):
                self.assertRegex(refusal("--set", change), rf"(?m)^  - .*{re.escape(path)}")
                self.assertTrue(rendered("small", "--set", change, "--set", mended))
        all_at_once = refusal("--set", "secrets.tls.name=,image.registry=,replay.enabled=true,replay.options.errortype=a")
        self.assertEqual(len(re.findall("(?m)^  - ", all_at_once)), 4, all_at_once)

    def test_times_and_sizes_are_read_before_programs_read_them(self):
        """Guarantees: what is no length of time, or no size, is refused by the schema, also where the chart computes nothing from it."""
        for place, wrong, right in [
            ("config.indexer.bulk_wait", "3 fortnights", "1m 30s"), ("config.kafka.linger", "20", "20ms"),
            ("config.search.retention.delete_after", "30 dayz", "30 days"), ("config.indexer.bulk_bytes", "4 megs", "4MiB"),
        ]:
            with self.subTest(place=place):
                said = refusal("--set-string", f"{place}={wrong}")
                self.assertIn(place.rpartition(".")[2], said)
                self.assertIn("attern", said)
                self.assertTrue(rendered("small", "--set-string", f"{place}={right}"))

    def test_options_of_a_replay_are_those_that_the_program_has(self):
        """Guarantees: the chart's list is the program's: what a job may be told is taken, each by its name."""
        own = (ROOT / "services/replay/src/arguments.rs").read_text()
        shared = next(ROOT.glob("crates/*/deadletters/src/arguments.rs")).read_text()
        names = []
        for text, structure in ((own, "Arguments"), (own, "Which"), (shared, "FilterArgs")):
            body = re.search(rf"(?s)pub(?:\(crate\))? struct {structure} {{(.*?)\n}}", text)[1]
            names += re.findall(r"(?m)^    pub(?:\(crate\))? (\w+):", body)
        options = set(names) - {"config", "which", "filter", "run", "token_file"}
        self.assertGreater(len(options), 15)
        told = refusal("--set", "replay.enabled=true,replay.options.nothing=a")
        self.assertEqual(set(re.search("but these: (.*)", told)[1].split(", ")), options)

    def test_the_example_of_scaling_by_lag_logs_in(self):
        """
        Scenario: the values of docs/kubernetes.md, and beside them those for KEDA where Kafka asks for a password; then those without the latter's user.
        Guarantees: KEDA is told user, password and authority by reference, for both tiers; half of it is refused.
        """
        page = (ROOT / "docs/kubernetes.md").read_text()
        with tempfile.TemporaryDirectory() as folder:
            files = []
            for name in ("my-values.yaml", "by-lag.yaml"):
                (Path(folder) / name).write_text(re.search(rf"(?s)```yaml\n(# {name}.*?)```", page)[1])
                files += ["-f", Path(folder) / name]
            documents = rendered("small", *files)
            said = refusal(*files, "--set", "keda.secretTargetRef=null")
        for tier in ("parser", "indexer"):
            trigger = find(documents, "ScaledObject", tier)["spec"]["triggers"][0]
            self.assertEqual((trigger["metadata"]["sasl"], trigger["metadata"]["tls"]), ("scram_sha512", "enable"))
            login = find(documents, "TriggerAuthentication", trigger["authenticationRef"]["name"])["spec"]["secretTargetRef"]
            self.assertEqual({r["parameter"]: (r["name"], r["key"]) for r in login}, {
                "username": ("forebay-keda", "username"), "password": ("forebay-keda", "password"), "ca": ("forebay-keda", "ca.crt"),
            })
        self.assertIn("keda.secretTargetRef", said)

    def test_mirrors_log_in_on_both_sides(self):
        """Guarantees: the profile gives what mirrors a user and an authority for each Kafka, by reference; where this region's asks for one, it must."""
        spec = find(rendered("multi-region"), "KafkaMirrorMaker2", "mirror")["spec"]
        for side in (spec["target"], *(mirror["source"] for mirror in spec["mirrors"])):
            self.assertEqual(set(side["authentication"]), {"type", "username", "passwordSecret"}, side)
            self.assertIn("trustedCertificates", side["tls"])
        said = refusal("--set", "strimzi.mirror.target.authentication=null", profile="multi-region")
        self.assertIn("strimzi.mirror.target.authentication", said)


if __name__ == "__main__":
    unittest.main()
