"""The network policies, evaluated: who may open a connection to whom.

The policies are not compared with a text but asked, as a cluster would ask them, about every pair of services and every place that a pod
could want to reach.
"""

import functools
import ipaddress
from dataclasses import dataclass, field

from .rendered import COMPONENT, NAME, NAMESPACE, selects

# Services whose providers are on the internet; the topology does not know of those.
PROVIDERS = {"payment", "notification"}
PUBLIC = "134.70.1.1"
NAMESPACE_NAME = "kubernetes.io/metadata.name"


@dataclass(frozen=True)
class Pod:
    name: str
    namespace: str
    labels: dict
    address: str
    ports: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """An address outside the cluster."""

    name: str
    address: str


class Policies:
    """A set of policies that can be asked. Which of them are about a pod is found once for each pod."""

    def __init__(self, documents):
        self.documents = documents
        self.known = {}

    def allow(self, source, destination, port, protocol="TCP"):
        """Would a connection be let out and let in?"""
        return self.passes(source, destination, "Egress", destination, port, protocol) and self.passes(
            destination, source, "Ingress", destination, port, protocol
        )

    def passes(self, subject, peer, direction, destination, port, protocol):
        if isinstance(subject, Place):
            return True
        rules = self.rules(subject, direction)
        return rules is None or any(rule_matches(rule, direction, subject, peer, destination, port, protocol) for rule in rules)

    def rules(self, subject, direction):
        """What lets through for a pod; None: no policy is about it, so that everything is."""
        key = (id(subject), direction)
        if key not in self.known:
            own = [p for p in self.documents if p["metadata"].get("namespace") == subject.namespace and direction in types_of(p)]
            own = [p for p in own if selects(p["spec"].get("podSelector") or {}, subject.labels)]
            rules = [rule for p in own for rule in p["spec"].get(direction.lower()) or []]
            # The subject is kept, so that its id stays its own.
            self.known[key] = (rules if own else None, subject)
        return self.known[key][0]


def types_of(policy):
    spec = policy["spec"]
    return spec.get("policyTypes") or (["Ingress", "Egress"] if spec.get("egress") else ["Ingress"])


def rule_matches(rule, direction, subject, peer, destination, port, protocol):
    peers = rule.get("from" if direction == "Ingress" else "to")
    if peers and not any(peer_matches(entry, subject.namespace, peer) for entry in peers):
        return False
    ports = rule.get("ports")
    return not ports or any(port_matches(entry, destination, port, protocol) for entry in ports)


def port_matches(entry, destination, port, protocol):
    if entry.get("protocol", "TCP") != protocol:
        return False
    wanted = entry.get("port")
    if isinstance(wanted, str):
        wanted = getattr(destination, "ports", {}).get(wanted, -1)
    return wanted is None or wanted <= port <= entry.get("endPort", wanted)


@functools.cache
def within(address, network):
    return ipaddress.ip_address(address) in ipaddress.ip_network(network)


def peer_matches(entry, namespace, peer):
    if "ipBlock" in entry:
        block = entry["ipBlock"]
        return within(peer.address, block["cidr"]) and not any(within(peer.address, part) for part in block.get("except", []))
    if isinstance(peer, Place):
        return False
    if "namespaceSelector" in entry:
        if not selects(entry["namespaceSelector"], {NAMESPACE_NAME: peer.namespace}):
            return False
    elif peer.namespace != namespace:
        return False
    return selects(entry.get("podSelector") or {}, peer.labels)


def pods_of(rendered, pod_network):
    """A pod of every workload, each with an address of the pods' subnet."""
    addresses, pods = pod_network.hosts(), []
    for workload in rendered.workloads():
        template = workload["spec"]["template"]
        ports = {p["name"]: p["containerPort"] for c in template["spec"]["containers"] for p in c.get("ports", [])}
        name, namespace = workload["metadata"]["name"], workload["metadata"]["namespace"]
        pods.append(Pod(name, namespace, template["metadata"]["labels"], str(next(addresses)), ports))
    return pods


