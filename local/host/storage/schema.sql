-- The host's whole state. A row is here or it never happened: nothing in memory is the truth about anything.

CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
-- version: of this schema;  epoch: how many times a host was started on this file

-- An orchestration instance: Pending -> Running <-> Suspended -> Completed | Failed | Terminated.
-- A finished one may be started again under the same id: a new execution, with nothing left of the old.
-- An entity is an instance with the id @name@key that is always Running and has no execution and no history.
CREATE TABLE instances (
    id            TEXT PRIMARY KEY,
    execution     TEXT NOT NULL,              -- changes with each start and each continue-as-new; '' of an entity
    name          TEXT NOT NULL,
    status        TEXT NOT NULL,
    input         TEXT,                       -- JSON, as are custom_status and output; of an entity its state
    custom_status TEXT,
    output        TEXT,
    created       TEXT NOT NULL,
    updated       TEXT NOT NULL,
    generation    INTEGER NOT NULL DEFAULT 0,
    parent        TEXT                        -- JSON: who called it, and as which task
);
CREATE INDEX instances_unfinished ON instances (status) WHERE status IN ('Pending', 'Running', 'Suspended');

-- The events of the current execution, in order.
CREATE TABLE history (
    instance TEXT NOT NULL,
    seq      INTEGER NOT NULL,
    event    BLOB NOT NULL,                   -- JSON
    PRIMARY KEY (instance, seq)
) WITHOUT ROWID;

-- Events on their way to an instance; its next turn takes them all.
CREATE TABLE messages (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again: a late answer must find nothing
    instance  TEXT NOT NULL,
    execution TEXT,                           -- the one it is meant for; null: whichever runs
    event     BLOB NOT NULL
);
CREATE INDEX messages_by_instance ON messages (instance, id);

-- Sub-orchestrations called under an id that is still running: they start when it has finished.
CREATE TABLE queued_starts (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    instance TEXT NOT NULL,
    event    BLOB NOT NULL
);
CREATE INDEX queued_starts_by_instance ON queued_starts (instance, id);

-- Activities that have not reported. The row goes in the transaction that keeps the result: a second one finds none.
CREATE TABLE activities (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again: a late answer must find nothing
    instance  TEXT NOT NULL,
    execution TEXT NOT NULL,
    task      INTEGER NOT NULL,
    name      TEXT NOT NULL,
    input     TEXT,
    leased_until REAL                         -- seconds since 1970: a host runs it, the next start waits for this
);

-- Durable timers that have not fired.
CREATE TABLE timers (
    instance  TEXT NOT NULL,
    task      INTEGER NOT NULL,
    execution TEXT NOT NULL,
    due       REAL NOT NULL,                  -- seconds since 1970
    fire_at   TEXT NOT NULL,
    PRIMARY KEY (instance, task)
) WITHOUT ROWID;

-- When each timer trigger was last run, so that one missed while the host was down is noticed.
CREATE TABLE schedules (function TEXT PRIMARY KEY, last TEXT NOT NULL) WITHOUT ROWID;
