package import ResealCore
internal import ResealEngines
internal import ResealManifests
package import ResealVault

/// Where one secret stands with its rotation.
package struct RotationItem: Sendable {
    package enum State: String, Sendable {
        /// Nothing runs; `start` says when the next one begins.
        case scheduled
        /// Its time has come.
        case due
        /// Interrupted or failed before the new value became current.
        case running
        /// The last attempt failed and was taken back.
        case failed
        /// The vault is newer than Git.
        case writeBackPending
        /// Only when somebody asks.
        case manual
    }

    let rowID: Int64
    package let id: SecretID
    package let labels: [String: String]
    package let state: State
    package let isDue: Bool
    /// When the value counts as too old.
    package let due: Timestamp?
    /// When the next attempt begins.
    package let start: Timestamp?
    /// When rotation made the present value, or one before it; `nil` for never.
    package let lastRotated: Timestamp?
    package let journal: RotationRecord?
    package let handler: String?
    package let isRotatable: Bool

    package var isWriteBackPending: Bool { journal?.isWriteBackPending == true }

    /// When its target is to forget the value before.
    private var retirement: Timestamp? {
        journal.flatMap { journal in journal.retireAt.map { max($0, journal.nextAttemptAt ?? $0) } }
    }

    func isRetirable(at now: Timestamp) -> Bool { retirement.map { $0 <= now } ?? false }

    /// When there will be something to do; `nil` for never.
    var next: Timestamp? { [start, retirement].compactMap { $0 }.min() }
}

/// All secrets that have to do with rotation.
package enum RotationSurvey {
    /// What a walk through secrets does with each of them.
    typealias Visit = (SecretRecord) throws -> Void

    /// - Parameter organization: `nil` for all.
    package static func items(_ core: VaultCore, organization: String? = nil) throws -> [RotationItem] {
        try items(core) { try $0.forEachSecret(organization: organization, prefix: "", $1) }
    }

    /// By row.
    typealias Journals = [Int64: RotationRecord]

    static func journals(_ store: any StoreReader) throws -> Journals {
        Dictionary(try store.rotations().map { ($0.rowID, $0) }, uniquingKeysWith: { $1 })
    }

    /// Of the secrets that `walk` visits.
    ///
    /// - Parameter known: the journals, for whoever looks at one part of the secrets after the other.
    static func items(
        _ core: VaultCore, _ known: Journals? = nil, among walk: (any StoreReader, Visit) throws -> Void
    ) throws -> [RotationItem] {
        let now = core.clock.now()
        let mark = Array("\"rotation\":".utf8), expiry = Array("\"autoRenew\":".utf8)
        var specs = RotationSpecs()
        let issued = try issuedUntil(core, among: walk, &specs)
        return try core.store.read { store in
            let journals = try known ?? journals(store)
            var items: [RotationItem] = []
            try walk(store) { secret in
                let journal = journals[secret.rowID]
                // Most secrets have no word of it, so their manifests are not read.
                guard secret.state == .active,
                    journal != nil || secret.spec.holds(mark)
                        || secret.spec.holds(expiry)
                else { return }
                let subject = RotationSubject(secret, &specs)
                guard journal != nil || subject?.rotation != nil || subject?.spec.autoRenew == true else { return }
                items.append(try item(secret, subject, journal, issued[secret.id], store, now))
            }
            return items
        }
    }

    /// When tokens expire that servers issued; only their values say so, and only those with such a handler are opened.
    private static func issuedUntil(
        _ core: VaultCore, among walk: (any StoreReader, Visit) throws -> Void, _ specs: inout RotationSpecs
    ) throws -> [SecretID: Timestamp] {
        let mark = Array("\"oauth\":".utf8)
        var found: [SecretRecord] = []
        try core.store.read { store in
            try walk(store) { secret in
                guard secret.state == .active, secret.currentVersion > 0, secret.spec.holds(mark) else { return }
                if RotationSubject(secret, &specs)?.isIssued == true { found.append(secret) }
            }
        }
        guard !found.isEmpty else { return [:] }
        return try core.write { transaction in
            try found.reduce(into: [:]) { result, secret in
                let value = try transaction.openValue(of: secret, version: secret.currentVersion)
                result[secret.id] = OAuthFields(value).expiry
            }
        }
    }

    /// Active secrets with all of these labels, whether they can be rotated or not: who asks because of a compromise has
    /// to learn of those that cannot.
    package static func secrets(
        _ core: VaultCore, organization: String, labels: [String: String]
    ) throws -> [SecretID] {
        try core.store.read { store in
            var found: [SecretID] = []
            var specs = RotationSpecs()
            try store.forEachSecret(organization: organization, prefix: "") { secret in
                guard secret.state == .active, let own = RotationSubject(secret, &specs)?.labels else { return }
                if labels.allSatisfy({ own[$0.key] == $0.value }) { found.append(secret.id) }
            }
            return found
        }
    }

    private static func item(
        _ secret: SecretRecord, _ subject: RotationSubject?, _ journal: RotationRecord?, _ issuedUntil: Timestamp?,
        _ store: any StoreReader, _ now: Timestamp
    ) throws -> RotationItem {
        let schedule = subject.flatMap { RotationSchedule($0.spec, of: secret.id, issuedUntil: issuedUntil) }
        // A declared secret without a value waits for its first one.
        let versions = try store.versions(of: secret.rowID)
        let madeAt = secret.valueMadeAt(fields: subject?.agingFields ?? [], among: versions) ?? secret.createdAt
        let isRunning = journal?.step.isUnpromoted == true
        let planned = schedule?.start(madeAt: madeAt, retry: journal?.nextAttemptAt, now: now)
        // A window says when a rotation may begin; one that began goes on whenever it can.
        let start = isRunning ? journal?.nextAttemptAt ?? now : planned
        let isDue = start.map { $0 <= now } ?? false
        let rotated = versions.last { version in
            version.origin == .rotation && version.number <= secret.currentVersion
        }
        return RotationItem(
            rowID: secret.rowID, id: secret.id, labels: subject?.labels ?? [:],
            state: state(journal, isDue: isDue, isManual: schedule == nil), isDue: isDue,
            due: schedule?.due(madeAt: madeAt), start: start, lastRotated: rotated?.createdAt, journal: journal,
            handler: subject?.rotation?.handler?.name, isRotatable: subject?.isRotatable == true)
    }

    private static func state(_ journal: RotationRecord?, isDue: Bool, isManual: Bool) -> RotationItem.State {
        if journal?.step.isUnpromoted == true { return .running }
        if let journal, journal.failures > 0 { return .failed }
        if journal?.isWriteBackPending == true { return .writeBackPending }
        return isDue ? .due : isManual ? .manual : .scheduled
    }
}

