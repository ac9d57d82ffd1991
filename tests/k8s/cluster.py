"""A control plane for the tests: started once, stopped with the process; namespaces in which the restricted standard is enforced."""

import atexit
import json
import os
import socket
import subprocess
import time
from pathlib import Path

from chart import ROOT, helm

# Where the control plane's programs are, and the definitions of foreign resources.
HOME = Path(os.environ["FOREBAY_TEST_KUBE"])
# The most that anything is waited for, in seconds: many times what it takes on a machine that does nothing else.
PATIENCE = 180

_kubeconfig = None


def start():
    """Starts the control plane, unless it runs, and makes the definitions of foreign resources known."""
    global _kubeconfig
    if _kubeconfig:
        return
    if given := os.environ.get("FOREBAY_TEST_KUBECONFIG"):
        _kubeconfig = given
    else:
        servers = subprocess.Popen(
            [ROOT / "tests/servers/k8s/run.sh"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "SUPERVISED": "1", "KUBE_PORT": str(_free_ports(5))},
        )
        atexit.register(_stop, servers)
        line = servers.stdout.readline()
        assert line.startswith("READY "), "the control plane did not come up"
        _kubeconfig = line.removeprefix("READY ").strip()
    crds = sorted(str(file) for file in (HOME / "crds").glob("*.yaml"))
    kubectl("apply", "--server-side", *(part for file in crds for part in ("-f", file)))
    kubectl("wait", "--for=condition=Established", "crd", "--all", f"--timeout={PATIENCE}s")


def _stop(servers):
    servers.terminate()
    servers.wait(timeout=30)


def _free_ports(count):
    """The first of so many ports side by side that nobody has."""
    for first in range(16443, 32000, count):
        sockets = [socket.socket() for _ in range(count)]
        try:
            for i, one in enumerate(sockets):
                one.bind(("127.0.0.1", first + i))
            return first
        except OSError:
            continue
        finally:
            for one in sockets:
                one.close()
    raise AssertionError("no free ports")


def kubectl(*arguments, check=True, stdin=None):
    """Runs kubectl."""
    done = subprocess.run(
        [HOME / "bin" / "kube", "kubectl", "--kubeconfig", _kubeconfig, *arguments], capture_output=True, text=True, input=stdin, check=False
    )
    if check and done.returncode:
        raise AssertionError(f"kubectl {' '.join(arguments)}:\n{done.stderr}{done.stdout}")
    return done


def as_user(commands, *programs, folder):
    """Gives commands to a shell that stands in this folder, finds these programs first, and speaks to the cluster."""
    path = os.pathsep.join([*map(str, programs), os.environ["PATH"]])
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands], capture_output=True, text=True, check=False, cwd=folder,
        env={**os.environ, "PATH": path, "KUBECONFIG": _kubeconfig},
    )


def installing(*arguments, check=True):
    """Runs helm against the cluster."""
    return helm(*arguments, check=check, KUBECONFIG=_kubeconfig)


def get(namespace, kind, name=None, **labels):
    """A resource, or all of a kind, with these labels (`tier` stands for forebay/tier)."""
    names = {"tier": "forebay/tier", "component": "app.kubernetes.io/component"}
    selector = [f"-l{','.join(f'{names[key]}={value}' for key, value in labels.items())}"] if labels else []
    answer = json.loads(kubectl("-n", namespace, "get", kind, *([name] if name else []), *selector, "-o", "json").stdout)
    return answer if name else answer["items"]


def create(path, body):
    """Posts to the API; answers the status, and what it said."""
    done = kubectl("create", "--raw", path, "-f", "-", check=False, stdin=json.dumps(body))
    return done.returncode == 0, done.stderr + done.stdout


def namespace(name):
    """A namespace whose pods have to keep the restricted standard. One of this name that is on its way out is waited for."""
    if kubectl("get", "namespace", name, "--ignore-not-found", "-o", "jsonpath={.metadata.deletionTimestamp}").stdout:
        gone(name)
    labels = {"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/warn": "restricted"}
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
    kubectl("apply", "-f", "-", stdin=json.dumps(body))
    return name


def gone(name):
    """Deletes a namespace, if it is there, and waits until it is gone."""
    kubectl("delete", "namespace", name, "--ignore-not-found", f"--timeout={PATIENCE}s")


def eventually(what, condition):
    """Waits until a condition holds; answers what it gave."""
    end, last = time.monotonic() + PATIENCE, None
    while time.monotonic() < end:
        try:
            if last := condition():
                return last
        except AssertionError as error:
            last = error
        time.sleep(0.2)
    raise AssertionError(f"{what} did not come about in {PATIENCE} s: {last}")


def ready_pods(namespace_, component):
    """The names of the pods that are ready and not on their way out, with their uids."""
    def is_ready(pod):
        conditions = {c["type"]: c["status"] for c in pod["status"].get("conditions", [])}
        return conditions.get("Ready") == "True" and "deletionTimestamp" not in pod["metadata"]

    return {p["metadata"]["name"]: p["metadata"]["uid"] for p in get(namespace_, "pods", component=component) if is_ready(p)}
