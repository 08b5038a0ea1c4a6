"""The shapes of objects that Kubernetes itself does not know: what of them we use, and nothing beside it.

A misspelt field of a custom resource is dropped by the API server without a word, so each shape is closed. `name?` may be absent; a list of one
shape stands for any number of it; a tuple lists the values that are allowed.
"""

import re

# Checked against Kubernetes' own schemas by kubernetes-validate.
BUILT_IN = {"v1", "apps/v1", "batch/v1", "autoscaling/v2", "policy/v1", "networking.k8s.io/v1", "rbac.authorization.k8s.io/v1"}

NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
TIME = re.compile(r"[0-9]+(ms|s|m|h)")
LABELS = {"*": str}

ROUTE_FILTER = {
    "type": ("RequestRedirect",),
    "requestRedirect": {"scheme": ("https",), "port?": int, "statusCode": (301, 302)},
}
ROUTE = {
    "parentRefs": [{"name": NAME, "namespace?": NAME, "sectionName?": NAME}],
    "hostnames": [HOST],
    "rules": [{
        "matches?": [{"path": {"type": ("PathPrefix", "Exact"), "value": re.compile("/.*")}}],
        "filters?": [ROUTE_FILTER],
        "backendRefs?": [{"name": NAME, "port": int}],
    }],
}
LISTENER = {
    "name": NAME,
    "port": int,
    "protocol": ("HTTP", "HTTPS"),
    "hostname?": HOST,
    "tls?": {"mode": ("Terminate",), "certificateRefs": [{"kind": ("Secret",), "name": NAME}]},
    "allowedRoutes": {"namespaces": {"from": ("Same", "Selector"), "selector?": {"matchLabels": LABELS}}},
}
SELECTOR = {"matchLabels?": LABELS, "matchExpressions?": [{"key": str, "operator": ("In", "NotIn", "Exists", "DoesNotExist"), "values?": [str]}]}
SECURITY = {"runAsNonRoot": bool, "runAsUser": int, "fsGroup": int, "seccompProfile": {"type": ("RuntimeDefault",)}}
SHAPES = {
    ("external-secrets.io/v1", "SecretStore"): {
        "provider": {"oracle": {
            "vault": re.compile(r"ocid1\.vault\..+"),
            "region": re.compile(r"[a-z]{2}-[a-z]+-\d"),
            "principalType": ("Workload", "InstancePrincipal", "UserPrincipal"),
            "serviceAccountRef": {"name": NAME},
        }},
    },
    ("external-secrets.io/v1", "ExternalSecret"): {
        "refreshInterval": re.compile(r"\d+h\d+m\d+s"),
        "secretStoreRef": {"kind": ("SecretStore", "ClusterSecretStore"), "name": NAME},
        "target": {
            "name": NAME,
            "creationPolicy": ("Owner", "Orphan", "Merge", "None"),
            "deletionPolicy": ("Retain", "Delete", "Merge"),
            "template?": {"engineVersion": ("v2",), "type?": ("kubernetes.io/dockerconfigjson",), "data": LABELS},
        },
        "data": [{"secretKey": re.compile(r"[A-Za-z][A-Za-z0-9_]*"), "remoteRef": {"key": re.compile(r"[A-Za-z0-9._-]+")}}],
    },
    ("gateway.networking.k8s.io/v1", "Gateway"): {
        "gatewayClassName": NAME,
        "infrastructure": {"annotations": LABELS, "parametersRef": {"group": str, "kind": ("NginxProxy",), "name": NAME}},
        "listeners": [LISTENER],
    },
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): ROUTE,
    ("gateway.nginx.org/v1alpha1", "ClientSettingsPolicy"): {
        "targetRef": {"group": ("gateway.networking.k8s.io",), "kind": ("Gateway", "HTTPRoute"), "name": NAME},
        "body": {"maxSize": re.compile(r"\d+[kmg]?"), "timeout": TIME},
        "keepAlive": {"requests": int, "time": TIME, "timeout": {"server": TIME, "header": TIME}},
    },
    ("gateway.nginx.org/v1alpha2", "NginxProxy"): {
        "kubernetes": {
            "deployment": {"replicas": int},
            "service": {"type": ("LoadBalancer",), "externalTrafficPolicy": ("Local", "Cluster"), "loadBalancerIP": str},
        },
    },
    ("monitoring.coreos.com/v1", "PodMonitor"): {
        "namespaceSelector": {"matchNames": [NAME]},
        "selector": SELECTOR,
        "podMetricsEndpoints": [{
            "port": NAME, "path": re.compile("/.*"), "interval": TIME, "scrapeTimeout": TIME, "honorLabels?": bool,
            "relabelings?": [{"sourceLabels": [str], "targetLabel": str}],
        }],
    },
    ("monitoring.coreos.com/v1", "PrometheusRule"): {
        "groups": [{"name": str, "rules": [{
            "alert": re.compile("[A-Z][A-Za-z]+"), "expr": str, "for?": TIME,
            "labels": {"severity": ("page", "ticket"), "service?": NAME},
            "annotations": {"summary": str, "description": str, "runbook_url": re.compile(r"docs/runbooks/[a-z-]+\.md(#[a-z0-9_-]+)?")},
        }]}],
    },
    ("monitoring.coreos.com/v1", "Alertmanager"): {
        "version": str, "image": str, "replicas": int, "retention": TIME, "configSecret": NAME, "podMetadata": {"labels": LABELS},
        "automountServiceAccountToken": bool,
        "resources": {"requests": LABELS, "limits": LABELS}, "securityContext": SECURITY,
    },
    ("monitoring.coreos.com/v1", "Prometheus"): {
        "version": str, "image": str, "replicas": int, "retention": str, "scrapeInterval": TIME,
        "serviceAccountName": NAME, "podMetadata": {"labels": LABELS}, "enforcedSampleLimit": int,
        "podMonitorSelector": SELECTOR, "podMonitorNamespaceSelector": SELECTOR,
        "ruleSelector": SELECTOR, "ruleNamespaceSelector": SELECTOR,
        "alerting": {"alertmanagers": [{"namespace": NAME, "name": NAME, "port": NAME}]},
        "resources": {"requests": LABELS, "limits": LABELS},
        "securityContext": SECURITY,
        "storage": {"volumeClaimTemplate": {"spec": {"accessModes": [str], "resources": {"requests": LABELS}}}},
    },
}


