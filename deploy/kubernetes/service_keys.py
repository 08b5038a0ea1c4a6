#!/usr/bin/env python3
"""Writes the public keys of all services into an overlay, from the Secrets in the cluster.

    service_keys.py ENVIRONMENT [--next SERVICE=FILE]...

Run it after the step `prepare` of the first release. A key is replaced in three steps: `--next` adds the key that a service is about to sign
with, from a file that holds what its JWT_SECRET will be; when all pods have read that, the service gets the key and restarts; then this is run
again without `--next`, and the key before is gone. Needs kubectl, with the environment's cluster as its current context, and openssl. No
private key is written anywhere.
"""

import argparse
import base64
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent


def unpadded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def public_key(service, private):
    """The entry of a key set (RFC 8037), with its thumbprint (RFC 7638) as its name, for a private key in PKCS#8."""
    command = ["openssl", "pkey", "-inform", "DER", "-pubout", "-outform", "DER"]
    document = subprocess.run(command, input=private, capture_output=True, check=True).stdout
    x = unpadded(document[-32:])
    members = json.dumps({"crv": "Ed25519", "kty": "OKP", "x": x}, separators=(",", ":"), sort_keys=True)
    thumbprint = unpadded(hashlib.sha256(members.encode()).digest())
    return {"service": service, "use": "sig", "alg": "EdDSA", "kid": thumbprint, "kty": "OKP", "crv": "Ed25519", "x": x}


def private_key(service):
    """From the Secret that the External Secrets operator has made: base64 (Kubernetes') of base64 (ours) of PKCS#8."""
    command = ["kubectl", "--namespace", "ecommerce", "get", "secret", f"{service}-service", "--output", "jsonpath={.data.JWT_SECRET}"]
    text = subprocess.run(command, capture_output=True, check=True).stdout
    return base64.b64decode(base64.b64decode(text))


def key_set(services, upcoming, private=private_key):
    """The keys of all services; of those that get another one, both."""
    keys = [public_key(service, private(service)) for service in services]
    for service, file in upcoming:
        if service not in services:
            sys.exit(f"there is no service {service}")
        key = public_key(service, base64.b64decode(Path(file).read_text()))
        if key not in keys:
            keys.append(key)
    return keys


def main():
    arguments = argparse.ArgumentParser(description="Writes the public keys of all services into an overlay.")
    arguments.add_argument("environment")
    arguments.add_argument("--next", action="append", default=[], metavar="SERVICE=FILE", type=lambda pair: tuple(pair.split("=", 1)))
    given = arguments.parse_args()
    overlay = HERE / "overlays" / given.environment
    if not overlay.is_dir():
        sys.exit(f"there is no environment {given.environment}")
    services = yaml.safe_load((HERE.parents[1] / "topology.yaml").read_text())["services"]
    keys = key_set(services, given.next)
    (overlay / "service-keys.json").write_text(json.dumps({"keys": keys}, indent=1) + "\n")
    print(f"{len(keys)} keys")


if __name__ == "__main__":
    main()
