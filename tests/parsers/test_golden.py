"""Every parser over every made case: what it gives, and what was put in."""

import json
import os
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType

import pytest

from chain_of_custody.finding import Finding
from parsers.enrolled import match, parsers
from parsers.records import Record
from parsers.source import Found

FOLDER = Path(__file__).parents[2] / "fixtures" / "parsers"


def outcome(case: str, found: Found) -> list[Record | Finding]:
    """What the case's parser gives; where it does not claim the file, what it reports of it."""
    name = case.split("/")[0]
    chosen = match(found)
    read = [item for parser in chosen.parsers if parser.name == name for item in parser.read(found)]
    return read + [finding for finding in chosen.findings if finding.facts.get("parser") == name]


def as_lines(items: Iterable[Record | Finding]) -> str:
    plain = ({"finding": item.as_json()} if isinstance(item, Finding) else item.as_json() for item in items)
    return "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in plain)


def test_golden(case: str, fixture_case: Callable[[str], Found]) -> None:
    expected = FOLDER / case / "expected.jsonl"
    lines = as_lines(outcome(case, fixture_case(case)))
    if os.environ.get("UPDATE_GOLDEN") == "1":
        expected.write_text(lines, "utf-8")
    assert lines == expected.read_text("utf-8")


def test_every_parser_has_a_golden() -> None:
    missing = [parser.name for parser in parsers() if not any(FOLDER.glob(f"{parser.name}/*/expected.jsonl"))]
    assert missing == []


def seen(record: Record) -> dict[str, object]:
    """A record in the words in which the builders say what they put in."""
    plain = json.loads(json.dumps(record.as_json()))
    amount = plain.get("amount")
    return {
        **plain,
        "row": record.where.row,
        "table": record.where.table,
        "utc": plain["time"]["utc"] if "time" in plain else None,
        "minor": amount["minor"] if amount else None,
    }


def test_what_was_put_in_comes_out(case: str, fixture_case: Callable[[str], Found], builders: list[ModuleType]) -> None:
    truth = {name: rows for builder in builders for name, rows in builder.TRUTH.items()}[case]
    records = [item for item in outcome(case, fixture_case(case)) if isinstance(item, Record)]
    shown = [{key: seen(record)[key] for key in row} for record, row in zip(records, truth, strict=True)]
    assert shown == truth


def test_only_the_expected_faults_are_found(
    case: str, fixture_case: Callable[[str], Found], builders: list[ModuleType]
) -> None:
    faults = {name: rows for builder in builders for name, rows in builder.FAULTS.items()}
    findings = [item for item in outcome(case, fixture_case(case)) if isinstance(item, Finding)]
    assert [(finding.code, finding.where.get("row")) for finding in findings] == faults.get(case, [])
    for finding in findings:
        assert finding.text("zh") != finding.text("en")


def test_ids_are_unique_and_the_same_again(case: str, fixture_case: Callable[[str], Found]) -> None:
    once, again = (
        [item.id for item in outcome(case, fixture_case(case)) if isinstance(item, Record)] for _ in range(2)
    )
    assert once == again
    assert len(set(once)) == len(once)


def test_offsets_lead_to_the_row(case: str, fixture_case: Callable[[str], Found]) -> None:
    found = fixture_case(case)
    for record in outcome(case, found):
        if not isinstance(record, Record) or record.where.offset is None:
            continue
        file = getattr(found, record.where.file)
        cell = file.read(record.where.offset, 4096)
        stored = record.as_json()
        encoding = str(record.extra.get("encoding", "utf-8"))
        if "order" in stored:  # a line of text: up to its end, and nothing of the line before
            line = cell.split("\n".encode(encoding))[0].decode(encoding, "backslashreplace")
            assert line.startswith((str(stored["time"]["stored"]), '"' + str(stored["time"]["stored"]))) or (
                str(stored["order"]) in line
            )
        else:
            words = [stored[key] for key in ("text", "peer", "name") if isinstance(stored.get(key), str)]
            assert all(part.encode() in cell for part in words if "\n" not in part)


def test_builders_give_the_same_files(tmp_path: Path, builders: list[ModuleType]) -> None:
    """Byte for byte; a database, whose bytes depend on the library's version, row for row."""
    for builder in builders:
        builder.build(tmp_path)
    kept = sorted(path.relative_to(FOLDER) for path in FOLDER.glob("*/*/input/**/*") if path.is_file())
    made = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert made == kept
    for name in kept:
        if name.suffix == ".db":
            assert dump(tmp_path / name, tmp_path) == dump(FOLDER / name, tmp_path), name
        elif not name.name.endswith("-wal"):
            assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes(), name


def dump(path: Path, scratch: Path) -> list[str]:
    copy = scratch / "copy"
    copy.mkdir(exist_ok=True)
    for old in copy.iterdir():
        old.unlink()
    for suffix in ("", "-wal"):
        if Path(f"{path}{suffix}").exists():
            (copy / f"x{suffix}").write_bytes(Path(f"{path}{suffix}").read_bytes())
    connection = sqlite3.connect(copy / "x")
    lines = list(connection.iterdump())
    connection.close()
    return lines


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_parser_says_what_it_is(lang: str) -> None:
    for parser in parsers():
        assert parser.title_text(lang)
        assert all(parser.limitation_texts(lang)), parser.name
        assert all((parser.version, parser.globs, parser.tested_on, parser.references)), parser.name
