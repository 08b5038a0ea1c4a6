"""Deployments, Services, autoscalers, budgets and migrations against the topology."""

import re

from .rendered import COMPONENT, NAME, compare, dig, selects

# Mebibytes and millicores, as topology.yaml has them.
UNITS = {"cpu": "m", "memory": "Mi"}
IMAGE = r"[a-z0-9.-]+\.[a-z]+/[^/@:]+/ecommerce-{environment}-{service}-service@sha256:[0-9a-f]{{64}}"
ACCOUNTS = re.compile(r'"\$\{service\}-service"\],\s*\[([^\]]*)\]')
RUNNING = "crates/platform/src/service/running.rs"


def drain_seconds(root):
    """How long the program may take to end: its leave of its clients, requests, then background work, then the database's connections."""
    text = (root / RUNNING).read_text()
    farewell = re.search(r"const FAREWELL: Duration = Duration::from_secs\((\d+)\);", text)
    drain = re.search(r"const DRAIN: Duration = Duration::from_secs\((\d+)\);", text)
    close = re.search(r"timeout\(Duration::from_secs\((\d+)\), db\.close\(\)\)", text)
    if not (farewell and drain and close):
        raise SystemExit(f"{RUNNING} no longer says how long a service may take to end")
    return int(farewell[1]) + 2 * int(drain[1]) + int(close[1])


def check(rendered, topology, root):
    problems = []
    services = topology["services"]
    databases = {name for name, service in services.items() if service.get("database")}
    beside = {"Deployment": ["autoscale"], "PodDisruptionBudget": ["autoscale"], "ServiceAccount": ["autoscale", "database-setup", "registry"],
              "SecretStore": ["database-setup", "registry"], "Service": [], "HorizontalPodAutoscaler": []}
    for kind, others in beside.items():
        compare(problems, f"{kind}s", names(rendered, kind), sorted([f"{name}-service" for name in services] + others))
    # Whom Terraform's policies name: without the account nobody has the right, and another account has none.
    named = ACCOUNTS.search((root / "deploy/terraform/modules/iam/main.tf").read_text())
    compare(problems, "accounts beside the services' that Terraform gives rights to", re.findall(r'"([a-z-]+)"', named[1]) if named else [],
            ["database-setup", "autoscale", "registry"])
    jobs = [f"{name}-service-{what}" for name in databases for what in ("migrate", "setup")]
    compare(problems, "Jobs", names(rendered, "Job"), sorted(jobs))
    problems += [f"autoscale: {problem}" for problem in controller(rendered)]
    drain = drain_seconds(root)
    for name, service in services.items():
        of_one = [deployment, disruption, autoscaler, cluster_service]
        if name in databases:
            of_one += [migration, setup]
        for part in of_one:
            found = part(rendered, topology, name, service, drain)
            problems += [f"{name}: {problem}" for problem in found]
    for workload in rendered.workloads():
        where = f"{workload['kind']} {workload['metadata']['name']}"
        problems += [f"{where}: {problem}" for problem in security(workload["spec"]["template"]["spec"], knows_oracle(workload, topology))]
    return problems


def names(rendered, kind):
    return sorted(d["metadata"]["name"] for d in rendered.all(kind))


def container_problems(container, rendered, name, resources):
    problems = []
    image = IMAGE.format(environment=re.escape(rendered.environment), service=re.escape(name))
    if not re.fullmatch(image, container.get("image", "")):
        problems.append(f"image {container.get('image')!r} is not the service's repository with a digest")
    if resources:
        for kind in ("requests", "limits"):
            wanted = {what: f"{amount}{UNITS[what]}" for what, amount in resources[kind].items()}
            compare(problems, kind, dig(container, "resources", kind), wanted)
    return problems


def deployment(rendered, topology, name, service, drain):
    found = rendered.find("Deployment", f"{name}-service")
    if not found:
        return ["has no Deployment"]
    problems, spec = [], found["spec"]
    if "replicas" in spec:
        problems.append("the Deployment sets `replicas`, which belong to the autoscaler")
    pod, labels = spec["template"]["spec"], spec["template"]["metadata"]["labels"]
    compare(problems, "labels", (labels.get(NAME), labels.get(COMPONENT)), (f"{name}-service", "server"))
    if not selects(spec["selector"], labels):
        problems.append("the Deployment does not select its own pods")
    container = pod["containers"][0]
    problems += container_problems(container, rendered, name, topology["classes"][service["class"]])
    compare(problems, "arguments", container.get("args"), ["serve", name])
    compare(problems, "ports", container.get("ports"), [{"name": "http", "containerPort": service["port"], "protocol": "TCP"}])
    compare(problems, "service account", pod.get("serviceAccountName"), f"{name}-service")
    for probe, path in (("startupProbe", "/health"), ("livenessProbe", "/health"), ("readinessProbe", "/ready")):
        compare(problems, probe, dig(container, probe, "httpGet"), {"path": path, "port": "http"})
    sleep = dig(container, "lifecycle", "preStop", "sleep", "seconds", default=0)
    if sleep < 5:
        problems.append("preStop must sleep for at least 5 s: endpoints take that long to go")
    if pod.get("terminationGracePeriodSeconds", 30) < sleep + drain:
        problems.append(f"terminationGracePeriodSeconds is shorter than preStop ({sleep} s) and the program's end ({drain} s)")
    if dig(spec, "strategy", "rollingUpdate", "maxUnavailable") != 0:
        problems.append("a rolling update may take capacity away")
    return problems + spread(pod, labels) + anti_affinity(pod, labels, service)


