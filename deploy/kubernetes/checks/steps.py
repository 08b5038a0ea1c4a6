"""The order of a release, which rests on a label, and values that an operator still has to fill in."""

import re

from .rendered import COMPONENT, Rendered, dig

STEP = "release-step"
STEPS = {"Deployment": "serve", "Service": "serve", "HorizontalPodAutoscaler": "serve", "PodDisruptionBudget": "serve"}
JOBS = {"setup": "setup", "migration": "migrate"}
BLANK = re.compile(r"SET-ME|sha256:0{64}")


def step_of(document):
    """Accounts and secrets first; then roles and databases, then tables, and then what serves."""
    kind, name = document["kind"], document["metadata"]["name"]
    if kind == "Job":
        return JOBS.get(dig(document, "metadata", "labels", COMPONENT), "migrate")
    # The administrator's password is in the cluster only while it is needed.
    if kind == "ExternalSecret" and name.endswith("-setup"):
        return "setup"
    return STEPS.get(kind, "prepare")


def check(rendered: Rendered, _topology, _root):
    """`kubectl apply -l release-step=...` finds everything, and what a step needs comes before it."""
    problems = []
    for document in rendered.documents:
        name, step, wanted = document["metadata"]["name"], dig(document, "metadata", "labels", STEP), step_of(document)
        if step != wanted:
            problems.append(f"{document['kind']} {name} belongs to the step {wanted!r} and is labelled {step!r}")
    return problems


def unfilled(rendered):
    """Where SET-ME still stands, or an image's digest is none."""
    problems = []

    def walk(value, path):
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(inner, f"{path}.{key}")
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                walk(inner, f"{path}[{index}]")
        elif isinstance(value, str) and BLANK.search(value):
            problems.append(f"{path} has not been filled in: {value[:80]!r}")

    for document in rendered.documents:
        walk({key: document[key] for key in document if key != "metadata"} | {"metadata": document["metadata"]},
             f"{document['kind']} {document['metadata']['name']}")
    return problems
