"""What the manifests set against the variables that the code reads, both ways."""

import re

from .rendered import compare, dig

# A name in the code: in a call that reads a variable, or, where the name goes through a constant or a function, as a text that looks like
# one (two words at least).
READ = re.compile(r'\b(?:required|optional|value|text|list|seconds)(?:::<[^>]*>)?\(\s*"([A-Z][A-Z0-9_]*)"')
REQUIRED = re.compile(r'\brequired(?:::<[^(]*>)?\(\s*"([A-Z][A-Z0-9_]*)"')
TESTS = re.compile(r"#\[cfg\(test\)\]\s*(?:#\[[^\]]*\]\s*)*mod \w+ \{")
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
    "QUEUES_URL": lambda env, service: env.get("STREAMS") == "kafka",
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


class Code:
    """The variables of the whole program, by the part that reads them."""

    def __init__(self, root, services):
        self.platform = names_in(root / "crates/platform/src")
        self.services = {name: names_in(root / f"services/{name}/src") for name in services}
        # `haat migrate` alone: what else stands in that directory is not for pods.
        self.migrate = set(READ.findall((root / "haat/src/serve.rs").read_text()))


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
    code, problems = Code(root, topology["services"]), []
    for name, service in topology["services"].items():
        for kind, suffix, part in (("Deployment", "", serving), ("Job", "-migrate", migrating)):
            workload = rendered.find(kind, f"{name}-service{suffix}")
            if workload:
                found = []
                env = environment_of(rendered, workload, found)
                found += volumes(rendered, workload)
                found += part(rendered, code, name, service, env)
                problems += [f"{kind} of {name}: {problem}" for problem in found]
    return problems


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
    for key in ("REDIS_URL", "QUEUES_URL"):
        if not env.get(key, "rediss://").startswith("rediss://"):
            problems.append(f"{key} goes without TLS")
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
