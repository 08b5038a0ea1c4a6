"""Alerts, and what stands in every cluster."""

import copy
import tempfile
import unittest
from pathlib import Path

import check
from checks import alerts, observability, rendered

from .planted import CONTAINER, TOPOLOGY, WHOLE

CLUSTER = WHOLE["production"].cluster

class Alerts(unittest.TestCase):
    def rule(self, expression, **more):
        rule = {"alert": "Test", "expr": expression, "labels": {"severity": "page"}, **more}
        rule.setdefault("annotations", {"summary": "", "description": "", "runbook_url": "docs/runbooks/slow-service.md"})
        document = {"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "metadata": {"name": "x"},
                    "spec": {"groups": [{"name": "x", "rules": [rule]}]}}
        return alerts.check_documents([document], alerts.exported(check.ROOT) | alerts.FOREIGN, alerts.labels_of(check.ROOT))

    def test_metrics_and_labels(self):
        self.assertEqual(self.rule('sum by (service) (rate(http_requests_total{status=~"5.."}[5m])) > 1'), [])
        self.assertEqual(self.rule("outbox_age > 1"), ["alert Test: nothing exports outbox_age"])
        # A histogram has no sample of its own name.
        self.assertEqual(self.rule("http_request_duration_seconds > 1"), ["alert Test: nothing exports http_request_duration_seconds"])
        self.assertEqual(self.rule("sum by (tenant) (outbox_events) > 1"), ["alert Test: no sample has the label tenant"])
        self.assertEqual(self.rule("sum(haat_autoscale_leader) != 1"), [])
        self.assertTrue(self.rule("outbox_events > 1", labels={"severity": "whatever"}))

    def test_runbooks(self):
        self.assertIn("runbook_url is missing", " ".join(self.rule("outbox_events > 1", annotations={"summary": "", "description": ""})))
        somewhere = {"summary": "", "description": "", "runbook_url": "https://wiki/page"}
        self.assertIn("does not fit", " ".join(self.rule("outbox_events > 1", annotations=somewhere)))
        rule = lambda name, book: {"alert": name, "annotations": {"runbook_url": book} if book else {}}
        rules = [rule("Right", "docs/runbooks/a.md#what-to-do"), rule("Strange", "docs/runbooks/b.md"), rule("Lost", "docs/runbooks/a.md#when"), rule("None", "")]
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "docs/runbooks").mkdir(parents=True)
            (Path(folder) / "docs/runbooks/a.md").write_text("# A\n\n```sh\n# when\n```\n\n## What to `do`\n")
            told = alerts.runbooks([{"spec": {"groups": [{"rules": rules}]}}], Path(folder))
        self.assertEqual(told, ["alert Strange: there is no docs/runbooks/b.md", "alert Lost: docs/runbooks/a.md has no heading #when",
                                "alert None leads to no runbook"])

    def test_each_service_is_missed_by_itself(self):
        self.assertEqual(alerts.services_down(CLUSTER, TOPOLOGY), [])
        for change, told in ((lambda rules: rules.pop(), "ServiceDown of return: None"), (lambda rules: rules[0]["labels"].update(severity="ticket"), "of gateway"),
                             (lambda rules: rules[1].update(expr="absent(up)"), "of auth"), (lambda rules: rules[2]["labels"].pop("service"), "of user: None")):
            documents = copy.deepcopy(CLUSTER)
            change(next(d for d in documents if d["metadata"]["name"] == "services")["spec"]["groups"][0]["rules"])
            problems = alerts.services_down(documents, TOPOLOGY)
            self.assertTrue(any(told in problem for problem in problems), problems)

    def test_the_topologys_thresholds(self):
        more = {"environments": {"production": {"alarms": {"replica_lag": 7}}}}
        documents = copy.deepcopy(CLUSTER)
        self.assertEqual(alerts.thresholds(documents, TOPOLOGY), [])
        self.assertTrue(alerts.thresholds(documents, more))
        self.assertEqual(alerts.places(documents), [])
        next(d for d in documents if d["kind"] == "Role")["metadata"]["namespace"] = "observability"
        self.assertIn("namespaces with a Role", " ".join(alerts.places(documents)))
        next(d for d in documents if d["kind"] == "PodMonitor")["metadata"]["namespace"] = "ecommerce"
        self.assertIn("PodMonitor ecommerce is in ecommerce", alerts.places(documents))


