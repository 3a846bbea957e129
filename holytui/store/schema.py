"""The tables of a checkpoint, and the way from one version of them to the next."""

APPLICATION_ID = 0x686F6C79
"""`holy`, in SQLite's header: what is not ours is never touched."""

VERSION = 3

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE items (
    key INTEGER PRIMARY KEY,
    idx INTEGER NOT NULL,
    id BLOB NOT NULL UNIQUE,
    input_hash BLOB NOT NULL,
    state INTEGER NOT NULL DEFAULT 0,
    kind TEXT,
    step TEXT,
    message BLOB,
    http_status INTEGER,
    round INTEGER NOT NULL DEFAULT 1,
    attempts INTEGER NOT NULL DEFAULT 0,
    tokens_in INTEGER NOT NULL DEFAULT 0,
    tokens_out INTEGER NOT NULL DEFAULT 0,
    cost_usd REAL NOT NULL DEFAULT 0,
    cost_kind TEXT NOT NULL DEFAULT 'reported',
    seconds REAL NOT NULL DEFAULT 0,
    finished_at REAL,
    overrides TEXT,
    seen INTEGER NOT NULL DEFAULT 0,
    removed INTEGER NOT NULL DEFAULT 0,
    given_up BLOB
);
CREATE INDEX items_by_place ON items(removed, idx);
CREATE INDEX items_by_state ON items(removed, state, idx);
CREATE TABLE inputs (key INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE results (
    item INTEGER NOT NULL,
    step TEXT NOT NULL,
    round INTEGER NOT NULL,
    step_hash TEXT NOT NULL,
    input_hash BLOB NOT NULL,
    kind TEXT,
    message BLOB,
    http_status INTEGER,
    text BLOB,
    model TEXT,
    finish_reason TEXT,
    seconds REAL,
    at REAL NOT NULL,
    PRIMARY KEY (item, step)
);
CREATE TABLE attempts (
    id INTEGER PRIMARY KEY,
    item INTEGER NOT NULL,
    step TEXT NOT NULL,
    round INTEGER NOT NULL,
    session INTEGER NOT NULL,
    number INTEGER NOT NULL,
    counted INTEGER NOT NULL,
    started_at REAL NOT NULL,
    ended_s REAL NOT NULL,
    connected_s REAL,
    first_s REAL,
    last_s REAL,
    clock_s REAL,
    kind TEXT,
    message BLOB,
    http_status INTEGER,
    request_id TEXT,
    model TEXT,
    tokens_in INTEGER NOT NULL,
    tokens_out INTEGER NOT NULL,
    tokens_cached INTEGER NOT NULL,
    tokens_reasoning INTEGER NOT NULL,
    exact INTEGER NOT NULL,
    cost_usd REAL,
    cost_kind TEXT NOT NULL,
    wasted INTEGER NOT NULL,
    text BLOB,
    asked BLOB,
    tier INTEGER NOT NULL DEFAULT 0,
    prompt_chars INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX attempts_by_item ON attempts(item);
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY,
    pid INTEGER NOT NULL,
    host TEXT NOT NULL,
    started_at REAL NOT NULL,
    ended_at REAL,
    active_s REAL NOT NULL DEFAULT 0,
    outcome TEXT
);
CREATE TABLE triage (
    batch INTEGER NOT NULL,
    item INTEGER NOT NULL,
    verb TEXT NOT NULL,
    round INTEGER NOT NULL,
    kind TEXT,
    step TEXT,
    message BLOB,
    http_status INTEGER,
    finished_at REAL,
    overrides TEXT,
    given_up BLOB,
    attempt INTEGER,
    finish_reason TEXT,
    own_text INTEGER,
    PRIMARY KEY (batch, item)
) WITHOUT ROWID;
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    first REAL NOT NULL,
    last REAL NOT NULL,
    count INTEGER NOT NULL,
    text BLOB NOT NULL
);
"""

MIGRATIONS: dict[int, tuple[str, ...]] = {
    # Format 0 was never released; it lacked what a retry with changes needs. Its migration keeps the way
    # from one version to the next in use from the first day.
    0: ("ALTER TABLE items ADD COLUMN overrides TEXT",),
    1: (
        "ALTER TABLE attempts ADD COLUMN asked BLOB",
        "ALTER TABLE attempts ADD COLUMN tier INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE attempts ADD COLUMN prompt_chars INTEGER NOT NULL DEFAULT 0",
    ),
    2: (
        "ALTER TABLE items ADD COLUMN given_up BLOB",
        "CREATE TABLE triage (batch INTEGER NOT NULL, item INTEGER NOT NULL, verb TEXT NOT NULL,"
        " round INTEGER NOT NULL, kind TEXT, step TEXT, message BLOB, http_status INTEGER, finished_at REAL,"
        " overrides TEXT, given_up BLOB, attempt INTEGER, finish_reason TEXT, own_text INTEGER,"
        " PRIMARY KEY (batch, item)) WITHOUT ROWID",
    ),
}
"""Statements that lead from a version to the one after it."""
