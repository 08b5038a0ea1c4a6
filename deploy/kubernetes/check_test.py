#!/usr/bin/env python3
"""Each check can fail: a breach of every kind is planted into the rendered manifests, and must be reported."""

import base64
import copy
import re
import tempfile
import unittest

import kubernetes_validate

import check
import service_keys
from checks import alerts, configuration, edge, network, rendered, secrets, shapes, steps, workloads

TOPOLOGY = check.topology_of()
WHOLE = {environment: check.load(environment) for environment in rendered.ENVIRONMENTS}


class Planted(unittest.TestCase):
    # The checks that are to notice: all, unless a class says which.
    parts = check.CHECKS

    def breach(self, plant, *told, environment="production"):
        """Plants a breach; something that contains all these words must be told, and nothing was told before."""
        broken = rendered.Rendered(environment, copy.deepcopy(WHOLE[environment].documents))
        plant(broken)
        problems = [problem for part in self.parts for problem in part.check(broken, TOPOLOGY, check.ROOT)]
        self.assertTrue(any(all(word in problem for word in told) for problem in problems), problems)

    def test_nothing_is_told_of_what_is_right(self):
        for environment, whole in WHOLE.items():
            self.assertEqual(check.problems_of(whole, TOPOLOGY), [], environment)


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
    return lambda broken: broken.documents.remove(broken.find(kind, name, namespace))


POD = ("spec", "template", "spec")
CONTAINER = (*POD, "containers", 0)


class Workloads(Planted):
    parts = (workloads, configuration, steps)

    def test_a_port(self):
        self.breach(change("Deployment", "cart-service", *CONTAINER, "ports", 0, "containerPort", to=3006), "cart", "ports")
        self.breach(change("Service", "cart-service", "spec", "ports", 0, "port", to=3006), "cart", "Service ports")
        self.breach(change("ConfigMap", config("cart"), "data", "PORT", to="3006"), "cart", "PORT")

    def test_replicas_and_bounds(self):
        self.breach(change("Deployment", "auth-service", "spec", "replicas", to=2), "auth", "replicas")
        self.breach(change("HorizontalPodAutoscaler", "auth-service", "spec", "minReplicas", to=1), "auth", "HPA bounds")
        self.breach(change("HorizontalPodAutoscaler", "auth-service", "spec", "maxReplicas", to=15), "auth", "HPA bounds")
        self.breach(change("HorizontalPodAutoscaler", "auth-service", "spec", "maxReplicas", to=11), "HPA bounds", environment="staging")
        self.breach(change("HorizontalPodAutoscaler", "auth-service", "spec", "maxReplicas", to=4), "HPA bounds", environment="development")

    def test_targets_and_calm(self):
        target = ("spec", "metrics", 0, "resource", "target", "averageUtilization")
        self.breach(change("HorizontalPodAutoscaler", "user-service", *target, to=75), "user", "HPA targets")
        calm = ("spec", "behavior", "scaleDown", "stabilizationWindowSeconds")
        self.breach(change("HorizontalPodAutoscaler", "user-service", *calm, to=60), "user", "calm")

    def test_requests_and_limits(self):
        self.breach(change("Deployment", "order-service", *CONTAINER, "resources", "requests", "cpu", to="100m"), "order", "requests")
        self.breach(change("Deployment", "user-service", *CONTAINER, "resources", "limits", "memory", to="2048Mi"), "user", "limits")

    def test_anti_affinity(self):
        self.breach(drop("Deployment", "payment-service", *POD, "affinity"), "payment", "anti-affinity is not required")
        other = lambda broken: change("Deployment", "cart-service", *POD, "affinity",
                                      to=rendered.dig(broken.find("Deployment", "order-service"), *POD, "affinity"))(broken)
        self.breach(other, "cart", "anti-affinity is not preferred")

    def test_spread(self):
        self.breach(drop("Deployment", "auth-service", *POD, "topologySpreadConstraints", 1), "auth", "spread")
        self.breach(drop("Deployment", "auth-service", *POD, "topologySpreadConstraints", 0, "matchLabelKeys"), "matchLabelKeys")

    def test_probes_and_end(self):
        self.breach(change("Deployment", "auth-service", *CONTAINER, "readinessProbe", "httpGet", "path", to="/health"), "readinessProbe")
        self.breach(drop("Deployment", "auth-service", *CONTAINER, "startupProbe"), "startupProbe")
        self.breach(change("Deployment", "auth-service", *POD, "terminationGracePeriodSeconds", to=30), "terminationGracePeriodSeconds")
        self.breach(drop("Deployment", "auth-service", *CONTAINER, "lifecycle"), "preStop")

    def test_budget(self):
        self.breach(drop("PodDisruptionBudget", "auth-service", "spec", "unhealthyPodEvictionPolicy"), "unhealthyPodEvictionPolicy")
        self.breach(remove("PodDisruptionBudget", "auth-service"), "auth", "no PodDisruptionBudget")

    def test_a_selector_that_takes_the_migration_too(self):
        loose = drop("Service", "auth-service", "spec", "selector", rendered.COMPONENT)
        self.breach(loose, "auth", "Service selects", "Job")

    def test_security(self):
        own = (*CONTAINER, "securityContext")
        self.breach(change("Deployment", "auth-service", *own, "readOnlyRootFilesystem", to=False), "auth-service", "securityContext")
        self.breach(change("Job", "auth-service-migrate", *own, "allowPrivilegeEscalation", to=True), "migrate", "securityContext")
        self.breach(change("Deployment", "auth-service", *POD, "securityContext", "runAsUser", to=0), "runAsUser")
        self.breach(drop("Deployment", "auth-service", *POD, "securityContext", "runAsNonRoot"), "runAsNonRoot")
        self.breach(drop("Deployment", "auth-service", *POD, "securityContext", "seccompProfile"), "seccompProfile")
        self.breach(change("Deployment", "auth-service", *POD, "automountServiceAccountToken", to=True), "automount")
        self.breach(change("Deployment", "auth-service", *POD, "hostNetwork", to=True), "hostNetwork")

    def test_images(self):
        tag = "hyd.ocir.io/x/ecommerce-production-auth-service:latest"
        self.breach(change("Deployment", "auth-service", *CONTAINER, "image", to=tag), "auth", "digest")
        wrong = f"hyd.ocir.io/x/ecommerce-staging-auth-service@sha256:{'a' * 64}"
        self.breach(change("Deployment", "auth-service", *CONTAINER, "image", to=wrong), "auth", "repository")
        other = f"hyd.ocir.io/x/ecommerce-production-auth-service@sha256:{'a' * 64}"
        self.breach(change("Job", "auth-service-migrate", *CONTAINER, "image", to=other), "auth", "migration's image")

    def test_a_missing_and_a_foreign_service(self):
        self.breach(remove("Deployment", "return-service"), "Deployments")
        self.breach(change("Deployment", "return-service", "metadata", "name", to="returns-service"), "Deployments")
        self.breach(remove("Job", "return-service-migrate"), "migration Jobs")

    def test_a_step(self):
        self.breach(change("Job", "auth-service-migrate", "metadata", "labels", "release-step", to="serve"), "step 'migrate'")


