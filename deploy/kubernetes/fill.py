#!/usr/bin/env python3
"""Writes what Terraform knows into an overlay.

    fill.py ENVIRONMENT OUTPUTS

OUTPUTS is what `terraform output -json` says in deploy/terraform/environments/ENVIRONMENT. Run it after every apply: it changes nothing but the
values that Terraform has, and names what is left for a person. `git diff` shows what it did.
"""

import json
import re
import sys
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
MARK = "SET-ME"


def in_yaml(text, values):
    """Sets the ConfigMap's entries, each of which stands on a line of its own; comments and order stay."""
    for key, value in values.items():
        line = yaml.safe_dump({key: value}, width=1_000_000).rstrip("\n")
        text, count = re.subn(rf"^  {re.escape(key)}:.*$", lambda _: f"  {line}", text, flags=re.M)
        if count != 1:
            raise SystemExit(f"environment.yaml has {count} lines for {key}, and Terraform has a value for it")
    return text


def in_variables(text, values):
    for key, value in values.items():
        text, count = re.subn(rf"^{re.escape(key)}=.*$", lambda _: f"{key}={value}", text, flags=re.M)
        if count != 1:
            raise SystemExit(f"there are {count} lines for {key}, and Terraform has a value for it")
    return text


def in_images(text, registry):
    return re.sub(r"newName: \S+/(ecommerce-)", lambda match: f"newName: {registry}/{match[1]}", text)


def filled(name, text, value):
    """A file's new text."""
    if name == "environment.yaml":
        return in_yaml(text, value)
    if name.endswith(".env"):
        return in_variables(text, value)
    if name == "images/kustomization.yaml":
        return in_images(text, value)
    return value.rstrip("\n") + "\n"


def fill(overlay, values):
    """Writes the files below `overlay`, and returns what still has to be filled in, as `file: line`."""
    for name, value in values.items():
        path = overlay / name
        path.write_text(filled(name, path.read_text(), value))
    files = sorted(path for path in overlay.rglob("*") if path.is_file())
    lines = [(path, line.strip()) for path in files for line in path.read_text().splitlines()]
    return [f"{path.relative_to(overlay)}: {line[:100]}" for path, line in lines if MARK in line and not line.startswith("#")]


def main():
    if len(sys.argv) != 3 or not (HERE / "overlays" / sys.argv[1]).is_dir():
        sys.exit(__doc__)
    values = json.loads(Path(sys.argv[2]).read_text())["overlay"]["value"]
    left = fill(HERE / "overlays" / sys.argv[1], values)
    print("\n".join(["Left for you:", *left] if left else ["Nothing is left to fill in but the images' digests."]))


if __name__ == "__main__":
    main()
