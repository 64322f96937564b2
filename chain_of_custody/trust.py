"""What a verifier brings from outside the case: keys, a policy, and how strict he is."""

from dataclasses import dataclass
from pathlib import Path

from chain_of_custody.policy import Policy


@dataclass(frozen=True, slots=True)
class Trust:
    """`keys` are ledger keys known from outside. With `strict` the end of a ledger must be under a head, and with a
    policy too every act must be signed."""

    keys: tuple[str, ...] = ()
    policy: Policy | None = None
    strict: bool = True

    def founders(self, first: str, adopted: set[str]) -> tuple[str, ...]:
        """The keys that may have signed before any adoption: those given that no entry brings in, else the `first`,
        which the ledger itself names."""
        return tuple(vkey for vkey in self.keys if vkey not in adopted) or (first,)

    def authorities(self) -> tuple[Path, ...]:
        """Files of time-stamp authorities' certificates; those a policy names by a hash alone are not at hand."""
        tsas = self.policy.tsas if self.policy else ()
        return tuple(path for path in map(Path, tsas) if path.is_file())