def policy(name, *path, to, namespace="ecommerce"):
    return change("NetworkPolicy", name, *path, to=to, namespace=namespace)


def add_rule(name, direction, rule):
    return lambda broken: broken.find("NetworkPolicy", name)["spec"][direction].append(rule)


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
        for name, told in (("database", "on 5432"), ("redis", "on 6379"), ("streams", "on 9092"), ("queues", "on 443"), ("internet", "on 465")):
            self.breach(remove("NetworkPolicy", name), "cannot reach", told)
        labels = ("spec", "template", "metadata", "labels")
        self.breach(change("Deployment", "gateway-service", *labels, "reaches-database", to="true"), "gateway-service can reach", "5432")
        self.breach(drop("Deployment", "user-service", *labels, "reaches-queues"), "user-service cannot reach a public address on 443")
        self.breach(change("Deployment", "cart-service", *labels, "reaches-queues", to="true"), "cart-service can reach a public address")
        self.breach(change("Job", "cart-service-migrate", *labels, "reaches-redis", to="true"), "cart-service-migrate can reach", "6379")

    def test_other_environments_and_metadata(self):
        block = ("spec", "egress", 0, "to", 0, "ipBlock")
        self.breach(policy("database", *block, "cidr", to="10.1.3.0/24"), "can reach the data subnet of staging")
        self.breach(policy("database", *block, "cidr", to="10.0.0.0/8"), "can reach the data subnet of development")
        self.breach(policy("queues", *block, "except", to=["10.0.0.0/8"]), "can reach the metadata address 169.254.169.254")
        self.breach(policy("queues", *block, "except", to=["169.254.0.0/16"]), "can reach")

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
        reach = lambda port, protocol="TCP": network.allowed([ingress], network.Place("x", "1.1.1.1"), pod, port, protocol)
        self.assertEqual((reach(80), reach(90), reach(91), reach(80, "UDP")), (True, True, False, False))
        # A policy for what comes in says nothing of what goes out.
        self.assertTrue(network.allowed([ingress], pod, network.Place("x", "1.1.1.1"), 22))


