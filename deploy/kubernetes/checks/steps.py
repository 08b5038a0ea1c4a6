"""The order of a release, which rests on a label, and values that an operator still has to fill in."""

import re

from .rendered import Rendered, dig

STEP = "release-step"
STEPS = {"Job": "migrate", "Deployment": "serve", "Service": "serve", "HorizontalPodAutoscaler": "serve", "PodDisruptionBudget": "serve"}
BLANK = re.compile(r"SET-ME|sha256:0{64}")


def check(rendered: Rendered, _topology, _root):
    """`kubectl apply -l release-step=...` finds everything, and what a migration needs comes before it."""
    problems = []
    for document in rendered.documents:
        name, step = document["metadata"]["name"], dig(document, "metadata", "labels", STEP)
        wanted = STEPS.get(document["kind"], "prepare")
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
