"""The templates of the ExternalSecrets, carried out: the language is Go's with Sprig's functions, which helm speaks as well."""

import base64
import json
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from .planted import TEMPLATE, WHOLE
from checks.rendered import dig

# What a generated password may be made of, and what a URL cannot hold as it is.
PASSWORD = "a b+c/d:e@f?g#h%i&j=k"


def connection(role):
    return json.dumps({"username": role, "password": PASSWORD, "database": "user"})


def rendered_by_helm(templates):
    """By name: what becomes of a template with its values."""
    with tempfile.TemporaryDirectory() as folder:
        chart = Path(folder)
        (chart / "templates").mkdir()
        (chart / "Chart.yaml").write_text("apiVersion: v2\nname: templates\nversion: 0.0.0\n")
        (chart / "values.json").write_text(json.dumps({name: values for name, (_, values) in templates.items()}))
        parts = [f'{{{{ define "{name}" }}}}{text}{{{{ end }}}}' for name, (text, _) in templates.items()]
        lines = [f'{name}: {{{{ include "{name}" .Values.{name} | toJson }}}}' for name in templates]
        (chart / "templates/all.yaml").write_text("".join(parts) + "\n".join(lines) + "\n")
        command = ["helm", "template", "x", str(chart), "--values", str(chart / "values.json")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(done.stderr)
    return {key: json.loads(value) for key, value in re.findall(r"^(\w+): (.*)$", done.stdout, re.M)}


@unittest.skipUnless(shutil.which("helm"), "helm is not here")
class Templates(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        def text(name, key):
            return dig(WHOLE["production"].find("ExternalSecret", name), *TEMPLATE, key).replace("user.SET-ME", "db.example")

        bytes_of_the_vault = "0123456789abcdef" * 4
        pkcs8 = base64.b64encode(bytes.fromhex("302e020100300506032b657004220420") + b"k" * 32).decode()
        parts = {"url": connection("user"), "owner": connection("user_owner"), "administrator": PASSWORD, "database": connection("user")}
        templates = {
            "key": (text("user-service", "JWT_SECRET"), {"jwt": bytes_of_the_vault}),
            "given": (text("user-service", "JWT_SECRET"), {"jwt": pkcs8 + "\n"}),
            "url": (text("user-service", "DATABASE_URL"), parts),
            "owner": (text("user-service-owner", "DATABASE_OWNER_URL"), parts),
            "nodes": (text("user-service-replicas", "DATABASE_REPLICA_URLS").replace("SET-ME", "n1.example,n2.example"), parts),
            "alone": (text("user-service-replicas", "DATABASE_REPLICA_URLS").replace("SET-ME", ""), parts),
            "pull": (text("ocir", ".dockerconfigjson").replace("SET-ME", "acme"), {"token": 't0k"e\\n'}),
            "admin": (text("user-service-setup", "DATABASE_ADMIN_URL"), parts),
            "again": (text("user-service-setup", "DATABASE_OWNER_URL"), parts),
            "kafka": (text("user-service", "KAFKA_PASSWORD"), {"kafka": "t0k;en"}),
        }
        cls.bytes_of_the_vault, cls.pkcs8, cls.made = bytes_of_the_vault, pkcs8, rendered_by_helm(templates)

    def test_a_signing_key(self):
        key = base64.b64decode(self.made["key"])
        self.assertEqual(key, bytes.fromhex("302e020100300506032b657004220420") + self.bytes_of_the_vault[:32].encode())
        self.assertEqual(self.made["given"], self.pkcs8)

    def test_a_database_url(self):
        for name, role, database in (("url", "user", "user"), ("owner", "user_owner", "user"), ("again", "user_owner", "user"),
                                     ("admin", "haat_admin", "postgres")):
            url = urlsplit(self.made[name])
            self.assertEqual((url.scheme, url.hostname, url.port, url.path), ("postgres", "db.example", 5432, f"/{database}"), name)
            self.assertEqual((unquote(url.username), unquote(url.password)), (role, PASSWORD), name)
            self.assertEqual(parse_qs(url.query), {"sslmode": ["verify-full"], "sslrootcert": ["/etc/haat/database-ca/ca.pem"]})

    def test_nodes(self):
        urls = [urlsplit(url) for url in self.made["nodes"].split(",")]
        self.assertEqual([url.hostname for url in urls], ["n1.example", "n2.example"])
        self.assertTrue(all(unquote(url.password) == PASSWORD for url in urls))

    def test_no_nodes_are_an_empty_list(self):
        self.assertEqual(self.made["alone"], "")

    def test_what_the_kubelet_pulls_with(self):
        found = json.loads(self.made["pull"])["auths"]
        user = "acme/ecommerce-production-images"
        auth = base64.b64encode(f'{user}:t0k"e\\n'.encode()).decode()
        self.assertEqual(found, {"ap-hyderabad-1.ocir.io": {"username": user, "password": 't0k"e\\n', "auth": auth}})

    def test_plain_ones(self):
        self.assertEqual(self.made["kafka"], "t0k;en")
