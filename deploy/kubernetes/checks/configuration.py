"""What the manifests set against the variables that the code reads, both ways."""

import functools
import re

from .rendered import compare, dig

# A name in the code: in a call that reads a variable, or, where the name goes through a constant or a function, as a text that looks like
# one (two words at least).
READ = re.compile(r'\b(?:required|optional|value|text|list|seconds)(?:::<[^>]*>)?\(\s*"([A-Z][A-Z0-9_]*)"')
REQUIRED = re.compile(r'\brequired(?:::<[^(]*>)?\(\s*"([A-Z][A-Z0-9_]*)"')
TESTS = re.compile(r"#\[cfg\(test\)\]\s*(?:#\[[^\]]*\]\s*)*mod \w+ \{")
AUTOSCALE_PORT = re.compile(r'"AUTOSCALE_PORT", (\d+)')
SETUP = ("DATABASE_ADMIN_URL", "DATABASE_OWNER_URL", "DATABASE_URL")
QUEUE = r"https://[a-z0-9.-]+\.{region}\.oci\.oraclecloud\.com/20210201/queues/(ocid1\.queue\.[a-z0-9.-]+|SET-ME)"
NAMED = re.compile(r'"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"')

# Variables that the code asks for only where something else holds; all others that it calls `required` must be set. The last three are
# required by code that does not say so with that word.
CONDITIONS = {
    "DATABASE_URL": lambda env, service: service.get("database", False),
    "KAFKA_BROKERS": lambda env, service: env.get("STREAMS") == "kafka",
    "STREAMS_URL": lambda env, service: env.get("STREAMS") != "kafka",
    "SERVICE_KEYS": lambda env, service: "SERVICE_KEYS_FILE" not in env,
    "PAYMENT_SANDBOX_SECRET": lambda env, service: env.get("PAYMENT_PROVIDER") == "sandbox",
    "RAZORPAY_KEY_ID": lambda env, service: env.get("PAYMENT_PROVIDER") == "razorpay",
    "RAZORPAY_KEY_SECRET": lambda env, service: env.get("PAYMENT_PROVIDER") == "razorpay",
    "RAZORPAY_WEBHOOK_SECRET": lambda env, service: env.get("PAYMENT_PROVIDER") == "razorpay",
    "QUEUES_URL": lambda env, service: env.get("STREAMS") == "kafka" and env.get("QUEUES") != "oci",
    # Kubernetes sets it in every pod.
    "KUBERNETES_SERVICE_HOST": lambda env, service: False,
    **dict.fromkeys(("OCI_TENANCY", "OCI_USER", "OCI_FINGERPRINT", "OCI_KEY_FILE"), lambda env, service: env.get("OCI_AUTH") == "api-key"),
    "KAFKA_USERNAME": lambda env, service: env.get("STREAMS") == "kafka",
    "KAFKA_PASSWORD": lambda env, service: env.get("STREAMS") == "kafka",
}
# Not `required` in the code's own words, and yet no service can do without them in a cloud.
ALWAYS = {"payment": {"PAYMENT_PROVIDER"}, "notification": {"NOTIFICATION_SMTP_URL", "NOTIFICATION_SHOP_URL"},
          "order": {"ORDER_SELLER_NAME", "ORDER_SELLER_GSTIN", "ORDER_SELLER_ADDRESS"}, "gateway": {"GATEWAY_PROXIES"}}
EVERYWHERE = {"APP_ENV", "PORT", "LOG_LEVEL", "LOG_FORMAT", "REDIS_URL"}


def sources(directory):
    """The code below a directory, without its tests."""
    for path in sorted(directory.rglob("*.rs")):
        if "tests" not in path.parts and path.name != "tests.rs":
            yield TESTS.split(path.read_text())[0]


def names_in(directory):
    """The variables that the code below a directory reads, and those of them that it requires."""
    read, required = set(), set()
    for text in sources(directory):
        read |= set(READ.findall(text)) | set(NAMED.findall(text))
        required |= set(REQUIRED.findall(text))
    return read, required


@functools.cache
def code_of(root, services):
    return Code(root, services)