def mismatches(value, shape, path):
    """Where a value is not of a shape."""
    if isinstance(shape, dict):
        return of_mapping(value, shape, path)
    if isinstance(shape, list):
        if not isinstance(value, list) or not value:
            return [f"{path} is no list with something in it"]
        return [p for i, item in enumerate(value) for p in mismatches(item, shape[0], f"{path}[{i}]")]
    if isinstance(shape, tuple):
        return [] if value in shape else [f"{path} is {value!r}, none of {shape}"]
    if isinstance(shape, re.Pattern):
        fits = isinstance(value, str) and shape.fullmatch(value)
        return [] if fits else [f"{path} is {value!r}, which does not fit {shape.pattern}"]
    right = isinstance(value, shape) and (shape is bool or not isinstance(value, bool))
    return [] if right else [f"{path} is {value!r}, not of the type {shape.__name__}"]


def of_mapping(value, shape, path):
    if not isinstance(value, dict):
        return [f"{path} is no mapping"]
    known = {key.removesuffix("?"): inner for key, inner in shape.items()}
    problems = []
    for key, inner in value.items():
        if key in known or "*" in known:
            problems += mismatches(inner, known.get(key, known.get("*")), f"{path}.{key}")
        else:
            problems.append(f"{path}.{key} is not known")
    needed = [key for key in shape if not key.endswith("?") and key != "*"]
    return problems + [f"{path}.{key} is missing" for key in needed if key not in value]


def check_documents(documents):
    problems = []
    for document in documents:
        where = f"{document['kind']} {document['metadata']['name']}"
        if document["apiVersion"] in BUILT_IN:
            continue
        shape = SHAPES.get((document["apiVersion"], document["kind"]))
        if shape is None:
            problems.append(f"{where}: nothing knows the shape of {document['apiVersion']} {document['kind']}")
        else:
            problems += mismatches({k: v for k, v in document.items() if k not in ("apiVersion", "kind", "metadata")}, {"spec": shape}, where)
    return problems


def check(rendered, _topology, _root):
    return check_documents(rendered.documents)
