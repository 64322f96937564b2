"""Claims: who shares a byte with whom, against counting byte by byte."""

from hypothesis import given
from hypothesis import strategies as st

from forensic.recover.claims import Claims
from forensic.sources.runs import SPARSE, Run

RUNS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 40), st.integers(1, 12)), max_size=14)


@given(RUNS)
def test_contested_is_what_counting_bytes_says(claims: list[tuple[int, int, int]]) -> None:
    swept = Claims()
    owners: dict[int, set[int]] = {}
    for owner, offset, length in claims:
        swept.add(owner, [Run(offset, length), Run(SPARSE, 3)])
        for byte in range(offset, offset + length):
            owners.setdefault(byte, set()).add(owner)
    expected = set().union(*(who for who in owners.values() if len(who) > 1), set())
    assert swept.contested() == expected
