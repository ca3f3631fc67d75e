package import ResealCore
package import ResealGit
package import ResealManifests

/// Whose signatures a commit needs before it is applied. It stands in the vault's own settings, never in the repository
/// that it judges.
package struct TrustPolicy: Sendable {
    /// Who may sign what.
    package struct PathRule: Sendable {
        package var pattern: Glob
        /// Patterns of principals; none for every signer who is allowed at all.
        package var signers: [Glob]
    }

    /// What needs two people: who signs the change, and another who signs the merge that brings it to the branch.
    package struct Protected: Sendable {
        package var kinds: Set<ResourceKind> = []
        package var paths: [Glob] = []
        /// 1 or 2.
        package var signers = 2
    }

    package var trust: SignatureTrust
    /// Whether everything that a plan is made from is guarded, or only what ``paths`` and ``protected`` name.
    package var requiresSignatures = true
    /// Where the first apply begins to look, exclusive; `nil` for the beginning of history.
    package var trustedRoot: ObjectID?
    /// The first that fits a path counts.
    package var paths: [PathRule] = []
    package var protected: Protected?
    /// Whether `--allow-rewritten-history` may be given.
    package var allowsRewrittenHistory = false

    package init(trust: SignatureTrust) { self.trust = trust }
}

extension TrustPolicy {
    /// True for a path whose changes need a signature.
    ///
    /// - Parameter folder: the manifests' folder.
    func guards(_ path: String, folder: String) -> Bool {
        if requiresSignatures, folder.isEmpty || path.hasPrefix(folder + "/") || path == folder { return true }
        if requiresSignatures, Self.isSOPSConfig(path) { return true }
        return paths.contains { $0.pattern.matches(path) } || protected?.paths.contains { $0.matches(path) } == true
    }

    /// Where SOPS looks for the rules that a Recipients manifest takes over.
    static func isSOPSConfig(_ path: String) -> Bool { path == ".sops.yaml" || path.hasSuffix("/.sops.yaml") }

    /// True if a file from which a Recipients manifest takes its rules is guarded as well as the manifest itself.
    func guardsRules(_ path: String, folder: String) -> Bool {
        guard guards(path, folder: folder) else { return !requiresSignatures }
        guard let protected, protected.kinds.contains(.recipients) else { return true }
        return Self.isSOPSConfig(path) || protected.paths.contains { $0.matches(path) }
    }

    /// True for a path that may hold one of the kinds that need two people.
    func mayHoldProtected(_ path: String, folder: String) -> Bool {
        protected?.kinds.isEmpty == false && (folder.isEmpty || path.hasPrefix(folder + "/"))
    }

    func allows(_ signer: CommitSigner, toChange path: String) -> Bool {
        guard let rule = paths.first(where: { $0.pattern.matches(path) }), !rule.signers.isEmpty else { return true }
        return rule.signers.contains { $0.matches(signer.principal) }
    }
}
