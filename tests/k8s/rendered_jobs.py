"""Jobs, and the pod for commands: without a cluster."""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from chart import TIERS, find, pod_templates, refusal, rendered
from places import lay_out, make_tokens


class Jobs(unittest.TestCase):
    maxDiff = None

    def test_an_account_that_is_there_already_is_left_alone(self):
        """
        Scenario: an account of the operator's own for each tier and job, bootstrap as a hook and as a part of the release; then annotations for the
        chart's own.
        Guarantees: pods run as the named one, and the chart makes none of that name, which Helm would delete with the hook; annotations
        stand beside those of the hook.
        """
        jobs = "config.search.retention.delete_after=30d,replay.enabled=true,tools.enabled=true"
        tiers = [*TIERS, "bootstrap", "replay", "dead-letters", "retention", "tools"]
        for kind in ("hook", "job"):
            named = ",".join(f"serviceAccounts.{tier}.name=theirs-{tier}" for tier in tiers)
            documents = rendered("small", "--set", f"bootstrap.as={kind},{jobs},{named}")
            self.assertEqual([d["metadata"]["name"] for d in documents if d["kind"] == "ServiceAccount"], [], kind)
            for name, template_ in pod_templates(documents):
                tier = template_["metadata"]["labels"]["forebay/tier"]
                self.assertEqual(template_["spec"]["serviceAccountName"], f"theirs-{tier}", name)
            role = "serviceAccounts.bootstrap.annotations.role=reader"
            account = find(rendered("small", "--set", f"bootstrap.as={kind},{role}"), "ServiceAccount", "bootstrap")
            annotations = account["metadata"]["annotations"]
            self.assertEqual(annotations["role"], "reader")
            self.assertEqual("helm.sh/hook" in annotations, kind == "hook")
        dev = rendered("dev", "--set", "serviceAccounts.dev.name=theirs")
        self.assertNotIn("ServiceAccount", [d["kind"] for d in dev])

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


if __name__ == "__main__":
    unittest.main()
