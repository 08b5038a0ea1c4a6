"""Each rule of image.py can fail: an image that keeps them all, with one thing wrong at a time. And the scripts beside it."""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import unittest
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from tarfile import CHRTYPE, DIRTYPE, SYMTYPE

import image as rules
from image import planted

HERE = Path(__file__).resolve().parent
LOADER = SourceFileLoader("sbom", str(HERE / "sbom"))
sbom = module_from_spec(spec_from_loader("sbom", LOADER))
LOADER.exec_module(sbom)
SERVICES = ["gateway", "product"]
LIBC = "lib/x86_64-linux-gnu/libc.so.6"


def files():
    return [
        planted("./", 0o755, kind=DIRTYPE),
        planted("haat", 0o755, b"ELF"),
        planted(LIBC, 0o755, b"ELF"),
        planted("lib64/ld-linux-x86-64.so.2", 0o755, b"ELF"),
        planted("etc/passwd", 0o644, b"haat:x:65532:65532:Haat:/:/nonexistent\n"),
        planted("etc/group", 0o644, b"haat:x:65532:\n"),
        planted("etc/nsswitch.conf", 0o644, b"hosts: files dns\n"),
        planted("etc/ssl/certs/ca-certificates.crt", 0o644, b"-----BEGIN CERTIFICATE-----\n" * 140),
        planted("usr/lib/ssl/cert.pem", 0o777, kind=SYMTYPE, linkname="/etc/ssl/certs/ca-certificates.crt"),
        planted("usr/share/doc/haat/LICENSE", 0o644, b"Apache"),
        planted("var/lib/dpkg/status.d/libc6", 0o644, b"Package: libc6\n"),
    ]


def config(service):
    labels = {f"org.opencontainers.image.{name}": "something" for name in rules.LABELS}
    labels["org.opencontainers.image.revision"] = "0123456789" * 4
    return {
        "User": "65532:65532",
        "Env": ["PATH=/bin", f"SERVICE_NAME={service}", "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"],
        "Entrypoint": ["/haat"],
        "Cmd": ["serve", service],
        "Healthcheck": {"Test": ["CMD", "/haat", "healthcheck"]},
        "Labels": labels,
    }


def written(service, settings, layers):
    """An image as buildah writes it into a directory, read again."""
    with tempfile.TemporaryDirectory() as directory:
        def blob(content):
            digest = hashlib.sha256(content).hexdigest()
            (Path(directory) / digest).write_bytes(content)
            return f"sha256:{digest}"

        digests = [blob(rules.archive(layer)) for layer in layers]
        document = blob(json.dumps({"config": settings, "rootfs": {"diff_ids": digests}}).encode())
        manifest = {"config": {"digest": document}, "layers": [{"digest": digest} for digest in digests]}
        (Path(directory) / "manifest.json").write_text(json.dumps(manifest))
        return rules.read(directory, service)


