"""Laboratory defaults: where each value comes from, and the list of people.

Read from `FORENSIC_CONFIG`, else `config.toml` in the workstation's home of this program, else
`/etc/forensic/config.toml`; a value that stands in none of them has its built-in default.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from chain_of_custody import hashing, keys
from chain_of_custody.errors import CannotWrite, CaseError, UsageError
from chain_of_custody.people import Person

ENVIRONMENT = "FORENSIC_CONFIG"
FORMATS = ("raw",)  # of images
KNOWN = {"hashes": hashing.ALGORITHMS, "format": FORMATS, "lang": ("", "zh", "en")}
SYSTEM = Path("/etc/forensic/config.toml")

DEFAULTS: dict[str, object] = {
    "laboratory": "lab",
    "agency": "",
    "zone": "Asia/Shanghai",
    "lang": "",
    "by": "",
    "with": [],
    "hashes": ["md5", "sha256"],
    "format": "raw",
    "volumes": [],
    "heads_to": "",
}

TEMPLATE = """\
# 实验室默认设置 · Laboratory defaults. `forensic config show` says which value is in force and where it comes from.

laboratory = "lab"          # 实验室代码，写入台账编号 · code in every ledger's name: 1-10 ASCII letters or digits
agency = ""                 # 单位名称，印在报告封面 · printed on the report's cover
zone = "Asia/Shanghai"      # 时区 · time zone of typed and printed times
lang = "zh"                 # zh | en
by = ""                     # 默认操作人 · who works here unless --by says otherwise
with = []                   # 默认第二人 · the second person
hashes = ["md5", "sha256"]  # 镜像摘要算法 · of an image's media; sha256 is always taken
format = "raw"              # 镜像格式 · image format
volumes = []                # 备选存放位置 · further places a new case is given
heads_to = ""               # 签名表头另存到此文件夹（如 U 盘） · a stick that takes the head of each session

# [[people]]
# name = "张三"
# unit = "某市市场监督管理局"
# certificate = "执法证号"
# valid_until = "2027-12-31"
"""


@dataclass(frozen=True, slots=True)
class Config:
    """The values in force; `sources` says for each whether it stood in the file or is built in."""

    laboratory: str
    agency: str
    zone: ZoneInfo
    lang: str
    by: str
    with_: tuple[str, ...]
    hashes: tuple[str, ...]
    format: str
    volumes: tuple[str, ...]
    heads_to: str
    people: tuple[Person, ...]
    sources: Mapping[str, str]

    def effective(self) -> dict[str, str]:
        """As a session's entry keeps them."""
        return {
            "laboratory": self.laboratory,
            "agency": self.agency,
            "zone": self.zone.key,
            "lang": self.lang,
            "hashes": " ".join(self.hashes),
            "format": self.format,
            "heads_to": self.heads_to,
        }


def path() -> Path:
    """The file that is read, or that `config init` would write."""
    if named := os.environ.get(ENVIRONMENT):
        return Path(named)
    own = keys.home() / "config.toml"
    return SYSTEM if SYSTEM.exists() and not own.exists() else own


def load() -> Config:
    """Raises `UsageError` for a file that is not TOML, an unknown key, or a value that is of the wrong kind or none of
    those known."""
    file = path()
    try:
        given = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        given = {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError("config-unreadable", path=str(file), reason=str(error)) from error
    people = _people(given.pop("people", []), file)
    for key, value in given.items():
        if key not in DEFAULTS or type(value) is not type(DEFAULTS[key]):
            raise UsageError("config-wrong", path=str(file), key=key)
        for value in given[key] if isinstance(given[key], list) else [given[key]]:
            if value not in KNOWN.get(key, (value,)):
                known = ", ".join(filter(None, KNOWN[key]))
                raise UsageError("config-value-unknown", path=str(file), key=key, value=str(value), known=known)
    values = {**DEFAULTS, **given}
    sources = {key: str(file) if key in given else "built-in" for key in DEFAULTS}
    sources["people"] = str(file) if people else "built-in"
    return Config(
        str(values["laboratory"]),
        str(values["agency"]),
        zone_named(str(values["zone"])),
        str(values["lang"]),
        str(values["by"]),
        _texts(values["with"]),
        _texts(values["hashes"]),
        str(values["format"]),
        _texts(values["volumes"]),
        str(values["heads_to"]),
        people,
        sources,
    )


def zone_named(name: str) -> ZoneInfo:
    """Raises `UsageError` for a zone that the tz database does not know."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise UsageError("config-zone-unknown", zone=name) from error


def write_template() -> Path:
    """A commented file to fill in. An existing one raises `CaseError`."""
    file = path()
    try:
        keys.make_private(file.parent)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
            out.write(TEMPLATE)
    except FileExistsError as error:
        raise CaseError("config-exists", path=str(file)) from error
    except OSError as error:
        raise CannotWrite("no-space", path=str(file), reason=error.strerror or str(error)) from error
    return file


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else ()


def _people(rows: object, file: Path) -> tuple[Person, ...]:
    people = []
    for row in rows if isinstance(rows, list) else [rows]:
        try:
            person = Person(**{str(key): str(value) for key, value in row.items()}) if isinstance(row, dict) else None
            if person is None or (person.valid_until and not date.fromisoformat(person.valid_until)):
                raise TypeError("not a table")
        except (TypeError, ValueError) as error:
            raise UsageError("config-wrong", path=str(file), key="people") from error
        people.append(person)
    return tuple(people)
