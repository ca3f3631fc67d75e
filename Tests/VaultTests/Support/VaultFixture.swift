import GRDB
import ResealCore
import ResealSealing
import TestSupport
import Testing

@testable import ResealVault

/// A vault in a folder of its own, with a root key in a file and a clock that stands still.
struct VaultFixture {
    static let alice = ActionContext(
        principal: Sample.alice, source: "10.0.0.1", userAgent: "test/1", requestID: "request-1")

    let folder: TemporaryFolder
    let home: VaultHome
    let clock = TestClock()
    let core: VaultCore
    let vault: Vault

    init() throws {
        folder = try TemporaryFolder()
        home = VaultHome(path: folder.file("home"))
        try VaultCore.create(home, passphrase: nil, clock: clock.clock, by: Self.alice)
        core = try VaultCore.open(home, passphrase: { nil }, clock: clock.clock)
        vault = Vault(core: core)
    }

    /// Another process' view of the same vault.
    func reopened() throws -> Vault { try Vault(home: home.path, clock: clock.clock) }

    @discardableResult
    func set(_ name: String, _ text: String) async throws -> SecretWriting {
        try await vault.set(SecretID(name), to: SecretValue(scalar: SecretBytes(utf8: text)), by: Self.alice)
    }

    func text(_ name: String, version: Int64? = nil) async throws -> String? {
        try await vault.get(SecretID(name), version: version, by: Self.alice).value.leaves[0].bytes.revealText()
    }

    /// Makes a secret look as if Git managed it and had last said `text`.
    func manage(_ name: String, as text: String, changing: (inout SecretRecord) -> Void = { _ in }) throws {
        let id = SecretID(name)
        let encoded = SecretValue(scalar: SecretBytes(utf8: text)).encoded()
        try core.write { transaction in
            var secret = try transaction.existing(id)
            secret.isManaged = true
            changing(&secret)
            try transaction.store.update(secret)
            let source = try transaction.store.save(Sample.source())
            var applied = Sample.applied(ResourceKey(id), source: source, set: try transaction.store.referenceSetID([]))
            applied.fingerprint = try core.keyring.fingerprint(encoded, of: id)
            try transaction.store.save(applied)
            try transaction.audit.record(.secretUpdate, ResourceKey(id).description, by: Self.alice)
        }
    }

    func secret(_ name: String) throws -> SecretRecord {
        try #require(try core.store.read { try $0.secret(SecretID(name)) })
    }

    /// All records of the audit trail, without leaving one.
    func records() throws -> [AuditRecord] {
        try core.store.read { store in
            var records: [AuditRecord] = []
            try store.forEachAuditRecord(AuditFilter()) { records.append($0) }
            return records
        }
    }

    /// Lines `action subject version result detail` of the records behind the first `skipping`.
    func trail(skipping count: Int = 1) throws -> [String] {
        try records().dropFirst(count).map { record in
            let version = record.version.map { "@\($0)" } ?? ""
            let detail = record.detail.isEmpty ? "" : " (\(record.detail))"
            return "\(record.action.rawValue) \(record.subject)\(version) \(record.result.rawValue)\(detail)"
        }
    }

    func problems(expecting head: String? = nil) async throws -> [String] {
        try await vault.verifyAudit(expectedHead: head).problems
    }

    func head() async throws -> String { try await vault.status().auditHead }

    /// Changes the store's file behind the vault's back.
    func meddle(_ sql: String, _ arguments: StatementArguments = []) throws {
        let queue = try DatabaseQueue(path: home.storePath)
        try queue.write { try $0.execute(sql: sql, arguments: arguments) }
        try queue.close()
    }

    /// Answers a query from the store's file.
    func ask<T: DatabaseValueConvertible & Sendable>(_ sql: String, as type: T.Type = T.self) throws -> T? {
        let queue = try DatabaseQueue(path: home.storePath)
        return try queue.read { try T.fetchOne($0, sql: sql) }
    }
}
