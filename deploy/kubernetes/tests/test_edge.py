"""The way in, and the shapes of custom resources."""

from checks import edge, shapes

from .planted import Planted, change, drop, remove


class Edge(Planted):
    parts = (edge,)

    def test_balancer_and_listeners(self):
        size = "service.beta.kubernetes.io/oci-load-balancer-shape-flex-max"
        notes = ("spec", "infrastructure", "annotations")
        self.breach(change("Gateway", "ecommerce", *notes, size, to="8000", namespace="ingress"), "flex-max")
        self.breach(change("Gateway", "ecommerce", "spec", "listeners", 1, "port", to=8443, namespace="ingress"), "listeners")

    def test_routes(self):
        rule = ("spec", "rules", 0)
        self.breach(change("HTTPRoute", "ecommerce", *rule, "backendRefs", 0, "name", to="order-service"), "leads to")
        status = (*rule, "filters", 0, "requestRedirect", "statusCode")
        self.breach(change("HTTPRoute", "to-https", *status, to=302, namespace="ingress"), "redirect")
        self.breach(remove("HTTPRoute", "to-https", "ingress"), "routes")
        self.breach(change("Service", "order-service", "spec", "type", to="LoadBalancer"), "open to the outside")
        self.breach(remove("ClientSettingsPolicy", "ecommerce", "ingress"), "limits")


class Shapes(Planted):
    parts = (shapes,)

    def test_a_field_that_nobody_knows(self):
        self.breach(change("SecretStore", "cart-service", "spec", "provider", "oracle", "principaltype", to="Workload"), "is not known")
        self.breach(drop("SecretStore", "cart-service", "spec", "provider", "oracle", "region"), "region is missing")
        self.breach(change("Gateway", "ecommerce", "spec", "listeners", 0, "port", to="80", namespace="ingress"), "not of the type")

    def test_a_kind_that_nobody_knows(self):
        strange = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "x", "labels": {"release-step": "prepare"}}}
        self.breach(lambda broken: broken.documents.append(strange), "nothing knows the shape")
