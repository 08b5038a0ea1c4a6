"""What an overlay becomes, and how to find one's way in it."""

import subprocess

import yaml

NAME = "app.kubernetes.io/name"
COMPONENT = "app.kubernetes.io/component"
NAMESPACE = "ecommerce"
ENVIRONMENTS = ("production", "staging", "development")


def render(directory):
    """The objects that `kubectl apply -k directory` would apply."""
    done = subprocess.run(["kubectl", "kustomize", str(directory)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{directory} cannot be rendered: {done.stderr.strip()}")
    # The parser in C, where there is one: these are long.
    return list(yaml.load_all(done.stdout, getattr(yaml, "CSafeLoader", yaml.SafeLoader)))


class Rendered:
    """The objects of one environment, and those that stand in every cluster beside them."""

    def __init__(self, environment, documents, cluster=()):
        self.environment = environment
        self.documents = documents
        self.cluster = list(cluster)

    def all(self, kind, namespace=NAMESPACE):
        return [d for d in self.documents if d["kind"] == kind and d["metadata"].get("namespace") == namespace]

    def find(self, kind, name, namespace=NAMESPACE):
        everything = self.documents + self.cluster
        found = [d for d in everything
                 if d["metadata"]["name"] == name and d["kind"] == kind and d["metadata"].get("namespace") == namespace]
        return found[0] if len(found) == 1 else None

    def workloads(self):
        """Everything that makes pods, of any namespace."""
        kinds = ("Deployment", "Job", "StatefulSet", "DaemonSet", "CronJob", "Pod")
        return [d for d in self.documents if d["kind"] in kinds]


def dig(value, *path, default=None):
    """The value at a path of keys and indices, or the default."""
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return default
    return value


def selects(selector, labels):
    """A label selector as Kubernetes reads it: an empty one selects everything."""
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    for term in selector.get("matchExpressions") or []:
        has, values = labels.get(term["key"]), term.get("values") or []
        match term["operator"]:
            case "In" if has not in values:
                return False
            case "NotIn" if has in values:
                return False
            case "Exists" if has is None:
                return False
            case "DoesNotExist" if has is not None:
                return False
            case "In" | "NotIn" | "Exists" | "DoesNotExist":
                pass
            case other:
                raise ValueError(f"operator {other}")
    return True


def compare(problems, what, found, wanted):
    if found != wanted:
        problems.append(f"{what}: {found!r} is there, {wanted!r} is wanted")
