#!/usr/bin/env python3
"""Holds the rendered manifests against topology.yaml and against the code, both ways.

    check.py [ENVIRONMENT ...] [--release]

`--release` also refuses values that the operator has not filled in. Exits with 1 if anything differs.
"""

import argparse
import copy
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

from checks import alerts, configuration, design, edge, listed, network, observability, secrets, shapes, steps, workloads
from checks.rendered import ENVIRONMENTS, Rendered, render

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CLUSTER = Path("cluster/observability")
CHECKS = (workloads, network, configuration, secrets, edge, shapes, steps, design)


def problems_of(rendered, topology, root=ROOT):
    return [f"{rendered.environment}: {problem}" for part in CHECKS for problem in part.check(rendered, topology, root)]


def load_all(environments=ENVIRONMENTS):
    """The environments, rendered side by side, and what stands in every cluster: a copy for each."""
    with ThreadPoolExecutor() as renderers:
        *overlays, cluster = renderers.map(render, [HERE / "overlays" / name for name in environments] + [HERE / CLUSTER])
    return {name: Rendered(name, documents, copy.deepcopy(cluster)) for name, documents in zip(environments, overlays)}


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
    loaded = load_all(given.environments or ENVIRONMENTS)
    for environment, rendered in loaded.items():
        problems += problems_of(rendered, topology)
        if given.release:
            problems += [f"{environment}: {problem}" for problem in steps.unfilled(rendered)]
        print(f"{environment}: {len(rendered.documents)} objects")
    cluster = next(iter(loaded.values())).cluster
    problems += alerts.check(cluster, ROOT, topology) + observability.check(cluster, loaded, HERE) + listed.check(ROOT)
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{len(problems)} differences" if problems else "the manifests, the topology and the code agree")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
