"""What a release needs besides: keys, values that Terraform has, and nothing left unsaid."""

import base64
import copy
import re
import shutil
import tempfile
import unittest
from pathlib import Path

import kubernetes_validate

import check
import fill
import service_keys
from checks import rendered, steps

from .planted import WHOLE

OVERLAY_OUTPUT = check.ROOT / "deploy/terraform/modules/overlay/outputs.tf"


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


class Unfilled(unittest.TestCase):
    def test_a_release_refuses_what_has_not_been_filled_in(self):
        told = steps.unfilled(WHOLE["production"])
        self.assertTrue(any("image" in problem for problem in told) and any("vault" in problem for problem in told), told[:3])
        filled = rendered.Rendered("production", [{"kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"a": "b"}}])
        self.assertEqual(steps.unfilled(filled), [])


def outputs(environment, region="ap-hyderabad-1"):
    """What Terraform would say, by the keys that the module overlay gives its values."""
    queue = f"https://cell-1.queue.messaging.{region}.oci.oraclecloud.com/20210201/queues/ocid1.queue.oc1..x"
    services = [name for name, service in check.topology_of()["services"].items() if service.get("database")]
    owners = [facts["owner"] for facts in check.topology_of()["queues"].values()]
    nodes = {} if environment == "development" else {f"replicas-{name}": f"{name}-1.example,{name}-2.example" for name in services}
    hosts = {f"database-{name}": f"{name}-primary.example" for name in services}
    known = dict.fromkeys(("public-subnet-ocid", "load-balancer-group", "load-balancer-backend-group", "load-balancer-address", "stream-pool"), "id")
    second = rendered.ENVIRONMENTS.index(environment)
    return {
        "environment.yaml": known | hosts | nodes | {f"queue-{name}": f"{name}-service-events={queue}" for name in owners} | {
            "region": region, "vault": "ocid1.vault.oc1..x", "tenancy": "acme", "registry": f"{region}.ocir.io/acme", "api-subnet": f"10.{second}.0.0/28",
            "data-subnet": f"10.{second}.3.0/24", "public-subnet": f"10.{second}.1.0/24",
            "load-balancer-tags": '{"environment":"x","role":"ingress"}',
        },
        "cloud.env": {"REDIS_URL": "rediss://redis.example:6379", "KAFKA_BROKERS": "streams.example:9092"},
        "autoscale.env": {"OCI_REGION": region, "OCI_COMPARTMENT": "ocid1.compartment.oc1..x", "AUTOSCALE_MAXIMUM_OCPUS": "4",
                          "OCI_DATABASES": ",".join(f"{name}=ocid1.postgresqldbsystem.oc1..{name}" for name in services)},
        "database-ca.pem": "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----",
        "images/kustomization.yaml": f"{region}.ocir.io/acme",
    }


def filled(environment, *values):
    """The overlay once these have been filled in, one after the other: what is left after each, and its objects."""
    # In the tree itself the overlays name files beside them, so all of it is copied.
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder) / "kubernetes"
        shutil.copytree(check.HERE, here, ignore=shutil.ignore_patterns("__pycache__", "tests", "checks"))
        left = [fill.fill(here / "overlays" / environment, value) for value in values]
        return left, rendered.Rendered(environment, rendered.render(here / "overlays" / environment), WHOLE[environment].cluster)


class Fill(unittest.TestCase):
    def test_what_terraform_has_is_filled_in_and_the_rest_is_told(self):
        environment = "production"
        [left, again], whole = filled(environment, outputs(environment), outputs(environment))
        documents = whole.documents
        self.assertEqual(left, again)
        people = {"order.env", "payment.env", "service-keys.json"}
        self.assertEqual({line.split(":")[0] for line in left}, people, left)
        told = steps.unfilled(rendered.Rendered(environment, documents))
        self.assertFalse([problem for problem in told if not re.search("ORDER_SELLER|RAZORPAY_KEY_ID|keys.json|image", problem)], told)
        self.assertEqual(check.problems_of(whole, check.topology_of()), [])
        gateway = next(d for d in documents if d["kind"] == "Gateway")
        self.assertIn('{"environment":"x","role":"ingress"}', rendered.dig(gateway, "spec", "infrastructure", "annotations").values())

    def test_a_database_that_has_moved_is_the_only_one_that_is_read(self):
        """A restored one: another host, and no replicas yet. The secrets stay as they are."""
        moved = outputs("production")
        moved["environment.yaml"] |= {"database-order": "restored.example", "replicas-order": ""}
        _, documents = filled("production", outputs("production"), moved)
        templates = {d["metadata"]["name"]: "".join(rendered.dig(d, "spec", "target", "template", "data").values())
                     for d in documents.all("ExternalSecret") if d["metadata"]["name"].startswith("order-service")}
        self.assertEqual({name: text.count('"restored.example"') for name, text in templates.items()},
                         {"order-service": 1, "order-service-owner": 1, "order-service-setup": 3, "order-service-replicas": 0})
        self.assertIn('$nodes := "" |', templates["order-service-replicas"])
        self.assertFalse([name for name, text in templates.items() if "order-1.example" in text or "order-primary" in text])

    def test_the_overlay_of_the_recovery_region_names_nothing_of_the_lost_one(self):
        """Its root of Terraform says the same keys: all databases have moved, and none has replicas there."""
        recovery = outputs("production", region="ap-mumbai-1")
        hosts = {key: f"{key}.mumbai.example" for key in recovery["environment.yaml"] if key.startswith("database-")}
        recovery["environment.yaml"] |= hosts | {key: "" for key in recovery["environment.yaml"] if key.startswith("replicas-")}
        _, whole = filled("production", outputs("production"), recovery)
        self.assertEqual(check.problems_of(whole, check.topology_of()), [])
        text = str(whole.documents)
        self.assertFalse([old for old in ("hyderabad", "primary.example", "-1.example") if old in text])
        self.assertEqual(text.count(".mumbai.example"), 10 * 5)

    def test_a_value_that_has_no_place_is_refused(self):
        with self.assertRaises(SystemExit):
            fill.in_yaml("data:\n  region: x\n", {"regoin": "y"})
        with self.assertRaises(SystemExit):
            fill.in_variables("REDIS_URL=x\n", {"REDIS": "y"})

    def test_terraform_says_what_is_filled_in_here(self):
        """Each key of overlay.tf has its place in every overlay, and the example above has each key."""
        text = OVERLAY_OUTPUT.read_text()
        parts = re.findall(r'^    "([\w./-]+)" += (merge\(\n.*?\n    \)|\{\n.*?\n    \}|[^\n]*)$', text, re.S | re.M)
        self.assertEqual([name for name, _ in parts], list(outputs("production")))
        for name, body in parts:
            keys = re.findall(r"^ +([\w-]+) += ", body, re.M)
            example = outputs("production")[name]
            if isinstance(example, dict):
                stated = {key for key in example if not key.startswith(("replicas-", "queue-", "database-"))}
                self.assertEqual(set(keys), stated, name)
                self.assertEqual("database-${service}" in body, any(key.startswith("database-") for key in example), name)
                self.assertEqual("replicas-${service}" in body, any(key.startswith("replicas-") for key in example), name)
                for environment in rendered.ENVIRONMENTS:
                    file = (check.HERE / "overlays" / environment / name).read_text()
                    missing = [key for key in outputs(environment)[name] if not re.search(rf"^ *{re.escape(key)}[:=]", file, re.M)]
                    self.assertEqual(missing, [], environment)
