"""What stands in every cluster: that it runs the versions of versions.env, that traces find the collector and alerts find people."""

import re

import yaml

from .rendered import NAME, compare, dig

PIN = re.compile(r"^([A-Z_]+)=(\S+)$", re.M)
IMAGES = {"PROMETHEUS": ("Prometheus", "ecommerce", "quay.io/prometheus/prometheus"),
          "ALERTMANAGER": ("Alertmanager", "ecommerce", "quay.io/prometheus/alertmanager"),
          "OPENTELEMETRY_COLLECTOR": ("Deployment", "opentelemetry-collector",
                                      "ghcr.io/open-telemetry/opentelemetry-collector-releases/opentelemetry-collector")}
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


def find(documents, kind, name):
    return next((d for d in documents if (d["kind"], d["metadata"]["name"]) == (kind, name)), None)


def check(cluster, loaded, here):
    pins = dict(PIN.findall((here / "cluster/versions.env").read_text()))
    return versions(cluster, pins) + traces(cluster, loaded) + people(cluster, here)


def versions(cluster, pins):
    problems = []
    for name, (kind, what, image) in IMAGES.items():
        document = find(cluster, kind, what) or {}
        found = dig(document, "spec", "image") or dig(document, "spec", "template", "spec", "containers", 0, "image")
        compare(problems, f"{kind} {what} runs", found, f"{image}:{pins.get(name)}")
        if "version" in document.get("spec", {}):
            compare(problems, f"{kind} {what} says", document["spec"]["version"], pins.get(name))
    return problems


def traces(cluster, loaded):
    """The variable that the program reads names the collector's Service, whose port is where the collector listens."""
    problems, name = [], "opentelemetry-collector"
    service, deployment = find(cluster, "Service", name) or {}, find(cluster, "Deployment", name) or {}
    container = dig(deployment, "spec", "template", "spec", "containers", 0, default={})
    ports = {port["name"]: port["containerPort"] for port in container.get("ports", [])}
    compare(problems, "the collector's labels", dig(deployment, "spec", "template", "metadata", "labels", NAME), name)
    compare(problems, "the collector's Service leads to", dig(service, "spec", "selector"), {NAME: name})
    port = dig(service, "spec", "ports", 0, "port")
    for environment, rendered in loaded.items():
        for workload in rendered.workloads():
            entries = dig(workload, "spec", "template", "spec", "containers", 0, "env", default=[])
            found = [entry.get("value") for entry in entries if entry["name"] == ENDPOINT]
            # A job reaches its database and nothing else.
            wanted = [f"http://{name}.observability.svc:{port}"] if workload["kind"] == "Deployment" else []
            compare(problems, f"{environment}: {workload['metadata']['name']}: {ENDPOINT}", found, wanted)
    source = dig(deployment, "spec", "template", "spec", "volumes", 0, "configMap", "name")
    configuration = yaml.safe_load(dig(find(cluster, "ConfigMap", source) or {}, "data", "collector.yaml", default="{}"))
    compare(problems, "the collector listens at", dig(configuration, "receivers", "otlp", "protocols", "http", "endpoint"), f"0.0.0.0:{port}")
    compare(problems, "the collector's port", ports.get("otlp"), port)
    compare(problems, "the collector's health", dig(configuration, "extensions", "health_check", "endpoint"), f"0.0.0.0:{ports.get('health')}")
    pipeline = dig(configuration, "service", "pipelines", "traces", default={})
    for part in ("receivers", "processors", "exporters"):
        compare(problems, f"the collector's {part}", sorted(pipeline.get(part, [])), sorted(configuration.get(part, {})))
    named = set(re.findall(r"\$\{env:(\w+)\}", str(configuration)))
    compare(problems, "the collector's variables", sorted(entry["name"] for entry in container.get("env", [])), sorted(named))
    return problems


def people(cluster, here):
    """Prometheus knows Alertmanager; the example's receivers are those that its routes name, and every severity has one."""
    problems = []
    known = dig(find(cluster, "Prometheus", "ecommerce") or {}, "spec", "alerting", "alertmanagers", default=[])
    compare(problems, "Prometheus hands its alerts to", known, [{"namespace": "observability", "name": "alertmanager-operated", "port": "web"}])
    if not find(cluster, "Alertmanager", "ecommerce"):
        problems.append("there is no Alertmanager")
    example = yaml.safe_load((here / "cluster/observability/alertmanager.example.yaml").read_text())
    routes = [example["route"], *example["route"].get("routes", [])]
    compare(problems, "Alertmanager's receivers", sorted(r["receiver"] for r in routes), sorted(r["name"] for r in example["receivers"]))
    compare(problems, "Alertmanager pages for", [r["matchers"] for r in routes[1:]], [['severity="page"']])
    return problems
