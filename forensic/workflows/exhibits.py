"""Exhibits entered, one by one or from a list, with their photos."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from chain_of_custody import clock, exhibit
from chain_of_custody.artifact import Artifact, Room
from chain_of_custody.case import Case
from chain_of_custody.clock import SystemClock
from chain_of_custody.errors import EvidenceError, UsageError
from chain_of_custody.exhibit import Exhibit
from chain_of_custody.session import Session
from forensic.workflows.filetype import suffix_of
from forensic.workflows.loose import copy_in

LARGEST_LIST = 10_000


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture of an exhibit: `when` is before or after sealing, `side` what it shows (front, back, port, seal...)."""

    when: str
    side: str
    path: Path

    @classmethod
    def typed(cls, text: str) -> "Photo":
        """From `before:front=FILE`. Anything else raises `UsageError`."""
        view, _, path = text.partition("=")
        when, _, side = view.partition(":")
        if when not in ("before", "after") or not side.isidentifier() or not path:
            raise UsageError("exhibit-photo-wrong", given=text)
        return cls(when, side, Path(path))


@dataclass(frozen=True, slots=True)
class New:
    """An exhibit as typed: `seized_at` still in the case's zone, photos still outside."""

    exhibit: Exhibit
    photos: tuple[Photo, ...] = field(default=())


def add(session: Session, new: Sequence[New]) -> list[Exhibit]:
    """Checks all, then enters all: the first that cannot be entered leaves nothing behind."""
    for item in new:
        for photo in item.photos:
            if not photo.path.is_file():
                raise UsageError("file-none", path=str(photo.path))
    entered: list[Exhibit] = []
    with session.transaction() as writing:
        known = dict(session.case.register.exhibits)
        now = SystemClock().read().utc
        for item in new:
            ready = _with_zone(replace(item.exhibit, id=exhibit.next_id(known)), session.case)
            exhibit.check(ready, known.values(), now)
            writing.add("exhibit.add", item=ready.id, exhibit=ready.as_json())
            known[ready.id] = ready
            entered.append(ready)
    for ready, item in zip(entered, new, strict=True):
        _take_photos(session, ready, item.photos)
    return entered


def _with_zone(typed: Exhibit, case: Case) -> Exhibit:
    if not typed.seized_at:
        return typed
    try:
        return replace(typed, seized_at=clock.iso(clock.typed(typed.seized_at, case.zone)))
    except ValueError as error:
        raise UsageError("time-wrong", given=typed.seized_at) from error


def _take_photos(session: Session, owner: Exhibit, photos: Sequence[Photo]) -> list[Artifact]:
    if not photos:
        return []
    with session.delivery() as delivery:
        for photo in photos:
            incoming = copy_in(delivery, photo.path, suffix_of(photo.path))
            delivery.add("photo", Room.PHOTOS, owner.id, [incoming], {"when": photo.when, "side": photo.side})
        return delivery.commit()


HEADINGS: Mapping[str, str] = {
    "类别": "kind",
    "名称": "label",
    "编号": "number",
    "隶属": "part_of",
    "序列号": "serial",
    "型号": "model",
    "容量": "capacity",
    "封条号": "seal",
    "扣押时间": "seized_at",
    "持有人": "seized_from",
    "地点": "place",
    "状态": "as_found",
    "imei": "imei",
    **{name: name for name in Exhibit.__dataclass_fields__ if name != "id"},
}


def from_list(path: Path) -> list[New]:
    """Exhibits of a spreadsheet: a heading row with the field names in Chinese or English, then one row each.

    Raises `EvidenceError` for a file that is no workbook, `UsageError` for an unknown or missing heading.
    """
    try:
        workbook = load_workbook(path, read_only=True, data_only=True)
    except (OSError, InvalidFileException, KeyError, ValueError) as error:
        raise EvidenceError("exhibit-list-unreadable", path=str(path), reason=str(error)) from error
    rows = workbook.worksheets[0].iter_rows(values_only=True, max_row=LARGEST_LIST)
    headings = [str(cell or "").strip().lower() for cell in next(rows, ())]
    unknown = [heading for heading in headings if heading and heading not in HEADINGS]
    fields = [HEADINGS.get(heading) for heading in headings]
    if unknown or "label" not in fields or "kind" not in fields:
        raise UsageError("exhibit-list-headings", unknown=", ".join(unknown), known=", ".join(HEADINGS))
    new = []
    for row in rows:
        facts = {name: str(cell).strip() for name, cell in zip(fields, row, strict=False) if name and cell is not None}
        if facts:
            new.append(New(Exhibit(id="", **{"kind": "", "label": "", **facts})))
    return new