def check(rendered, topology, _root):
    """Every connection that is possible, against those that the topology wants."""
    second = ipaddress.ip_network(topology["environments"][rendered.environment]["cidr"]).network_address.packed[1]
    pods = pods_of(rendered, ipaddress.ip_network(f"10.{second}.32.0/19"))
    policies = [d for d in rendered.documents + rendered.cluster if d["kind"] == "NetworkPolicy"]
    around = neighbours(second)
    servers = {p.labels.get(NAME, "").removesuffix("-service"): p for p in pods if p.labels.get(COMPONENT) == "server"}
    problems = []
    if set(servers) != set(topology["services"]):
        return [f"the servers' labels name {sorted(servers)}"]
    others = [p for p in pods if p not in servers.values()]
    stray = Pod("a pod of no service", NAMESPACE, {}, f"10.{second}.40.1")

    # What another namespace keeps its own pods from is no excuse for letting them in here.
    everybodys, ours = Policies(policies), Policies([p for p in policies if p["metadata"].get("namespace") == NAMESPACE])

    def ask(source, destination, port, wanted, protocol="TCP"):
        strict = not wanted and getattr(source, "namespace", None) != NAMESPACE and getattr(destination, "namespace", None) == NAMESPACE
        if (ours if strict else everybodys).allow(source, destination, port, protocol) != wanted:
            verb = "cannot reach" if wanted else "can reach"
            problems.append(f"{source.name} {verb} {destination.name} on {port}/{protocol}")

    key_set = topology["key_set"]["service"]
    ports = sorted(service["port"] for service in topology["services"].values())
    for callee, target in servers.items():
        own = topology["services"][callee]["port"]
        for port in [*ports, 22, 9999]:
            for caller, source in servers.items():
                may = callee in topology["services"][caller]["calls"] or callee == key_set
                ask(source, target, port, may and port == own)
            for source in [*others, stray, *around.values()]:
                may = scrapes(source) or (source is around["nginx"] and callee == "gateway")
                ask(source, target, port, may and port == own)
    for source in [*servers.values(), *others, stray, *around.values()]:
        for target in [*others, stray]:
            ask(source, target, 3000, False)
            ask(source, target, 3011, scrapes(source) and target.labels.get(NAME) == "autoscale")
    for source in [*servers.values(), *others, stray]:
        outside(ask, source, topology, rendered.environment, around)
    edge(ask, around, second)
    observers(ask, around, second)
    return problems


def scrapes(source):
    return getattr(source, "labels", {}).get(NAME) == "prometheus"


def neighbours(second):
    """Pods of other namespaces, wanted and unwanted."""
    pod = lambda name, namespace, labels, last: Pod(name, namespace, labels, f"10.{second}.50.{last}", {})
    return {
        "nginx": pod("nginx", "ingress", {"gateway.networking.k8s.io/gateway-name": "ecommerce"}, 1),
        "prometheus": pod("prometheus", "observability", {NAME: "prometheus"}, 2),
        "grafana": pod("Grafana", "observability", {NAME: "grafana"}, 13),
        "second prometheus": pod("the other Prometheus", "observability", {NAME: "prometheus"}, 12),
        "collector": pod("the collector", "observability", {NAME: "opentelemetry-collector"}, 3),
        "alertmanager": pod("Alertmanager", "observability", {NAME: "alertmanager"}, 10),
        "second alertmanager": pod("the other Alertmanager", "observability", {NAME: "alertmanager"}, 11),
        "dns": pod("DNS", "kube-system", {"k8s-app": "kube-dns"}, 4),
        "other ingress": pod("another pod of the ingress namespace", "ingress", {}, 5),
        "other observer": pod("another pod of the observability namespace", "observability", {}, 6),
        "operator": pod("the External Secrets operator", "external-secrets", {NAME: "external-secrets"}, 7),
        "false nginx": pod("a pod that calls itself nginx", "default", {"gateway.networking.k8s.io/gateway-name": "ecommerce"}, 8),
        "control": pod("NGINX's control plane", "nginx-gateway", {NAME: "nginx-gateway"}, 9),
    }


def reached_by(source, topology):
    """The kinds of places that a pod is to reach, as the topology has them."""
    name, component = source.labels.get(NAME, "").removesuffix("-service"), source.labels.get(COMPONENT)
    service = topology["services"].get(name, {})
    database = {"database"} if service.get("database") else set()
    if component in ("migration", "setup"):
        return database
    if name == "autoscale":
        return {"https", "token", "api", "telemetry"}
    if component != "server":
        return set()
    reached = {"redis", "telemetry"} | database
    if any(name in event["producer"] + event["consumers"] for event in topology["events"].values()):
        reached.add("streams")
    if any(queue["owner"] == name for queue in topology["queues"].values()):
        reached |= {"https", "token"}
    return reached | ({"https", "mail"} if name in PROVIDERS else set())


