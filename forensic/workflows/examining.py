"""`examine`: recover, carve, parse and index in one go. A step that was done before is not done again."""

from collections import Counter

from chain_of_custody.errors import UsageError
from chain_of_custody.progress import Progress
from chain_of_custody.session import Session
from forensic.workflows import carving, indexing, media, parsing, recovering
from forensic.workflows.work import Outcome

PROFILES = {"quick": ("recover", "parse"), "full": ("recover", "carve", "parse")}


def run(session: Session, exhibit: str, profile: str, progress: Progress) -> Outcome:
    """An exhibit without an image (loose files only) is parsed alone."""
    if profile not in PROFILES:
        raise UsageError("examine-profile-unknown", given=profile, known=", ".join(PROFILES))
    case = session.case
    case.register.exhibit(exhibit)
    steps = PROFILES[profile] if any(case.register.held(exhibit, media.IMAGE)) else ("parse",)
    outcome = Outcome({"steps": {}})
    told: set[str] = set()
    for step in steps:
        done = _step(session, exhibit, step, progress)
        for finding in done.findings:
            if repr(finding) not in told:
                told.add(repr(finding))
                outcome.findings.append(finding)
        outcome.artifacts += done.artifacts
        outcome.data["steps"][step] = _summary(done)
        if step == "parse":
            outcome.data |= {"records": done.data["records"], "parsers": done.data["parsers"]}
    with indexing.current(case, progress):
        outcome.data["steps"]["index"] = {"current": True}
    return outcome


def _step(session: Session, exhibit: str, step: str, progress: Progress) -> Outcome:
    match step:
        case "recover":
            return recovering.run(session, exhibit, recovering.Options(), progress)
        case "carve":
            return carving.run(session, exhibit, carving.Options(), progress)
        case _:
            return parsing.run(session, exhibit, progress)


def _summary(done: Outcome) -> dict[str, object]:
    if done.files is None:
        return {"records": done.data["records"], "files": len(done.data["parsers"])}
    statuses = Counter(str(file["status"]) for file in done.files())
    return {"files": sum(statuses.values()), **dict(sorted(statuses.items()))}
