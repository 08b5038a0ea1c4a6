"""The network policies, asked."""

from checks import network, rendered

from .planted import LABELS, Planted, add_rule, change, drop, policy, remove


class Network(Planted):
    parts = (network,)

    def test_a_call_too_few(self):
        self.breach(policy("cart-service", "spec", "egress", to=[]), "cart-service cannot reach product-service")
        self.breach(policy("product-service", "spec", "ingress", to=[]), "cart-service cannot reach product-service")

    def test_a_call_too_many(self):
        def both(broken):
            peer = lambda name: [{"podSelector": {"matchLabels": {rendered.NAME: f"{name}-service"}}}]
            add_rule("user-service", "egress", {"to": peer("order")})(broken)
            add_rule("order-service", "ingress", {"from": peer("user")})(broken)

        self.breach(both, "user-service can reach order-service on 3005")

    def test_an_empty_peer_is_everybody(self):
        self.breach(add_rule("payment-service", "ingress", {}), "can reach payment-service")
        self.breach(add_rule("auth-service", "egress", {}), "auth-service can reach the metadata address")

    def test_no_default_deny(self):
        self.breach(remove("NetworkPolicy", "default-deny"), "can reach a pod of no service")

    def test_key_set_and_dns(self):
        self.breach(remove("NetworkPolicy", "key-set"), "shipping-service cannot reach auth-service")
        self.breach(remove("NetworkPolicy", "dns"), "cannot reach DNS")

    def test_scraping_and_telemetry(self):
        self.breach(remove("NetworkPolicy", "scraping"), "prometheus cannot reach")
        source = ("spec", "ingress", 0, "from", 0, "podSelector")
        self.breach(policy("scraping", *source, to={}), "another pod of the observability namespace can reach")
        self.breach(remove("NetworkPolicy", "telemetry"), "cannot reach the collector")

    def test_only_nginx_reaches_the_gateway(self):
        source = ("spec", "ingress", 0, "from", 0)
        self.breach(policy("gateway-service", *source, "podSelector", to={}), "another pod of the ingress namespace can reach gateway")
        self.breach(policy("gateway-service", *source, "namespaceSelector", to={}), "calls itself nginx can reach gateway")
        self.breach(policy("gateway-service", "spec", "ingress", to=[]), "nginx cannot reach gateway")

    def test_each_kind_of_egress(self):
        for name, told in (("database", "on 5432"), ("redis", "on 6379"), ("streams", "on 9092"), ("oracle", "on 443"), ("oracle", "on 12250"),
                           ("internet", "on 465"), ("internet", "on 587"), ("autoscale", "on 6443")):
            self.breach(remove("NetworkPolicy", name), "cannot reach", told)
        self.breach(change("Deployment", "gateway-service", *LABELS, "reaches-database", to="true"), "gateway-service can reach", "5432")
        self.breach(drop("Deployment", "user-service", *LABELS, "reaches-oracle"), "user-service cannot reach a public address on 443")
        self.breach(change("Deployment", "cart-service", *LABELS, "reaches-oracle", to="true"), "cart-service can reach a public address")
        self.breach(change("Deployment", "cart-service", *LABELS, "reaches-oracle", to="true"), "cart-service can reach API endpoint", "12250")
        self.breach(change("Job", "cart-service-migrate", *LABELS, "reaches-redis", to="true"), "cart-service-migrate can reach", "6379")

    def test_the_set_up_job_reaches_databases_and_nothing_else(self):
        for label, told in (("reaches-redis", "6379"), ("reaches-oracle", "443"), ("reaches-streams", "9092")):
            self.breach(change("Job", "cart-service-setup", *LABELS, label, to="true"), "cart-service-setup can reach", told)
        self.breach(drop("Job", "cart-service-setup", *LABELS, "reaches-database"), "cart-service-setup cannot reach", "5432")
        self.breach(change("Job", "cart-service-setup", *LABELS, rendered.COMPONENT, to="server"), "cart-service-setup cannot reach")

    def test_the_controller_of_the_databases(self):
        api = ("spec", "egress", 0, "to", 0, "ipBlock", "cidr")
        self.breach(policy("autoscale", *api, to="10.1.0.0/28"), "autoscale cannot reach API endpoint of production on 6443")
        self.breach(policy("autoscale", *api, to="10.1.0.0/28"), "autoscale can reach API endpoint of staging")
        self.breach(policy("oracle", "spec", "egress", 1, "to", 0, "ipBlock", "cidr", to="10.1.0.0/28"), "API endpoint of production on 12250")
        self.breach(add_rule("autoscale", "egress", {"ports": [{"port": 5432, "protocol": "TCP"}]}), "autoscale can reach the data subnet")
        self.breach(change("Deployment", "autoscale", *LABELS, rendered.COMPONENT, to="worker"), "prometheus cannot reach autoscale on 3011")
        self.breach(policy("autoscale", "spec", "ingress", to=[{"from": [{"namespaceSelector": {}}]}]), "can reach autoscale on 3011")

    def test_alerts_and_traces_leave(self):
        place = {"namespace": "observability"}
        self.breach(policy("telemetry", "spec", "egress", 1, "ports", 0, "port", to=80, **place), "the collector cannot reach a public address on 443")
        self.breach(policy("alertmanager", "spec", "egress", 2, "ports", to=[{"port": 465, "protocol": "TCP"}], **place), "on 587")
        self.breach(policy("alertmanager", "spec", "ingress", 0, "from", 0, "podSelector", to={}, **place), "can reach Alertmanager on 9093")
        self.breach(policy("alertmanager", "spec", "ingress", 1, "ports", 1, "port", to=9095, **place), "cannot reach the other Alertmanager", "UDP")
        self.breach(remove("NetworkPolicy", "prometheus", "observability"), "prometheus cannot reach the other Prometheus on 9090")
        self.breach(policy("telemetry", "spec", "egress", to=[{}], **place), "the collector can reach the metadata address")

    def test_other_environments_and_metadata(self):
        block = ("spec", "egress", 0, "to", 0, "ipBlock")
        self.breach(policy("database", *block, "cidr", to="10.1.3.0/24"), "can reach the data subnet of staging")
        self.breach(policy("database", *block, "cidr", to="10.0.0.0/8"), "can reach the data subnet of development")
        self.breach(policy("oracle", *block, "except", to=["10.0.0.0/8"]), "can reach the metadata address 169.254.169.254")
        self.breach(policy("oracle", *block, "except", to=["169.254.0.0/16"]), "can reach")

    def test_the_load_balancers_subnet(self):
        source = ("spec", "ingress", 0, "from", 0, "ipBlock", "cidr")
        self.breach(policy("nginx", *source, to="0.0.0.0/0", namespace="ingress"), "a public address can reach nginx")
        self.breach(policy("nginx", *source, to="10.2.1.0/24", namespace="ingress"), "load balancer cannot reach nginx")

    def test_the_operator_that_reads_the_vault(self):
        way = lambda direction, end: ("spec", direction, 0, end, 0, "ipBlock", "cidr")
        self.breach(policy("operator", *way("ingress", "from"), to="0.0.0.0/0", namespace="external-secrets"), "can reach the External Secrets")
        self.breach(policy("operator", *way("egress", "to"), to="10.1.0.0/28", namespace="external-secrets"), "operator cannot reach")

    def test_selectors_as_kubernetes_reads_them(self):
        term = lambda operator, **more: {"matchExpressions": [{"key": "a", "operator": operator, **more}]}
        self.assertTrue(rendered.selects({}, {}) and rendered.selects(term("DoesNotExist"), {}))
        self.assertTrue(rendered.selects(term("NotIn", values=["1"]), {}) and not rendered.selects(term("In", values=["1"]), {}))
        self.assertRaises(ValueError, rendered.selects, term("Near"), {"a": "1"})
        pod = network.Pod("pod", "one", {}, "10.0.32.1", {"http": 80})
        ingress = {"metadata": {"namespace": "one"}, "spec": {"podSelector": {}, "ingress": [{"ports": [{"port": 80, "endPort": 90}]}]}}
        policies = network.Policies([ingress])
        reach = lambda port, protocol="TCP": policies.allow(network.Place("x", "1.1.1.1"), pod, port, protocol)
        self.assertEqual((reach(80), reach(90), reach(91), reach(80, "UDP")), (True, True, False, False))
        # A policy for what comes in says nothing of what goes out.
        self.assertTrue(policies.allow(pod, network.Place("x", "1.1.1.1"), 22))