def outside(ask, source, topology, environment, around):
    """Each place outside the namespace, wanted or not."""
    reached = reached_by(source, topology)
    seconds = {e: ipaddress.ip_network(v["cidr"]).network_address.packed[1] for e, v in topology["environments"].items()}
    for protocol in ("UDP", "TCP"):
        ask(source, around["dns"], 53, True, protocol)
    ask(source, around["collector"], 4318, "telemetry" in reached)
    for name in ("prometheus", "operator", "nginx", "control", "alertmanager"):
        ask(source, around[name], 443, False)
    for name, second in seconds.items():
        home = name == environment
        data = Place(f"the data subnet of {name}", f"10.{second}.3.10")
        for kind, port in (("database", 5432), ("redis", 6379), ("streams", 9092)):
            ask(source, data, port, home and kind in reached)
        ask(source, data, 443, False)
        for what, address in (("API endpoint", f"10.{second}.0.5"), ("a node", f"10.{second}.2.5"), ("a pod", f"10.{second}.60.5")):
            for port in (443, 5432, 6443, 10250, 12250):
                may = {12250: "token", 6443: "api"}.get(port) in reached and what == "API endpoint"
                ask(source, Place(f"{what} of {name}", address), port, home and may)
    for address in ("169.254.169.254", "169.254.0.1", "169.254.255.254"):
        for port in (53, 80, 443, 5432, 465):
            ask(source, Place(f"the metadata address {address}", address), port, False)
    public = Place("a public address", PUBLIC)
    ask(source, public, 443, "https" in reached)
    for port in (465, 587):
        ask(source, public, port, "mail" in reached)
    for port in (22, 25, 80, 5432, 6379, 9092):
        ask(source, public, port, False)


def edge(ask, around, second):
    """NGINX itself: in from the load balancer's subnet, out to the gateway and to its control plane."""
    nginx, balancer = around["nginx"], Place("the load balancer", f"10.{second}.1.10")
    for port in (80, 443):
        ask(balancer, nginx, port, True)
        ask(Place("a public address", PUBLIC), nginx, port, False)
        ask(Place("another environment's load balancer", f"10.{(second + 1) % 3}.1.10"), nginx, port, False)
    ask(balancer, nginx, 22, False)
    ask(nginx, around["dns"], 53, True, "UDP")
    ask(nginx, around["control"], 8443, True)
    ask(nginx, Place("the data subnet", f"10.{second}.3.10"), 5432, False)
    ask(nginx, Place("the metadata address", "169.254.169.254"), 80, False)
    ask(balancer, around["other ingress"], 80, False)
    operators(ask, around, second)


def operators(ask, around, second):
    """What reads the vault: in from the API server, out to it and to the vault."""
    operator = around["operator"]
    for other in range(3):
        api = Place(f"the API endpoint 10.{other}.0.5", f"10.{other}.0.5")
        ask(api, operator, 10250, other == second)
        for port in (6443, 12250):
            ask(operator, api, port, other == second)
        ask(operator, Place(f"the data subnet 10.{other}.3.0/24", f"10.{other}.3.10"), 5432, False)
    ask(operator, Place("the vault", PUBLIC), 443, True)
    ask(operator, around["dns"], 53, True, "UDP")
    for source in (around["nginx"], around["prometheus"], Place("a public address", PUBLIC)):
        ask(source, operator, 10250, False)
    for place in (Place("the metadata address", "169.254.169.254"), around["other ingress"]):
        ask(operator, place, 80, False)


def observers(ask, around, second):
    """Alerts go from Prometheus to people, traces to Oracle, and neither way is anybody else's."""
    collector, alertmanager, prometheus = around["collector"], around["alertmanager"], around["prometheus"]
    public, data = Place("a public address", PUBLIC), Place("the data subnet", f"10.{second}.3.10")
    ask(prometheus, alertmanager, 9093, True)
    ask(prometheus, around["second prometheus"], 9090, True)
    ask(around["grafana"], prometheus, 9090, True)
    ask(around["grafana"], alertmanager, 9093, False)
    for protocol in ("TCP", "UDP"):
        ask(alertmanager, around["second alertmanager"], 9094, True, protocol)
    for port in (443, 465, 587):
        ask(alertmanager, public, port, port != 443)
        ask(collector, public, port, port == 443)
    for source in (alertmanager, collector):
        ask(source, around["dns"], 53, True, "UDP")
        ask(source, data, 5432, False)
        ask(source, Place("the metadata address", "169.254.169.254"), 80, False)
    for source in (around["nginx"], around["operator"], around["other observer"], collector, public):
        ask(source, alertmanager, 9093, False)
        ask(source, collector, 4318, False)
        ask(source, prometheus, 9090, False)
