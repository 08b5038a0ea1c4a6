"""Builds the images of a binary and runs them as a node would: see `test`.

    with-servers -- run.py BINARY
"""

import base64
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import image as rules

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PATIENCE = 60
# As Kubernetes has them for a pod under `restricted` pod security, with the root file system read-only and nothing beside it to write to.
MOUNTS = [
    {"destination": "/proc", "type": "proc", "source": "proc"},
    {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "noexec", "ro", "mode=755", "size=65536k"]},
    {"destination": "/sys", "type": "none", "source": "/sys", "options": ["rbind", "nosuid", "noexec", "nodev", "ro"]},
]


def main():
    binary = Path(sys.argv[1]).resolve()
    small = binary.parent.name == "dist"
    services = rules.services_of((ROOT / "topology.yaml").read_text())
    # Whatever is committed meanwhile.
    os.environ["SOURCE_DATE_EPOCH"] = str(int(time.time()))
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        print(f"== images of {binary}")
        if not small:
            # Every layer is copied many times here, and most of such a binary is for debuggers.
            subprocess.run(["strip", "-o", scratch / "haat", binary], check=True)
            binary = scratch / "haat"
        images = build(binary, scratch / "one", services)
        tell(rules.breaches(list(images.values()), services, small))
        again = build(binary, scratch / "two", services[:1])
        if again[services[0]].layers != images[services[0]].layers:
            sys.exit("the same binary gives another layer when it is built again")
        size, compressed = images[services[0]].size, compressed_size(scratch / "one" / "pushed")
        limit = f"at most {rules.LARGEST / 1e6:.0f}" if small else "no limit: this is no build of the profile dist"
        print(f"{len(images)} images, one layer: {size / 1e6:.1f} MB ({limit}), {compressed / 1e6:.1f} MB compressed")
        push(binary, scratch, services)
        run(images, scratch)
    print("all good")


def tell(breaches):
    if breaches:
        sys.exit("\n".join(breaches))


# Building


def buildah(store, *arguments):
    flags = ["--root", str(store / "store"), "--runroot", str(store / "run")]
    return subprocess.run(["buildah", *flags, *arguments], check=True, capture_output=True, text=True).stdout


def build(binary, directory, services, registry="registry.example/shop", *arguments, **variables):
    """Builds with the script that a release uses; returns the images by service."""
    flags = f"--root {directory}/store --runroot {directory}/run"
    command = [HERE / "build", "development", "--registry", registry, "--binary", binary, "--allow-changes", *arguments]
    for service in services if not arguments else []:
        command += ["--service", service]
    environment = os.environ | {"BUILDAH_FLAGS": flags} | variables
    built = subprocess.run(command, env=environment, capture_output=True, text=True)
    if built.returncode:
        sys.exit(f"{built.stdout}{built.stderr}")
    images = {}
    for name, service in zip(built.stdout.split(), services):
        assert name.startswith(f"{registry}/ecommerce-development-{service}-service:"), name
        configuration = json.loads(buildah(directory, "inspect", "--type", "image", name))["Docker"]
        images[service] = rules.Image(service, configuration["config"], configuration["rootfs"]["diff_ids"])
        if service == services[0]:
            buildah(directory, "push", "--quiet", name, f"dir:{directory / 'pushed'}")
            pushed = rules.read(directory / "pushed", service)
        # One layer is looked into for all that have the same.
        if images[service].layers == pushed.layers:
            images[service].files = pushed.files
    return images


def compressed_size(directory):
    """As a registry keeps it and a node pulls it."""
    [layer] = json.loads((directory / "manifest.json").read_text())["layers"]
    path = directory / layer["digest"].removeprefix("sha256:")
    with subprocess.Popen(["gzip", "-c", path], stdout=subprocess.PIPE) as gzip:
        return sum(len(piece) for piece in iter(lambda: gzip.stdout.read(1 << 20), b""))


