"""Runs of a step: begun, ended, and found again when the same work is asked for twice."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from chain_of_custody import build
from chain_of_custody.finding import Finding
from chain_of_custody.register import Run
from chain_of_custody.session import Session


def key(step: str, version: int, subject: int | str, options: Mapping[str, Any]) -> str:
    """Tells work that must be done again from work that is done: step, version, input and options."""
    text = json.dumps([step, version, subject, options], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def begin(
    session: Session, step: str, exhibit: str, subject: int | str, version: int, options: Mapping[str, Any]
) -> Run | int:
    """The completed run of exactly this work, or the number of a new one's `run.begin` entry."""
    identity = key(step, version, subject, options)
    done = session.case.register.completed(step, identity)
    if done:
        return done
    return session.enter(
        "run.begin",
        step=step,
        item=exhibit,
        key=identity,
        input=subject,
        version=version,
        options=dict(options),
        release=build.release(),
    )


def end(session: Session, number: int, findings: Iterable[Finding], **facts: object) -> None:
    """Ends a run. Findings are counted by code here; their words stand in the run's record set."""
    counted = Counter(finding.code for finding in findings)
    session.enter("run.end", begin=number, findings=dict(sorted(counted.items())), **facts)
