"""The receipt for the party: one page with the exhibits, their seals, the ledger's head as a QR code, and room to sign.

Whoever keeps it can later have it shown that everything recorded up to that head is unaltered. The same receipt gives
the same bytes: its date is that of the head.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata

from chain_of_custody.hashing import sha256_hex
from chain_of_custody.messages import Lang
from reports import font
from reports.about_trust import head_qr
from reports.blocks import Block, Code, Column, Field, Fields, Kind, Para, Row, Signatures, Table
from reports.layout import Json, Layout
from reports.outline import margin_of
from reports.pdf import date_of
from reports.story_case import Case
from reports.story_trust import Head, Software
from reports.visible import Visible
from reports.words import Words
from reports.workshop import Workshop, template

_TEMPLATES = ("receipt.typ", "style.typ", "words.toml")


@dataclass(frozen=True, slots=True)
class Item:
    """An exhibit as the party knows it. `marks` are serial number and IMEI, `seals` those it lies under."""

    id: str
    number: str
    kind: str
    label: str
    marks: tuple[str, ...]
    seals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """`verifier` is the program that checks the ledger without us."""

    case: Case
    head: Head
    items: tuple[Item, ...]
    verifier: Software


def build(receipt: Receipt, lang: Lang = "zh") -> bytes:
    """The PDF. Raises as `pdf.build` does."""
    words, face = Words(lang, receipt.case.zone), font.find()
    visible = Visible(face.covered.__contains__)
    case, head = receipt.case, receipt.head
    with Workshop(face) as workshop:
        layout = Layout(lambda text: visible(words.cut(text)), workshop.keep)
        margin = margin_of(case, head, words, words("receipt-title"))
        data: dict[str, Json] = {
            "lang": lang,
            "title": visible(f"{words('receipt-title')} {case.number}"),
            "date": date_of(head.at),
            "margin": {
                "case": layout.line(margin.case),
                "title": margin.title,
                "head": layout.line(margin.head),
                "pages": margin.pages,
                "marks": list(margin.marks),
                "continued": margin.continued,
            },
            "agency": layout.line(case.agency),
            "heading": words("receipt-title"),
            "subtitle": layout.line(words("receipt-case", number=case.number, title=case.title)),
            "qr": layout.block(head_qr(head, words, "receipt-qr"), ""),
            "head": layout.fields(_head(receipt, words)),
            "blocks": [layout.block(block, "") for block in _blocks(receipt, words)],
            "signatures": layout.block(_signatures(words), ""),
        }
        return workshop.typeset("receipt", "receipt.typ", data, _manifest(receipt, face))


def _head(receipt: Receipt, words: Words) -> Fields:
    head = receipt.head
    return Fields(
        (
            Field(words("origin"), receipt.case.origin, Kind.CODE),
            Field(words("head-size"), str(head.size), Kind.CODE),
            Field(words("head-root"), head.root, Kind.HASH),
            Field(words("head-time"), words.time(head.at)),
            Field(words("public-key"), head.public_key, Kind.CODE),
            *(Field(words("adopted-key", seq=seq), vkey, Kind.CODE) for seq, vkey in head.adopted),
        )
    )


def _blocks(receipt: Receipt, words: Words) -> Iterator[Block]:
    head, verifier = receipt.head, receipt.verifier
    columns = (
        Column(words("exhibit"), 0.8, Kind.CODE),
        Column(words("label-number"), 1.0),
        Column(words("label"), 2.2),
        Column(words("receipt-marks"), 1.9, Kind.CODE),
        Column(words("seal"), 1.5, Kind.CODE),
    )

    def rows() -> Iterator[Row]:
        for one in receipt.items:
            label = words.semicolon(words.term("kind", one.kind), one.label)
            yield one.id, one.number, label, one.marks, one.seals or words("receipt-no-seal")

    yield Table(columns, rows) if receipt.items else Para(words("none"))
    yield Para(words("receipt-proves"), "strong")
    yield Para(words("receipt-check", name=verifier.name))
    vkeys = dict.fromkeys((head.public_key, *(vkey for _, vkey in head.adopted)))
    keys = " \\\n".join(f"  --key {vkey}" for vkey in vkeys)
    yield Code(
        f"python3 {verifier.name} DIR \\\n  --expect {head.size}:{head.root} \\\n{keys}\n"
        f"forensic verify --expect {head.size}:{head.root}"
    )
    yield Para(words("receipt-verifier", name=verifier.name, sha256=verifier.sha256), "remark")
    yield Para(words("receipt-copies"), "remark")


def _signatures(words: Words) -> Signatures:
    officers = (words("receipt-officer", number=number) for number in (1, 2))
    return Signatures((words("receipt-party"), words("receipt-witness"), *officers), words("sign-date"))


def _manifest(receipt: Receipt, face: font.Font) -> Json:
    """What made the paper, for a program to read."""
    head = receipt.head
    return {
        "schema": 1,
        "case": receipt.case.number,
        "head": {"size": head.size, "root": head.root, "note": head.note, "public_key": head.public_key, "at": head.at},
        "exhibits": [one.id for one in receipt.items],
        "font": {"file": face.path.name, "sha256": face.sha256},
        "templates": {name: sha256_hex(template(name)) for name in _TEMPLATES},
        "typesetter": {"typst": metadata.version("typst")},
    }
