"""The places a case's files lie: its own folder, and further volumes for images that do not fit beside it.

A further volume carries a small marker file naming the case and the volume; a folder without the right marker is
"not connected", never "empty".
"""

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from chain_of_custody import plain_file
from chain_of_custody.errors import CannotWrite, CaseError, Unavailable

CASE = "case"
MARKER = "forensic-volume.json"
LARGEST = 4096  # bytes of a marker


@dataclass(frozen=True, slots=True)
class Volume:
    """`id` is "case" or V2, V3, ...; `path` is where it was when it was last connected."""

    id: str
    path: Path

    def is_connected(self, origin: str) -> bool:
        if self.id == CASE:
            return True
        try:
            marker = json.loads(_marker(self.path))
        except (OSError, ValueError, RecursionError):
            return False
        return isinstance(marker, dict) and marker.get("origin") == origin and marker.get("volume") == self.id

    def require(self, origin: str) -> Path:
        """Its folder. Raises `Unavailable` while it is not connected."""
        if not self.is_connected(origin):
            raise Unavailable("volume-not-connected", volume=self.id, path=str(self.path))
        return self.path


def _marker(folder: Path) -> str:
    return plain_file.start(folder / MARKER, LARGEST).decode()


def mark(folder: Path, origin: str, volume_id: str) -> None:
    """Writes the marker. A folder that carries another one raises `CaseError`."""
    marker = folder / MARKER
    text = json.dumps({"origin": origin, "volume": volume_id}, indent=1) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with marker.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        with suppress(OSError, ValueError):
            if _marker(folder) == text:
                return
        raise CaseError("volume-of-another", path=str(folder)) from None
    except OSError as error:
        raise CannotWrite("no-space", path=str(folder), reason=error.strerror or str(error)) from error
