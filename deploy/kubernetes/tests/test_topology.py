"""The other way round: topology.yaml changes, and the manifests have not followed."""

import copy
import unittest

import check
from checks import design, network, rendered, secrets, workloads

from .planted import TOPOLOGY, WHOLE, Planted, change


class Topology(unittest.TestCase):
    """The other way round: the topology changes, and the manifests have not followed."""

    def changed(self, part, told, *path, to):
        topology = copy.deepcopy(TOPOLOGY)
        *way, last = path
        rendered.dig(topology, *way)[last] = to
        problems = part.check(WHOLE["production"], topology, check.ROOT)
        self.assertTrue(any(told in problem for problem in problems), problems)

    def test_it_is_noticed(self):
        self.changed(workloads, "ports", "services", "cart", "port", to=3104)
        self.changed(workloads, "requests", "classes", "small", "requests", "cpu", to=150)
        self.changed(workloads, "HPA bounds", "services", "cart", "scale", to=[2, 16])
        self.changed(workloads, "replicas", "services", "cart", "replicas", to=3)
        self.changed(workloads, "anti-affinity is not required", "services", "cart", "anti_affinity", to="required")
        self.changed(workloads, "Deployments", "services", "loyalty", to=dict(TOPOLOGY["services"]["cart"], port=3011))
        self.changed(network, "cart-service cannot reach user-service", "services", "cart", "calls", to=["user"])
        self.changed(network, "auth-service cannot reach a public address", "queues", "auth-service-events", to={"owner": "auth"})
        self.changed(network, "can reach the data subnet of production on 9092", "events", to={})
        self.changed(secrets, "database-url is wanted", "services", "gateway", "database", to=True)
        self.changed(secrets, "knows nothing of it", "services", "cart", "database", to=False)


class Nothing(unittest.TestCase):
    def test_nothing_is_told_of_what_is_right(self):
        for environment, whole in WHOLE.items():
            self.assertEqual(check.problems_of(whole, TOPOLOGY), [], environment)


class Design(Planted):
    """Both have drifted away together, and only the first documents still say what was meant."""

    parts = (design,)

    def test_the_manifests(self):
        self.breach(change("Deployment", "cart-service", "spec", "template", "spec", "containers", 0, "ports", 0, "containerPort", to=3006), "cart", "port")
        self.breach(change("HorizontalPodAutoscaler", "gateway-service", "spec", "maxReplicas", to=21), "gateway", "bounds")
        self.breach(change("HorizontalPodAutoscaler", "gateway-service", "spec", "minReplicas", to=2), "gateway", "replicas")
        self.breach(change("HorizontalPodAutoscaler", "order-service", "spec", "maxReplicas", to=11), "order", "bounds", environment="staging")
        calm = ("spec", "behavior", "scaleDown", "stabilizationWindowSeconds")
        self.breach(change("HorizontalPodAutoscaler", "order-service", *calm, to=60), "order", "calm")
        target = ("spec", "metrics", 1, "resource", "target", "averageUtilization")
        self.breach(change("HorizontalPodAutoscaler", "order-service", *target, to=90), "order", "targets")
        memory = ("spec", "template", "spec", "containers", 0, "resources", "limits", "memory")
        self.breach(change("Deployment", "auth-service", *memory, to="512Mi"), "auth", "resources")

    def test_the_map(self):
        def told(words, *path, to):
            topology = copy.deepcopy(TOPOLOGY)
            *way, last = path
            rendered.dig(topology, *way)[last] = to
            problems = design.check(WHOLE["production"], topology, check.ROOT)
            self.assertTrue(any(words in problem for problem in problems), problems)

        here = ("environments", "production")
        for path, to in ((("cidr",), "10.3.0.0/16"), (("nodes",), [2, 50]), (("database", "ocpus"), [2, 64]), (("database", "storage_tib"), 1),
                         (("database", "replicas"), [1, 5]), (("database", "backup_days"), 14), (("queue_retention_days",), 4),
                         (("log_days",), 30), (("alarms", "node_cpu"), 85), (("alarms", "replica_lag"), 60)):
            told("the design's production", *here, *path, to=to)
        told("the design's streams", *here, "stream", "partitions", to=3)
        told("the design's streams", "streams", to=["user-events"])
        told("the design's queues", "queues", "user-service-events", "deliveries", to=6)
        told("the design's databases", "services", "gateway", "database", to=True)
        told("the design's environments", "environments", "trial", to=TOPOLOGY["environments"]["staging"])