class Code:
    """The variables of the whole program, by the part that reads them."""

    def __init__(self, root, services):
        self.platform = names_in(root / "crates/platform/src")
        self.services = {name: names_in(root / f"services/{name}/src") for name in services}
        # Of the program's own part only what runs in a cluster: what else stands there is for people.
        self.migrate = set(READ.findall((root / "haat/src/serve.rs").read_text()))
        self.autoscale = names_in(root / "haat/src/autoscale")
        self.setup = {name for text in sources(root / "haat/src") for name in SETUP if f'"{name}"' in text}
        self.autoscale_port = AUTOSCALE_PORT.search((root / "haat/src/autoscale/config.rs").read_text())[1]


def environment_of(rendered, workload, problems):
    """The variables of a pod. Those from secrets have an empty value: the manifests do not know it."""
    container = workload["spec"]["template"]["spec"]["containers"][0]
    found = {}

    def put(name, value):
        if name in found:
            problems.append(f"{name} is set twice")
        found[name] = value

    for source in container.get("envFrom", []):
        kind, reference = next((k, v) for k, v in source.items() if k.endswith("Ref"))
        if kind == "configMapRef":
            document = rendered.find("ConfigMap", reference["name"])
            values = (document or {}).get("data", {})
        else:
            document = secret_maker(rendered, reference["name"])
            values = keys_made(document, problems)
        if document is None and not reference.get("optional"):
            problems.append(f"{reference['name']}, which the pod takes variables from, is nowhere")
        for name, value in values.items():
            put(name, value)
    for entry in container.get("env", []):
        put(entry["name"], entry.get("value", ""))
    return found


def keys_made(document, problems):
    """The keys of the Secret that an ExternalSecret makes: its template's, or, without one, those it reads."""
    read = {entry["secretKey"]: "" for entry in dig(document, "spec", "data", default=[])}
    template = dig(document, "spec", "target", "template", "data")
    if template is None:
        return read
    used = {name for text in template.values() for name in re.findall(r"(?<![\w)])\.([A-Za-z]\w*)", re.sub(r"\{\{ with (.*?)\}\}.*?\{\{ end \}\}", r"\1", text))}
    compare(problems, "what the template of the secrets uses", sorted(used), sorted(read))
    return dict.fromkeys(template, "")


def secret_maker(rendered, name):
    """The ExternalSecret that makes the Secret of this name."""
    found = [d for d in rendered.all("ExternalSecret") if dig(d, "spec", "target", "name") == name]
    return found[0] if len(found) == 1 else None


def check(rendered, topology, root):
    code, problems = code_of(root, tuple(topology["services"])), []
    for name, service in topology["services"].items():
        for kind, suffix, part in (("Deployment", "", serving), ("Job", "-migrate", migrating), ("Job", "-setup", setting_up)):
            workload = rendered.find(kind, f"{name}-service{suffix}")
            if workload:
                found = []
                env = environment_of(rendered, workload, found)
                found += volumes(rendered, workload)
                found += part(rendered, code, name, service, env)
                if kind == "Deployment":
                    owned = {queue for queue, facts in topology["queues"].items() if facts["owner"] == name}
                    found += queues(env, owned, region_of(rendered))
                problems += [f"{kind} {name}-service{suffix}: {problem}" for problem in found]
    controller = rendered.find("Deployment", "autoscale")
    return problems + [f"autoscale: {problem}" for problem in (scaling(rendered, code, topology, controller) if controller else [])]


def serving(rendered, code, name, service, env):
    read = code.platform[0] | code.services[name][0]
    problems = [f"{key} is set and nothing reads it" for key in sorted(set(env) - read)]
    required = code.platform[1] | code.services[name][1] | ALWAYS.get(name, set()) | EVERYWHERE
    required |= {"QUEUES_URL", "KAFKA_USERNAME", "KAFKA_PASSWORD"}
    for key in sorted(required - set(env)):
        if CONDITIONS.get(key, lambda env, service: True)(env, service):
            problems.append(f"{key} is required and set nowhere")
    if not service.get("database") and "DATABASE_URL" in env:
        problems.append("DATABASE_URL is set and the topology gives it no database")
    compare(problems, "PORT", env.get("PORT"), str(service["port"]))
    compare(problems, "APP_ENV", env.get("APP_ENV"), rendered.environment)
    if not env.get("REDIS_URL", "rediss://").startswith("rediss://"):
        problems.append("REDIS_URL goes without TLS")
    if service.get("database"):
        compare(problems, "STREAMS", env.get("STREAMS"), "kafka")
        user = f"/Default/ecommerce-{rendered.environment}-{name}-kafka/"
        if user not in env.get("KAFKA_USERNAME", ""):
            problems.append(f"KAFKA_USERNAME is {env.get('KAFKA_USERNAME')!r}, which is not the service's own user")
        compare(problems, "KAFKA_SECURITY_PROTOCOL", env.get("KAFKA_SECURITY_PROTOCOL"), "SASL_SSL")
    if rendered.environment == "production":
        compare(problems, "PAYMENT_PROVIDER", env.get("PAYMENT_PROVIDER"), "razorpay" if name == "payment" else None)
    if "DATABASE_OWNER_URL" in env:
        problems.append("the service gets the owner's URL, which only its migration may have")
    return problems


