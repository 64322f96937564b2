"""One made file of every kind we carve, and the media they are laid on."""

import gzip
import io
import random
import sqlite3
import struct
import tarfile
import wave
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from PIL import Image

from chain_of_custody.progress import silent
from forensic.carve.enrolled import formats
from forensic.carve.sweep import Find, sweep
from forensic.sources.medium import Memory
from forensic.sources.runs import Run


@dataclass(frozen=True)
class Sample:
    """A whole file. `sealed`: its content is checked to the end, so that a foreign second half cannot pass."""

    name: str
    format: str
    suffix: str
    data: bytes
    sealed: bool


def noise(size: int, seed: int = 7) -> bytes:
    return random.Random(seed).randbytes(size)


def picture(seed: int = 3) -> Image.Image:
    """Smooth shapes under a little noise, so that every encoder has something to do."""
    side = 96
    rng = random.Random(seed)
    pixels = bytes((x * y // 40 + channel * 50 + rng.randrange(24)) % 256 for y in range(side) for x in range(side)
                   for channel in range(3))  # fmt: skip
    return Image.frombytes("RGB", (side, side), pixels)


def encoded(kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture().save(out, kind, **options)
    return out.getvalue()


def exif_with_thumbnail() -> bytes:
    """An Exif block whose second directory points at a small JPEG (Exif 2.32, 4.5.4)."""
    small = io.BytesIO()
    picture().resize((16, 16)).save(small, "JPEG")
    thumbnail = small.getvalue()
    first = struct.pack("<HI", 0, 14)
    second = struct.pack("<HHHIIHHIII", 2, 0x201, 4, 1, 44, 0x202, 4, 1, len(thumbnail), 0)
    return b"Exif\0\0II*\0\x08\0\0\0" + first + second + thumbnail


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED, *, streamed: bool = False) -> bytes:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return not streamed

        def seek(self, *args: int) -> int:
            if streamed:
                raise OSError
            return super().seek(*args)

        def tell(self) -> int:
            if streamed:
                raise OSError
            return super().tell()

    out = Pipe()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, (2024, 1, 2, 3, 4, 6))
            info.compress_type = zipfile.ZIP_STORED if name == "mimetype" else method
            archive.writestr(info, data)
    return out.getvalue()


TEXT = b"the quick brown fox jumps over the lazy dog; " * 200


def database(*statements: str) -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.isolation_level = None
    for statement in (*statements, "create table t(a integer primary key, b text)", "create index i on t(b)"):
        connection.execute(statement)
    rng = random.Random(5)
    connection.executemany(
        "insert into t(b) values (?)", [(rng.randbytes(40).hex() * (1 + n % 9),) for n in range(300)]
    )
    connection.execute("insert into t(b) values (?)", (TEXT.decode() * 2,))
    connection.execute("delete from t where a between 50 and 150")
    return connection.serialize()


def pdf() -> bytes:
    objects = (b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
               b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R>>",
               b"<</Length %d>>stream\n%s\nendstream" % (len(TEXT), TEXT))  # fmt: skip
    out, offsets = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    xref = len(out)
    out += b"xref\n0 5\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return out + b"trailer\n<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % xref


def updated_pdf() -> bytes:
    out = pdf()
    at = len(out)
    out += b"5 0 obj\n<</Producer(x)>>\nendobj\n"
    xref = len(out)
    out += b"xref\n5 1\n%010d 00000 n \ntrailer\n<</Size 6/Root 1 0 R/Info 5 0 R/Prev 1>>\n" % at
    return out + b"startxref\n%d\n%%%%EOF\n" % xref


def seven_zip() -> bytes:
    packed, end = noise(3000, 1), b"\x01\x04\x06\0" + noise(60, 2)
    start = struct.pack("<QQI", len(packed), len(end), zlib.crc32(end))
    return b"7z\xbc\xaf\x27\x1c\0\x04" + struct.pack("<I", zlib.crc32(start)) + start + packed + end


def rar_4() -> bytes:
    def header(kind: int, flags: int, body: bytes) -> bytes:
        head = struct.pack("<BHH", kind, flags, 7 + len(body)) + body
        return struct.pack("<H", zlib.crc32(head) & 0xFFFF) + head

    data = noise(2000, 3)
    file = struct.pack("<IIBIIBBHI", len(data), len(data), 2, 0, 0, 29, 0x30, 5, 32) + b"a.bin"
    return b"Rar!\x1a\x07\0" + header(0x73, 0, bytes(6)) + header(0x74, 0x8000, file) + data + header(0x7B, 0x4000, b"")


