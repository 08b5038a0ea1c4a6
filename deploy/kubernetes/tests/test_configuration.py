"""Variables, where they come from, and who reads them."""

import base64
import re

from checks import configuration, rendered

from .planted import CONTAINER, TEMPLATE, WHOLE, Planted, change, config, drop, remove


class Configuration(Planted):
    parts = (configuration,)

    def test_a_required_key_that_nobody_sets(self):
        for service, key in (("platform", "KAFKA_BROKERS"), ("order", "ORDER_SELLER_GSTIN"),
                             ("payment", "RAZORPAY_KEY_ID"), ("gateway", "STREAMS_URL"), ("platform", "APP_ENV")):
            self.breach(drop("ConfigMap", config(service), "data", key), key)
        self.breach(drop("ExternalSecret", "notification-service", *TEMPLATE, "NOTIFICATION_SMTP_URL"), "NOTIFICATION_SMTP_URL is required")
        self.breach(drop("ExternalSecret", "user-service", *TEMPLATE, "DATABASE_URL"), "DATABASE_URL is required")
        self.breach(drop("ExternalSecret", "user-service", "spec", "data", 1), "what the template of the secrets uses")
        self.breach(drop("Deployment", "user-service", *CONTAINER, "env", 0), "SERVICE_KEYS is required")
        self.breach(drop("ExternalSecret", "user-service-setup", *TEMPLATE, "DATABASE_ADMIN_URL"), "DATABASE_ADMIN_URL is required")
        self.breach(drop("ExternalSecret", "user-service-owner", *TEMPLATE, "DATABASE_OWNER_URL"), "DATABASE_OWNER_URL is required")
        for key in ("OCI_COMPARTMENT", "OCI_DATABASES", "OCI_REGION"):
            self.breach(drop("ConfigMap", config("autoscale"), "data", key), "autoscale", key)

    def test_queues(self):
        own = ("Deployment", "order-service", *CONTAINER, "env", 4)
        self.assertEqual(rendered.dig(WHOLE["production"].find(*own[:2]), *own[2:], "name"), "OCI_QUEUES")
        url = "https://cell-1.queue.messaging.ap-hyderabad-1.oci.oraclecloud.com/20210201/queues/ocid1.queue.oc1..x"
        self.breach(drop(*own), "order", "OCI_QUEUES")
        self.breach(change(*own, "value", to=f"user-service-events={url}"), "order", "OCI_QUEUES")
        self.breach(change(*own, "value", to=f"order-service-events={url.replace('hyderabad', 'mumbai')}"), "order", "no queue's URL")
        self.breach(change(*own, "value", to="order-service-events=ocid1.queue.oc1..x"), "order", "no queue's URL")
        more = {"name": "OCI_QUEUES", "value": f"cart-service-events={url}"}
        self.breach(lambda broken: rendered.dig(broken.find("Deployment", "cart-service"), *CONTAINER, "env").append(more), "cart", "OCI_QUEUES")
        self.breach(change("ConfigMap", config("platform"), "data", "QUEUES", to="redis"), "QUEUES")
        self.breach(change("ConfigMap", config("platform"), "data", "QUEUES", to="redis"), "QUEUES_URL is required")

    def test_what_scales_the_databases(self):
        values = ("ConfigMap", config("autoscale"), "data")
        self.breach(change(*values, "OCI_DATABASES", to="auth=ocid1.postgresqldbsystem.oc1..a"), "autoscale", "OCI_DATABASES")
        self.breach(change(*values, "OCI_REGION", to="ap-mumbai-1"), "autoscale", "OCI_REGION")
        self.breach(change(*values, "AUTOSCALE_MAXIMUM_OCPUS", to="256"), "autoscale", "above")
        self.breach(change(*values, "AUTOSCALE_PORT", to="3012"), "autoscale", "port")
        self.breach(change(*values, "AUTOSCALE_STEP", to="2"), "autoscale", "nothing reads")

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
        self.breach(change("Deployment", "cart-service", *CONTAINER, "env", 3, "value", to=other), "cart", "not the service's own user")

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
