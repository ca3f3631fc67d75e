internal import ResealCore
internal import ResealGit

/// What a commit itself changes, so that whoever made it answers for it.
///
/// Of a merge, that is what none of its parents brings: files that differ from all parents, and files that it takes
/// from one parent although the other had changed them since both parted. Nobody can hide a change, or the undoing of
/// one, in a merge.
final class OwnChanges {
    private let repository: GitRepository
    private var bases: [[ObjectID]: [ObjectID]] = [:]

    init(_ repository: GitRepository) { self.repository = repository }

    /// - Parameter isWanted: which paths are looked at.
    func of(_ commit: GitCommit, where isWanted: (String) -> Bool) throws -> [TreeChange] {
        guard commit.parents.count > 1 else {
            let before = try commit.parents.first.map { try repository.commit($0).tree }
            return try repository.changes(from: before, to: commit.tree, prefix: "").filter { isWanted($0.path) }
        }
        var differing: [String: [Int: TreeChange]] = [:]
        for (n, parent) in commit.parents.enumerated() {
            let tree = try repository.commit(parent).tree
            for change in try repository.changes(from: tree, to: commit.tree, prefix: "")
            where isWanted(change.path) {
                differing[change.path, default: [:]][n] = change
            }
        }
        var own: [TreeChange] = []
        for (_, changes) in differing.sorted(by: { $0.key < $1.key }) {
            if let change = changes.min(by: { $0.key < $1.key })?.value, try isOwn(changes, of: commit) {
                own.append(change)
            }
        }
        return own
    }

    /// - Parameter changes: of one path, by the number of the parent that it differs from.
    private func isOwn(_ changes: [Int: TreeChange], of commit: GitCommit) throws -> Bool {
        let sources = commit.parents.indices.filter { changes[$0] == nil }
        for (loser, change) in changes {
            let isBrought = try sources.contains { source in
                try isUnchanged(change.path, change.old, since: commit.parents[source], in: commit.parents[loser])
            }
            if !isBrought { return true }
        }
        return false
    }

    /// True if `side` has the file as it was wherever it parted from `other`, so that the other's change is the only
    /// one.
    private func isUnchanged(
        _ path: String, _ file: TreeFile?, since other: ObjectID, in side: ObjectID
    ) throws -> Bool {
        let bases = try self.bases[[other, side]] ?? repository.mergeBases(other, side)
        self.bases[[other, side]] = bases
        guard !bases.isEmpty else { return file == nil }
        return try bases.allSatisfy { base in
            try repository.file(at: path, inTree: repository.commit(base).tree, prefix: "") == file
        }
    }
}
