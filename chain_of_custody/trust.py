"""What a verifier brings from outside the case: keys, a policy, and how strict he is."""

import re
from dataclasses import dataclass
from pathlib import Path

from chain_of_custody.errors import UsageError
from chain_of_custody.policy import Policy

_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Trust:
    """`keys` are ledger keys known from outside. With `strict` the end of a ledger must be under a head, and whatever
    rests on the ledger's own word is remarked."""

    keys: tuple[str, ...] = ()
    policy: Policy | None = None
    strict: bool = True

    def founders(self, first: str, adopted: set[str]) -> tuple[str, ...]:
        """The keys that may have signed before any adoption: those given that no entry brings in, else the `first`,
        which the ledger itself names."""
        return tuple(vkey for vkey in self.keys if vkey not in adopted) or (first,)

    def authorities(self) -> tuple[Path, ...]:
        """Files of time-stamp authorities' certificates; those a policy names by a hash alone are not at hand. Raises
        `UsageError` for one that it names by a path where nothing lies."""
        tsas = [tsa for tsa in (self.policy.tsas if self.policy else ()) if not _HASH.fullmatch(tsa)]
        missing = next((tsa for tsa in tsas if not Path(tsa).is_file()), None)
        if missing:
            raise UsageError("policy-tsa-missing", path=missing)
        return tuple(map(Path, tsas))
