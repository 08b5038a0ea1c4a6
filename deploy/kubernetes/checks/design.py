"""The numbers of the first documents, written out once more: should topology.yaml and the manifests drift away together, this stays.

What of them differs on purpose is in deploy/README.md, and so is where the plan's numbers are held (the environments' Terraform suites).
"""

from .rendered import ENVIRONMENTS, compare, dig

# Port, replicas, and the autoscaler's bounds in production.
SERVICES = {
    "gateway": (3000, 3, [3, 20]), "auth": (3001, 2, [2, 10]), "user": (3002, 2, [2, 10]), "product": (3003, 3, [3, 15]),
    "cart": (3004, 2, [2, 15]), "order": (3005, 3, [3, 20]), "payment": (3006, 2, [2, 10]), "notification": (3007, 3, [3, 15]),
    "discount": (3008, 2, [2, 10]), "shipping": (3009, 2, [2, 10]), "return": (3010, 2, [2, 10]),
}
LARGE = {"gateway", "order", "product", "notification"}
CLASSES = {
    True: {"requests": {"cpu": "200m", "memory": "512Mi"}, "limits": {"cpu": "2000m", "memory": "2048Mi"}},
    False: {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"cpu": "1000m", "memory": "1024Mi"}},
}
OTHERS = {"staging": [2, 10], "development": [1, 3]}
TARGETS = {"cpu": 70, "memory": 80}
# By environment: range, nodes, OCPUs, tebibytes, replicas, days of backups, days of a queue, days of logs, and the alarms.
PLAN = {
    "production": ("10.0.0.0/16", [3, 50], [2, 128], 2, [2, 5], 30, 7, 90, (80, 85, 80, 10, 80, 5)),
    "staging": ("10.1.0.0/16", [3, 20], [2, 16], 1, [1, 2], 7, 3, 30, (85, 90, 85, 50, 85, 5)),
    # The logs' seven days are thirty: docs/decisions/0015-log-retention.md.
    "development": ("10.2.0.0/16", [1, 5], [2, 4], 1, [0, 0], 3, 1, 30, (90, 95, 90, 100, 90, 5)),
}
ALARMS = ("database_cpu", "database_storage", "redis_memory", "load_balancer_5xx", "node_cpu", "replica_lag")
STREAMS = {"user-events", "order-events", "payment-events", "product-events"}
QUEUES = {f"{name}-service-events" for name in ("user", "order", "payment", "product", "notification")}


def check(rendered, topology, _root):
    return manifests(rendered) + plan(rendered.environment, topology)


def manifests(rendered):
    problems = []
    for name, (port, replicas, scale) in SERVICES.items():
        deployment, scaler = rendered.find("Deployment", f"{name}-service"), rendered.find("HorizontalPodAutoscaler", f"{name}-service")
        container = dig(deployment, "spec", "template", "spec", "containers", 0, default={})
        told = []
        compare(told, "port", dig(container, "ports", 0, "containerPort"), port)
        compare(told, "resources", container.get("resources"), CLASSES[name in LARGE])
        bounds = [dig(scaler, "spec", "minReplicas"), dig(scaler, "spec", "maxReplicas")]
        compare(told, "bounds", bounds, OTHERS.get(rendered.environment, scale))
        if rendered.environment not in OTHERS:
            compare(told, "replicas", bounds[0], replicas)
        targets = {m["resource"]["name"]: m["resource"]["target"].get("averageUtilization") for m in dig(scaler, "spec", "metrics", default=[])}
        compare(told, "targets", targets, TARGETS)
        compare(told, "calm", dig(scaler, "spec", "behavior", "scaleDown", "stabilizationWindowSeconds"), 300)
        problems += [f"the design's {name}: {problem}" for problem in told]
    return problems


def plan(environment, topology):
    """What Terraform reads of the map."""
    problems, found = [], topology["environments"][environment]
    database, alarms = found["database"], found["alarms"]
    told = (found["cidr"], found["nodes"], database["ocpus"], database["storage_tib"], database["replicas"], database["backup_days"],
            found["queue_retention_days"], found["log_days"], tuple(alarms[name] for name in ALARMS))
    compare(problems, f"the design's {environment}", told, PLAN[environment])
    compare(problems, "the design's streams", (set(topology["streams"]), found["stream"]), (STREAMS, {"partitions": 1, "retention_hours": 24}))
    compare(problems, "the design's queues", {(q, f["visibility"], f["deliveries"]) for q, f in topology["queues"].items()}, {(q, 30, 5) for q in QUEUES})
    compare(problems, "the design's databases", sum(bool(s.get("database")) for s in topology["services"].values()), 10)
    compare(problems, "the design's environments", set(topology["environments"]), set(ENVIRONMENTS))
    return problems
