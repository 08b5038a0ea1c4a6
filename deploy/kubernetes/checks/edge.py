"""The way in: load balancer, TLS, redirect, and nothing routed but what the gateway has for clients."""

import re

from .rendered import compare, dig

BALANCER = "service.beta.kubernetes.io/oci-load-balancer-"
# The API, and its pages. What else the gateway answers is for Kubernetes and Prometheus.
PUBLIC = [("PathPrefix", "/api/v1"), ("PathPrefix", "/docs")]
NGINX = re.compile(r"^NGINX_GATEWAY_FABRIC=v(\d+)\.(\d+)\.", re.M)


def check(rendered, topology, root):
    problems = []
    gateway = rendered.find("Gateway", "ecommerce", "ingress")
    if not gateway:
        return ["there is no Gateway"]
    annotations = dig(gateway, "spec", "infrastructure", "annotations", default={})
    wanted = {"shape": "flexible", "shape-flex-min": "100", "shape-flex-max": "1000", "ssl-ports": "443", "backend-protocol": "HTTP"}
    for name, value in wanted.items():
        compare(problems, f"load balancer's {name}", annotations.get(BALANCER + name), value)
    compare(problems, "load balancer's rules", annotations.get("oci.oraclecloud.com/security-rule-management-mode"), "NSG")
    secrets = [listener_secret(gateway), annotations.get(f"{BALANCER}tls-secret"), annotations.get(f"{BALANCER}tls-backendset-secret")]
    compare(problems, "certificates", secrets, ["ingress/ecommerce-tls"] * 3)
    listeners = {item["name"]: (item["port"], item["protocol"]) for item in gateway["spec"]["listeners"]}
    compare(problems, "listeners", listeners, {"http": (80, "HTTP"), "https": (443, "HTTPS")})
    problems += without_a_name(gateway, (root / "deploy/kubernetes/cluster/versions.env").read_text())
    return problems + routes(rendered, topology)


def without_a_name(gateway, versions):
    """Oracle's load balancer names no host when it begins TLS: the listener must take that, and NGINX be one that can."""
    named = [item["name"] for item in gateway["spec"]["listeners"] if item["protocol"] == "HTTPS" and "hostname" in item]
    problems = [f"listener {name} has a hostname, and the load balancer's handshakes have none" for name in named]
    if tuple(map(int, NGINX.search(versions).groups())) < (2, 5):
        problems.append("NGINX Gateway Fabric takes handshakes without a hostname since 2.5")
    return problems


def listener_secret(gateway):
    secure = [item for item in gateway["spec"]["listeners"] if item["protocol"] == "HTTPS"]
    return "ingress/" + dig(secure, 0, "tls", "certificateRefs", 0, "name", default="")


def routes(rendered, topology):
    problems = []
    for route in (d for d in rendered.documents if d["kind"] == "HTTPRoute"):
        name = route["metadata"]["name"]
        backends = [(b["name"], b["port"]) for rule in route["spec"]["rules"] for b in rule.get("backendRefs", [])]
        if dig(route, "spec", "parentRefs", 0, "sectionName") == "http":
            filters = [f for rule in route["spec"]["rules"] for f in rule.get("filters", [])]
            redirect = [(f["requestRedirect"].get("scheme"), f["requestRedirect"].get("statusCode")) for f in filters if "requestRedirect" in f]
            compare(problems, f"route {name}: redirect", (redirect, backends), ([("https", 301)], []))
        else:
            compare(problems, f"route {name}: leads to", backends, [("gateway-service", topology["services"]["gateway"]["port"])])
            paths = [dig(match, "path", default={}) for rule in route["spec"]["rules"] for match in rule.get("matches", [{}])]
            compare(problems, f"route {name}: paths", sorted((path.get("type"), path.get("value")) for path in paths), PUBLIC)
    found = sorted(str(dig(d, "spec", "parentRefs", 0, "sectionName")) for d in rendered.documents if d["kind"] == "HTTPRoute")
    compare(problems, "routes, by their listeners", found, ["http", "https"])
    if not rendered.find("ClientSettingsPolicy", "ecommerce", "ingress"):
        problems.append("nothing limits what a client may send")
    outside = [d for d in rendered.documents if d["kind"] == "Service" and d["spec"].get("type", "ClusterIP") != "ClusterIP"]
    return problems + [f"Service {d['metadata']['name']} is open to the outside" for d in outside]
