"""The vault's secrets against deploy/secrets.yaml and the topology, and who gets which."""

import re

from . import listed
from .rendered import NAME, compare, dig

LEGAL = re.compile(r"[A-Za-z0-9._-]+")
SETUP = "database-setup"
# The Secret that images are pulled with, and the account that brings it.
PULL, REGISTRY = "ocir", "registry"
VERIFIED = "?sslmode=verify-full&sslrootcert=/etc/haat/database-ca/ca.pem"
ADMINISTRATOR = re.compile(r'username = "(\w+)"')


def check(rendered, topology, root):
    problems, found = [], []
    for document in rendered.all("ExternalSecret"):
        problems += external(rendered.environment, document)
        found += [(document["metadata"]["name"], entry["remoteRef"]["key"]) for entry in document["spec"]["data"]]
    problems += stores(rendered)
    problems += readers(rendered)
    problems += pulling(rendered)
    problems += urls(rendered, root)
    wanted = listed.names(root, rendered.environment, topology)
    design = listed.names(root, rendered.environment, topology, seed=True)
    keys = {key for _, key in found}
    compare(problems, "secrets of the design", (len(design), len(design & keys)), (21, 21))
    problems += [f"{name} reads {key} twice" for name, key in sorted({pair for pair in found if found.count(pair) > 1})]
    problems += [f"{key} is wanted and nothing reads it" for key in sorted(wanted - keys)]
    problems += [f"{key} is read and deploy/secrets.yaml knows nothing of it" for key in sorted(keys - wanted)]
    return problems


def owner_of(name):
    """The service that an ExternalSecret is for, and the account that reads it."""
    if name == PULL:
        return REGISTRY, REGISTRY
    service = re.sub(r"-service(-owner|-replicas|-setup)?$", "-service", name)
    return service, (SETUP if name.endswith("-setup") else service)


def external(environment, document):
    problems, name, spec = [], document["metadata"]["name"], document["spec"]
    service, account = owner_of(name)
    prefixes = [f"ecommerce.{environment}.{service}."]
    if account == SETUP:
        prefixes.append(f"ecommerce.{environment}.{SETUP}.{service.removesuffix('-service')}.")
    for entry in spec["data"]:
        key = entry["remoteRef"]["key"]
        if not key.startswith(tuple(prefixes)):
            problems.append(f"{name} reads {key}, which is not its own")
        if not LEGAL.fullmatch(key):
            problems.append(f"{key} is no name that the vault takes")
    compare(problems, f"{name}: refresh", spec.get("refreshInterval"), "1h0m0s")
    compare(problems, f"{name}: store", spec.get("secretStoreRef"), {"kind": "SecretStore", "name": account})
    compare(problems, f"{name}: makes the Secret", dig(spec, "target", "name"), name)
    compare(problems, f"{name}: whose it is", dig(document, "metadata", "labels", NAME), service)
    return problems


def stores(rendered):
    problems = []
    regions = {dig(document, "spec", "provider", "oracle", "region") for document in rendered.all("SecretStore")}
    compare(problems, "the stores' regions", len(regions), 1)
    for document in rendered.all("SecretStore"):
        name, oracle = document["metadata"]["name"], dig(document, "spec", "provider", "oracle", default={})
        compare(problems, f"store {name}: principal", oracle.get("principalType"), "Workload")
        compare(problems, f"store {name}: account", dig(oracle, "serviceAccountRef", "name"), name)
        if not rendered.find("ServiceAccount", name):
            problems.append(f"store {name}: there is no such account")
    return problems


def readers(rendered):
    """A secret that is missing stops the pods of its own service and no others: nobody takes a Secret of somebody else."""
    problems = []
    for workload in rendered.workloads():
        own, name = dig(workload, "spec", "template", "metadata", "labels", NAME), workload["metadata"]["name"]
        for container in dig(workload, "spec", "template", "spec", "containers", default=[]):
            taken = [source["secretRef"]["name"] for source in container.get("envFrom", []) if "secretRef" in source]
            problems += [f"{name} takes the Secret {secret}, which is not of {own}" for secret in taken if owner_of(secret)[0] != own]
            setup = [secret for secret in taken if secret.endswith("-setup")]
            if setup and name != setup[0]:
                problems.append(f"{name} gets the administrator's password")
    return problems


def pulling(rendered):
    """Every account whose pods run an image of ours has the Secret for the registry that it comes from, whose user may pull and no more."""
    problems = []
    maker = rendered.find("ExternalSecret", PULL)
    compare(problems, f"{PULL}: type", dig(maker or {}, "spec", "target", "template", "type"), "kubernetes.io/dockerconfigjson")
    quoted = dig(maker or {}, "spec", "target", "template", "data", ".dockerconfigjson", default="").split('"')
    user, registry = (quoted[1], quoted[3]) if len(quoted) > 3 else (None, None)
    compare(problems, f"{PULL}: user", user, f"ecommerce-{rendered.environment}-images")
    for workload in rendered.workloads():
        name, pod = workload["metadata"]["name"], workload["spec"]["template"]["spec"]
        images = [container["image"] for container in pod["containers"] if "/ecommerce-" in container["image"]]
        strange = [image for image in images if image.rpartition("/")[0] != registry]
        problems += [f"{name} pulls {image}, and {PULL} is for {registry}" for image in strange]
        account = rendered.find("ServiceAccount", pod.get("serviceAccountName"))
        named = (account or {}).get("imagePullSecrets", []) + pod.get("imagePullSecrets", [])
        if images and {"name": PULL} not in named:
            problems.append(f"{name} cannot pull its image: its account {pod.get('serviceAccountName')} does not name the Secret {PULL}")
    return problems


def urls(rendered, root):
    """Every database's URL checks whom it talks to; the administrator is the one that Terraform makes."""
    problems = []
    administrator = ADMINISTRATOR.search((root / "deploy/terraform/modules/database/main.tf").read_text())[1]
    for document in rendered.all("ExternalSecret"):
        name = document["metadata"]["name"]
        for key, text in (dig(document, "spec", "target", "template", "data") or {}).items():
            if key.startswith("DATABASE_") and VERIFIED not in text:
                problems.append(f"{name}: {key} does not verify the server")
            if key == "DATABASE_ADMIN_URL" and f"postgres://{administrator}:" not in text:
                problems.append(f"{name}: {key} is not that of {administrator}, whom Terraform makes")
    return problems
