"""The vault's secrets against the topology: the 21 of the design, and what else the services need."""

import re

from .rendered import compare, dig

LEGAL = re.compile(r"[A-Za-z0-9._-]+")


def seeded(environment, topology):
    """`database-url` for each service with a database, `jwt-secret` for each service."""
    services = topology["services"].items()
    wanted = {f"ecommerce.{environment}.{name}-service.jwt-secret" for name, _ in services}
    return wanted | {f"ecommerce.{environment}.{name}-service.database-url" for name, s in services if s.get("database")}


def further(environment, topology):
    """What the design does not name: the owner's role, the streams' password, replicas, and the accounts with providers."""
    wanted = {"notification": ["smtp-url"]}
    wanted["payment"] = ["razorpay-key-secret", "razorpay-webhook-secret"] if environment == "production" else ["sandbox-secret"]
    has_replicas = topology["environments"][environment]["database"]["replicas"][1] > 0
    for name, service in topology["services"].items():
        if service.get("database"):
            own = wanted.setdefault(name, [])
            own += ["database-owner-url", "kafka-password"] + (["database-replica-urls"] if has_replicas else [])
    return {f"ecommerce.{environment}.{name}-service.{secret}" for name, secrets in wanted.items() for secret in secrets}


def check(rendered, topology, _root):
    problems, found = [], []
    for document in rendered.all("ExternalSecret"):
        name, spec = document["metadata"]["name"], document["spec"]
        service = re.sub(r"-service(-owner|-replicas)?$", "-service", name)
        keys = [entry["remoteRef"]["key"] for entry in spec["data"]]
        found += keys
        prefix = f"ecommerce.{rendered.environment}.{service}."
        problems += [f"{name} reads {key}, which is not its own" for key in keys if not key.startswith(prefix)]
        problems += [f"{key} is no name that the vault takes" for key in keys if not LEGAL.fullmatch(key)]
        compare(problems, f"{name}: refresh", spec.get("refreshInterval"), "1h0m0s")
        compare(problems, f"{name}: store", spec.get("secretStoreRef"), {"kind": "SecretStore", "name": service})
        compare(problems, f"{name}: makes the Secret", dig(spec, "target", "name"), name)
    for document in rendered.all("SecretStore"):
        name, oracle = document["metadata"]["name"], dig(document, "spec", "provider", "oracle", default={})
        compare(problems, f"store {name}: principal", oracle.get("principalType"), "Workload")
        compare(problems, f"store {name}: account", dig(oracle, "serviceAccountRef", "name"), name)
        if not rendered.find("ServiceAccount", name):
            problems.append(f"store {name}: there is no such account")
    first, second = seeded(rendered.environment, topology), further(rendered.environment, topology)
    compare(problems, "secrets of the design", len(first & set(found)), 21)
    problems += [f"{key} is read twice" for key in sorted({key for key in found if found.count(key) > 1})]
    problems += [f"{key} is wanted and nothing reads it" for key in sorted((first | second) - set(found))]
    problems += [f"{key} is read and the topology knows nothing of it" for key in sorted(set(found) - first - second)]
    return problems