def config(service, environment="production"):
    """The name of a service's generated ConfigMap."""
    names = [d["metadata"]["name"] for d in WHOLE[environment].all("ConfigMap")]
    return next(name for name in names if name.startswith(service if service == "platform" else f"{service}-service"))


TEMPLATE = ("spec", "target", "template", "data")


def entry(index):
    return ("spec", "data", index, "remoteRef", "key")


class Configuration(Planted):
    parts = (configuration,)

    def test_a_required_key_that_nobody_sets(self):
        for service, key in (("platform", "KAFKA_BROKERS"), ("platform", "QUEUES_URL"), ("order", "ORDER_SELLER_GSTIN"),
                             ("payment", "RAZORPAY_KEY_ID"), ("gateway", "STREAMS_URL"), ("platform", "APP_ENV")):
            self.breach(drop("ConfigMap", config(service), "data", key), key)
        self.breach(drop("ExternalSecret", "notification-service", *TEMPLATE, "NOTIFICATION_SMTP_URL"), "NOTIFICATION_SMTP_URL is required")
        self.breach(drop("ExternalSecret", "user-service", *TEMPLATE, "DATABASE_URL"), "DATABASE_URL is required")
        self.breach(drop("ExternalSecret", "user-service", "spec", "data", 1), "what the template of the secrets uses")
        self.breach(drop("Deployment", "user-service", *CONTAINER, "env", 0), "SERVICE_KEYS is required")

    def test_a_key_that_nothing_reads(self):
        self.breach(change("ConfigMap", config("cart"), "data", "CART_ABANDONED_AFTR", to="1"), "cart", "nothing reads")
        self.breach(change("ConfigMap", config("cart"), "data", "ORDER_LEASE", to="1"), "cart", "nothing reads")
        self.breach(change("ConfigMap", config("platform"), "data", "NODE_ENV", to="production"), "NODE_ENV", "nothing reads")

    def test_a_key_that_is_set_twice(self):
        self.breach(change("ConfigMap", config("cart"), "data", "LOG_LEVEL", to="debug"), "LOG_LEVEL is set twice")

    def test_values(self):
        self.breach(change("ConfigMap", config("platform"), "data", "APP_ENV", to="staging"), "APP_ENV")
        self.breach(change("ConfigMap", config("platform"), "data", "REDIS_URL", to="redis://r"), "without TLS")
        self.breach(change("ConfigMap", config("platform"), "data", "KAFKA_SECURITY_PROTOCOL", to="PLAINTEXT"), "SASL_SSL")
        self.breach(change("ConfigMap", config("payment"), "data", "PAYMENT_PROVIDER", to="sandbox"), "razorpay")
        other = "t/Default/ecommerce-production-order-kafka/p"
        self.breach(change("Deployment", "cart-service", *CONTAINER, "env", 2, "value", to=other), "cart", "not the service's own user")

    def test_the_key_begins_as_pkcs8_does(self):
        """RFC 8410: a sequence of the version 0, the algorithm 1.3.101.112 and a string that holds a string of 32 bytes."""
        text = rendered.dig(WHOLE["production"].find("ExternalSecret", "auth-service"), *TEMPLATE, "JWT_SECRET")
        fixed = base64.b64decode(re.search(r'"(MC4C[A-Za-z0-9+/=]{20,})"', text)[1])
        self.assertEqual(fixed.hex(), "302e" "020100" "3005" "06032b6570" "0422" "0420")

    def test_the_owners_url_is_the_migrations_alone(self):
        source = (*CONTAINER, "envFrom", 2, "secretRef", "name")
        self.breach(change("Deployment", "user-service", *source, to="user-service-owner"), "only its migration")

    def test_a_volume_without_its_source(self):
        self.breach(remove("ConfigMap", "service-keys"), "service-keys", "no such ConfigMap")


class Secrets(Planted):
    parts = (secrets,)

    def test_one_of_the_21_is_missing(self):
        self.breach(drop("ExternalSecret", "user-service", "spec", "data", 0), "secrets of the design: 20")

    def test_a_secret_of_another_service_or_environment(self):
        foreign = "ecommerce.production.user-service.jwt-secret"
        self.breach(change("ExternalSecret", "cart-service", *entry(0), to=foreign), "cart-service reads", "not its own")
        foreign = "ecommerce.staging.cart-service.jwt-secret"
        self.breach(change("ExternalSecret", "cart-service", *entry(0), to=foreign), "cart-service reads", "not its own")

    def test_one_too_many(self):
        more = {"secretKey": "X", "remoteRef": {"key": "ecommerce.production.cart-service.more"}}
        self.breach(lambda broken: broken.find("ExternalSecret", "cart-service")["spec"]["data"].append(more), "knows nothing of it")

    def test_a_name_that_the_vault_refuses(self):
        self.breach(change("ExternalSecret", "cart-service", *entry(0), to="ecommerce/production/cart"), "no name that the vault takes")

    def test_store_and_account(self):
        oracle = ("spec", "provider", "oracle")
        self.breach(change("SecretStore", "cart-service", *oracle, "principalType", to="InstancePrincipal"), "principal")
        self.breach(change("SecretStore", "cart-service", *oracle, "serviceAccountRef", "name", to="user-service"), "account")
        self.breach(change("ExternalSecret", "cart-service", "spec", "secretStoreRef", "name", to="user-service"), "store")
        self.breach(change("ExternalSecret", "cart-service", "spec", "refreshInterval", to="24h0m0s"), "refresh")


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


