"""Planting breaches into the rendered manifests: each check must report those that it is for."""

import copy
import unittest

import check
from checks import rendered

TOPOLOGY = check.topology_of()
WHOLE = check.load_all()

POD = ("spec", "template", "spec")
CONTAINER = (*POD, "containers", 0)
TEMPLATE = ("spec", "target", "template", "data")
LABELS = ("spec", "template", "metadata", "labels")


class Planted(unittest.TestCase):
    # The checks that are to notice: all, unless a class says which.
    parts = check.CHECKS

    def breach(self, plant, *told, environment="production"):
        """Plants a breach; something that contains all these words must be told, and nothing was told before."""
        whole = WHOLE[environment]
        broken = rendered.Rendered(environment, copy.deepcopy(whole.documents), copy.deepcopy(whole.cluster))
        plant(broken)
        problems = [problem for part in self.parts for problem in part.check(broken, TOPOLOGY, check.ROOT)]
        self.assertTrue(any(all(word in problem for word in told) for problem in problems), problems)


def change(kind, name, *path, to, namespace="ecommerce"):
    """A breach that sets one value, at a path of keys and indices."""

    def plant(broken):
        *way, last = path
        rendered.dig(broken.find(kind, name, namespace), *way)[last] = to

    return plant


def drop(kind, name, *path, namespace="ecommerce"):
    def plant(broken):
        *way, last = path
        del rendered.dig(broken.find(kind, name, namespace), *way)[last]

    return plant


def remove(kind, name, namespace="ecommerce"):
    def plant(broken):
        document = broken.find(kind, name, namespace)
        (broken.documents if document in broken.documents else broken.cluster).remove(document)

    return plant


def config(service, environment="production"):
    """The name of a service's generated ConfigMap."""
    names = [d["metadata"]["name"] for d in WHOLE[environment].all("ConfigMap")]
    beginning = {"platform": "platform", "autoscale": "autoscale-databases"}.get(service, f"{service}-service")
    return next(name for name in names if name.startswith(beginning))


def policy(name, *path, to, namespace="ecommerce"):
    return change("NetworkPolicy", name, *path, to=to, namespace=namespace)


def add_rule(name, direction, rule):
    return lambda broken: broken.find("NetworkPolicy", name)["spec"][direction].append(rule)


def entry(index):
    """The name of a secret that an ExternalSecret reads."""
    return ("spec", "data", index, "remoteRef", "key")
