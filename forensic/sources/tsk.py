"""The Sleuth Kit over any medium of ours, its errors translated."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytsk3

from chain_of_custody.errors import EvidenceError
from forensic.sources.medium import Medium


class TskImage(pytsk3.Img_Info):  # type: ignore[misc]  # the library has no types
    """Lends a medium to The Sleuth Kit. A read that fails there is kept in `fault`, to be raised as what it was."""

    def __init__(self, medium: Medium) -> None:
        self._medium = medium
        self.fault: EvidenceError | None = None
        super().__init__(url="", type=pytsk3.TSK_IMG_TYPE_EXTERNAL)

    def read(self, offset: int, length: int) -> bytes:
        try:
            return self._medium.read(offset, length)
        except EvidenceError as fault:
            self.fault = fault
            return b""

    def get_size(self) -> int:
        return self._medium.size

    def close(self) -> None:
        return


@contextmanager
def translated(image: TskImage, message_id: str, /, **facts: str | int) -> Iterator[None]:
    """Turns an `OSError` of The Sleuth Kit into an `EvidenceError`, or into the failed read that caused it."""
    try:
        yield
    except OSError as fault:
        cause = image.fault
        if cause is not None:
            image.fault = None
            raise cause from fault
        raise EvidenceError(message_id, hint=None, reason=reason(fault), **facts) from fault
    if image.fault is not None:
        cause, image.fault = image.fault, None
        raise cause


def reason(fault: OSError) -> str:
    """The words of the library without its call trail, one line, at most 200 characters."""
    text = " ".join(str(fault).split())
    return "".join(c if c.isprintable() else "?" for c in text)[:200]
