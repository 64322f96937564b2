"""Android's address book: each raw contact with the numbers, addresses and notes kept for it."""

from collections.abc import Iterator
from typing import ClassVar

from chain_of_custody.finding import Finding
from parsers.parser import Needs, Rows, SqliteParser, belonging, by_number, extras, grouped, row_place, whole
from parsers.records import Contact, Record
from parsers.source import Found
from parsers.sqlite.rows import Row

# android.provider.ContactsContract.CommonDataKinds, Android Open Source Project
_ITEM = "vnd.android.cursor.item/"
_NAME, _PHONE, _EMAIL = _ITEM + "name", _ITEM + "phone_v2", _ITEM + "email_v2"
_REMARKS = {_ITEM + "note", _ITEM + "nickname"}
_SILENT = {_ITEM + "photo", _ITEM + "group_membership", _ITEM + "identity"}


class AndroidContacts(SqliteParser):
    """`raw_contacts` rows joined with their `data`; each account's copy of a person is one record."""

    name: ClassVar[str] = "android-contacts"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "parsers-android-contacts-title"
    app: ClassVar[str] = "contacts"
    globs: ClassVar[tuple[str, ...]] = ("contacts2.db",)
    needs: ClassVar[tuple[Needs, ...]] = (
        {
            "raw_contacts": ("_id",),
            "data": ("raw_contact_id", "mimetype_id", "data1"),
            "mimetypes": ("_id", "mimetype"),
        },
    )
    limitations: ClassVar[tuple[str, ...]] = ("parsers-android-contacts-copies", "parsers-android-contacts-deleted")
    tested_on: ClassVar[tuple[str, ...]] = ("made databases; log2timeline/plaso test_data contacts2.db holds none",)
    references: ClassVar[tuple[str, ...]] = (
        "https://developer.android.com/reference/android/provider/ContactsContract.RawContacts",
        "https://developer.android.com/reference/android/provider/ContactsContract.Data",
    )

    def records(self, database: Rows, found: Found) -> Iterator[Record | Finding]:
        names = by_number(database.rows("mimetypes"), "_id")
        kinds = {number: row.text("mimetype") or "" for number, row in names.items()}
        accounts = by_number(database.rows("accounts"), "_id") if database.has("accounts", "account_name") else {}
        details = grouped(database, "data", "raw_contact_id")
        for row in database.rows("raw_contacts"):
            kept = [
                (kinds.get(whole(each, "mimetype_id") or 0, "unknown"), each.text("data1") or "")
                for each in belonging(details.get(whole(row, "_id") or 0, ()), row)
            ]
            account = accounts.get(whole(row, "account_id") or 0)
            yield self._contact(row, found, [detail for detail in kept if detail[1]], account)

    def _contact(self, row: Row, found: Found, details: list[tuple[str, str]], account: Row | None) -> Contact:
        name = row.text("display_name") or next((value for kind, value in details if kind == _NAME), None)
        remarks = [value for kind, value in details if kind in _REMARKS]
        other = [
            f"{kind.removeprefix(_ITEM)}: {value}"
            for kind, value in details
            if kind not in {_NAME, _PHONE, _EMAIL} | _REMARKS | _SILENT
        ]
        source = account if account is not None else row
        return Contact(
            where=row_place(found, row),
            state=row.state,
            app=self.app,
            account=source.text("account_name"),
            identifier=row.text("_id") or "",
            name=name,
            remark="\n".join(remarks) or None,
            phones=_distinct(details, _PHONE),
            emails=_distinct(details, _EMAIL),
            extra={
                **extras(source, "account_type"),
                **extras(row, "contact_id", "times_contacted", "last_time_contacted", "sourceid"),
                **({"deleted": "1"} if whole(row, "deleted") == 1 else {}),
                **({"details": "\n".join(other)} if other else {}),
            },
        )


def _distinct(details: list[tuple[str, str]], wanted: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for kind, value in details if kind == wanted))
