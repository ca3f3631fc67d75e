package import ResealCore
internal import ResealGit
internal import ResealVault

/// When and by what a commit came into the vault.
package struct CommitArrival: Sendable {
    /// The commit that the apply was of: this one, or one that contains it. `nil` where the trail tells no more.
    package let appliedWith: ObjectID?
    package let appliedAt: Timestamp
    package let planID: String?
    /// What the vault holds now.
    package let current: ObjectID

    private static let longestLook = 1000

    static func find(
        _ commit: ObjectID, location: String, folder: String, repositoryPath: String, _ core: VaultCore
    ) throws -> CommitArrival? {
        let sources = try core.store.read { try $0.sources() }
        guard let source = sources.first(where: { $0.location == location && $0.path == folder }) else { return nil }
        let repository = try GitRepository(opening: repositoryPath, searchingParents: true)
        func contains(_ other: ObjectID) throws -> Bool {
            guard other != commit else { return true }
            return try repository.hasCommit(commit) && repository.hasCommit(other)
                && repository.isAncestor(commit, of: other)
        }
        guard try contains(source.commit) else { return nil }
        let first = try firstApply(core, contains)
        return CommitArrival(
            appliedWith: first?.commit, appliedAt: first?.at ?? source.appliedAt, planID: first?.planID,
            current: source.commit)
    }

    /// The oldest of the newest applies that have the commit in their history.
    private static func firstApply(
        _ core: VaultCore, _ contains: (ObjectID) throws -> Bool
    ) throws -> (commit: ObjectID, at: Timestamp, planID: String?)? {
        var applies: [AuditRecord] = []
        let filter = AuditFilter(action: AuditAction.apply.rawValue, result: .ok, limit: longestLook)
        try core.store.read { store in try store.forEachAuditRecord(filter) { applies.append($0) } }
        var first: (commit: ObjectID, at: Timestamp, planID: String?)?
        for record in applies.reversed() {
            // Applies of other repositories stand between them.
            guard let applied = record.commit else { continue }
            guard try contains(applied) else {
                if first != nil { break }
                continue
            }
            let words = record.detail.split(separator: " ")
            first = (applied, record.at, words.first == "plan" ? words.last.map(String.init) : nil)
        }
        return first
    }
}
