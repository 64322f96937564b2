"""The case, and what was asked of the laboratory, as a report tells it."""

from dataclasses import dataclass

from reports.rows import Time


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    unit: str = ""
    certificate: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """`origin` is the ledger's; `zone` an IANA name; `document` the paper's own number; `draft` marks every page."""

    number: str
    title: str
    agency: str
    origin: str
    examiners: tuple[Person, ...]
    zone: str = "Asia/Shanghai"
    document: str = ""
    training: bool = False
    draft: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked, by whom and on what ground, and the answer in short."""

    client: str = ""
    received: Time = None
    basis: str = ""
    approvals: tuple[str, ...] = ()
    question: str = ""
    answer: tuple[str, ...] = ()
