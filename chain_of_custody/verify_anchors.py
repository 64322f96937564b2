"""Whether the anchors of a ledger are of its heads, and which of them an outside key bears out: rule 9 of `verify`."""

from collections.abc import Callable, Mapping

from chain_of_custody import anchors, cosignature, timestamp
from chain_of_custody.anchors import Anchor
from chain_of_custody.checkpoint import Checkpoint
from chain_of_custody.errors import IntegrityError, Unavailable, UsageError
from chain_of_custody.finding import Fact
from chain_of_custody.trust import Trust

Tell = Callable[..., None]  # is told a message id and its facts


class AnchorCheck:
    """`proved` holds the entries of the anchors that a witness or an authority of the policy bears out, `refuted`
    those of anchors that do not hold."""

    def __init__(self, breach: Tell, remark: Tell, trust: Trust) -> None:
        self._breach, self._remark, self._trust = breach, remark, trust
        self._witnesses: dict[int, set[str]] = {}  # names in the policy, by size
        self.proved: set[int] = set()
        self.refuted: set[int] = set()

    def check(self, anchor: Anchor, origin: str, roots: Mapping[int, bytes]) -> None:
        """`roots` are those over the entries that each head counts."""
        if roots.get(anchor.size) != anchor.root:
            self._refute("verify-anchor-root", anchor, size=anchor.size)
            return
        head = Checkpoint(origin, anchor.size, anchor.root)
        try:
            if anchor.type == anchors.RFC3161:
                self._check_stamp(anchor, head)
            elif anchor.type == anchors.COSIGNATURE:
                self._check_cosignatures(anchor, head)
            elif anchor.type != anchors.PRINT or anchor.time or anchor.checked:
                self._refute("verify-anchor-malformed", anchor, reason=anchor.type)
        except ValueError as error:
            self._refute("verify-anchor-malformed", anchor, reason=str(error))

    def _refute(self, code: str, anchor: Anchor, **facts: Fact) -> None:
        self.refuted.add(anchor.seq)
        self._breach(code, seq=anchor.seq, **facts)

    def _check_stamp(self, anchor: Anchor, head: Checkpoint) -> None:
        token = timestamp.parse(anchor.token)
        authorities, said = self._trust.authorities(), ""
        if token.imprint != timestamp.imprint_of(head.text()):
            self._refute("verify-anchor-moved", anchor, size=anchor.size)
            return
        if (anchor.time, anchor.by) != (token.time, token.by):
            self._refute("verify-anchor-says", anchor)
            return
        for certificate in authorities:
            try:
                timestamp.check(token, certificate)
            except IntegrityError as error:
                said = str(error)
            except (Unavailable, UsageError) as error:
                self._remark(error.message_id, **error.facts)
                return
            else:
                self.proved.add(anchor.seq)
                return
        if authorities:
            self._refute("verify-anchor-signature", anchor, reason=said)

    def _check_cosignatures(self, anchor: Anchor, head: Checkpoint) -> None:
        note = anchor.token.decode()
        if note.partition("\n\n")[0] + "\n" != head.text():
            self._refute("verify-anchor-moved", anchor, size=anchor.size)
            return
        if not any((mark.time, mark.name) == (anchor.time, anchor.by) for mark in cosignature.lines(note)):
            self._refute("verify-anchor-says", anchor)
            return
        witnesses = self._trust.policy.witnesses if self._trust.policy else {}
        for name, vkey in witnesses.items():
            marks = [mark for mark in cosignature.lines(note) if _is_by(mark, vkey)]
            if any(cosignature.holds(note, mark, vkey) for mark in marks):
                self.proved.add(anchor.seq)
                self._witnesses.setdefault(anchor.size, set()).add(name)
            elif marks:
                self._refute("verify-anchor-signature", anchor, reason=name)

    def finish(self) -> None:
        """Tells whether the newest head that witnesses cosigned has the quorum of the policy."""
        policy = self._trust.policy
        if policy is None or policy.is_witnessed(()):
            return
        size = max(self._witnesses, default=0)
        names = self._witnesses.get(size, set())
        code = "verify-witnessed" if policy.is_witnessed(names) else "verify-no-quorum"
        self._remark(code, size=size, witnesses=", ".join(sorted(names)) or "-")


def _is_by(mark: cosignature.Cosignature, vkey: str) -> bool:
    name, _, rest = vkey.partition("+")
    return (mark.name, mark.key_hash.hex()) == (name, rest.partition("+")[0])
