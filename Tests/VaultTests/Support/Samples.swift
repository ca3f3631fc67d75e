import ResealCore
import ResealSealing
import TestSupport
import Testing

@testable import ResealVault

/// Records for stores, each field with a value of its own, so that mixed up columns show.
enum Sample {
    static let start = Timestamp(seconds: 1_767_225_600)
    static let alice = known(Principal("user:alice"))

    static func digest(_ seed: UInt8) -> Digest256 { Digest256(hashing: [seed]) }
    static func object(_ seed: UInt8) -> ObjectID { known(ObjectID(bytes: [UInt8](repeating: seed, count: 20))) }

    /// A secret without a row yet.
    static func secret(_ name: String = "prod/db", organization: String = "default") -> SecretRecord {
        SecretRecord(
            rowID: 0, id: SecretID(name, organization: organization), state: .active, spec: Array("{\"a\":1}".utf8),
            specDigest: digest(1), currentVersion: 0, latestVersion: 0, fingerprint: nil, fields: [], isManaged: false,
            deletionProtection: false, keepPrevious: TimeSpan(seconds: 86_400), drift: nil, createdAt: start,
            updatedAt: start, deletedAt: nil, purgeAt: nil)
    }

    /// The same with every optional field set.
    static func fullSecret(_ name: String = "prod/db") -> SecretRecord {
        var secret = secret(name)
        secret.state = .deleted
        secret.spec = [0, 255, 1]
        secret.specDigest = digest(2)
        secret.currentVersion = 3
        secret.latestVersion = 4
        secret.fingerprint = digest(3)
        secret.fields = [
            FieldState(field: "", counter: 0, fingerprint: 0),
            FieldState(field: "tls.key\\.pem", counter: .max, fingerprint: .max),
            FieldState(field: "ä", counter: -7, fingerprint: 1),
        ]
        secret.isManaged = true
        secret.deletionProtection = true
        secret.keepPrevious = TimeSpan(seconds: 604_801)
        secret.drift = .restored
        secret.updatedAt = Timestamp(milliseconds: start.milliseconds + 1)
        secret.deletedAt = Timestamp(milliseconds: start.milliseconds + 2)
        secret.purgeAt = Timestamp(milliseconds: start.milliseconds + 3)
        return secret
    }

    static func version(_ number: Int64, state: VersionRecord.State = .current) -> VersionRecord {
        VersionRecord(
            number: number, state: state, origin: .manual, createdAt: start, createdBy: alice, fingerprint: digest(4),
            fields: [], source: nil, restoredFrom: nil, purgeAt: nil, destroyedAt: nil)
    }

    static func fullVersion(_ number: Int64) -> VersionRecord {
        var version = version(number, state: .pending)
        version.origin = .rotation
        version.fields = [FieldState(field: "a.b", counter: 9, fingerprint: 10)]
        version.source = SourcePosition(commit: object(1), path: "a/b.yaml", line: 7, column: 11, blob: object(2))
        version.restoredFrom = 2
        version.purgeAt = Timestamp(milliseconds: start.milliseconds + 4)
        version.destroyedAt = Timestamp(milliseconds: start.milliseconds + 5)
        return version
    }

    static func sealed(_ seed: UInt8 = 1, size: Int = 100) -> SealedValue {
        var random = SeededGenerator(seed: UInt64(seed))
        return SealedValue(kek: Int64(seed), wrappedDEK: random.bytes(60), ciphertext: random.bytes(size))
    }

    static func source(_ id: Int64 = 0) -> SourceRecord {
        SourceRecord(
            id: id, location: "ssh://git@example.org/infra", path: "manifests", ref: "main",
            repositoryID: "0123456789abcdef", commit: object(3), tree: object(4), appliedAt: start,
            policy: Array("{}".utf8))
    }

    static func applied(_ key: ResourceKey, source: Int64, path: String = "a.yaml", set: Int64) -> AppliedRecord {
        AppliedRecord(
            key: key, source: source,
            position: SourcePosition(commit: nil, path: path, line: 3, column: 5, blob: object(5)),
            spec: Array("{\"k\":2}".utf8), specDigest: digest(6), fingerprint: digest(7), referenceSet: set)
    }

    static func audit(_ sequence: Int64) -> AuditRecord {
        AuditRecord(
            sequence: sequence, at: Timestamp(milliseconds: start.milliseconds + sequence), principal: alice,
            action: .secretRead, subject: "Secret.default/prod/db", version: sequence, result: .ok, source: "10.0.0.1",
            userAgent: "test/1", requestID: "r\(sequence)", commit: object(6), detail: "d\(sequence)",
            hash: digest(UInt8(truncatingIfNeeded: sequence)))
    }

    static func head(_ sequence: Int64) -> AuditHead {
        AuditHead(
            sequence: sequence, hash: digest(8), serial: sequence * 2, at: start,
            signature: [UInt8](repeating: 9, count: 64))
    }
}

/// A constant of a test, written in a form that might have been wrong.
func known<T>(_ value: T?) -> T {
    guard let value else { preconditionFailure("a constant of a test is malformed") }
    return value
}

extension Store {
    /// Stores a secret with one current version, and gives back its row id.
    @discardableResult
    func addSecret(_ name: String, sealed: SealedValue = Sample.sealed()) throws -> Int64 {
        try write { transaction in
            var secret = Sample.secret(name)
            secret.currentVersion = 1
            secret.latestVersion = 1
            let row = try transaction.insert(secret)
            try transaction.insert(Sample.version(1), value: sealed, of: row)
            return row
        }
    }

    func names() throws -> [String] {
        try read { reader in
            var names: [String] = []
            try reader.forEachSecret(organization: nil, prefix: "") { names.append($0.id.description) }
            return names
        }
    }
}

/// An error of a test's own, which no store makes.
struct Abort: Error, Equatable {}
