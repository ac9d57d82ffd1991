"""What pods find below /etc/forebay, laid out in a folder for programs that run here."""

import base64
import os
import subprocess

import yaml

from chart import find, pod_templates


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