class Rules(unittest.TestCase):
    def found(self, *added, change=lambda settings: None, without="", small=False):
        """What is wrong with two images, of which the second has something more, or less, or else."""
        kept = [file for file in files() if file.header.name != without]
        settings = config("product")
        change(settings)
        images = [written("gateway", config("gateway"), [files()]), written("product", settings, [kept + list(added)])]
        return [what for what in rules.breaches(images, SERVICES, small) if "does not share" not in what]

    def test_an_image_as_it_should_be_breaks_nothing(self):
        images = [written(service, config(service), [files()]) for service in SERVICES]
        self.assertEqual(rules.breaches(images, SERVICES, small=True), [])

    def test_a_user_that_is_root_or_a_name_is_told(self):
        for user in ["", "root", "0:0", "0:65532", "65532:0", "65532", "haat:haat"]:
            self.assertEqual(
                self.found(change=lambda settings: settings.update(User=user)),
                [f"product: its user is '{user}', not two numbers other than root's"],
            )
        self.assertEqual(self.found(change=lambda settings: settings.update(User="7:7")), ["product: etc/passwd does not know 7:7"])

    def test_a_shell_is_told_and_whatever_else_can_be_run(self):
        self.assertEqual(self.found(planted("bin/sh", 0o755, b"ELF")), ["product: bin/sh can be run"])
        self.assertEqual(self.found(planted("usr/lib/tool", 0o711, b"#!/haat")), ["product: usr/lib/tool can be run"])
        self.assertEqual(self.found(planted("lib/lib.so/sh", 0o755, b"ELF")), ["product: lib/lib.so/sh can be run"])
        link = planted("bin/sh", 0o777, kind=SYMTYPE, linkname="/haat")
        self.assertEqual(self.found(link), ["product: bin/sh is a name for /haat"])

    def test_what_lends_privileges_is_told(self):
        self.assertEqual(self.found(planted("lib/libx.so", 0o4755, b"E")), ["product: lib/libx.so is setuid or setgid (4755)"])
        self.assertEqual(self.found(planted("etc/x", 0o2644, b"E")), ["product: etc/x is setuid or setgid (2644)"])
        capable = planted("etc/x", 0o644, b"E", pax_headers={"SCHILY.xattr.security.capability": "x"})
        self.assertEqual(self.found(capable), ["product: etc/x has capabilities"])
        self.assertEqual(self.found(planted("dev/mem", 0o600, kind=CHRTYPE)), ["product: dev/mem is a device"])

    def test_what_the_process_could_change_is_told(self):
        self.assertEqual(self.found(planted("etc/x", 0o666, b"E")), ["product: etc/x can be written by others than its owner (0666)"])
        self.assertEqual(self.found(planted("tmp", 0o1777, kind=DIRTYPE)), ["product: tmp can be written by others than its owner (1777)"])
        self.assertEqual(self.found(planted("etc/x", 0o644, b"E", uid=65532)), ["product: etc/x belongs to 65532:0, not to root"])

    def test_what_is_missing_is_told(self):
        for name in rules.FILES:
            self.assertIn(f"product: {name} is missing or empty", self.found(without=name))
        few = planted("etc/ssl/certs/ca-certificates.crt", 0o644, b"-----BEGIN CERTIFICATE-----\n")
        self.assertEqual(self.found(few), ["product: there are fewer than a hundred certificate authorities"])
        unknown = ["product: its libraries are missing, or what scanners need to know of them"]
        self.assertEqual(self.found(without="var/lib/dpkg/status.d/libc6"), unknown)

    def test_a_label_that_says_nothing_is_told(self):
        for name in rules.LABELS:
            label = f"org.opencontainers.image.{name}"
            self.assertIn(f"product: the label {name} is missing or empty", self.found(change=lambda c: c["Labels"].update({label: ""})))
        self.assertIn("product: the label title is missing or empty", self.found(change=lambda c: c.update(Labels=None)))
        revision = {"org.opencontainers.image.revision": "unknown"}
        self.assertEqual(self.found(change=lambda c: c["Labels"].update(revision)), ["product: the revision is no commit"])

    def test_another_command_is_told(self):
        for key, value in [("Entrypoint", ["/bin/sh"]), ("Cmd", ["serve", "gateway"]), ("Cmd", None)]:
            [breach] = self.found(change=lambda settings: settings.update({key: value}))
            self.assertTrue(breach.startswith(f"product: {key} is {value}, not "), breach)
        self.assertEqual(
            self.found(change=lambda settings: settings.pop("Healthcheck")),
            ["product: Healthcheck is None, not ['CMD', '/haat', 'healthcheck']"],
        )
        self.assertEqual(
            self.found(change=lambda settings: settings["Env"].append("SERVICE_NAME=cart")),
            ["product: SERVICE_NAME is cart, not product"],
        )

    def test_a_secret_in_the_variables_is_told(self):
        added = lambda settings: settings["Env"].append("DATABASE_URL=postgres://x")
        self.assertEqual(self.found(change=added), ["product: it sets the variable DATABASE_URL"])

    def test_a_size_beyond_the_limit_is_told_if_it_is_meant_to_be_small(self):
        large = planted("etc/x", 0o644, bytes(rules.LARGEST))
        self.assertEqual(self.found(large), [])
        self.assertEqual(self.found(large, small=True), ["product: it has 60.0 MB, of at most 60"])

    def test_an_image_too_few_or_too_many_and_layers_that_are_not_shared_are_told(self):
        gateway, product = (written(service, config(service), [files()]) for service in SERVICES)
        self.assertIn("the images are of ['gateway'], the services are ['gateway', 'product']", rules.breaches([gateway], SERVICES, False))
        other = written("product", config("product"), [files() + [planted("etc/x", 0o644, b"E")]])
        self.assertEqual(rules.breaches([gateway, other], SERVICES, False), ["product: does not share gateway's layers"])
        two = [written(service, config(service), [files(), []]) for service in SERVICES]
        self.assertEqual(rules.breaches(two, SERVICES, False), ["gateway: has 2 layers, not one", "product: has 2 layers, not one"])

    def test_a_change_below_a_directory_is_seen(self):
        with tempfile.TemporaryDirectory() as directory:
            (Path(directory) / "kept").write_text("one")
            before = rules.listing(directory)
            self.assertEqual(rules.changes(before, rules.listing(directory)), [])
            (Path(directory) / "kept").write_text("two")
            (Path(directory) / "new").write_text("")
            self.assertEqual(rules.changes(before, rules.listing(directory)), ["kept", "new"])

    def test_the_services_are_read_from_the_map(self):
        text = "classes:\n  small: {}\nservices:\n  gateway:\n    port: 3000\n  auth:\n    port: 3001\n\nqueues:\n  order:\n"
        self.assertEqual(rules.services_of(text), ["gateway", "auth"])


