"""Photographs are reduced, and what is no photograph does no harm."""

import io
import struct
import zlib
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

from chain_of_custody.errors import Unavailable
from reports import pictures, qr
from reports.pictures import printable


def test_a_photograph_is_reduced_upright_and_bare() -> None:
    big = Image.new("RGB", (3000, 1500), "red")
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010E] = "who and where"
    out = io.BytesIO()
    big.save(out, "JPEG", exif=exif)
    small = printable(out.getvalue())
    assert small
    with Image.open(io.BytesIO(small)) as seen:
        assert seen.size == (700, 1400)
        assert not seen.getexif()
    assert b"who and where" not in small


def test_the_same_photograph_gives_the_same_bytes(made: ModuleType) -> None:
    assert printable(made.picture("blue", "x")) == printable(made.picture("blue", "x"))


def test_what_cannot_be_decoded_is_none() -> None:
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    for data in (b"", b"GIF89a", b"\xff\xd8\xff", bomb, b"<svg onload=alert(1)/>"):
        assert printable(data) is None


def test_a_missing_decoder_is_not_a_bad_picture(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = tmp_path / "darkroom.py"
    script.write_text("import no_such_decoder")
    monkeypatch.setattr(pictures, "_DARKROOM", script)
    with pytest.raises(Unavailable) as caught:
        printable(b"x")
    assert "no_such_decoder" in str(caught.value)


def test_a_qr_code_keeps_its_quiet_zone_and_bytes(made: ModuleType) -> None:
    payload = made.NOTE.encode()
    code = qr.matrix(payload)
    assert code
    assert code.error == "M"
    assert code.mode == "byte"
    side = code.symbol_size(border=4)[0]
    assert f'width="{side}" height="{side}"'.encode() in qr.svg(payload)
    assert qr.svg(payload) == qr.svg(payload)
    assert qr.matrix(b"x" * 3000) is None
