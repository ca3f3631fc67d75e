internal import ResealCore
internal import ResealSealing

// Rows to records. Columns are read by index, in the order of the column lists here.

extension SecretRecord {
    static let columns = """
        id, organization, name, state, spec, spec_digest, current_version, latest_version, fingerprint, fields,
        is_managed, deletion_protection, keep_previous, drift, created_at, updated_at, deleted_at, purge_at
        """

    init(row: StatementRow) throws {
        self.init(
            rowID: row.integer(0), id: SecretID(row.text(2), organization: row.text(1)),
            state: try row.word(3, as: State.self), spec: row.bytes(4), specDigest: try row.digest(5),
            currentVersion: try row.versionNumber(6), latestVersion: try row.versionNumber(7),
            fingerprint: try row.optionalDigest(8),
            fields: try [FieldState](decoding: row.bytes(9)), isManaged: row.integer(10) != 0,
            deletionProtection: row.integer(11) != 0, keepPrevious: TimeSpan(seconds: row.integer(12)),
            drift: row.isNull(13) ? nil : try row.word(13, as: Drift.self), createdAt: row.time(14),
            updatedAt: row.time(15), deletedAt: row.optionalTime(16), purgeAt: row.optionalTime(17))
    }

    /// Adds what stands in ``columns``, without the id.
    func addValues(to row: inout RowValues) {
        row.add(id.organization)
        row.add(id.name)
        row.add(state.rawValue)
        row.add(spec)
        row.add(specDigest)
        row.add(currentVersion)
        row.add(latestVersion)
        row.add(fingerprint)
        row.add(fields.encoded)
        row.add(isManaged)
        row.add(deletionProtection)
        row.add(keepPrevious.seconds)
        row.add(drift?.rawValue)
        row.add(createdAt)
        row.add(updatedAt)
        row.add(deletedAt)
        row.add(purgeAt)
    }
}

extension VersionRecord {
    static let columns = """
        number, state, origin, created_at, created_by, fingerprint, fields, source_commit, source_path, source_line,
        source_column, source_blob, restored_from, purge_at, destroyed_at
        """

    init(row: StatementRow) throws {
        guard let author = Principal(row.text(4)) else { throw StatementRow.malformed("a principal") }
        let source =
            row.isNull(8)
            ? nil
            : SourcePosition(
                commit: try row.objectID(7), path: row.text(8), line: Int(row.integer(9)), column: Int(row.integer(10)),
                blob: try row.objectID(11))
        self.init(
            number: row.integer(0), state: try row.word(1, as: State.self), origin: try row.word(2, as: Origin.self),
            createdAt: row.time(3), createdBy: author, fingerprint: try row.digest(5),
            fields: try [FieldState](decoding: row.bytes(6)), source: source,
            restoredFrom: row.optionalInteger(12), purgeAt: row.optionalTime(13), destroyedAt: row.optionalTime(14))
    }

    /// Adds what stands in ``columns``.
    func addValues(to row: inout RowValues) {
        row.add(number)
        row.add(state.rawValue)
        row.add(origin.rawValue)
        row.add(createdAt)
        row.add(createdBy.description)
        row.add(fingerprint)
        row.add(fields.encoded)
        row.add(source?.commit)
        row.add(source?.path)
        row.add((source?.line).map(Int64.init))
        row.add((source?.column).map(Int64.init))
        row.add(source?.blob)
        row.add(restoredFrom)
        row.add(purgeAt)
        row.add(destroyedAt)
    }
}

extension RotationRecord {
    static let query = """
        SELECT r.secret, s.organization, s.name, r.step, r.candidate, r.previous, r.unwritten, r.started_at,
            r.updated_at, r.retire_at, r.failures, r.next_attempt_at, r.last_failure
        FROM rotations r JOIN secrets s ON s.id = r.secret
        """

    init(row: StatementRow) throws {
        self.init(
            rowID: row.integer(0), id: SecretID(row.text(2), organization: row.text(1)),
            step: try row.word(3, as: Step.self), candidate: try row.versionNumber(4),
            previous: try row.versionNumber(5), unwritten: try [FieldState](decoding: row.bytes(6)),
            startedAt: row.time(7), updatedAt: row.time(8), retireAt: row.optionalTime(9), failures: row.integer(10),
            nextAttemptAt: row.optionalTime(11), lastFailure: row.optionalText(12))
    }
}

extension AppliedRecord {
    static let columns = """
        kind, organization, name, source, path, line, column_number, blob, spec, spec_digest, fingerprint, reference_set
        """

    init(row: StatementRow) throws {
        self.init(
            key: ResourceKey(try row.word(0, as: ResourceKind.self), row.text(2), organization: row.text(1)),
            source: row.integer(3),
            position: SourcePosition(
                commit: nil, path: row.text(4), line: Int(row.integer(5)), column: Int(row.integer(6)),
                blob: try row.objectID(7)),
            spec: row.bytes(8), specDigest: try row.digest(9), fingerprint: try row.optionalDigest(10),
            referenceSet: row.integer(11))
    }

    /// Adds what stands in ``columns``.
    func addValues(to row: inout RowValues) {
        row.add(key.kind.rawValue)
        row.add(key.organization)
        row.add(key.name)
        row.add(source)
        row.add(position.path)
        row.add(Int64(position.line))
        row.add(Int64(position.column))
        row.add(position.blob)
        row.add(spec)
        row.add(specDigest)
        row.add(fingerprint)
        row.add(referenceSet)
    }
}

extension SourceRecord {
    static let columns = "id, location, path, ref, repository_id, commit_id, tree_id, applied_at, policy"

    init(row: StatementRow) throws {
        guard let commit = try row.objectID(5) else { throw StatementRow.malformed("a commit id") }
        self.init(
            id: row.integer(0), location: row.text(1), path: row.text(2), ref: row.text(3),
            repositoryID: row.text(4), commit: commit, tree: try row.objectID(6), appliedAt: row.time(7),
            policy: row.bytes(8))
    }

    /// Adds what stands in ``columns``, without the id.
    func addValues(to row: inout RowValues) {
        row.add(location)
        row.add(path)
        row.add(ref)
        row.add(repositoryID)
        row.add(commit)
        row.add(tree)
        row.add(appliedAt)
        row.add(policy)
    }
}

extension AuditRecord {
    static let columns = """
        sequence, at, principal, action, subject, version, result, source, user_agent, request_id, commit_id, detail, hash
        """

    init(row: StatementRow) throws {
        guard let principal = Principal(row.text(2)) else { throw StatementRow.malformed("a principal") }
        self.init(
            sequence: row.integer(0), at: row.time(1), principal: principal,
            action: try row.word(3, as: AuditAction.self), subject: row.text(4), version: row.optionalInteger(5),
            result: try row.word(6, as: AuditResult.self), source: row.text(7), userAgent: row.text(8),
            requestID: row.text(9), commit: try row.objectID(10), detail: row.text(11), hash: try row.digest(12))
    }

    /// Adds what stands in ``columns``.
    func addValues(to row: inout RowValues) {
        row.add(sequence)
        row.add(at)
        row.add(principal.description)
        row.add(action.rawValue)
        row.add(subject)
        row.add(version)
        row.add(result.rawValue)
        row.add(source)
        row.add(userAgent)
        row.add(requestID)
        row.add(commit)
        row.add(detail)
        row.add(hash)
    }
}
