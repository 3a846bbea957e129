"""What makes an item and an answer the same one as before: ids, input hashes, step hashes."""

import hashlib
import json
import re
import unicodedata
from typing import TYPE_CHECKING, Any

from holytui.core.template import compact_json
from holytui.core.work import Record

if TYPE_CHECKING:
    from holytui.core.job import Job

SLUG_LENGTH = 60
HASH_DIGITS = 16
"""Hex digits of the input's SHA-256 that name an item which has no name of its own."""


def input_hash(record: Record) -> bytes:
    """SHA-256 (32 bytes) of a record: its text and what it was read from."""
    text = record.text.encode("utf-8", "surrogatepass")
    raw = json.dumps(record.raw, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(b"%d:" % len(text))
    digest.update(text)
    digest.update(raw.encode("utf-8", "surrogatepass"))
    return digest.digest()


def item_id(given: Any, digest: bytes) -> str:
    """The id of an item before repeats are told apart.

    Args:
        given: the value of its identifying field; None or an empty text when it has none.
        digest: its input hash.

    Returns:
        The value as text (compact JSON where it is none), else the first hex digits of the hash.
    """
    if given is None or given == "":
        return digest.hex()[:HASH_DIGITS]
    return given if isinstance(given, str) else compact_json(given)


class Namer:
    """Makes ids unique: repeats get `~2`, `~3` … in the order of the input.

    Keeps 60 bits of a hash for each id instead of the id, so that a million items take some 70 MB less;
    should two ids share them, the later one is named as if it were a repeat.
    """

    def __init__(self) -> None:
        self._taken: set[int] = set()
        self._repeats: dict[int, int] = {}

    def name(self, wanted: str) -> str:
        """This id, or with the first free number behind it; never the same one twice."""
        key = _short_hash(wanted)
        if key not in self._taken:
            self._taken.add(key)
            return wanted
        number = self._repeats.get(key, 1)
        while True:
            number += 1
            numbered = f"{wanted}~{number}"
            numbered_key = _short_hash(numbered)
            if numbered_key not in self._taken:
                break
        self._repeats[key] = number
        self._taken.add(numbered_key)
        return numbered


def _short_hash(text: str) -> int:
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 4  # an int of up to 60 bits takes 4 bytes less than one of 64


def step_hashes(job: "Job") -> dict[str, str]:
    """What each step's answers depend on, as hex digests by step name.

    Model, system prompt, prompt, temperature, max_tokens, response format, the schema's content and the
    hashes of the steps it uses count; clocks, provider, URL and concurrency do not.
    """
    hashes: dict[str, str] = {}
    for step in job.step_order():
        parts = {
            "model": step.model,
            "system": step.system,
            "prompt": step.prompt,
            "temperature": step.temperature,
            "max_tokens": step.max_tokens,
            "response_format": step.response_format,
            "schema": None if step.answer_schema is None else step.answer_schema.content,
            "uses": {name: hashes[name] for name in step.uses},
        }
        canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"))
        hashes[step.name] = hashlib.sha256(canonical.encode()).hexdigest()
    return hashes


def job_id_of(name: str) -> str:
    """The id that a job's name gives: `[a-z0-9-]+`, the name's digest where it has nothing of that."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:SLUG_LENGTH].strip("-")
    return slug or "job-" + hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
