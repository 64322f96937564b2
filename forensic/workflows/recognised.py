"""Files that are known and not read yet: a name alone that says more than "nothing found"."""

import re

_KNOWN: tuple[tuple[str, str], ...] = (
    (r"EnMicroMsg\.db|SnsMicroMsg\.db|FTS5IndexMicroMsg_encrypt\.db|enFavorite\.db|AppBrandComm\.db", "WeChat Android"),
    (r"MM\.sqlite|WCDB_Contact\.sqlite|message_\d{1,4}\.sqlite", "WeChat iOS"),
    (r"MSG\d*\.db|MicroMsg\.db|FTSMSG\d*\.db|MediaMSG\d*\.db", "WeChat Windows"),
    (r"message_\d+\.db|message_fts\.db|biz_message_\d+\.db", "WeChat 4"),
    (r"nt_msg\.db|slowtable_\d+\.db", "QQ"),
    (r"ChatStorage\.sqlite|[^/]*\.crypt1[245]", "WhatsApp"),
    (r"sms\.db|CallHistory\.storedata|AddressBook\.sqlitedb|Manifest\.db|Manifest\.mbdb", "iOS"),
    (r"cache4\.db", "Telegram"),
    (r"signal\.db|signal\.sqlite", "Signal"),
    (r"[^/]*\.ab", "Android backup"),
)
_PATTERN = re.compile("|".join(f"(?:^|/)(?P<k{n}>{names})$" for n, (names, _) in enumerate(_KNOWN)))


def recognised(path: str) -> str | None:
    """What the file is by its name, or None."""
    match = _PATTERN.search(path)
    return _KNOWN[int(match.lastgroup[1:])][1] if match and match.lastgroup else None
