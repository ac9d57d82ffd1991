"""The chart on a real control plane: accepted, installed, changed, rolled back, gone. Nothing in the pods runs."""

import json
import unittest

import cluster
from chart import CHART, EVERYTHING, PROFILES, TIERS, pod_templates, rendered, template, values
from cluster import eventually, get, installing, kubectl, namespace, ready_pods


def setUpModule():
    cluster.start()


def install(name, profile="small", *more):
    return installing("install", "forebay", CHART, "-n", name, "--wait", "--timeout", "5m", *values(profile), *more)


def upgrade(name, profile="small", *more):
    return installing("upgrade", "forebay", CHART, "-n", name, "--wait", "--timeout", "5m", *values(profile), *more)


class Installed(unittest.TestCase):
    maxDiff = None

    def space(self, name):
        """A namespace of the test's own."""
        self.addCleanup(kubectl, "delete", "namespace", name, "--ignore-not-found", "--wait=false")
        return namespace(name)

    def test_the_api_takes_every_manifest(self):
        """
        Scenario: all manifests of each profile, and of everything at once, KEDA's, Strimzi's, Elastic's, the Gateway API's and the
        Prometheus operator's kinds among them.
        Guarantees: the server knows every field, and finds no breach of the restricted standard.
        """
        self.space("kafka")
        self.space("logs")
        for profile in [*PROFILES, EVERYTHING]:
            with self.subTest(values=profile):
                done = kubectl(
                    "apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-", stdin=template(profile), check=False
                )
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertNotIn("Warning", done.stderr)

    def test_a_mistake_is_not_taken(self):
        """Guarantees: the test above would see a field that doesn't exist, and a pod that breaks the standard."""
        self.space("logs")
        for right, wrong, said in [
            ("terminationGracePeriodSeconds", "terminationGraceSeconds", "terminationGraceSeconds"),
            ("allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true", "Warning: would violate PodSecurity"),
        ]:
            broken = template("small").replace(right, wrong)
            done = kubectl("apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-", stdin=broken, check=False)
            self.assertIn(said, done.stderr)

    def test_each_profile_is_installed_and_taken_away(self):
        """
        Scenario: each profile, and everything at once, in a namespace in which the restricted standard is enforced.
        Guarantees: all its pods are made and become ready, those of scheduled jobs are let in and complete, and none is forbidden; an upgrade
        reaches every workload, and a rollback too; uninstalled, what holds events is left and nothing else.
        """
        self.space("kafka")
        for profile in [*PROFILES, EVERYTHING]:
            with self.subTest(values=profile):
                name = self.space(f"installed-{profile}")
                install(name, profile)
                for workload in rendered(profile):
                    if workload["kind"] not in ("Deployment", "StatefulSet"):
                        continue
                    component = workload["metadata"]["labels"]["app.kubernetes.io/component"]
                    self.settled(name, component, workload["spec"].get("replicas", 1))
                for job in get(name, "cronjobs"):
                    self.runs(name, job["metadata"]["name"])
                before = self.tags(name)
                upgrade(name, profile, "--set", "image.tag=next")
                self.assertEqual(self.tags(name), {"next"})
                installing("rollback", "forebay", "1", "-n", name, "--wait", "--timeout", "5m")
                self.assertEqual(self.tags(name), before)
                forbidden = [e["message"] for e in get(name, "events") if e["reason"] in ("FailedCreate", "FailedScheduling")]
                self.assertEqual([m for m in forbidden if "violates" in m], [])
                installing("uninstall", "forebay", "-n", name, "--wait")
                # What belonged to something that was taken away is collected a little later.
                eventually("what is left", lambda name=name, profile=profile: self.assertEqual(self.left(name), self.kept(profile)) is None)

    def settled(self, name, component, least):
        """The pods of a component, when at least so many are ready: `--wait` is content with less, where some may be missing."""
        def enough():
            pods = ready_pods(name, component)
            return pods if len(pods) >= least else None

        return eventually(f"{least} pods of {component}", enough)

    def runs(self, name, scheduled):
        """Starts a scheduled job now, and waits until it is done."""
        kubectl("-n", name, "create", "job", f"{scheduled}-now", f"--from=cronjob/{scheduled}")
        kubectl("-n", name, "wait", "--for=condition=Complete", f"job/{scheduled}-now", f"--timeout={cluster.PATIENCE}s")

    def tags(self, name):
        """The tags of the images in all templates of pods that run on."""
        workloads = get(name, "deployments") + get(name, "statefulsets")
        return {c["image"].rpartition(":")[2] for w in workloads for c in w["spec"]["template"]["spec"]["containers"]}

    def left(self, name):
        """What is in a namespace that the namespace itself doesn't make, but for what ends by itself."""
        kinds = kubectl("api-resources", "--namespaced", "--verbs=list", "-o", "name").stdout.split()
        passing = ("events", "events.events.k8s.io", "leases.coordination.k8s.io", "pods", "endpoints", "endpointslices.discovery.k8s.io",
                   "replicasets.apps", "controllerrevisions.apps")
        wanted = ",".join(kind for kind in kinds if kind not in passing)
        found = kubectl("-n", name, "get", wanted, "-o", "name").stdout.split()
        return set(found) - {"configmap/kube-root-ca.crt", "serviceaccount/default"}

    def kept(self, profile):
        if profile == "dev":
            return {"persistentvolumeclaim/data-forebay-dev-0"}
        if profile == EVERYTHING:
            topics = ("raw", "events", "dlq", "parked", "dlq-state", "audit")
            return {f"kafkatopic.kafka.strimzi.io/forebay-forebay-{topic}" for topic in topics} | {
                "elasticsearch.elasticsearch.k8s.elastic.co/forebay"
            }
        return set()

    def test_changes_reach_what_they_concern_and_can_be_taken_back(self):
        """
        Scenario: an installation is given other rules, then other settings, then is rolled back.
        Guarantees: rules replace no pod but are where pods look for them; settings replace every pod; the rollback brings back both.
        """
        name = self.space("changed")
        install(name)
        first = {tier: self.settled(name, tier, 2) for tier in TIERS}
        rules = ["--set-string", "rules.files.tenants/acme/50-drop\\.yaml=steps: []"]
        upgrade(name, "small", *rules)
        self.assertEqual({tier: ready_pods(name, tier) for tier in TIERS}, first)
        self.assertEqual(get(name, "configmap", "forebay-rules")["data"]["tenants__acme__50-drop.yaml"].strip(), "steps: []")

        upgrade(name, "small", *rules, "--set", "config.parser.timezone=Europe/Berlin")
        self.assertIn("Europe/Berlin", get(name, "configmap", "forebay-settings")["data"]["forebay.yaml"])
        for tier in TIERS:
            eventually(f"new pods of {tier}", lambda tier=tier: len(ready_pods(name, tier)) == 2
                       and not set(ready_pods(name, tier).values()) & set(first[tier].values()))
        self.assertEqual(sorted(ready_pods(name, "indexer")), ["forebay-indexer-0", "forebay-indexer-1"], "members keep their names")

        installing("rollback", "forebay", "1", "-n", name, "--wait", "--timeout", "5m")
        self.assertNotIn("Europe/Berlin", get(name, "configmap", "forebay-settings")["data"]["forebay.yaml"])
        self.assertIn("heartbeat", get(name, "configmap", "forebay-rules")["data"]["tenants__acme__50-drop.yaml"])
        templates = dict(pod_templates(rendered("small")))
        for tier, kind in {"ingest": "deployment", "parser": "deployment", "indexer": "statefulset"}.items():
            annotations = get(name, kind, f"forebay-{tier}")["spec"]["template"]["metadata"]["annotations"]
            self.assertEqual(annotations, templates[f"forebay-{tier}"]["metadata"]["annotations"])

    def test_jobs_can_be_changed(self):
        """
        Scenario: a release whose bootstrap and replay are part of it gets another image, and other options.
        Guarantees: the upgrade goes through, though a Job can't be changed; the new ones run.
        """
        name = self.space("jobs")
        own = ["--set", "bootstrap.as=job,replay.enabled=true,replay.options.error_type=json_invalid"]
        install(name, "small", *own)
        before = self.jobs(name)
        self.assertEqual(len(before), 2)
        upgrade(name, "small", *own, "--set", "image.tag=next,replay.options.limit=5")
        eventually("the jobs before are gone", lambda: not self.jobs(name) & before)
        after = self.jobs(name)
        self.assertEqual(len(after), 2)
        for job in after:
            kubectl("-n", name, "wait", "--for=condition=Complete", f"job/{job}", f"--timeout={cluster.PATIENCE}s")

    def jobs(self, name):
        """Those that the release made, and not a schedule."""
        return {job["metadata"]["name"] for job in get(name, "jobs") if "ownerReferences" not in job["metadata"]}

    def test_nobody_writes_before_the_templates_are_there(self):
        """
        Scenario: bootstrap doesn't get done, for there is no node for it.
        Guarantees: the installation fails, and no tier was made.
        """
        name = self.space("unready")
        self.cordon()
        done = installing("install", "forebay", CHART, "-n", name, "--timeout", "5s", *values("small"), check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("pre-install", done.stderr)
        self.assertEqual(get(name, "deployments") + get(name, "statefulsets"), [])
        self.uncordon()
        installing("upgrade", "--install", "forebay", CHART, "-n", name, "--wait", "--timeout", "5m", *values("small"))
        self.settled(name, "ingest", 2)

    def test_one_pod_of_a_tier_at_a_time_is_evicted(self):
        """
        Scenario: nodes are emptied, and what is evicted finds no other node yet.
        Guarantees: a second pod of the tier is left until the first one is replaced; one that isn't ready may always go.
        """
        name = self.space("evicted")
        install(name)
        for tier in TIERS:
            eventually(f"the budget of {tier}", lambda tier=tier: self.allowed(name, tier) == 1)
            first, second = sorted(self.settled(name, tier, 2))
            self.cordon()
            self.assertEqual(self.evict(name, first), (True, ""))
            eventually(f"a pod of {tier} less", lambda tier=tier: self.allowed(name, tier) == 0)
            done, said = self.evict(name, second)
            self.assertFalse(done)
            self.assertIn("disruption budget", said)
            unready = {"status": {"conditions": [{"type": "Ready", "status": "False"}]}}
            kubectl("-n", name, "patch", "pod", second, "--subresource=status", "--patch", json.dumps(unready))
            self.assertEqual(self.evict(name, second), (True, ""))
            self.uncordon()
            self.settled(name, tier, 2)

    def allowed(self, name, tier):
        return get(name, "poddisruptionbudget", f"forebay-{tier}")["status"].get("disruptionsAllowed")

    def evict(self, name, pod):
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": name}}
        done, said = cluster.create(f"/api/v1/namespaces/{name}/pods/{pod}/eviction", body)
        return done, "" if done else said

    def cordon(self):
        kubectl("cordon", "--selector", "kubernetes.io/hostname")
        self.addCleanup(self.uncordon)

    def uncordon(self):
        kubectl("uncordon", "--selector", "kubernetes.io/hostname")


if __name__ == "__main__":
    unittest.main()
