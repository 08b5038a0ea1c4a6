"""deploy/secrets.yaml: which secrets there are, whose they are, and who makes them. Terraform reads it, too."""

import re

import yaml

from .rendered import compare


def secrets(root):
    return yaml.safe_load((root / "deploy/secrets.yaml").read_text())


def services_of(whose, topology):
    services = topology["services"]
    on_streams = {name for event in topology["events"].values() for name in event["producer"] + event["consumers"]}
    groups = {"every": set(services), "database": {name for name, s in services.items() if s.get("database")}, "streams": on_streams}
    return groups.get(whose, {whose})


def names(root, environment, topology, made=None, seed=None):
    """The full names of an environment's secrets: all, those made so (`vault`, `hand`), or those that the design names."""
    found = set()
    for name, secret in secrets(root).items():
        if environment not in secret.get("in", [environment]):
            continue
        if made not in (None, secret["made"]) or seed not in (None, secret.get("seed", False)):
            continue
        for service in services_of(secret["whose"], topology):
            account = secret.get("account")
            found.add(f"ecommerce.{environment}." + (f"{account}.{service}.{name}" if account else f"{service}-service.{name}"))
    return found


def check(root):
    """README.md says for each secret that is made by hand how that is done, and for no other."""
    text = (root / "deploy/kubernetes/README.md").read_text()
    rows = re.findall(r"^\| (`[^|]*) \|", text[text.index("## Secrets"):text.index("## Release")], re.M)
    problems, documented = [], {name for row in rows for name in re.findall(r"`([a-z-]+)`", row)}
    compare(problems, "secrets whose making README.md describes", sorted(documented), sorted(n for n, s in secrets(root).items() if s["made"] == "hand"))
    commands = {name for name in re.findall(r"`put [a-z.-]+\.([a-z-]+)`", text)}
    compare(problems, "secrets with a command in README.md", sorted(commands), sorted(documented))
    if "oci vault secret create-base64" not in text:
        problems.append("README.md does not say by which command a secret is made")
    return problems
