"""The chart as it is rendered: helm's output as dictionaries, and questions that several tests ask of it."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CHART = ROOT / "helm" / "forebay"
HELM = os.environ["HELM"]

# What is installed: a profile of the chart, each with what only its user knows (values/).
PROFILES = ["dev", "small", "large", "multi-region"]
# What helm takes a cluster for that it doesn't ask.
KUBE = ["--kube-version", "1.36.0"]
# All that can be switched on, at once; no profile of its own.
EVERYTHING = "everything"
ALL = [*PROFILES, EVERYTHING]
TIERS = ["ingest", "parser", "indexer"]


def values(name):
    """The options of helm for a profile, or for everything at once; and where its images are, which no profile can know."""
    profile = CHART / "profiles" / f"{name}.yaml"
    own = HERE / "values" / f"{name}.yaml"
    files = [part for file in (profile, own) if file.exists() for part in ("-f", str(file))]
    return [*files, "--set", "image.registry=registry.example"]


def helm(*arguments, check=True, stdin=None, **env):
    """Runs helm; what it says is the error's text when it fails."""
    done = subprocess.run(
        [HELM, *map(str, arguments)], capture_output=True, text=True, input=stdin, env={**os.environ, **env}, check=False
    )
    if check and done.returncode:
        raise AssertionError(f"helm {' '.join(map(str, arguments))}:\n{done.stderr}{done.stdout}")
    return done


def template(name, *more, **env):
    """What helm makes of a profile, as text."""
    return helm("template", "forebay", CHART, *KUBE, "-n", "logs", *values(name), *more, **env).stdout


def rendered(name, *more, **env):
    """What helm makes of a profile, as dictionaries."""
    return [document for document in yaml.safe_load_all(template(name, *more, **env)) if document]


def each():
    """What helm makes of each profile, and of everything at once, by name."""
    for name in ALL:
        yield name, rendered(name)


def notes(name, *more):
    """What helm says after an installation. Without a cluster it says nothing, so that it is asked for the same text as a manifest."""
    with tempfile.TemporaryDirectory() as folder:
        chart = Path(folder) / "forebay"
        shutil.copytree(CHART, chart)
        (chart / "templates/NOTES.txt").rename(chart / "notes.txt")
        (chart / "templates/notes.yaml").write_text('said: |2\n{{ tpl (.Files.Get "notes.txt") . | indent 2 }}\n')
        done = helm("template", "forebay", chart, *KUBE, "-n", "logs", *values(name), *more, "--show-only", "templates/notes.yaml")
        return yaml.safe_load(done.stdout)["said"]


def refusal(*more, profile="small"):
    """Why helm refuses values."""
    done = helm("template", "forebay", CHART, *KUBE, *values(profile), *more, check=False)
    assert done.returncode, "it was taken"
    return done.stderr


def find(documents, kind, name):
    """The one resource of this kind and name; the release's name may be left out."""
    named = (name, f"forebay-{name}")
    found = [d for d in documents if d["kind"] == kind and d["metadata"]["name"] in named]
    assert len(found) == 1, f"{kind} {name}: {[d['metadata']['name'] for d in documents if d['kind'] == kind]}"
    return found[0]


def pod_templates(documents):
    """Each template of pods, with the name of what makes them."""
    for document in documents:
        spec = document.get("spec", {})
        if document["kind"] == "CronJob":
            spec = spec["jobTemplate"]["spec"]
        if "containers" in spec.get("template", {}).get("spec", {}):
            yield document["metadata"]["name"], spec["template"]


def selects(selector, labels):
    """Whether a selector by labels takes a pod."""
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