def push(binary, scratch, services):
    """Pushes to a registry of Debian's, and compares the digests that are written down with what it has."""
    if not shutil.which("docker-registry"):
        print("== skipped: the push, since docker-registry is missing (script/install --buildah)")
        return
    print("== pushed to a registry")
    port = free_port()
    (scratch / "registry.yml").write_text(json.dumps({
        "version": 0.1,
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": str(scratch / "registry")}},
        "http": {"addr": f"127.0.0.1:{port}"},
    }))
    registry = subprocess.Popen(["docker-registry", "serve", scratch / "registry.yml"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: answer(port, "/v2/")[0] == 200, "the registry does not answer")
        digests = scratch / "kustomization.yaml"
        arguments = ["--push", "--digests", str(digests)]
        build(binary, scratch / "one", services, f"127.0.0.1:{port}/shop", *arguments, BUILDAH_PUSH_FLAGS="--tls-verify=false")
        lines = digests.read_text().splitlines()
        committed = (ROOT / "deploy/kubernetes/overlays/development/images/kustomization.yaml").read_text().splitlines()
        if [line for line in lines if "  - name:" in line] != [line for line in committed if "  - name:" in line]:
            sys.exit("the digests are not of the images that the manifests name")
        found = [line.split("sha256:")[1] for line in lines if "digest: sha256:" in line]
        assert len(set(found)) == len(services), f"{len(set(found))} digests"
        for service, digest in zip(services, found):
            path = f"/v2/shop/ecommerce-development-{service}-service/manifests/sha256:{digest}"
            status, body = answer(port, path, Accept="application/vnd.docker.distribution.manifest.v2+json")
            if status != 200 or hashlib.sha256(body).hexdigest() != digest:
                sys.exit(f"the registry has no {service} with the digest {digest}")
        print(f"{len(found)} digests are those of the registry")
    finally:
        registry.terminate()
        registry.wait()


# Running


class Container:
    """A process in an image, as a node runs it: read-only, another user, no capabilities, no way to more."""

    def __init__(self, scratch, root, image, name, arguments, variables):
        self.name, self.state, self.bundle = name, scratch / "crun", scratch / name
        self.bundle.mkdir()
        (self.bundle / "hosts").write_text("127.0.0.1 localhost database cache streams\n")
        user, group = map(int, image.config["User"].split(":"))
        mounts = MOUNTS + [{"destination": "/etc/hosts", "type": "none", "source": str(self.bundle / "hosts"), "options": ["bind", "ro"]}]
        configuration = {
            "ociVersion": "1.0.2",
            "root": {"path": str(root), "readonly": True},
            "process": {
                "user": {"uid": user, "gid": group},
                "args": image.config["Entrypoint"] + arguments,
                "env": image.config["Env"] + [f"{name}={value}" for name, value in variables.items()],
                "cwd": "/",
                "noNewPrivileges": True,
                "capabilities": {kind: [] for kind in ["bounding", "effective", "inheritable", "permitted", "ambient"]},
            },
            "mounts": mounts,
            # The servers listen on this machine's loopback, so the network is the machine's.
            "linux": {"namespaces": [{"type": kind} for kind in ["mount", "pid", "ipc", "uts"]]},
        }
        (self.bundle / "config.json").write_text(json.dumps(configuration))
        self.log = self.bundle / "log"

    def crun(self, *arguments):
        return ["crun", "--cgroup-manager=disabled", "--root", str(self.state), *arguments]

    def start(self):
        with self.log.open("wb") as log:
            command = self.crun("run", "--bundle", str(self.bundle), self.name)
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return self

    def execute(self, *arguments):
        return subprocess.run(self.crun("exec", self.name, *arguments), capture_output=True, text=True, stdin=subprocess.DEVNULL)

    def pid(self):
        return json.loads(subprocess.run(self.crun("state", self.name), capture_output=True, check=True).stdout)["pid"]

    def to_end(self):
        if self.start().process.wait(PATIENCE):
            sys.exit(f"{self.name} failed: {self.log.read_text()}")

    def stop(self):
        """Gracefully, as Kubernetes asks; returns its exit code."""
        subprocess.run(self.crun("kill", self.name, "TERM"), check=True)
        return self.process.wait(PATIENCE)

    def remove(self):
        subprocess.run(self.crun("delete", "--force", self.name), capture_output=True)
        self.process.wait(PATIENCE)


def run(images, scratch):
    if not shutil.which("crun"):
        print("== skipped: running them, since crun is missing (script/install --buildah)")
        return
    root = scratch / "root"
    root.mkdir()
    extract(scratch / "one" / "pushed", root)
    # A node puts the pod's own there before it makes the root read-only.
    (root / "etc/hosts").touch()
    before = rules.listing(root)
    print("== as a node runs them: read-only, unprivileged, nothing mounted to write to")
    keys = {service: private_key() for service in images}
    document = json.dumps({"keys": [public_key(service, key) for service, key in keys.items()]})
    for service in ["gateway", "product", "shipping"]:
        variables = {
            "PORT": str(free_port()),
            "JWT_SECRET": base64.b64encode(keys[service]).decode(),
            "SERVICE_KEYS": document,
            "STREAMS_URL": at("streams", "HAAT_TEST_STREAMS_URL"),
            "REDIS_URL": at("cache", "HAAT_TEST_CACHE_URL"),
            "APP_ENV": "development",
        }
        if service != "gateway":
            administrator, owner, variables["DATABASE_URL"] = addresses(service)
            secrets = variables | {"DATABASE_ADMIN_URL": administrator, "DATABASE_OWNER_URL": owner}
            for step in ["database-setup", "migrate"]:
                Container(scratch, root, images[service], f"{service}-{step}", [step, service], secrets).to_end()
        serve(Container(scratch, root, images[service], service, images[service].config["Cmd"], variables), images[service], variables)
    tell([f"{name} was written" for name in rules.changes(before, rules.listing(root))])
    print("nothing was written")


def serve(container, image, variables):
    begin = time.monotonic()
    container.start()
    try:
        port = int(variables["PORT"])
        until(lambda: answer(port, "/ready")[0] == 200 or ended(container), f"{container.name} is not ready", pause=0.005)
        ready = time.monotonic() - begin
        begin = time.monotonic()
        healthy = container.execute(*image.config["Healthcheck"]["Test"][1:])
        took = time.monotonic() - begin
        for check in [healthy, container.execute("/haat", "healthcheck", "ready")]:
            if check.returncode or check.stdout or check.stderr:
                sys.exit(f"{container.name}: its health check says {check}")
        unprivileged(container)
        memory = status_of(container)["VmRSS"]
        if code := container.stop():
            sys.exit(f"{container.name} ended with {code}: {container.log.read_text()}")
        log = container.log.read_text()
        if "Read-only file system" in log or "os error 30" in log:
            sys.exit(f"{container.name} wanted to write: {log}")
        print(f"{container.name}: ready after {ready:.2f} s (aim: 1), its health check takes {took * 1000:.0f} ms, {memory} resident")
    except TimeoutError as error:
        sys.exit(f"{error}: {container.log.read_text()}")
    finally:
        container.remove()


def ended(container):
    if container.process.poll() is not None:
        sys.exit(f"{container.name} has ended: {container.log.read_text()}")


def unprivileged(container):
    """The kernel's own word, and an attempt."""
    status = status_of(container)
    expected = {"Uid": "65532 65532 65532 65532", "Groups": "", "CapEff": "0" * 16, "CapBnd": "0" * 16, "NoNewPrivs": "1"}
    for name, value in expected.items():
        if status[name] != value:
            sys.exit(f"{container.name}: {name} is '{status[name]}', not '{value}'")
    attempt = container.execute("/haat", "openapi", "--write", "/")
    if attempt.returncode != 1 or "Read-only file system" not in attempt.stderr:
        sys.exit(f"{container.name}: writing was not refused: {attempt}")


def status_of(container):
    lines = Path(f"/proc/{container.pid()}/status").read_text().splitlines()
    return {name: " ".join(value.split()) for name, value in (line.split(":", 1) for line in lines)}


def extract(directory, root):
    [layer] = json.loads((directory / "manifest.json").read_text())["layers"]
    path = directory / layer["digest"].removeprefix("sha256:")
    subprocess.run(["tar", "--extract", "--preserve-permissions", "--numeric-owner", "--file", path, "--directory", root], check=True)


def addresses(service):
    """The administrator's, the owner's and the service's, by a host's name: that the image can look one up is part of what is tried."""
    administrator = urlsplit(at("database", "HAAT_TEST_POSTGRES_URL"))
    role = lambda name: f"postgres://{name}:{name}-password@database:{administrator.port}/{service}?sslmode=disable"
    return administrator.geturl(), role(f"{service}_owner"), role(service)


def at(host, variable):
    return os.environ[variable].replace("127.0.0.1", host)


def private_key():
    command = ["openssl", "genpkey", "-algorithm", "ed25519", "-outform", "DER"]
    return subprocess.run(command, capture_output=True, check=True).stdout


def public_key(service, private):
    """An entry of a key set (RFC 8037), named by its thumbprint (RFC 7638)."""
    command = ["openssl", "pkey", "-inform", "DER", "-pubout", "-outform", "DER"]
    document = subprocess.run(command, input=private, capture_output=True, check=True).stdout
    unpadded = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    members = {"crv": "Ed25519", "kty": "OKP", "x": unpadded(document[-32:])}
    name = hashlib.sha256(json.dumps(members, separators=(",", ":"), sort_keys=True).encode()).digest()
    return {"service": service, "use": "sig", "alg": "EdDSA", "kid": unpadded(name), **members}


# What both need


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def answer(port, path, **headers):
    """The status and the body; a status of 0 if nothing answers."""
    try:
        with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers), timeout=5) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError:
        return 0, b""


def until(condition, otherwise, pause=0.05):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(otherwise)
        time.sleep(pause)


if __name__ == "__main__":
    # An interruption must not leave containers behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    main()