class ServiceKeys(unittest.TestCase):
    def test_the_example_of_rfc_8037(self):
        """Appendices A.1 to A.3: a private key, its public half and the thumbprint of that."""
        seed = base64.urlsafe_b64decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
        key = service_keys.public_key("auth", bytes.fromhex("302e020100300506032b657004220420") + seed)
        self.assertEqual(key["x"], "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
        self.assertEqual((key["service"], key["kid"]), ("auth", "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"))

    def test_a_key_that_is_replaced_stands_beside_the_next(self):
        [now, upcoming] = [bytes.fromhex("302e020100300506032b657004220420") + bytes([n]) * 32 for n in (1, 2)]
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(base64.b64encode(upcoming).decode() + "\n")
            file.flush()
            keys = service_keys.key_set(["auth", "cart"], [("cart", file.name)], private=lambda service: now)
            self.assertEqual([key["service"] for key in keys], ["auth", "cart", "cart"])
            self.assertEqual(keys[2], service_keys.public_key("cart", upcoming))
            again = service_keys.key_set(["cart"], [("cart", file.name)], private=lambda service: upcoming)
            self.assertEqual(len(again), 1, "it has the key already")
            with self.assertRaises(SystemExit):
                service_keys.key_set(["auth"], [("cart", file.name)], private=lambda service: now)


class Schemas(unittest.TestCase):
    def test_kubernetes_own_schemas_are_strict(self):
        deployment = copy.deepcopy(WHOLE["production"].find("Deployment", "auth-service"))
        kubernetes_validate.validate(deployment, "1.34", strict=True)
        deployment["spec"]["template"]["spec"]["containers"][0]["livenesProbe"] = {}
        with self.assertRaises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(deployment, "1.34", strict=True)


class Alerts(unittest.TestCase):
    def rule(self, expression, **more):
        rule = {"alert": "Test", "expr": expression, "labels": {"severity": "page"}, "annotations": {"summary": "", "description": ""}, **more}
        document = {"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "metadata": {"name": "x"},
                    "spec": {"groups": [{"name": "x", "rules": [rule]}]}}
        return alerts.check_documents([document], alerts.exported(check.ROOT) | alerts.FOREIGN, alerts.labels_of(check.ROOT))

    def test_metrics_and_labels(self):
        self.assertEqual(self.rule('sum by (service) (rate(http_requests_total{status=~"5.."}[5m])) > 1'), [])
        self.assertEqual(self.rule("outbox_age > 1"), ["alert Test: nothing exports outbox_age"])
        # A histogram has no sample of its own name.
        self.assertEqual(self.rule("http_request_duration_seconds > 1"), ["alert Test: nothing exports http_request_duration_seconds"])
        self.assertEqual(self.rule("sum by (tenant) (outbox_events) > 1"), ["alert Test: no sample has the label tenant"])
        self.assertTrue(self.rule("outbox_events > 1", labels={"severity": "whatever"}))


    def test_the_topologys_thresholds(self):
        more = {"environments": {"production": {"alarms": {"replica_lag": 7}}}}
        documents = rendered.render(check.HERE / "cluster" / "observability")
        self.assertEqual(alerts.thresholds(documents, TOPOLOGY), [])
        self.assertTrue(alerts.thresholds(documents, more))
        self.assertEqual(alerts.places(documents), [])
        next(d for d in documents if d["kind"] == "Role")["metadata"]["namespace"] = "observability"
        self.assertEqual(alerts.places(documents), ["Role prometheus is in observability"])


class Unfilled(unittest.TestCase):
    def test_a_release_refuses_what_has_not_been_filled_in(self):
        told = steps.unfilled(WHOLE["production"])
        self.assertTrue(any("image" in problem for problem in told) and any("vault" in problem for problem in told), told[:3])
        filled = rendered.Rendered("production", [{"kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"a": "b"}}])
        self.assertEqual(steps.unfilled(filled), [])


if __name__ == "__main__":
    unittest.main()