def spread(pod, labels):
    problems = []
    found = {c["topologyKey"]: c for c in pod.get("topologySpreadConstraints", [])}
    compare(problems, "spread", sorted(found), ["oci.oraclecloud.com/fault-domain", "topology.kubernetes.io/zone"])
    for key, constraint in found.items():
        compare(problems, f"spread over {key}: matchLabelKeys", constraint.get("matchLabelKeys"), ["pod-template-hash"])
        if not constraint.get("labelSelector") or not selects(constraint["labelSelector"], labels):
            problems.append(f"spread over {key} does not select the service's own pods")
    return problems


def anti_affinity(pod, labels, service):
    affinity = dig(pod, "affinity", "podAntiAffinity", default={})
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution", [])
    preferred = [p["podAffinityTerm"] for p in affinity.get("preferredDuringSchedulingIgnoredDuringExecution", [])]
    wanted = service.get("anti_affinity", "preferred")
    if (len(required), len(preferred)) != ((1, 0) if wanted == "required" else (0, 1)):
        return [f"node anti-affinity is not {wanted}"]
    problems, term = [], (required + preferred)[0]
    compare(problems, "anti-affinity", term.get("topologyKey"), "kubernetes.io/hostname")
    if not selects(term["labelSelector"], labels) or term["labelSelector"].get("matchLabels", {}).get(NAME) != labels.get(NAME):
        problems.append("anti-affinity does not select the service's own pods")
    return problems


def autoscaler(rendered, topology, name, service, _drain):
    found = rendered.find("HorizontalPodAutoscaler", f"{name}-service")
    if not found:
        return ["has no autoscaler"]
    problems, spec, wanted = [], found["spec"], topology["autoscaling"]
    bounds = topology["environments"][rendered.environment].get("scale") or service["scale"]
    compare(problems, "HPA bounds", [spec.get("minReplicas"), spec.get("maxReplicas")], bounds)
    if "scale" not in topology["environments"][rendered.environment]:
        # The Deployment names no number, so the least is what a fresh service starts with.
        compare(problems, "replicas (HPA minimum)", spec.get("minReplicas"), service["replicas"])
    compare(problems, "HPA target", spec["scaleTargetRef"].get("name"), f"{name}-service")
    targets = {m["resource"]["name"]: m["resource"]["target"].get("averageUtilization") for m in spec["metrics"]}
    compare(problems, "HPA targets", targets, {"cpu": wanted["cpu"], "memory": wanted["memory"]})
    calm = dig(spec, "behavior", "scaleDown", "stabilizationWindowSeconds")
    compare(problems, "calm before a scale-down, seconds", calm, wanted["calm"])
    return problems


def disruption(rendered, _topology, name, _service, _drain):
    return budget(rendered, f"{name}-service", f"{name}-service")


def budget(rendered, name, deployment):
    found = rendered.find("PodDisruptionBudget", name)
    if not found:
        return ["has no PodDisruptionBudget"]
    problems, spec = [], found["spec"]
    compare(problems, "budget", spec.get("maxUnavailable"), 1)
    compare(problems, "unhealthyPodEvictionPolicy", spec.get("unhealthyPodEvictionPolicy"), "AlwaysAllow")
    return problems + chosen(rendered, deployment, "PodDisruptionBudget", spec["selector"])


def cluster_service(rendered, _topology, name, service, _drain):
    found = rendered.find("Service", f"{name}-service")
    if not found:
        return ["has no Service"]
    problems, spec = [], found["spec"]
    compare(problems, "Service type", spec.get("type"), "ClusterIP")
    ports = [(p["port"], p.get("targetPort")) for p in spec["ports"]]
    compare(problems, "Service ports", ports, [(service["port"], "http")])
    return problems + chosen(rendered, f"{name}-service", "Service", {"matchLabels": spec["selector"]})


def chosen(rendered, name, kind, selector):
    """A selector must take the Deployment's own pods and nothing else: no migration, no neighbour."""
    pods = [w for w in rendered.workloads() if selects(selector, w["spec"]["template"]["metadata"]["labels"])]
    problems = []
    compare(problems, f"{kind} selects", [(w["kind"], w["metadata"]["name"]) for w in pods], [("Deployment", name)])
    return problems


