"""Foreign text and records as bytes and back, exactly: NULs, lone surrogates and all."""

import json
from dataclasses import asdict, replace
from typing import Any

from holytui.core.pricing import Money, MoneyKind
from holytui.core.work import ItemState, Overrides, Record

STATES = (ItemState.PENDING, ItemState.SUCCEEDED, ItemState.FAILED)
"""Stored as their place here; `running` is never stored."""

_SAME_AS_TEXT = {"holytui": "text"}
"""Stands for a copy of the record's text, so that a document is stored once."""


def pack(text: str) -> bytes:
    """Text for a BLOB column."""
    return text.encode("utf-8", "surrogatepass")


def unpack(data: bytes | None) -> str:
    """Text from a BLOB column; nothing stored is an empty text."""
    return "" if data is None else bytes(data).decode("utf-8", "surrogatepass")


def pack_record(record: Record) -> bytes:
    """A record, its text once."""
    text = record.text
    data = {
        "text": text,
        "fields": {name: _SAME_AS_TEXT if value == text else value for name, value in record.fields.items()},
        "raw": _SAME_AS_TEXT if record.raw == text else record.raw,
        "problem": record.problem,
    }
    return pack(json.dumps(data, ensure_ascii=False, separators=(",", ":")))


def unpack_record(data: bytes) -> Record:
    """The record that `pack_record` stored."""
    stored = json.loads(unpack(data))
    text = stored["text"]

    def value(kept: Any) -> Any:
        return text if kept == _SAME_AS_TEXT else kept

    fields = {name: value(kept) for name, kept in stored["fields"].items()}
    return Record(text, fields, stored["problem"], value(stored["raw"]))


def pack_overrides(overrides: Overrides) -> str | None:
    """A retry's changes; None when there are none."""
    return None if overrides == Overrides() else json.dumps(asdict(overrides))


def unpack_overrides(data: str | None) -> Overrides:
    """A retry's changes; what of them cannot be sent is left as the job has it, so that one item bars no other."""
    if data is None:
        return Overrides()
    changes = Overrides(**json.loads(data))
    defaults = Overrides()
    return replace(changes, **{name: getattr(defaults, name) for name in changes.unfit})


def money(usd: float | None, kind: str) -> Money:
    """Typed money from its two columns."""
    known = MoneyKind(kind)
    return Money(None if known is MoneyKind.UNKNOWN else usd, known)