extension HandlerSpec {
    /// Its word in a manifest.
    package var name: String {
        switch self {
        case .postgresql: "postgresql"
        case .exec: "exec"
        case .http: "http"
        case .oauth: "oauth"
        }
    }
}

/// How a run over several secrets ended.
package struct RotationRun: Sendable {
    package enum Ending: Sendable {
        case rotated(RotationReport)
        case retired
        case failed(any UserFacingFailure)
    }
    package var endings: [(id: SecretID, ending: Ending)] = []

    package var failures: Int { endings.count { if case .failed = $0.ending { true } else { false } } }
}

extension Rotator {
    /// Does what is due: goes on with what was interrupted, rotates what is too old, and has targets forget values that
    /// are kept no longer. One that fails does not hinder the others.
    package func runDue(by context: ActionContext) throws -> RotationRun {
        runDue(try RotationSurvey.items(core), by: context)
    }

    /// The same for what a survey found just now.
    func runDue(_ items: [RotationItem], by context: ActionContext) -> RotationRun {
        let now = core.clock.now()
        var run = RotationRun()
        for item in items {
            if item.isRetirable(at: now) {
                run.note(item.id) {
                    try retire(item.id, by: context)
                    return .retired
                }
            }
            if item.isDue { run.note(item.id) { .rotated(try rotate(item.id, by: context)) } }
        }
        return run
    }

    /// Rotates these, whether they are due or not.
    package func run(_ ids: [SecretID], by context: ActionContext) -> RotationRun {
        var run = RotationRun()
        for id in ids { run.note(id) { .rotated(try rotate(id, by: context)) } }
        return run
    }
}

extension RotationRun {
    fileprivate mutating func note(_ id: SecretID, _ body: () throws -> Ending) {
        do {
            endings.append((id, try body()))
        } catch {
            endings.append((id, .failed(UnexpectedFailure.wrapping(error))))
        }
    }
}