def migration(rendered, _topology, name, _service, _drain):
    found = rendered.find("Job", f"{name}-service-migrate")
    if not found:
        return ["has no migration Job"]
    pod = found["spec"]["template"]["spec"]
    container = pod["containers"][0]
    problems = container_problems(container, rendered, name, None)
    compare(problems, "migration's arguments", container.get("args"), ["migrate", name])
    server = rendered.find("Deployment", f"{name}-service")
    compare(problems, "migration's image", container.get("image"), dig(server, "spec", "template", "spec", "containers", 0, "image"))
    if not dig(container, "resources", "limits"):
        problems.append("the migration has no limits")
    return problems


def setup(rendered, _topology, name, _service, _drain):
    found = rendered.find("Job", f"{name}-service-setup")
    if not found:
        return ["has no Job that makes its database"]
    pod = found["spec"]["template"]["spec"]
    container = pod["containers"][0]
    problems = container_problems(container, rendered, name, None)
    compare(problems, "set-up's arguments", container.get("args"), ["database-setup", name])
    # It may read the administrator's password, which no service's own account may.
    compare(problems, "set-up's account", pod.get("serviceAccountName"), "database-setup")
    if not dig(container, "resources", "limits"):
        problems.append("the set-up has no limits")
    return problems


def controller(rendered):
    """What scales the databases: two, of which one acts, and what they may do in the cluster."""
    found = rendered.find("Deployment", "autoscale")
    if not found:
        return ["there is no Deployment"]
    problems, spec = [], found["spec"]
    pod, labels = spec["template"]["spec"], spec["template"]["metadata"]["labels"]
    container = pod["containers"][0]
    problems += container_problems(container, rendered, "gateway", None)
    problems += spread(pod, labels) + anti_affinity(pod, labels, {})
    compare(problems, "replicas", spec.get("replicas"), 2)
    compare(problems, "labels", (labels.get(NAME), labels.get(COMPONENT)), ("autoscale", "controller"))
    compare(problems, "arguments", container.get("args"), ["autoscale"])
    compare(problems, "account", pod.get("serviceAccountName"), "autoscale")
    compare(problems, "ports", container.get("ports"), [{"name": "http", "containerPort": 3011, "protocol": "TCP"}])
    for probe, path in (("startupProbe", "/health"), ("livenessProbe", "/health"), ("readinessProbe", "/ready")):
        compare(problems, probe, dig(container, probe, "httpGet"), {"path": path, "port": "http"})
    for kind in ("requests", "limits"):
        compare(problems, kind, sorted(dig(container, "resources", kind, default={})), ["cpu", "memory"])
    role, binding = rendered.find("Role", "autoscale"), rendered.find("RoleBinding", "autoscale")
    rights = {(verb, *rule.get("resourceNames", [])) for rule in (role or {}).get("rules", []) for verb in rule["verbs"]
              if rule["resources"] == ["leases"] and rule["apiGroups"] == ["coordination.k8s.io"]}
    compare(problems, "rights", (len((role or {}).get("rules", [])), rights), (2, {("create",), ("get", "autoscale"), ("update", "autoscale")}))
    subjects = [(s["kind"], s["name"], s.get("namespace")) for s in (binding or {}).get("subjects", [])]
    compare(problems, "rights' holder", subjects, [("ServiceAccount", "autoscale", "ecommerce")])
    return problems + [f"budget: {problem}" for problem in budget(rendered, "autoscale", "autoscale")]


def knows_oracle(workload, topology):
    """Does it prove to Oracle's interfaces, or to the API server, who it is?"""
    name = workload["metadata"]["name"]
    owners = {f"{queue['owner']}-service" for queue in topology["queues"].values()}
    return workload["kind"] == "Deployment" and (name in owners or name == "autoscale")


def security(pod, token):
    """What the `restricted` profile asks for, and a root file system that nobody writes to."""
    problems = []
    compare(problems, "automountServiceAccountToken", pod.get("automountServiceAccountToken"), token)
    compare(problems, "enableServiceLinks", pod.get("enableServiceLinks"), False)
    whole = pod.get("securityContext", {})
    compare(problems, "runAsNonRoot", whole.get("runAsNonRoot"), True)
    compare(problems, "seccompProfile", whole.get("seccompProfile"), {"type": "RuntimeDefault"})
    if not isinstance(whole.get("runAsUser"), int) or whole["runAsUser"] < 10000:
        problems.append("runAsUser is not the number of an unprivileged user")
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(key):
            problems.append(f"{key} is set")
    if any("hostPath" in volume for volume in pod.get("volumes", [])):
        problems.append("a volume is a path of the node")
    for container in pod["containers"] + pod.get("initContainers", []):
        own = container.get("securityContext", {})
        wanted = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
        compare(problems, f"{container['name']}: securityContext", own, wanted)
    return problems
