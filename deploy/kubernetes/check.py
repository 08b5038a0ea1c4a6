#!/usr/bin/env python3
"""Holds the rendered manifests against topology.yaml and against the code, both ways.

    check.py [ENVIRONMENT ...] [--release]

`--release` also refuses values that the operator has not filled in. Exits with 1 if anything differs.
"""

import argparse
import sys
from pathlib import Path

import yaml

from checks import alerts, configuration, edge, network, secrets, shapes, steps, workloads
from checks.rendered import ENVIRONMENTS, Rendered, render

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CHECKS = (workloads, network, configuration, secrets, edge, shapes, steps)


def problems_of(rendered, topology, root=ROOT):
    return [f"{rendered.environment}: {problem}" for part in CHECKS for problem in part.check(rendered, topology, root)]


def load(environment):
    return Rendered(environment, render(HERE / "overlays" / environment))


def topology_of(root=ROOT):
    topology = yaml.safe_load((root / "topology.yaml").read_text())
    if set(topology["environments"]) != set(ENVIRONMENTS):
        raise SystemExit(f"topology.yaml has the environments {sorted(topology['environments'])}, the overlays are {ENVIRONMENTS}")
    return topology


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("environments", nargs="*", metavar="ENVIRONMENT", help=", ".join(ENVIRONMENTS))
    arguments.add_argument("--release", action="store_true", help="refuse what has not been filled in")
    given = arguments.parse_args()
    topology, problems = topology_of(), []
    for environment in given.environments or ENVIRONMENTS:
        rendered = load(environment)
        problems += problems_of(rendered, topology)
        if given.release:
            problems += [f"{environment}: {problem}" for problem in steps.unfilled(rendered)]
        print(f"{environment}: {len(rendered.documents)} objects")
    problems += alerts.check(HERE, ROOT, topology)
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{len(problems)} differences" if problems else "the manifests, the topology and the code agree")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
