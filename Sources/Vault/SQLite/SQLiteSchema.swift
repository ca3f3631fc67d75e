internal import GRDB

/// The tables of the SQLite store, as migrations: a published one is never edited, only followed by another.
enum SQLiteSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("v1") { db in try db.execute(sql: v1) }
        migrator.registerMigration("rotations") { db in try db.execute(sql: rotations) }
        migrator.registerMigration("tokens") { db in try db.execute(sql: tokens) }
        migrator.registerMigration("kv-settings") { db in try db.execute(sql: kvSettings) }
        migrator.registerMigration("wrappings") { db in try db.execute(sql: wrappings) }
        migrator.registerMigration("token-identities") { db in
            try db.execute(sql: "ALTER TABLE tokens ADD COLUMN identity BLOB")
        }
        migrator.registerMigration("audit-cursors") { db in try db.execute(sql: auditCursors) }
        migrator.registerMigration("token-serial") { db in try db.execute(sql: tokenSerial) }
        migrator.registerMigration("previous-versions") { db in
            try db.execute(
                sql: "CREATE INDEX versions_previous ON versions (secret, number) WHERE state = 'previous'")
        }
        return migrator
    }

    /// By triggers, so that whoever changes a token, by whatever path, ends what a server remembers of it.
    private static let tokenSerial = ["INSERT", "UPDATE", "DELETE"].map { change in
        """
        CREATE TRIGGER token_serial_\(change.lowercased()) AFTER \(change) ON tokens BEGIN
            UPDATE metadata SET value = CAST(CAST(CAST(value AS TEXT) AS INTEGER) + 1 AS BLOB)
            WHERE key = 'token-serial';
        END;
        """
    }.reduce("INSERT INTO metadata (key, value) VALUES ('token-serial', CAST('0' AS BLOB));", +)

    private static let auditCursors = """
        CREATE TABLE audit_cursors (name TEXT PRIMARY KEY, sequence INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        """

    private static let wrappings = """
        CREATE TABLE wrappings (
            digest BLOB PRIMARY KEY,
            accessor TEXT NOT NULL UNIQUE,
            principal TEXT NOT NULL,
            organization TEXT NOT NULL,
            path TEXT NOT NULL,
            wrapped_accessor TEXT,
            created_at INTEGER NOT NULL,
            ttl INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            sealed BLOB NOT NULL
        ) STRICT;
        CREATE INDEX wrappings_expiry ON wrappings (expires_at);
        CREATE INDEX wrappings_principal ON wrappings (organization, principal);
        """

    private static let kvSettings = """
        CREATE TABLE kv_settings (secret INTEGER PRIMARY KEY REFERENCES secrets (id), document BLOB NOT NULL) STRICT;
        """

    private static let tokens = """
        CREATE TABLE tokens (
            digest BLOB PRIMARY KEY,
            accessor TEXT NOT NULL UNIQUE,
            parent TEXT,
            principal TEXT NOT NULL,
            organization TEXT NOT NULL,
            scope BLOB NOT NULL,
            break_glass_reason TEXT,
            created_at INTEGER NOT NULL,
            created_by TEXT NOT NULL,
            ttl INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            ends_at INTEGER NOT NULL,
            is_renewable INTEGER NOT NULL,
            uses_left INTEGER,
            revoked_at INTEGER
        ) STRICT, WITHOUT ROWID;
        """

    private static let rotations = """
        CREATE TABLE rotations (
            secret INTEGER PRIMARY KEY REFERENCES secrets (id),
            step TEXT NOT NULL,
            candidate INTEGER NOT NULL,
            previous INTEGER NOT NULL,
            unwritten BLOB NOT NULL,
            started_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL,
            retire_at INTEGER,
            failures INTEGER NOT NULL,
            next_attempt_at INTEGER,
            last_failure TEXT
        ) STRICT;
        """

    private static let v1 = """
        CREATE TABLE metadata (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;

        CREATE TABLE keyring (
            id INTEGER PRIMARY KEY, purpose TEXT NOT NULL, created_at INTEGER NOT NULL, wrapped BLOB NOT NULL
        ) STRICT;

        CREATE TABLE secrets (
            id INTEGER PRIMARY KEY,
            organization TEXT NOT NULL,
            name TEXT NOT NULL,
            state TEXT NOT NULL,
            spec BLOB NOT NULL,
            spec_digest BLOB NOT NULL,
            current_version INTEGER NOT NULL,
            latest_version INTEGER NOT NULL,
            fingerprint BLOB,
            fields BLOB NOT NULL,
            is_managed INTEGER NOT NULL,
            deletion_protection INTEGER NOT NULL,
            keep_previous INTEGER NOT NULL,
            drift TEXT,
            created_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL,
            deleted_at INTEGER,
            purge_at INTEGER,
            UNIQUE (organization, name)
        ) STRICT;
        CREATE INDEX secrets_drift ON secrets (id) WHERE drift IS NOT NULL;
        CREATE INDEX secrets_purge ON secrets (purge_at) WHERE purge_at IS NOT NULL;

        -- Rows are only ever added at the end, and overwritten in place by zeros: so SQLite never moves one to another
        -- page, where moving leaves a copy in the slack of the page before. To destroy a key is to destroy its value.
        CREATE TABLE data_keys (id INTEGER PRIMARY KEY, wrapped BLOB NOT NULL) STRICT;

        CREATE TABLE versions (
            secret INTEGER NOT NULL REFERENCES secrets (id),
            number INTEGER NOT NULL,
            state TEXT NOT NULL,
            origin TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            created_by TEXT NOT NULL,
            fingerprint BLOB NOT NULL,
            fields BLOB NOT NULL,
            kek INTEGER,
            data_key INTEGER REFERENCES data_keys (id),
            ciphertext BLOB,
            source_commit BLOB,
            source_path TEXT,
            source_line INTEGER,
            source_column INTEGER,
            source_blob BLOB,
            restored_from INTEGER,
            purge_at INTEGER,
            destroyed_at INTEGER,
            PRIMARY KEY (secret, number)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX versions_purge ON versions (purge_at) WHERE purge_at IS NOT NULL;

        CREATE TABLE sources (
            id INTEGER PRIMARY KEY,
            location TEXT NOT NULL,
            path TEXT NOT NULL,
            ref TEXT NOT NULL,
            repository_id TEXT NOT NULL,
            commit_id BLOB NOT NULL,
            tree_id BLOB,
            applied_at INTEGER NOT NULL,
            policy BLOB NOT NULL
        ) STRICT;

        CREATE TABLE reference_sets (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE) STRICT;
        CREATE TABLE reference_set_members (
            target TEXT NOT NULL, reference_set INTEGER NOT NULL REFERENCES reference_sets (id),
            PRIMARY KEY (target, reference_set)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX reference_set_members_set ON reference_set_members (reference_set);

        CREATE TABLE applied (
            kind TEXT NOT NULL,
            organization TEXT NOT NULL,
            name TEXT NOT NULL,
            source INTEGER NOT NULL REFERENCES sources (id),
            path TEXT NOT NULL,
            line INTEGER NOT NULL,
            column_number INTEGER NOT NULL,
            blob BLOB,
            spec BLOB NOT NULL,
            spec_digest BLOB NOT NULL,
            fingerprint BLOB,
            reference_set INTEGER NOT NULL REFERENCES reference_sets (id),
            PRIMARY KEY (kind, organization, name)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX applied_path ON applied (source, path);
        CREATE INDEX applied_reference_set ON applied (reference_set);

        CREATE TABLE audit (
            sequence INTEGER PRIMARY KEY,
            at INTEGER NOT NULL,
            principal TEXT NOT NULL,
            action TEXT NOT NULL,
            subject TEXT NOT NULL,
            version INTEGER,
            result TEXT NOT NULL,
            source TEXT NOT NULL,
            user_agent TEXT NOT NULL,
            request_id TEXT NOT NULL,
            commit_id BLOB,
            detail TEXT NOT NULL,
            hash BLOB NOT NULL
        ) STRICT;
        CREATE TABLE audit_heads (
            sequence INTEGER PRIMARY KEY, hash BLOB NOT NULL, serial INTEGER NOT NULL, at INTEGER NOT NULL,
            signature BLOB NOT NULL
        ) STRICT;
        """
}