def rar_5() -> bytes:
    def header(body: bytes) -> bytes:
        sized = bytes([len(body)]) + body
        return struct.pack("<I", zlib.crc32(sized)) + sized

    data = noise(2000, 4)
    size = bytes([len(data) & 0x7F | 0x80, len(data) >> 7])
    file = b"\x02\x02" + size + b"\0" + size + b"\x20\0\0\x05a.bin"
    return b"Rar!\x1a\x07\x01\0" + header(b"\x01\0\0") + header(file) + data + header(b"\x05\0\0")


def box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def movie(brand: bytes, *, media_first: bool = True) -> bytes:
    media = box(b"mdat", noise(5000, 6))

    def moov(offset: int) -> bytes:
        table = box(b"stco", bytes(4), struct.pack(">III", 2, offset, offset + 2500))
        return box(b"moov", box(b"mvhd", bytes(100)), box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", table)))))

    start = box(b"ftyp", brand, bytes(4), b"isom")
    if media_first:
        return start + media + moov(len(start) + 8)
    return start + moov(len(start) + len(moov(0)) + 8) + media


def heic() -> bytes:
    return (
        box(b"ftyp", b"heic", bytes(4), b"mif1heic")
        + box(b"meta", bytes(4), box(b"hdlr", bytes(24)))
        + box(b"mdat", noise(900, 8))
    )


def chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


def avi() -> bytes:
    lists = chunk(b"LIST", b"hdrl" + chunk(b"avih", bytes(56))) + chunk(
        b"LIST", b"movi" + chunk(b"00dc", noise(999, 9))
    )
    return chunk(b"RIFF", b"AVI " + lists + chunk(b"idx1", bytes(16)))


def sound() -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(noise(3000, 10))
    return out.getvalue()


def mp3(*, counted: bool) -> bytes:
    head = b"\xff\xfb\x90\x64"
    frames = [head + random.Random(n).randbytes(413).replace(b"\xff", b"\xfe") for n in range(20)]
    if counted:
        first = head + bytes(32) + b"Info" + struct.pack(">II", 1, len(frames)) + bytes(369)
        return b"ID3\x04\0\0\0\0\0\x0b" + b"TIT2\0\0\0\x01\0\0\0" + first + b"".join(frames)
    return b"".join(frames) + b"TAG" + bytes(125)


def compound(stream: str) -> bytes:
    """Header, one FAT sector, one directory sector, ten sectors of a stream ([MS-CFB])."""

    def entry(name: str, kind: int, child: int, first: int, size: int) -> bytes:
        text = name.encode("utf-16-le")
        head = text.ljust(64, b"\0") + struct.pack("<HBBIII", len(text) + 2, kind, 1, NONE, NONE, child)
        return head + bytes(36) + struct.pack("<IQ", first, size)

    NONE, END = 0xFFFFFFFF, 0xFFFFFFFE  # noqa: N806
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    head += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, END, 0, END, 0) + struct.pack("<109I", 0, *[NONE] * 108)
    fat = [0xFFFFFFFD, END, *range(3, 12), END]
    table = struct.pack("<128I", *fat, *[NONE] * (128 - len(fat)))
    directory = entry("Root Entry", 5, 1, END, 0) + entry(stream, 2, NONE, 2, 5000) + bytes(256)
    return head + table + directory + noise(5120, 11)


def tar_gz() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("a.txt")
        info.size = len(TEXT)
        archive.addfile(info, io.BytesIO(TEXT))
    return gzip.compress(out.getvalue(), mtime=0)


