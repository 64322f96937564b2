"""The words of the system and of parsing functions, in the reader's language: `reason` in a message that quotes one.

The system's are known by their error number (errno(3)), the others by their beginning.
"""

import errno
import os
import re
from collections.abc import Mapping

from chain_of_custody.messages import Lang, say

_BY_NUMBER = {
    errno.ENOENT: "reason-not-there",
    errno.EEXIST: "reason-exists",
    errno.EACCES: "reason-permission",
    errno.EPERM: "reason-permission",
    errno.ENOSPC: "reason-no-space",
    errno.EDQUOT: "reason-no-space",
    errno.EFBIG: "reason-too-large",
    errno.EROFS: "reason-read-only",
    errno.EISDIR: "reason-folder",
    errno.ENOTDIR: "reason-not-a-folder",
    errno.ENOTEMPTY: "reason-not-empty",
    errno.ENAMETOOLONG: "reason-name-too-long",
    errno.ELOOP: "reason-links",
    errno.EBADF: "reason-descriptor",
    errno.EINVAL: "reason-not-possible",
    errno.EIO: "reason-device",
    errno.ENODEV: "reason-gone",
    errno.ENXIO: "reason-gone",
    errno.EBUSY: "reason-busy",
    errno.EXDEV: "reason-other-volume",
    errno.EMFILE: "reason-many-files",
    errno.ECONNREFUSED: "reason-refused",
    errno.ECONNRESET: "reason-cut-off-line",
    errno.ETIMEDOUT: "reason-no-answer",
    errno.EHOSTUNREACH: "reason-no-way",
    errno.ENETUNREACH: "reason-no-way",
}
_SYSTEM = {os.strerror(number): message_id for number, message_id in _BY_NUMBER.items()}
_NUMBERED = re.compile(r"(?:<urlopen error )?\[Errno (-?\d+)\] ")
_BEGINNINGS = {
    "timed out": "reason-no-answer",
    "[Errno -2]": "reason-no-host",
    "[Errno -3]": "reason-no-host",
    "'utf-8' codec can't": "reason-not-utf8",
    "'ascii' codec can't": "reason-not-utf8",
    "not UTF-8": "reason-not-utf8",
    "0 bytes": "reason-empty",
    "not a regular file": "reason-not-a-file",
    "cannot identify image file": "reason-no-picture",
    "file is not a database": "reason-no-database",
    "database disk image is malformed": "reason-database-broken",
    "database is locked": "reason-database-locked",
    "File is not a zip file": "reason-no-zip",
    "not DER": "reason-not-der",
    "not a verifier key": "reason-no-key",
    "not an Ed25519 verifier key": "reason-no-key",
    "not the key of a witness": "reason-no-witness-key",
    "the verifier key does not match its own": "reason-key-hash",
    "a key of unknown": "reason-key-type",
    "a key of another": "reason-key-type",
    "not an Ed25519 key": "reason-key-type",
    "an Ed25519 key has 32 bytes": "reason-key-length",
    "not an encrypted PKCS#8 key": "reason-key-bare",
    "not the record of this key": "reason-key-record",
    "not a key on the SM2 curve": "reason-key-type",
    "not base64": "reason-not-base64",
    "a hash is not base64": "reason-not-base64",
    "a hash is not 32 bytes": "reason-hash-length",
    "the root is not 32 bytes": "reason-hash-length",
    "not a signed checkpoint": "reason-no-head",
    "a signature line is malformed": "reason-signature-line",
    "the head is not signed with this key": "reason-head-key",
    "the proof does not lead": "reason-proof",
    "not a tlog-proof": "reason-no-proof",
    "not a request to a witness": "reason-no-request",
    "not a TSTInfo": "reason-no-token",
    "not a time-stamp token": "reason-no-token",
    "what is stamped is not a SHA-256": "reason-stamp-hash",
    "cut off": "reason-cut-off",
    "no SSH signature came": "reason-no-signature",
}


def words(text: str, lang: Lang) -> str:
    """The words for what was said in English by the system or a library; what is not known stays as it is."""
    numbered = _NUMBERED.match(text)
    message_id = _SYSTEM.get(text) or (_BY_NUMBER.get(int(numbered[1])) if numbered else None)
    if message_id is None:
        whole = text.removeprefix("<urlopen error ")
        message_id = next((known for start, known in _BEGINNINGS.items() if whole.startswith(start)), None)
    return say(message_id, lang) if message_id else text


def facts(given: Mapping[str, object], lang: Lang) -> Mapping[str, object]:
    """The facts of a message, the `reason` among them in its language."""
    return {**given, "reason": words(str(given["reason"]), lang)} if "reason" in given else given
