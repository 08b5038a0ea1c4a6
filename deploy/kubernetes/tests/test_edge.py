"""The way in, and the shapes of custom resources."""

from checks import edge, rendered, shapes

from .planted import WHOLE, Planted, change, drop, remove


class Edge(Planted):
    parts = (edge,)

    def test_balancer_and_listeners(self):
        size = "service.beta.kubernetes.io/oci-load-balancer-shape-flex-max"
        notes = ("spec", "infrastructure", "annotations")
        self.breach(change("Gateway", "ecommerce", *notes, size, to="8000", namespace="ingress"), "flex-max")
        self.breach(change("Gateway", "ecommerce", "spec", "listeners", 1, "port", to=8443, namespace="ingress"), "listeners")

    def test_a_handshake_without_a_name(self):
        """Oracle's load balancer sends none."""
        self.breach(change("Gateway", "ecommerce", "spec", "listeners", 1, "hostname", to="shop.example.com", namespace="ingress"), "hostname")
        gateway = WHOLE["production"].find("Gateway", "ecommerce", "ingress")
        told = lambda version: edge.without_a_name(gateway, f"CALICO=v3.31.3\nNGINX_GATEWAY_FABRIC={version}\n")
        self.assertEqual([told("v2.5.1"), told("v2.10.0"), told("v3.0.0")], [[], [], []])
        self.assertEqual(len(told("v2.4.2")), 1)

    def test_only_what_is_for_clients_is_public(self):
        match = ("spec", "rules", 0, "matches")
        self.breach(change("HTTPRoute", "ecommerce", *match, 0, "path", "value", to="/"), "paths")
        self.breach(drop("HTTPRoute", "ecommerce", *match), "paths")
        self.breach(lambda broken: rendered.dig(broken.find("HTTPRoute", "ecommerce"), *match).append({"path": {"type": "Exact", "value": "/metrics"}}), "paths")

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