def region_of(rendered):
    return next((dig(store, "spec", "provider", "oracle", "region", default="") for store in rendered.all("SecretStore")), "")


def queues(env, owned, region):
    """Oracle's queues: a service has the URL of those that it owns, in its own region, and of no other."""
    problems = []
    compare(problems, "QUEUES", env.get("QUEUES"), "oci")
    entries = dict(entry.partition("=")[::2] for entry in env.get("OCI_QUEUES", "").split(",") if entry)
    compare(problems, "OCI_QUEUES", set(entries), owned)
    url = re.compile(QUEUE.format(region=re.escape(region)))
    return problems + [f"OCI_QUEUES has {entry!r}, which is no queue's URL of the region" for entry in entries.values() if not url.fullmatch(entry)]


def scaling(rendered, code, topology, workload):
    """What scales the databases: all ten, and no further than the environment's cap."""
    problems = []
    env = environment_of(rendered, workload, problems)
    read = code.platform[0] | code.autoscale[0]
    problems += [f"{key} is set and nothing reads it" for key in sorted(set(env) - read)]
    problems += [f"{key} is required and set nowhere" for key in sorted({*code.autoscale[1], "OCI_DATABASES"} - set(env) - {"KUBERNETES_SERVICE_HOST"})]
    compare(problems, "APP_ENV", env.get("APP_ENV"), rendered.environment)
    port = dig(workload, "spec", "template", "spec", "containers", 0, "ports", 0, "containerPort")
    compare(problems, "port", env.get("AUTOSCALE_PORT", code.autoscale_port), str(port))
    compare(problems, "OCI_REGION", env.get("OCI_REGION"), region_of(rendered))
    named = [entry.partition("=")[0] for entry in env.get("OCI_DATABASES", "").split(",")]
    wanted = [name for name, service in topology["services"].items() if service.get("database")]
    if named != ["SET-ME"]:
        compare(problems, "OCI_DATABASES", sorted(named), sorted(wanted))
    most = topology["environments"][rendered.environment]["database"]["ocpus"][1]
    if int(env.get("AUTOSCALE_MAXIMUM_OCPUS", most)) > most:
        problems.append(f"AUTOSCALE_MAXIMUM_OCPUS is above the environment's {most}")
    return problems


def setting_up(_rendered, code, _name, _service, env):
    """The administrator's URL, and the two roles' that it makes."""
    problems = [f"{key} is set and nothing reads it" for key in sorted(set(env) - code.platform[0] - code.setup)]
    problems += [f"{key} is required and set nowhere" for key in SETUP if key not in env]
    return problems + (["the set-up gets JWT_SECRET, which it does not need"] if "JWT_SECRET" in env else [])


def migrating(_rendered, code, _name, _service, env):
    # The platform's variables come along; what only the migration has must be read by it.
    read = code.platform[0] | code.migrate
    problems = [f"{key} is set and nothing reads it" for key in sorted(set(env) - read)]
    if "DATABASE_OWNER_URL" not in env:
        problems.append("DATABASE_OWNER_URL is required and set nowhere")
    for key in ("JWT_SECRET", "DATABASE_URL"):
        if key in env:
            problems.append(f"the migration gets {key}, which it does not need")
    return problems


def volumes(rendered, workload):
    pod = workload["spec"]["template"]["spec"]
    mounted = {mount["name"] for container in pod["containers"] for mount in container.get("volumeMounts", [])}
    problems = []
    compare(problems, "volumes", sorted(volume["name"] for volume in pod.get("volumes", [])), sorted(mounted))
    for volume in pod.get("volumes", []):
        name = dig(volume, "configMap", "name")
        if not name or not rendered.find("ConfigMap", name):
            problems.append(f"volume {volume['name']}: there is no such ConfigMap")
    return problems
