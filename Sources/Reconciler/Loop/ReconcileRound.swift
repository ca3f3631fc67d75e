package import ResealAge
package import ResealCore
package import ResealVault

/// What one look at a source did.
package struct RoundResult: Sendable {
    /// `nil` when the vault held the commit already.
    package var report: ApplyReport?
    /// Secrets that differ from Git afterwards.
    package var drifted: Int
}

/// What waits for its way into Git.
package struct UnwrittenValues: Sendable {
    package var items: [WriteBackItem] = []
    /// The end of the audit chain that vouches for them.
    package var auditHead = ""
    /// Why others that wait cannot be written.
    package var failures: [VaultFailure] = []
}

/// Brings the vault to commits, one at a time, whatever number of sources ask. Holds the vault open between rounds.
package actor ReconcileRounds {
    private let home: VaultHome
    private let openVault: @Sendable () throws -> VaultCore
    private let context: ActionContext
    private let executor = QueueExecutor(label: "reseal.rounds")
    private var core: VaultCore?
    /// The last refusal that was recorded for each source, so that a loop that meets the same one again and again does
    /// not fill the audit trail with it.
    private var recorded: [String: String] = [:]

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameter open: opens the vault; called again after a failure that may have to do with it.
    package init(_ home: VaultHome, by context: ActionContext, open: @escaping @Sendable () throws -> VaultCore) {
        self.home = home
        self.context = context
        openVault = open
    }

    /// - Parameter identities: asked only where there is something to do.
    package func run(
        _ checkout: Checkout, named name: String, trust: TrustPolicy?,
        identities: @Sendable () throws -> [any Identity]
    ) throws -> RoundResult {
        do {
            let result = try attempt(checkout, trust, identities)
            recorded[name] = nil
            return result
        } catch let failure as any UserFacingFailure {
            try record(failure, checkout, name)
            // Its keys may have been rotated, or its file replaced.
            if failure is VaultFailure { core = nil }
            throw failure
        }
    }

    private func attempt(
        _ checkout: Checkout, _ trust: TrustPolicy?, _ identities: @Sendable () throws -> [any Identity]
    ) throws -> RoundResult {
        let core = try unlocked()
        let idle = Reconciliation(core: core, identities: [])
        if try idle.isUpToDate(checkout) { return RoundResult(report: nil, drifted: 0) }
        let lock = try VaultLock(home)
        defer { withExtendedLifetime(lock) {} }
        var options = ReconcileOptions()
        options.trust = trust
        let reconciliation = Reconciliation(core: core, identities: try identities(), options: options)
        let report = try reconciliation.apply(reconciliation.plan(checkout, forApply: true), by: context)
        let drifted = try core.store.read { try $0.driftedSecrets().count }
        return RoundResult(report: report.didWrite ? report : nil, drifted: drifted)
    }

    /// New values of this source that Git does not hold.
    package func unwritten(_ checkout: Checkout) throws -> UnwrittenValues {
        let core = try unlocked()
        let waiting = try core.store.read { store -> [RotationRecord] in
            let rotations = try store.rotations().filter { !$0.unwritten.isEmpty }
            guard !rotations.isEmpty else { return [] }
            let here = try store.sources().first {
                $0.location == checkout.source.location && $0.path == checkout.source.path
            }
            return try rotations.filter { try store.applied(ResourceKey($0.id))?.source == here?.id }
        }
        var values = UnwrittenValues()
        guard !waiting.isEmpty else { return values }
        try core.write { transaction in
            for journal in waiting {
                do {
                    if let item = try waitingItem(journal, transaction) { values.items.append(item) }
                } catch let failure as VaultFailure where Self.concernsOneValue(failure) {
                    // One value that cannot be opened holds up no other.
                    values.failures.append(failure)
                }
            }
        }
        values.auditHead = try core.store.read { try $0.auditHeads().last?.text ?? "" }
        return values
    }

    private static func concernsOneValue(_ failure: VaultFailure) -> Bool {
        [.versionDestroyed, .notAuthentic].contains(failure.kind)
    }

    /// `nil` where nothing is left to be written.
    private func waitingItem(
        _ journal: RotationRecord, _ transaction: VaultTransaction
    ) throws -> WriteBackItem? {
        guard let secret = try transaction.store.secret(journal.id), let subject = RotationSubject(secret) else {
            return nil
        }
        guard secret.currentVersion > 0 else {
            try transaction.forgetUnwritten(of: secret, by: context)
            return nil
        }
        return try subject.writeBackItem(journal, transaction)
    }

    /// For plans that others ask for.
    package func reconciler(_ options: ReconcileOptions, identities: [any Identity]) throws -> Reconciler {
        Reconciler(Reconciliation(core: try unlocked(), identities: identities, options: options))
    }

    /// How a commit came into the vault; `nil` where it did not.
    ///
    /// - Parameter repositoryPath: of the objects that the last look brought.
    package func arrival(
        of commit: ObjectID, location: String, folder: String, repositoryPath: String
    ) throws -> CommitArrival? {
        try CommitArrival.find(commit, location: location, folder: folder, repositoryPath: repositoryPath, unlocked())
    }

    /// Opens the vault, so that a mistake shows before the first round.
    package func open() throws { _ = try unlocked() }

    private func unlocked() throws -> VaultCore {
        if let core { return core }
        let opened = try openVault()
        core = opened
        return opened
    }

    /// A refusal by the plan is recorded by apply itself.
    private func record(_ failure: any UserFacingFailure, _ checkout: Checkout, _ name: String) throws {
        let key = "\(failure.code) \(checkout.head.map(\.description) ?? "")"
        guard recorded[name] != key, let core, failure.code != ReconcileFailure.Kind.guardRefused.rawValue,
            failure.retry != .later
        else { return }
        try core.recordRefusal(
            of: .apply, commit: checkout.head, failure: failure, result: .refused, by: context)
        recorded[name] = key
    }
}
