"""Whom a verifier trusts: ledger keys, witnesses and their quorum, persons and time-stamp authorities, from a file that
stands outside every case.

The file is a policy as c2sp.org/tlog-policy describes it: one item a line, its words separated by blanks or tabs,
`log VKEY [URL]`, `witness NAME VKEY [URL]`, `group NAME all|any|NUMBER MEMBER...`, exactly one `quorum NAME|none`, and
comments. What that format leaves out of its scope stands in comments of two fixed forms, without a blank after the `#`,
which any other reader of policies skips:

    #person VKEY        whose acts are to be believed; VKEY as `key.enroll` enters it
    #tsa PATH           a certificate (PEM) that time-stamp tokens are to lead up to, or the SHA-256 of such a file
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from chain_of_custody import plain_file, signature
from chain_of_custody.errors import UsageError

LARGEST = 1 << 20  # bytes of a policy file; a few hundred are usual
NONE = "none"
LOG_TYPE, WITNESS_TYPE = b"\x01", b"\x04"  # Ed25519 of a log, time-stamped Ed25519 of a witness (c2sp.org/signed-note)
OURS = ("#person", "#tsa")


@dataclass(frozen=True, slots=True)
class Group:
    """Witnesses when at least `threshold` of its `members`, each a witness or another group, have."""

    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """`logs` and `persons` are verifier keys, `witnesses` verifier keys by name; `quorum` names a witness or a group,
    or is `none`; `tsas` are paths of certificates, or SHA-256 (hex) of such files."""

    logs: tuple[str, ...] = ()
    witnesses: dict[str, str] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    quorum: str = NONE
    persons: tuple[str, ...] = ()
    tsas: tuple[str, ...] = ()

    def is_witnessed(self, by: Collection[str]) -> bool:
        """Whether cosignatures of the witnesses named in `by` make the quorum."""
        return self.quorum == NONE or self._has(self.quorum, by)

    def _has(self, name: str, by: Collection[str]) -> bool:
        group = self.groups.get(name)
        if group is None:
            return name in by
        return sum(self._has(member, by) for member in group.members) >= group.threshold

    def text(self) -> str:
        """As a policy file holds it; `parse` reads the same policy out of it."""
        groups = [f"group {name} {group.threshold} {' '.join(group.members)}" for name, group in self.groups.items()]
        lines = [f"log {vkey}" for vkey in self.logs]
        lines += [f"witness {name} {vkey}" for name, vkey in self.witnesses.items()]
        lines += [*groups, f"quorum {self.quorum}"]
        lines += [f"#person {vkey}" for vkey in self.persons]
        return "\n".join([*lines, *(f"#tsa {tsa}" for tsa in self.tsas), ""])


def load(path: Path) -> Policy:
    """The policy of a file (UTF-8). A certificate named by a relative path lies beside it. Raises `UsageError`."""
    try:
        content = plain_file.start(path, LARGEST + 1)
        text = content.decode()
    except OSError as error:
        raise UsageError("policy-unreadable", path=str(path), reason=error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise UsageError("policy-unreadable", path=str(path), reason=str(error)) from error
    if len(content) > LARGEST:
        raise UsageError("policy-too-large", path=str(path), limit=LARGEST)
    read = parse(text)
    return replace(read, tsas=tuple(tsa if _is_sha256(tsa) else str(path.parent / tsa) for tsa in read.tsas))


def parse(text: str) -> Policy:
    """Raises `UsageError` with the number of the line that is none of a policy."""
    reader = _Reader()
    for number, line in enumerate(text.split("\n"), 1):
        if any((character < " " and character != "\t") or character == "\x7f" for character in line):
            raise UsageError("policy-control", line=number)
        reader.line = number
        reader.read([word for word in line.replace("\t", " ").split(" ") if word])
    return reader.policy()


class _Reader:
    def __init__(self) -> None:
        self.line = 0
        self._logs: list[str] = []
        self._witnesses: dict[str, str] = {}
        self._groups: dict[str, Group] = {}
        self._quorum: str | None = None
        self._persons: list[str] = []
        self._tsas: list[str] = []
        self._keys: set[tuple[str, bytes]] = set()
        self._members: set[str] = set()

    def read(self, words: list[str]) -> None:
        match words:
            case ["log", vkey] | ["log", vkey, _]:
                self._logs.append(self._key("log", vkey, LOG_TYPE))
            case ["witness", name, vkey] | ["witness", name, vkey, _]:
                self._new_name(name)
                self._witnesses[name] = self._key("witness", vkey, WITNESS_TYPE)
            case ["group", name, threshold, *members] if members:
                self._read_group(name, threshold, members)
            case ["quorum", name] if self._quorum is None:
                self._quorum = name if name == NONE else self._known(name)
            case ["#person", vkey]:
                self._persons.append(self._key("person", vkey, None))
            case ["#tsa", *path] if path:
                self._tsas.append(" ".join(path))
            case [word, *_] if word.startswith("#") and word not in OURS:
                pass
            case []:
                pass
            case _:
                raise UsageError("policy-not-a-line", line=self.line)

    def policy(self) -> Policy:
        if self._quorum is None:
            raise UsageError("policy-no-quorum", line=self.line)
        persons, tsas = tuple(self._persons), tuple(self._tsas)
        return Policy(tuple(self._logs), self._witnesses, self._groups, self._quorum, persons, tsas)

    def _read_group(self, name: str, threshold: str, members: Iterable[str]) -> None:
        known = tuple(self._known(member) for member in members)
        self._new_name(name)
        for member in known:
            if member in self._members:  # each witness counts in one way only
                raise UsageError("policy-twice", line=self.line, name=member)
            self._members.add(member)
        words = {"any": 1, "all": len(known)}
        number = int(threshold) if threshold.isascii() and threshold.isdecimal() and len(threshold) < 6 else 0
        needed = words.get(threshold, number)
        if not 1 <= needed <= len(known):
            raise UsageError("policy-threshold", line=self.line, threshold=threshold, members=len(known))
        self._groups[name] = Group(needed, known)

    def _new_name(self, name: str) -> None:
        if name == NONE or name in self._witnesses or name in self._groups:
            raise UsageError("policy-twice", line=self.line, name=name)

    def _known(self, name: str) -> str:
        if name not in self._witnesses and name not in self._groups:
            raise UsageError("policy-undefined", line=self.line, name=name)
        return name

    def _key(self, role: str, vkey: str, needed: bytes | None) -> str:
        """The key, checked: of the type that its role asks for, and new in that role."""
        try:
            name, blob = signature.key_blob(vkey)
            if needed is None:
                signature.parse_key(vkey)
            elif blob[:1] != needed or len(blob) != 33:
                raise ValueError("a key of another type")
        except ValueError as error:
            raise UsageError("policy-key", line=self.line, role=role, reason=str(error)) from error
        if (role, blob) in self._keys:
            raise UsageError("policy-twice", line=self.line, name=name)
        self._keys.add((role, blob))
        return vkey


def _is_sha256(text: str) -> bool:
    return len(text) == 64 and all(character in "0123456789abcdef" for character in text.lower())
