"""Exhibits read from a spreadsheet that somebody kept at the seizure."""

import re
from collections.abc import Mapping
from pathlib import Path

from chain_of_custody.errors import EvidenceError, UsageError
from chain_of_custody.exhibit import Exhibit
from forensic.workflows.exhibits import New
from parsers.payments import workbook
from parsers.payments.delimited import Line

LONGEST_LIST = 10_000
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
MARKS = frozenset({"number", "serial", "imei", "seal"})
EXACT = re.compile("[0-9]{1,15}")  # a spreadsheet keeps 15 digits of a number and turns the rest to noughts


def read(path: Path) -> list[New]:
    """Exhibits of the first sheet: a heading row with the field names in Chinese or English, then one row each.

    Raises `EvidenceError` for a file that is no workbook, `UsageError` for an unknown or missing heading, a list that
    is too long, or a mark that was typed as a number and is no longer what was typed.
    """
    try:
        if not path.is_file() or path.stat().st_size > workbook.MAX_UNPACKED:
            raise EvidenceError("file-not-plain", path=str(path))
        sheet = workbook.sheets(path.read_bytes(), LONGEST_LIST + 1)[0]
    except (OSError, EvidenceError, IndexError) as error:
        raise EvidenceError("exhibit-list-unreadable", path=str(path), reason=str(error)) from error
    if sheet.cut:
        raise UsageError("exhibit-list-too-long", path=str(path), most=LONGEST_LIST)
    headings = [cell.lower() for cell in sheet.lines[0].cells] if sheet.lines else []
    unknown = [heading for heading in headings if heading and heading not in HEADINGS]
    fields = [HEADINGS.get(heading, "") for heading in headings]
    if unknown or "label" not in fields or "kind" not in fields:
        raise UsageError("exhibit-list-headings", unknown=", ".join(unknown), known=", ".join(HEADINGS))
    rows = (_facts(line, fields, headings) for line in sheet.lines[1:])
    return [New(Exhibit(id="", **{"kind": "", "label": "", **facts})) for facts in rows if facts]


def _facts(line: Line, fields: list[str], headings: list[str]) -> dict[str, str]:
    facts = {}
    for place, (field, cell) in enumerate(zip(fields, line.cells, strict=False)):
        if field in MARKS and place in line.numbers and not EXACT.fullmatch(cell):
            raise UsageError(
                "exhibit-list-rounded", hint="exhibit-list-rounded-hint", row=line.number, heading=headings[place]
            )
        if field and cell:
            facts[field] = cell
    return facts
