"""A temporary folder in which one paper is typeset, and the process that does it."""

import json
import subprocess
import sys
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from chain_of_custody.errors import CannotWrite, ForensicError, Unavailable
from chain_of_custody.hashing import sha256_hex
from reports.font import Font
from reports.layout import Json

SECONDS = 600

_PRESS = Path(__file__).with_name("press.py")
_STYLE = "style.typ"


def template(name: str) -> bytes:
    return resources.files("reports.templates").joinpath(name).read_bytes()


class Workshop:
    """Holds template, data, pictures and font of one paper; the folder goes when the block ends.

    It stands in the system's temporary folder, never in a case. Raises `CannotWrite` where there is no room.
    """

    def __init__(self, font: Font) -> None:
        try:
            self._scratch = TemporaryDirectory(prefix="forensic-report-")
            self.folder = Path(self._scratch.name)
            (self.folder / "fonts").mkdir()
            (self.folder / "fonts" / font.path.name).symlink_to(font.path)
        except OSError as error:
            raise CannotWrite("reports-no-scratch", reason=error.strerror or str(error)) from error
        self._kept = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._scratch.cleanup()

    def keep(self, data: bytes, suffix: str) -> str:
        """Puts a picture into the folder and returns its name there."""
        self._kept += 1
        name = f"picture-{self._kept:04}{suffix}"
        self._write(name, data)
        return name

    def typeset(self, paper: str, main: str, data: Json, manifest: Json = None, *, tags: bool = True) -> bytes:
        """The PDF of the template `main` with `data`. `paper` names it in errors; `manifest` is attached.

        Raises `Unavailable` where the typesetter does not start, `ForensicError` where it fails or takes too long.
        """
        self._write("main.typ", template(main))
        self._write(_STYLE, template(_STYLE))
        self._write("data.json", json.dumps(data).encode())
        if manifest is not None:
            self._write("manifest.json", json.dumps(manifest, indent=1).encode())
        command = [sys.executable, "-I", str(_PRESS), str(self.folder), "tagged" if tags else "plain"]
        try:
            # Our own script with fixed words, no shell; in a session of its own, Ctrl-C reaches only us.
            done = subprocess.run(  # noqa: S603
                command, capture_output=True, timeout=SECONDS, check=False, start_new_session=True
            )
        except OSError as error:
            raise Unavailable("reports-no-typesetter", package="typst", reason=str(error)) from error
        except subprocess.TimeoutExpired as error:
            raise ForensicError("reports-typeset-slow", paper=paper, seconds=SECONDS) from error
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
            if said.startswith("ModuleNotFoundError"):
                raise Unavailable("reports-no-typesetter", package="typst", reason=said)
            raise ForensicError("reports-typeset-failed", paper=paper, reason=said or f"exit {done.returncode}")
        return (self.folder / "out.pdf").read_bytes()

    def _write(self, name: str, data: bytes) -> None:
        try:
            (self.folder / name).write_bytes(data)
        except OSError as error:
            raise CannotWrite("reports-no-scratch", reason=error.strerror or str(error)) from error


def template_hashes() -> dict[str, Json]:
    """The SHA-256 of every file that decides how a paper looks and reads."""
    names = ("report.typ", _STYLE, "volume.typ", "words.toml")
    return {name: sha256_hex(template(name)) for name in names}
