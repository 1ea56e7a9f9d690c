/** `PRAGMA application_id` of our databases: "FRWR" in ASCII. It distinguishes a foreign SQLite file from a new, empty one. */
export const applicationId = 0x46_52_57_52;

/**
 * Scripts that migrate a database from version n to n + 1 (`PRAGMA user_version`), in order. A released script is never
 * changed: a change of the schema is a further script.
 */
export const migrations: readonly string[] = [
  `
  -- Versions of jobs come from one counter, so that a new job under an old name never repeats one.
  CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
  INSERT INTO counter VALUES ('version', 0);

  -- Written to and emptied to find out whether a disk that was full has room again.
  CREATE TABLE probe (filler BLOB) STRICT;

  CREATE TABLE job (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,  -- order of creation, whatever the wall clock did; never used twice
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    uid TEXT NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    created_at INTEGER NOT NULL,            -- this and all instants: Unix milliseconds
    deletion_at INTEGER,
    owner TEXT,
    type TEXT NOT NULL,
    phase TEXT NOT NULL,
    finished_at INTEGER,
    own_ttl INTEGER,                        -- seconds, when the job has one of its own
    expires_at INTEGER,
    labels TEXT,
    annotations TEXT,
    spec TEXT NOT NULL CHECK (json_valid(spec)),
    status TEXT CHECK (json_valid(status)),
    UNIQUE (namespace, name)
  ) STRICT;
  CREATE INDEX job_by_phase ON job (phase, seq);
  CREATE INDEX job_by_owner ON job (owner, seq);
  CREATE INDEX job_unfinished_of_owner ON job (owner) WHERE phase IN ('Queued', 'Starting', 'Running');
  CREATE INDEX job_by_creation ON job (created_at);
  CREATE INDEX job_deleting ON job (seq) WHERE deletion_at IS NOT NULL;
  CREATE INDEX job_by_expiry ON job (expires_at) WHERE expires_at IS NOT NULL AND deletion_at IS NULL;

  CREATE TABLE api_key (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    role TEXT NOT NULL,
    namespace TEXT NOT NULL,
    digest TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
  ) STRICT;

  CREATE TABLE asset (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    namespace TEXT NOT NULL,
    filename TEXT NOT NULL,
    media_type TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX asset_by_owner ON asset (owner, seq);

  CREATE TABLE run (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    uid TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    stage TEXT NOT NULL,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    node TEXT,
    started_at INTEGER,
    finished_at INTEGER,
    exit_code INTEGER,
    infrastructure INTEGER,
    stop_reason TEXT,
    message TEXT,
    result TEXT CHECK (json_valid(result)),
    pid INTEGER,                            -- with the next two: a process that no other one can be taken for
    pid_started TEXT,
    boot_id TEXT,
    UNIQUE (uid, attempt, stage)
  ) STRICT;
  CREATE INDEX run_live ON run (seq) WHERE state = 'running';
  `,
];