class Scripts(unittest.TestCase):
    def refusal(self, *arguments, **variables):
        command = [HERE / "build", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | variables)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        return done.stderr.removeprefix("deploy/image/build: ").strip()

    def test_a_build_is_refused_with_the_reason(self):
        registry = ["--registry", "registry.example/shop"]
        self.assertEqual(self.refusal(), "name an environment first: production, staging or development")
        self.assertEqual(self.refusal("test"), "name an environment first: production, staging or development")
        self.assertEqual(self.refusal("staging"), "name the registry, such as --registry hyd.ocir.io/NAMESPACE")
        self.assertEqual(self.refusal("staging", "--registry"), "--registry needs a value")
        self.assertEqual(self.refusal("staging", "--pull"), "unknown: --pull")
        if shutil.which("buildah"):
            self.assertEqual(self.refusal("staging", *registry, "--service", "till"), "there is no service till")
            self.assertEqual(self.refusal("staging", *registry, "--push", "--service", "cart"), "--push is for all services")

    def test_the_skeleton_is_a_workspace_of_the_same_packages_without_their_code(self):
        with tempfile.TemporaryDirectory() as directory:
            subprocess.run([HERE / "skeleton", directory], check=True)
            manifests = lambda root: {str(path.relative_to(root)) for path in Path(root).glob("*/Cargo.toml")} | {
                str(path.relative_to(root)) for part in ["crates", "services"] for path in (Path(root) / part).glob("*/Cargo.toml")
            }
            self.assertEqual(manifests(directory), manifests(HERE.parents[1]))
            code = "".join(path.read_text() for path in Path(directory).rglob("*.rs"))
            self.assertEqual(set(code.splitlines()), {"fn main() {}"})
            command = ["cargo", "metadata", "--no-deps", "--locked", "--offline", "--format-version", "1"]
            read = subprocess.run(command, cwd=directory, check=True, capture_output=True).stdout
            self.assertTrue((Path(directory) / "deploy/image/swagger-ui/swagger-ui.js").is_file())
            packages = {package["name"] for package in json.loads(read)["packages"]}
            self.assertIn("haat", packages)
            self.assertEqual(len(packages), len(manifests(directory)))

    def test_the_binary_is_compiled_without_the_machines_paths_and_for_its_size(self):
        with tempfile.TemporaryDirectory() as directory:
            cargo = Path(directory) / "cargo"
            cargo.write_text('#!/bin/sh\necho "$@"; env\n')
            cargo.chmod(0o755)
            environment = {"PATH": f"{directory}:{os.environ['PATH']}", "HOME": "/home/somebody", "CARGO_TARGET_DIR": "/a target"}
            done = subprocess.run([HERE / "compile", "--offline"], check=True, capture_output=True, text=True, env=environment).stdout
        self.assertEqual(done.splitlines()[0], "build --profile dist --locked --package haat --offline")
        [flags] = [line.split("=", 1)[1].split("\x1f") for line in done.splitlines() if line.startswith("CARGO_ENCODED_RUSTFLAGS=")]
        for flag in ["--remap-path-prefix=/a target=target", "--remap-path-prefix=/home/somebody/.cargo/registry/src=crates", "-C"]:
            self.assertIn(flag, flags)

    def test_an_sbom_lists_what_is_linked_and_what_is_debians_and_nothing_else(self):
        needs = lambda id, kind=None: {"pkg": id, "dep_kinds": [{"kind": kind}]}
        package = lambda name, kind="lib": {
            "id": name, "name": name, "version": "1.0.0+x", "license": "MIT/Apache-2.0", "targets": [{"kind": [kind]}],
        }
        metadata = {
            "packages": [package("haat"), package("serde"), package("derive", "proc-macro"), package("cc"), package("proptest")],
            "resolve": {"nodes": [
                {"id": "haat", "deps": [needs("serde"), needs("derive"), needs("cc", "build"), needs("proptest", "dev")]},
                {"id": "serde", "deps": [needs("derive")]},
            ]},
        }
        lock = {"package": [{"name": "serde", "version": "1.0.0+x", "checksum": "c0ffee"}, {"name": "haat", "version": "1.0.0+x"}]}
        with tempfile.TemporaryDirectory() as root:
            status = Path(root) / "var/lib/dpkg/status.d"
            status.mkdir(parents=True)
            (status / "zlib1g").write_text("Package: zlib1g\nArchitecture: amd64\nVersion: 1:1.2+b1\nDescription: zlib\n more: of it\n")
            found = sbom.document(metadata, lock, sbom.debian(Path(root)))
        self.assertEqual(
            [(component["purl"], component.get("hashes"), component.get("licenses")) for component in found["components"]],
            [
                ("pkg:cargo/serde@1.0.0%2Bx", [{"alg": "SHA-256", "content": "c0ffee"}], [{"expression": "MIT OR Apache-2.0"}]),
                ("pkg:deb/debian/zlib1g@1%3A1.2%2Bb1?arch=amd64", None, None),
            ],
        )
        self.assertEqual(found["metadata"]["component"]["name"], "haat")
        linked = {"ref": "pkg:cargo/haat@1.0.0%2Bx", "dependsOn": [component["bom-ref"] for component in found["components"]]}
        self.assertIn(linked, found["dependencies"])


if __name__ == "__main__":
    unittest.main()
