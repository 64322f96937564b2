"""`dispose`: bytes of held artifacts removed for good, by two people and a third who approved; a tombstone stays."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from chain_of_custody import disposal
from chain_of_custody.artifact import Artifact
from chain_of_custody.case import Case
from chain_of_custody.errors import CustodyRefusal, UsageError
from chain_of_custody.people import cleaned, distinct
from chain_of_custody.session import Session
from forensic.workflows import approval
from forensic.workflows.changes import ARTIFACTS, need_reason
from forensic.workflows.work import Outcome

LOCATED = ARTIFACTS[1]


@dataclass(frozen=True, slots=True)
class Job:
    """What to dispose of, as typed. `confirmed`: files located in these images may lose their bytes with them."""

    targets: tuple[int, ...]
    approvers: tuple[str, ...]
    reason: str
    confirmed: bool = False


def dispose(session: Session, job: Job) -> Outcome:
    """Enters one disposal an artifact, all or none, then removes their files."""
    case = session.case
    with session.transaction() as writing:
        artifacts, located = check(case, session.names, job)
        entered = [
            writing.act(
                "dispose",
                target=artifact.seq,
                item=artifact.exhibit,
                approved_by=[cleaned(name) for name in job.approvers],
                reason=job.reason,
                located=located.get(artifact.seq),
            )
            for artifact in artifacts
        ]
    for volume in {artifact.volume for artifact in artifacts}:
        session.remove_disposed(case.volumes()[volume])
    told = [_told(seq, artifact, located) for seq, artifact in zip(entered, artifacts, strict=True)]
    return Outcome({"disposed": told})


def check(case: Case, names: Sequence[str], job: Job) -> tuple[list[Artifact], dict[int, int]]:
    """What is to be disposed of, and how many files are located in each of it. Refused unless two people act,
    somebody else approved, and every target may go."""
    if not all(map(cleaned, job.approvers)) or not job.approvers:
        raise UsageError("dispose-no-approver")
    if len(distinct(names)) < 2:
        raise CustodyRefusal("dispose-alone", hint="dispose-alone-hint", person=names[0])
    approval.check(names, job.approvers)
    need_reason(job.reason)
    targets = list(dict.fromkeys(job.targets))
    artifacts = [_disposable(case, seq) for seq in targets]
    located = _located_in(case, targets)
    if sum(located.values()) and not job.confirmed:
        raise UsageError("dispose-unconfirmed", located=sum(located.values()), hint="dispose-unconfirmed-hint")
    return artifacts, located


def _disposable(case: Case, seq: int) -> Artifact:
    artifact = case.register.artifacts.get(seq)
    if artifact is None:
        kind = case.ledger.entry(seq).kind
        if kind == LOCATED:
            raise CustodyRefusal("dispose-located", hint="dispose-located-hint", seq=seq)
        raise UsageError("not-an-artifact", seq=seq, kind=kind)
    disposal.refuse(artifact, case.register.disposed.get(seq), case.zone)
    if artifact.what not in disposal.EVIDENCE:
        raise CustodyRefusal("dispose-not-evidence", seq=seq, what=artifact.what)
    case.root_of(artifact.volume)  # bytes that are not at hand cannot be removed now
    return artifact


def _located_in(case: Case, images: Iterable[int]) -> dict[int, int]:
    """How many located artifacts have their bytes in each of these images."""
    marks = {f'"image":{seq},': seq for seq in images if case.register.artifacts[seq].what.startswith("image")}
    counts: dict[int, int] = {}
    for entry in case.ledger.entries() if marks else ():
        if any(mark in entry.text for mark in marks) and entry.kind == LOCATED:
            image = entry.body["image"]
            counts[image] = counts.get(image, 0) + 1
    return counts


def _told(seq: int, artifact: Artifact, located: dict[int, int]) -> dict[str, Any]:
    files = [{"path": file.path, "sha256": file.sha256, "size": file.size} for file in artifact.files]
    told = {"seq": seq, "target": artifact.seq, "what": artifact.what, "volume": artifact.volume}
    return {**told, "located": located.get(artifact.seq, 0), "files": files}