def made() -> Iterator[Sample]:
    yield Sample("jpeg", "jpeg", "jpg", encoded("JPEG"), True)
    yield Sample("jpeg-progressive", "jpeg", "jpg", encoded("JPEG", progressive=True), True)
    yield Sample("jpeg-restarts", "jpeg", "jpg", encoded("JPEG", restart_marker_blocks=4), True)
    yield Sample("jpeg-thumbnail", "jpeg", "jpg", encoded("JPEG", exif=exif_with_thumbnail()), True)
    yield Sample("png", "png", "png", encoded("PNG"), True)
    yield Sample("gif", "gif", "gif", encoded("GIF"), True)
    moving = {"save_all": True, "append_images": [picture(4), picture(5)]}
    yield Sample("gif-moving", "gif", "gif", encoded("GIF", **moving), True)
    yield Sample("webp", "webp", "webp", encoded("WEBP"), False)
    yield Sample("webp-lossless", "webp", "webp", encoded("WEBP", lossless=True), False)
    yield Sample("webp-moving", "webp", "webp", encoded("WEBP", **moving), False)
    yield Sample("bmp", "bmp", "bmp", encoded("BMP"), False)
    yield Sample("pdf", "pdf", "pdf", pdf(), True)
    yield Sample("pdf-updated", "pdf", "pdf", updated_pdf(), True)
    yield Sample("pdf-picture", "pdf", "pdf", encoded("PDF"), True)
    members = {"a.txt": TEXT, "b.bin": noise(3000, 12), "folder/": b""}
    yield Sample("zip", "zip", "zip", zipped(members), True)
    yield Sample("zip-stored", "zip", "zip", zipped(members, zipfile.ZIP_STORED), True)
    yield Sample("zip-streamed", "zip", "zip", zipped({"a.txt": TEXT, "b.bin": TEXT[9:]}, streamed=True), True)
    yield Sample("zip-picture", "zip", "zip", zipped({"p.jpg": encoded("JPEG")}, zipfile.ZIP_STORED), True)
    for suffix, folder in (("docx", "word"), ("xlsx", "xl"), ("pptx", "ppt")):
        data = zipped({"[Content_Types].xml": b"<Types/>", f"{folder}/x.xml": TEXT})
        yield Sample(suffix, "zip", suffix, data, True)
    odt = {"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": TEXT}
    yield Sample("odt", "zip", "odt", zipped(odt), True)
    yield Sample("epub", "zip", "epub", zipped({"mimetype": b"application/epub+zip", "c.xml": TEXT}), True)
    yield Sample("jar", "zip", "jar", zipped({"META-INF/MANIFEST.MF": b"Manifest-Version: 1.0\n", "A": TEXT}), True)
    android = {"META-INF/MANIFEST.MF": b"", "AndroidManifest.xml": TEXT, "classes.dex": noise(500, 13)}
    yield Sample("apk", "zip", "apk", zipped(android), True)
    yield Sample("gzip", "gzip", "gz", gzip.compress(noise(4000, 14) + TEXT, mtime=0), True)
    two = gzip.compress(noise(2000, 15), mtime=0) + gzip.compress(TEXT, mtime=0)
    yield Sample("gzip-two", "gzip", "gz", two, True)
    yield Sample("tgz", "gzip", "tgz", tar_gz(), True)
    yield Sample("7z", "7z", "7z", seven_zip(), True)
    yield Sample("rar-4", "rar", "rar", rar_4(), True)
    yield Sample("rar-5", "rar", "rar", rar_5(), True)
    yield Sample("sqlite", "sqlite", "sqlite", database(), True)
    compact = ("pragma page_size=512", "pragma auto_vacuum=1")
    yield Sample("sqlite-auto-vacuum", "sqlite", "sqlite", database(*compact), True)
    yield Sample("mp4", "mp4", "mp4", movie(b"isom"), True)
    yield Sample("mp4-faststart", "mp4", "mp4", movie(b"mp42", media_first=False), False)
    yield Sample("mov", "mp4", "mov", movie(b"qt  "), True)
    yield Sample("heic", "mp4", "heic", heic(), False)
    yield Sample("avi", "avi", "avi", avi(), True)
    yield Sample("wav", "wav", "wav", sound(), False)
    yield Sample("mp3-counted", "mp3", "mp3", mp3(counted=True), True)
    yield Sample("mp3-tagged", "mp3", "mp3", mp3(counted=False), True)
    for suffix, stream in (("doc", "WordDocument"), ("xls", "Workbook"), ("ppt", "PowerPoint Document")):
        yield Sample(suffix, "ole2", suffix, compound(stream), False)


SAMPLES = tuple(made())


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "sample" in metafunc.fixturenames:
        metafunc.parametrize("sample", SAMPLES, ids=[s.name for s in SAMPLES])


@pytest.fixture
def samples() -> dict[str, Sample]:
    return {s.name: s for s in SAMPLES}


Carve = Callable[..., list[Find]]


@pytest.fixture
def carve() -> Carve:
    """Sweep bytes, all of them or some regions, for every format."""

    def run(data: bytes, *regions: Run, nested: bool = False) -> list[Find]:
        return list(sweep(Memory(data), regions or (Run(0, len(data)),), formats(), silent, nested=nested))

    return run
