"""Who reads which secret of the vault."""

import tempfile
from pathlib import Path

import check
from checks import listed, secrets

from .planted import CONTAINER, TEMPLATE, Planted, change, drop, entry, remove


class Secrets(Planted):
    parts = (secrets,)

    def test_one_of_the_21_is_missing(self):
        self.breach(drop("ExternalSecret", "user-service", "spec", "data", 0), "secrets of the design: (21, 20)")

    def test_a_secret_of_another_service_or_environment(self):
        foreign = "ecommerce.production.user-service.jwt-secret"
        self.breach(change("ExternalSecret", "cart-service", *entry(0), to=foreign), "cart-service reads", "not its own")
        foreign = "ecommerce.staging.cart-service.jwt-secret"
        self.breach(change("ExternalSecret", "cart-service", *entry(0), to=foreign), "cart-service reads", "not its own")

    def test_one_too_many(self):
        more = {"secretKey": "X", "remoteRef": {"key": "ecommerce.production.cart-service.more"}}
        self.breach(lambda broken: broken.find("ExternalSecret", "cart-service")["spec"]["data"].append(more), "deploy/secrets.yaml knows nothing of it")

    def test_a_name_that_the_vault_refuses(self):
        self.breach(change("ExternalSecret", "cart-service", *entry(0), to="ecommerce/production/cart"), "no name that the vault takes")

    def test_store_and_account(self):
        oracle = ("spec", "provider", "oracle")
        self.breach(change("SecretStore", "cart-service", *oracle, "principalType", to="InstancePrincipal"), "principal")
        self.breach(change("SecretStore", "cart-service", *oracle, "serviceAccountRef", "name", to="user-service"), "account")
        self.breach(change("ExternalSecret", "cart-service", "spec", "secretStoreRef", "name", to="user-service"), "store")
        self.breach(change("ExternalSecret", "cart-service", "spec", "refreshInterval", to="24h0m0s"), "refresh")
        self.breach(change("SecretStore", "cart-service", *oracle, "region", to="ap-mumbai-1"), "regions")

    def test_the_administrators_password_is_the_set_up_jobs_alone(self):
        source = (*CONTAINER, "envFrom", 1, "secretRef", "name")
        self.breach(change("Job", "cart-service-migrate", *source, to="cart-service-setup"), "cart-service-migrate gets the administrator's password")
        self.breach(change("ExternalSecret", "cart-service", *entry(0), to="ecommerce.production.database-setup.cart.administrator"), "not its own")
        self.breach(change("ExternalSecret", "cart-service-setup", *entry(0), to="ecommerce.production.database-setup.auth.administrator"), "not its own")
        self.breach(change("ExternalSecret", "cart-service-setup", "spec", "secretStoreRef", "name", to="cart-service"), "store")

    def test_a_missing_secret_stops_its_own_pods_only(self):
        source = (*CONTAINER, "envFrom", 2, "secretRef", "name")
        self.breach(change("Deployment", "cart-service", *source, to="user-service"), "cart-service takes the Secret user-service")

    def test_each_kind_of_secret_is_read(self):
        """Whoever makes it: what is in the list and nobody reads is as wrong as the other way round."""
        self.breach(remove("ExternalSecret", "user-service-setup"), "user.administrator is wanted")
        self.breach(drop("ExternalSecret", "notification-service", "spec", "data", 3), "smtp-url is wanted")
        self.breach(drop("ExternalSecret", "payment-service", "spec", "data", 3), "razorpay-key-secret is wanted")
        self.breach(drop("ExternalSecret", "payment-service", "spec", "data", 3), "sandbox-secret is wanted", environment="staging")
        kafka = lambda broken: broken.find("ExternalSecret", "user-service")["spec"]["data"].pop(2)
        self.breach(kafka, "kafka-password is wanted")

    def test_every_pod_can_pull_its_image(self):
        for account, workload in (("cart-service", "cart-service-migrate"), ("database-setup", "cart-service-setup"), ("autoscale", "autoscale")):
            self.breach(drop("ServiceAccount", account, "imagePullSecrets"), f"{workload} cannot pull its image", account)
        self.breach(change("ServiceAccount", "cart-service", "imagePullSecrets", to=[{"name": "regcred"}]), "cart-service cannot pull")
        self.breach(remove("ExternalSecret", "ocir"), "pull-token is wanted")
        self.breach(change("ExternalSecret", "ocir", "spec", "target", "template", "type", to="Opaque"), "ocir: type")
        self.breach(change("ExternalSecret", "ocir", *entry(0), to="ecommerce.production.cart-service.jwt-secret"), "ocir reads", "not its own")
        other = f"ap-mumbai-1.ocir.io/acme/ecommerce-production-cart-service@sha256:{'a' * 64}"
        self.breach(change("Deployment", "cart-service", *CONTAINER, "image", to=other), "cart-service pulls", "ocir is for")
        template = ("spec", "target", "template", "data", ".dockerconfigjson")
        self.breach(change("ExternalSecret", "ocir", *template, to='{{ $name := "ecommerce-staging-images" }}{{ $registry := "a/b" }}'), "ocir: user")

    def test_databases_are_verified(self):
        for name, key in (("cart-service", "DATABASE_URL"), ("cart-service-owner", "DATABASE_OWNER_URL"),
                          ("cart-service-replicas", "DATABASE_REPLICA_URLS"), ("cart-service-setup", "DATABASE_ADMIN_URL")):
            self.breach(change("ExternalSecret", name, *TEMPLATE, key, to="postgres://u:p@h/d?sslmode=require"), name, "does not verify")
        other = "postgres://postgres:p@h/d?sslmode=verify-full&sslrootcert=/etc/haat/database-ca/ca.pem"
        self.breach(change("ExternalSecret", "cart-service-setup", *TEMPLATE, "DATABASE_ADMIN_URL", to=other), "whom Terraform makes")

    def test_the_readme_says_how_each_is_made(self):
        readme = (check.HERE / "README.md").read_text()
        self.assertEqual(listed.check(check.ROOT), [])
        for old, new, told in (("| `smtp-url` |", "| `smtp-uri` |", "describes"), ("`put notification-service.smtp-url`", "by hand", "with a command"),
                               ("create-base64", "create", "by which command")):
            with tempfile.TemporaryDirectory() as folder:
                root = Path(folder)
                (root / "deploy/kubernetes").mkdir(parents=True)
                (root / "deploy/secrets.yaml").write_text((check.ROOT / "deploy/secrets.yaml").read_text())
                (root / "deploy/kubernetes/README.md").write_text(readme.replace(old, new))
                self.assertTrue(any(told in problem for problem in listed.check(root)), told)
