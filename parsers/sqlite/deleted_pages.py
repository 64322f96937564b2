"""Which bytes of a b-tree page no cell of it takes: the gap, the freeblocks, the remains between them.

Source: https://www.sqlite.org/fileformat2.html section 1.6. The free bytes are what the cells leave over,
not what the freeblock chain says, so that a broken chain hides nothing.
"""

from parsers.sqlite.btree import INDEX, TABLE, local_size, pointers, start_of
from parsers.sqlite.deleted_cells import Stretch
from parsers.sqlite.record import varint

_TYPES = (*TABLE, *INDEX)
_SHORTEST_CELL = 4
_SHORTEST_STRETCH = 6  # an overwritten cell of two columns


def is_btree_page(data: bytes, page: int, usable: int) -> bool:
    """Whether the header and every cell pointer of a page hold together."""
    start = start_of(page)
    if len(data) < max(usable, start + 12) or data[start] not in _TYPES:
        return False
    places = pointers(data, start)
    array_end = _array_end(data, start)
    content = int.from_bytes(data[start + 5 : start + 7], "big") or 65536
    return array_end <= content <= usable and all(content <= at <= usable - _SHORTEST_CELL for at in places)


def stretches(data: bytes, page: int, usable: int) -> list[Stretch]:
    """The free bytes of a b-tree page in order, cells that cannot be read left out of account."""
    start = start_of(page)
    at = _array_end(data, start)
    free: list[Stretch] = []
    for begin, end in sorted(_extents(data, start, usable)):
        if begin - at >= _SHORTEST_STRETCH:
            free.append(Stretch(at, begin))
        at = max(at, end)
    end = min(usable, len(data))
    if end - at >= _SHORTEST_STRETCH:
        free.append(Stretch(at, end))
    return free


def freeblocks(data: bytes, page: int, usable: int) -> set[int]:
    """The offsets to which the page's chain of freeblocks leads, as far as it runs forward."""
    chain: set[int] = set()
    at, before = int.from_bytes(data[start_of(page) + 1 : start_of(page) + 3], "big"), 0
    while before < at <= usable - _SHORTEST_CELL:
        chain.add(at)
        before, at = at, int.from_bytes(data[at : at + 2], "big")
    return chain


def _array_end(data: bytes, start: int) -> int:
    count = int.from_bytes(data[start + 3 : start + 5], "big")
    return start + (12 if data[start] in (TABLE.interior, INDEX.interior) else 8) + 2 * count


def _extents(data: bytes, start: int, usable: int) -> list[tuple[int, int]]:
    """Where each cell of the page begins and ends."""
    type_ = data[start]
    extents: list[tuple[int, int]] = []
    for at in pointers(data, start):
        try:
            after = at + 4 if type_ in (TABLE.interior, INDEX.interior) else at
            total, after = varint(data, after)
            if type_ == TABLE.leaf:
                _, after = varint(data, after)
            if type_ != TABLE.interior:
                local = local_size(total, usable, TABLE if type_ == TABLE.leaf else INDEX)
                after += local + (4 if local < total else 0)
        except IndexError:
            continue
        if total >= 0 and after <= usable:
            extents.append((at, max(after, at + _SHORTEST_CELL)))
    return extents
