"""Cases made, shown, given volumes, and (training cases alone) destroyed."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from chain_of_custody import case as cases
from chain_of_custody import session as sessions
from chain_of_custody import volumes as places
from chain_of_custody.case import Case
from chain_of_custody.errors import CannotWrite, CustodyRefusal, UsageError
from chain_of_custody.session import Session
from forensic.workflows.config import zone_named
from forensic.workflows.outward import followed
from forensic.workflows.work import Order, Outcome, who


@dataclass(frozen=True, slots=True, kw_only=False)
class New:
    """A case as typed."""

    folder: Path
    number: str
    title: str
    authority: str = ""
    zone: str = ""
    training: bool = False


def new(order: Order, told: New) -> Outcome:
    """Makes the case folder with its ledger, and the volumes that the configuration names for new cases."""
    for name, value in (("number", told.number), ("title", told.title)):
        if not value.strip():
            raise UsageError("case-field-empty", field=name)
    config = order.config
    with (
        Case.create(
            told.folder,
            laboratory=config.laboratory,
            number=told.number,
            title=told.title,
            zone=zone_named(told.zone) if told.zone else config.zone,
            persons=who(order),
            authority=told.authority,
            agency=config.agency,
            training=told.training,
        ) as case,
        followed(case, config, order.tell),
    ):
        if config.volumes:
            persons = who(order)
            with sessions.opened(case, persons, order.command, config.effective()) as session:
                for place in config.volumes:
                    add_volume(session, Path(place) / told.folder.resolve().name)
        data = {"folder": str(told.folder), "origin": case.ledger.origin, "vkey": case.ledger.verifier_key}
        return Outcome(data, head=case.head())


def show(case: Case) -> Outcome:
    facts = case.facts
    described = {
        "number": facts.number,
        "title": facts.title,
        "agency": facts.agency,
        "authority": facts.authority,
        "zone": facts.zone.key,
        "training": facts.training,
        "origin": case.ledger.origin,
        "vkey": case.ledger.verifier_key,
        "exhibits": len(case.register.exhibits),
        "entries": len(case.ledger),
    }
    return Outcome({"case": described}, head=case.head())


def add_volume(session: Session, folder: Path) -> Outcome:
    """A further place for images. A folder inside the case, or of another case, is refused."""
    case = session.case
    if folder.resolve().is_relative_to(case.folder.resolve()):
        raise UsageError("volume-inside", path=str(folder))
    known = {volume.path.resolve(): volume.id for volume in case.register.volumes.values()}
    volume = known.get(folder.resolve()) or f"V{len(case.register.volumes) + 2}"
    places.mark(folder, case.ledger.origin, volume)
    session.enter("volume.add", volume=volume, path=str(folder.resolve()))
    return Outcome({"volume": volume, "path": str(folder)})


def volumes(case: Case) -> Outcome:
    listed = [
        {"volume": volume.id, "path": str(volume.path), "connected": volume.is_connected(case.ledger.origin)}
        for volume in case.volumes().values()
    ]
    return Outcome({"volumes": listed}, head=case.head())


def destroy(order: Order, *, confirmed: bool) -> Path:
    """Removes a training case and what it put on its volumes. Any other case is refused."""
    folder = cases.find(order.case)
    with Case.open(folder) as case:
        if not case.facts.training or not case.ledger.origin.startswith("training/"):
            raise CustodyRefusal("case-not-training", number=case.facts.number)
        if not confirmed:
            raise UsageError("case-destroy-unconfirmed", path=str(folder))
        further = [v.path for v in case.register.volumes.values() if v.is_connected(case.ledger.origin)]
        held = [
            case.root_of(artifact.volume) / file.path
            for artifact in case.register.artifacts.values()
            for file in artifact.files
            if artifact.volume != places.CASE
        ]
    try:
        for path in held:
            path.unlink(missing_ok=True)
        for path in further:
            (path / places.MARKER).unlink(missing_ok=True)
        shutil.rmtree(folder)
    except OSError as error:
        raise CannotWrite("no-space", path=str(folder), reason=error.strerror or str(error)) from error
    return folder
