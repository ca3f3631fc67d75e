package import ResealCore
package import ResealSealing
internal import Glibc

/// What a change of the vault's keys did.
package struct KeyRotationReport: Sendable {
    /// The KEK that new versions are wrapped with from now on.
    package let kek: Int64
    /// How many DEKs were wrapped anew.
    package let rewrapped: Int
    package let auditHead: String
}

/// Changes of the vault's keys. No value is opened or written by any of them: only the small keys that wrap others.
package struct KeyRotation {
    private let home: VaultHome
    private let core: VaultCore
    private let root: SecretBytes

    /// Opens the vault together with its root key. `passphrase` is asked only where the root key is made from one.
    package init(_ home: VaultHome, passphrase: () throws -> SecretBytes?, clock: WallClock = .system) throws {
        self.home = home
        let store = try SQLiteStore(path: home.storePath)
        let provider = try VaultCore.rootKeyProvider(of: store, home, passphrase: passphrase)
        root = try provider.rootKey()
        core = try VaultCore(unlocking: store, with: provider, clock: clock)
    }

    /// Makes a new KEK, wraps every DEK with it, and forgets the old ones, in one transaction.
    package func rotateKEK(by context: ActionContext) throws -> KeyRotationReport {
        let fresh = try core.keyring.freshKEK(root: root, at: core.clock.now())
        var count = 0
        try core.audited(.keyRotate, "kek", by: context) { transaction in
            try transaction.store.insert(fresh.entry)
            try transaction.store.rewrapDEKs { wrapped in
                count += 1
                return try core.keyring.rewrap(wrapped, under: fresh.entry.id, key: fresh.key)
            }
            for old in try transaction.store.keyring() where old.purpose == .kek && old.id != fresh.entry.id {
                try transaction.store.removeKeyringEntry(old.id)
            }
            try transaction.audit.record(
                .keyRotate, "kek", detail: "KEK \(fresh.entry.id), \(count) DEKs wrapped anew", by: context)
            transaction.markChanged()
        }
        FaultPoint.pass("keys.afterRotation")
        // The old KEK must not stay readable in the log.
        try core.store.scrub()
        return try report(kek: fresh.entry.id, rewrapped: count)
    }

    /// Wraps the keyring with another root key: one made from `passphrase`, or a fresh key file where that is `nil`.
    ///
    /// A new key file lies beside the old one before the vault needs it, and takes its name afterwards; a vault that
    /// was left in between opens with either. The old file stays as `root.key.old`, for backups made before.
    package func changeRoot(passphrase: SecretBytes?, by context: ActionContext) throws -> KeyRotationReport {
        let provider: any RootKeyProvider =
            if let passphrase { try PassphraseProvider(new: passphrase) } else { try home.makeNextRootKey() }
        let newRoot = try provider.rootKey()
        FaultPoint.pass("keys.beforeNewRoot")
        try core.audited(.keyRotate, "root", by: context) { transaction in
            for entry in try transaction.store.keyring() {
                try transaction.store.update(
                    try Keyring.rewrap(entry, vaultID: core.keyring.vaultID, from: root, to: newRoot))
            }
            try transaction.store.setMetadata(.rootKey, provider.descriptor.json.canonicalBytes)
            try transaction.audit.record(
                .keyRotate, "root", detail: provider.descriptor == .keyFile ? "key file" : "passphrase", by: context)
            transaction.markChanged()
        }
        FaultPoint.pass("keys.afterNewRoot")
        try core.store.scrub()
        try home.settleRootKey(usesFile: provider.descriptor == .keyFile)
        return try report(kek: core.keyring.currentKEK, rewrapped: 0)
    }

    private func report(kek: Int64, rewrapped: Int) throws -> KeyRotationReport {
        let head = try core.store.read { try $0.auditHeads().last?.text ?? "" }
        return KeyRotationReport(kek: kek, rewrapped: rewrapped, auditHead: head)
    }
}

extension VaultHome {
    var nextRootKeyPath: String { "\(path)/root.key.next" }
    private var oldRootKeyPath: String { "\(path)/root.key.old" }

    /// A fresh key file that is not in use yet; one left by a run that died is replaced.
    fileprivate func makeNextRootKey() throws -> KeyFileProvider {
        unlink(nextRootKeyPath)
        return try KeyFileProvider.create(at: nextRootKeyPath)
    }

    /// Gives the key files the names that fit the vault's root key. May be repeated after a crash at any step.
    func settleRootKey(usesFile: Bool) throws {
        guard !usesFile || access(nextRootKeyPath, F_OK) == 0 else { return }
        if access(rootKeyPath, F_OK) == 0 {
            guard rename(rootKeyPath, oldRootKeyPath) == 0 else { throw unsettled }
        }
        FaultPoint.pass("keys.betweenNames")
        if usesFile {
            guard rename(nextRootKeyPath, rootKeyPath) == 0 else { throw unsettled }
        }
    }

    private var unsettled: VaultFailure {
        VaultFailure(
            .readOnly, "the new root key is in use, but its file could not be renamed",
            hint: "make \(path) writable; the next command that opens the vault finishes the renaming")
    }
}
