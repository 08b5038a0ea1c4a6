"""The way in: load balancer, TLS, redirect, and nothing routed but the gateway."""

from .rendered import compare, dig

BALANCER = "service.beta.kubernetes.io/oci-load-balancer-"


def check(rendered, topology, _root):
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
    return problems + routes(rendered, topology)


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
    found = sorted(str(dig(d, "spec", "parentRefs", 0, "sectionName")) for d in rendered.documents if d["kind"] == "HTTPRoute")
    compare(problems, "routes, by their listeners", found, ["http", "https"])
    if not rendered.find("ClientSettingsPolicy", "ecommerce", "ingress"):
        problems.append("nothing limits what a client may send")
    outside = [d for d in rendered.documents if d["kind"] == "Service" and d["spec"].get("type", "ClusterIP") != "ClusterIP"]
    return problems + [f"Service {d['metadata']['name']} is open to the outside" for d in outside]