class Cluster(unittest.TestCase):
    def breach(self, kind, name, *path, to, told):
        documents = copy.deepcopy(CLUSTER)
        *way, last = path
        rendered.dig(observability.find(documents, kind, name), *way)[last] = to
        problems = observability.check(documents, WHOLE, check.HERE)
        self.assertTrue(any(told in problem for problem in problems), problems)

    def test_nothing_is_told_of_what_is_right(self):
        self.assertEqual(observability.check(CLUSTER, WHOLE, check.HERE), [])

    def test_versions(self):
        self.breach("Prometheus", "ecommerce", "spec", "image", to="quay.io/prometheus/prometheus:v3.0.0", told="Prometheus ecommerce runs")
        self.breach("Prometheus", "ecommerce", "spec", "version", to="v3.0.0", told="Prometheus ecommerce says")
        self.breach("Alertmanager", "ecommerce", "spec", "image", to="alertmanager", told="Alertmanager ecommerce runs")
        collector = ("Deployment", "opentelemetry-collector")
        self.breach(*collector, *CONTAINER, "image", to="otel/opentelemetry-collector:latest", told="opentelemetry-collector runs")

    def test_the_way_of_a_trace(self):
        self.breach("Service", "opentelemetry-collector", "spec", "ports", 0, "port", to=4317, told="OTEL_EXPORTER_OTLP_ENDPOINT")
        self.breach("Service", "opentelemetry-collector", "spec", "selector", to={"app": "x"}, told="Service leads to")
        collector = ("Deployment", "opentelemetry-collector", *CONTAINER)
        self.breach(*collector, "ports", 0, "containerPort", to=4317, told="the collector's port")
        self.breach(*collector, "env", to=[], told="the collector's variables")
        source = next(d["metadata"]["name"] for d in CLUSTER if d["kind"] == "ConfigMap")
        text = next(d["data"]["collector.yaml"] for d in CLUSTER if d["kind"] == "ConfigMap")
        change = lambda old, new, told: self.breach("ConfigMap", source, "data", "collector.yaml", to=text.replace(old, new), told=told)
        change("0.0.0.0:4318", "127.0.0.1:4318", "the collector listens at")
        change("0.0.0.0:13133", "0.0.0.0:13134", "the collector's health")
        change("[otlphttp]", "[debug]", "the collector's exporters")
        change("[memory_limiter, batch]", "[batch]", "the collector's processors")

    def test_who_sends_traces(self):
        entry = {"name": observability.ENDPOINT, "value": "http://opentelemetry-collector.observability.svc:4318"}
        for kind, name, told in (("Job", "cart-service-migrate", "cart-service-migrate: "), ("Deployment", "cart-service", "cart-service: ")):
            whole = rendered.Rendered("production", copy.deepcopy(WHOLE["production"].documents), CLUSTER)
            container = rendered.dig(whole.find(kind, name), *CONTAINER)
            kept = [other for other in container.get("env", []) if other["name"] != observability.ENDPOINT]
            container["env"] = kept + ([entry] if kind == "Job" else [])
            problems = observability.traces(CLUSTER, {"production": whole})
            self.assertTrue(any(told + observability.ENDPOINT in problem for problem in problems), problems)

    def test_people(self):
        self.breach("Prometheus", "ecommerce", "spec", "alerting", to={}, told="hands its alerts to")
        self.breach("Alertmanager", "ecommerce", "metadata", "name", to="other", told="there is no Alertmanager")
        with tempfile.TemporaryDirectory() as here:
            folder = Path(here) / "cluster/observability"
            folder.mkdir(parents=True)
            example = (check.HERE / "cluster/observability/alertmanager.example.yaml").read_text()
            (folder / "alertmanager.example.yaml").write_text(example.replace("receiver: pages", "receiver: nobody"))
            told = observability.people(CLUSTER, Path(here))
        self.assertTrue(any("receivers" in problem for problem in told), told)
