"""What an image must be. Each rule is a function from an image to the sentences that say what breaks it."""

import hashlib
import io
import json
import re
import stat
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

LABELS = ["title", "description", "licenses", "version", "revision", "created"]
VARIABLES = {"PATH", "SERVICE_NAME", "SSL_CERT_FILE"}
LIBRARY = re.compile(r"^(usr/)?lib(64)?/([^/]+-linux-gnu/)?(lib|ld-)[^/]*\.so(\.[0-9]+)*$")
FILES = ["haat", "etc/passwd", "etc/group", "etc/nsswitch.conf", "etc/ssl/certs/ca-certificates.crt", "usr/share/doc/haat/LICENSE"]
LARGEST = 60 * 1000 * 1000


@dataclass
class File:
    """An entry of a layer, and for a small file what is in it."""

    header: tarfile.TarInfo
    content: bytes = b""


@dataclass
class Image:
    service: str
    config: dict
    layers: list
    files: dict = field(default_factory=dict)

    @property
    def size(self):
        return sum(file.header.size for file in self.files.values())


def read(directory, service):
    """An image as `buildah push IMAGE dir:DIRECTORY` leaves it."""
    blob = lambda digest: Path(directory) / digest.removeprefix("sha256:")
    manifest = json.loads((Path(directory) / "manifest.json").read_text())
    config = json.loads(blob(manifest["config"]["digest"]).read_text())
    image = Image(service, config["config"], config["rootfs"]["diff_ids"])
    for layer in manifest["layers"]:
        path = blob(layer["digest"])
        with tarfile.open(path) as archive:
            for header in archive:
                small = header.isreg() and header.size < 1 << 20
                content = archive.extractfile(header).read() if small else b""
                image.files[header.name.strip("./")] = File(header, content)
    return image


def user(image):
    found = image.config.get("User", "")
    if not re.fullmatch(r"[1-9][0-9]*:[1-9][0-9]*", found):
        yield f"its user is '{found}', not two numbers other than root's"
        return
    passwd = image.files.get("etc/passwd", File(tarfile.TarInfo())).content.decode()
    if f":{found}:" not in passwd:
        yield f"etc/passwd does not know {found}"


def programs(image):
    """A list of what may be there, and not of shells: whatever else can be run is something to take over with."""
    for name, file in image.files.items():
        runs = file.header.isreg() and file.header.mode & 0o111
        if runs and name != "haat" and not LIBRARY.match(name):
            yield f"{name} can be run"
        if file.header.issym() and re.search(r"(^|/)s?bin(/|$)", name):
            yield f"{name} is a name for {file.header.linkname}"


def privileges(image):
    for name, file in image.files.items():
        mode = file.header.mode
        if mode & (stat.S_ISUID | stat.S_ISGID):
            yield f"{name} is setuid or setgid ({mode:04o})"
        if any(key.startswith("SCHILY.xattr.security.capability") for key in file.header.pax_headers):
            yield f"{name} has capabilities"
        if not file.header.issym() and mode & 0o022:
            yield f"{name} can be written by others than its owner ({mode:04o})"
        if (file.header.uid, file.header.gid) != (0, 0):
            yield f"{name} belongs to {file.header.uid}:{file.header.gid}, not to root"
        if file.header.isdev():
            yield f"{name} is a device"


def contents(image):
    for name in FILES:
        if not image.files.get(name, File(tarfile.TarInfo())).header.size:
            yield f"{name} is missing or empty"
    authorities = image.files.get("etc/ssl/certs/ca-certificates.crt")
    if authorities and authorities.content.count(b"BEGIN CERTIFICATE") < 100:
        yield "there are fewer than a hundred certificate authorities"
    libraries = [name for name in image.files if LIBRARY.match(name)]
    described = [name for name in image.files if name.startswith("var/lib/dpkg/status.d/")]
    if not libraries or not any(name.endswith("/libc6") for name in described):
        yield "its libraries are missing, or what scanners need to know of them"


def labels(image):
    found = image.config.get("Labels") or {}
    for name in LABELS:
        if not found.get(f"org.opencontainers.image.{name}"):
            yield f"the label {name} is missing or empty"
    if not re.fullmatch(r"[0-9a-f]{40}", found.get("org.opencontainers.image.revision", "")):
        yield "the revision is no commit"


def command(image):
    expected = {
        "Entrypoint": ["/haat"],
        "Cmd": ["serve", image.service],
        "SERVICE_NAME": image.service,
        "Healthcheck": ["CMD", "/haat", "healthcheck"],
    }
    found = {
        "Entrypoint": image.config.get("Entrypoint"),
        "Cmd": image.config.get("Cmd"),
        "SERVICE_NAME": variables(image).get("SERVICE_NAME"),
        "Healthcheck": (image.config.get("Healthcheck") or {}).get("Test"),
    }
    for name, value in expected.items():
        if found[name] != value:
            yield f"{name} is {found[name]}, not {value}"
    for name in variables(image).keys() - VARIABLES:
        yield f"it sets the variable {name}"


def size(image):
    if image.size > LARGEST:
        yield f"it has {image.size / 1e6:.1f} MB, of at most {LARGEST / 1e6:.0f}"


RULES = [user, programs, privileges, contents, labels, command]


def breaches(images, services, small):
    """Of all images together: these are the services' and nothing else, and what they share is all but their commands."""
    found = [f"{image.service}: {what}" for image in images for rule in RULES + ([size] if small else []) for what in rule(image)]
    if sorted(image.service for image in images) != sorted(services):
        found.append(f"the images are of {sorted(image.service for image in images)}, the services are {sorted(services)}")
    shared = images[0].layers
    found += [f"{image.service}: has {len(image.layers)} layers, not one" for image in images if len(image.layers) != 1]
    found += [f"{image.service}: does not share {images[0].service}'s layers" for image in images if image.layers != shared]
    return found


def variables(image):
    return dict(entry.split("=", 1) for entry in image.config.get("Env", []))


def services_of(topology):
    """The names in topology.yaml, which has them one indented line each."""
    section = re.search(r"^services:\n(.*?)^\S", topology, re.M | re.S).group(1)
    return re.findall(r"^  ([a-z]+):$", section, re.M)


def listing(root):
    """Everything below a directory: kind, mode, size, time and content, by which a change is seen."""
    found = {}
    for path in sorted(Path(root).rglob("*")):
        status = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if stat.S_ISREG(status.st_mode) else ""
        found[str(path.relative_to(root))] = (status.st_mode, status.st_size, status.st_mtime_ns, content)
    return found


def changes(before, after):
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def planted(name, mode=0o644, content=b"", kind=tarfile.REGTYPE, **header):
    """An entry of a layer, for whoever wants to see a rule broken."""
    entry = tarfile.TarInfo(name)
    entry.mode, entry.size, entry.type = mode, len(content), kind
    for key, value in header.items():
        setattr(entry, key, value)
    return File(entry, content)


def archive(files):
    """These files as a layer."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as layer:
        for file in files:
            layer.addfile(file.header, io.BytesIO(file.content))
    return buffer.getvalue()
