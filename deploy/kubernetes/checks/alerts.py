"""The alert rules against the metrics that the code exports."""

import re

from . import configuration, shapes
from .rendered import compare, dig

CONSTANT_OR_TEXT = r'!\(\s*(?:"([a-z][a-z0-9_]*)"|(?:names::)?([A-Z][A-Z0-9_]+))'
MACRO = re.compile(r"(?:counter|gauge|histogram)" + CONSTANT_OR_TEXT, re.S)
CONSTANT = re.compile(r'pub const ([A-Z0-9_]+): &str = "([a-z0-9_]+)";')
KIND = re.compile(r"histogram" + CONSTANT_OR_TEXT, re.S)
LABEL = re.compile(r'"([a-z_]+)" =>|\("([a-z_]+)",\s')
# Labels that Prometheus adds, and those of metrics that are not ours.
ADDED = {"pod", "le", "namespace", "job", "horizontalpodautoscaler"}
# Words of PromQL, labels and Prometheus' own metrics.
WORDS = set("sum rate increase max min avg by without histogram_quantile le on ignoring group_left absent time and or unless "
            "service namespace pod job route status queue type callee outcome server stream code up bool count".split())
FOREIGN = {
    "kube_horizontalpodautoscaler_spec_max_replicas",
    "kube_horizontalpodautoscaler_status_current_replicas",
    "prometheus_notifications_dropped_total",
}
CODE = ("crates/platform/src", "services", "haat/src/autoscale")


def exported(root):
    """The names of all samples that `/metrics` can have."""
    names, histograms = set(), set()
    texts = [text for directory in CODE for text in configuration.sources(root / directory)]
    constants = {name: value for text in texts for name, value in CONSTANT.findall(text)}
    for text in texts:
        names |= {literal or constants.get(constant, "") for literal, constant in MACRO.findall(text)}
        histograms |= {literal or constants.get(constant, "") for literal, constant in KIND.findall(text)}
    samples = {f"{name}{suffix}" for name in histograms for suffix in ("_bucket", "_sum", "_count")}
    return (names - histograms) | samples


def metrics_in(expression):
    """The metrics that a query names: what is left without strings, ranges, labels in brackets and words of the language."""
    text = re.sub(r'"[^"]*"', "", expression)
    text = re.sub(r"\[[^\]]*\]|\{[^}]*\}", "", text)
    text = re.sub(r"\b(by|without|on|ignoring|group_left)\s*\([^)]*\)", "", text)
    return {word for word in re.findall(r"[a-zA-Z_][a-zA-Z0-9_]*", text) if word not in WORDS}


def labels_in(expression):
    """The labels that a query groups by or chooses by."""
    grouped = re.findall(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)", expression)
    chosen = re.findall(r"([a-z_]+)\s*(?:=~|!~|!=|=)\s*\"", expression)
    return {label.strip() for group in grouped for label in group.split(",")} | set(chosen)


def labels_of(root):
    """The labels that the code gives to samples, those of any metric together."""
    texts = [text for part in CODE for text in configuration.sources(root / part)]
    return {name for text in texts for pair in LABEL.findall(text) for name in pair if name} | ADDED


def check_documents(documents, known, labels):
    problems = shapes.check_documents(documents)
    for document in documents:
        for group in dig(document, "spec", "groups", default=[]):
            for rule in group["rules"]:
                unknown = metrics_in(rule["expr"]) - known
                problems += [f"alert {rule['alert']}: nothing exports {name}" for name in sorted(unknown)]
                strange = labels_in(rule["expr"]) - labels
                problems += [f"alert {rule['alert']}: no sample has the label {name}" for name in sorted(strange)]
    return problems


def thresholds(documents, topology):
    """Replica lag is an alarm of the topology that only the services can measure; all its other alarms are the cloud's."""
    rules = [rule for d in documents for group in dig(d, "spec", "groups", default=[]) for rule in group["rules"]]
    found = [rule["expr"].rsplit(">", 1)[1].strip() for rule in rules if rule["alert"] == "ReplicaLag"]
    wanted = {str(environment["alarms"]["replica_lag"]) for environment in topology["environments"].values()}
    return [] if set(found) == wanted else [f"ReplicaLag warns at {found}, the topology says {sorted(wanted)}"]


def services_down(documents, topology):
    """Each service of the topology is missed by itself: as long as one pod of any other answers, nothing else tells that it is gone."""
    problems = []
    rules = [rule for d in documents for group in dig(d, "spec", "groups", default=[]) for rule in group["rules"] if rule["alert"] == "ServiceDown"]
    found = {rule["labels"].get("service"): (rule["expr"], rule["labels"]["severity"]) for rule in rules}
    wanted = {name: (f'absent(up{{namespace="ecommerce", pod=~"{name}-service-.+"}} == 1)', "page") for name in topology["services"]}
    for name in sorted(set(found) | set(wanted), key=str):
        compare(problems, f"ServiceDown of {name}", found.get(name), wanted.get(name))
    return problems


def places(documents):
    """Prometheus may read pods where the services are, and everything of its own is in its own namespace."""
    rights = ["ecommerce", "observability"]
    found = [(d["kind"], d["metadata"]["name"], d["metadata"].get("namespace")) for d in documents]
    problems = [f"{kind} {name} is in {namespace}" for kind, name, namespace in found
                if kind not in ("Role", "RoleBinding") and namespace != (None if kind == "Namespace" else "observability")]
    for kind in ("Role", "RoleBinding"):
        compare(problems, f"namespaces with a {kind}", sorted(str(where) for what, _, where in found if what == kind), rights)
    return problems


def anchors(text):
    """What a document's headings are linked by."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M), re.M)
    return {re.sub(r"[^\w -]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


def runbooks(documents, root):
    """Each alert says what to read, and it is there."""
    problems = []
    for document in documents:
        for rule in [rule for group in dig(document, "spec", "groups", default=[]) for rule in group["rules"]]:
            book, _, heading = dig(rule, "annotations", "runbook_url", default="").partition("#")
            if not book:
                problems.append(f"alert {rule['alert']} leads to no runbook")
            elif not (root / book).is_file():
                problems.append(f"alert {rule['alert']}: there is no {book}")
            elif heading and heading not in anchors((root / book).read_text()):
                problems.append(f"alert {rule['alert']}: {book} has no heading #{heading}")
    return problems


def check(documents, root, topology):
    problems = check_documents(documents, exported(root) | FOREIGN, labels_of(root))
    problems += services_down(documents, topology)
    return problems + thresholds(documents, topology) + places(documents) + runbooks(documents, root)
