package import ResealCore
package import ResealGit
internal import ResealManifests

/// What is to be said of one commit.
package struct CommitJudgement: Sendable {
    package let commit: GitCommit
    /// `nil` where nobody asked for it.
    package var signature: SignatureVerdict?
    /// Files that the commit itself changes and that need a signature.
    package var guardedPaths: [String] = []
    /// Those that need two signers.
    package var protectedPaths: [String] = []
    /// Who signed the merge that brought what is protected to the branch.
    package var secondSigner: CommitSigner?
    package var problems: [TrustProblem] = []
}

/// Judges the commits between one that is trusted and a new head. For one thread.
package final class TrustJudge {
    private let policy: TrustPolicy
    private let folder: String
    private let repository: GitRepository
    private let checker: SignatureChecker
    private let own: OwnChanges
    private var verdicts: [ObjectID: SignatureVerdict] = [:]

    /// - Parameter folder: the manifests' folder.
    package init(_ policy: TrustPolicy, repository: GitRepository, folder: String, now: Timestamp) throws {
        self.policy = policy
        self.folder = folder
        self.repository = repository
        checker = try SignatureChecker(policy.trust, now: now)
        own = OwnChanges(repository)
    }

    /// Every commit that `head` has and `base` has not, oldest first.
    ///
    /// - Parameter verifiesAll: looks at signatures of commits that need none, too.
    package func judge(from base: ObjectID?, to head: ObjectID, verifiesAll: Bool) throws -> [CommitJudgement] {
        let ids = try repository.history(of: [head], excluding: base.map { [$0] } ?? [], allReferences: false)
        var commits: [ObjectID: GitCommit] = [:]
        for id in ids { commits[id] = try repository.commit(id) }
        let entries = Self.entries(of: commits, head: head)
        return try ids.compactMap { id in
            guard let commit = commits[id] else { return nil }
            return try judge(commit, enteredBy: entries[id] ?? id, verifiesAll: verifiesAll)
        }
    }

    /// The commit of the branch's own line (first parents) by which each commit came to the branch.
    private static func entries(of commits: [ObjectID: GitCommit], head: ObjectID) -> [ObjectID: ObjectID] {
        var line: [ObjectID] = []
        var next = commits[head]
        while let commit = next {
            line.append(commit.id)
            next = commit.parents.first.flatMap { commits[$0] }
        }
        var entries: [ObjectID: ObjectID] = [:]
        for entry in line.reversed() {
            var queue = [entry]
            while let id = queue.popLast() {
                guard let commit = commits[id], entries[id] == nil else { continue }
                entries[id] = entry
                queue += commit.parents
            }
        }
        return entries
    }

    private func judge(
        _ commit: GitCommit, enteredBy entry: ObjectID, verifiesAll: Bool
    ) throws -> CommitJudgement {
        var judgement = CommitJudgement(commit: commit)
        let changes = try own.of(commit) { path in
            policy.guards(path, folder: folder) || policy.mayHoldProtected(path, folder: folder)
        }
        judgement.protectedPaths = changes.filter(isProtected).map(\.path)
        judgement.guardedPaths = changes.map(\.path).filter { path in
            policy.guards(path, folder: folder) || judgement.protectedPaths.contains(path)
        }
        if verifiesAll || !judgement.guardedPaths.isEmpty { judgement.signature = try verdict(commit.id) }
        guard !judgement.guardedPaths.isEmpty, let signature = judgement.signature else { return judgement }
        guard case .good(let signer) = signature else {
            judgement.problems = [Self.problem(commit, signature, judgement.guardedPaths[0])]
            return judgement
        }
        judgement.problems = judgement.guardedPaths.filter { !policy.allows(signer, toChange: $0) }.map { path in
            TrustProblem(
                kind: .signerNotAllowed,
                message:
                    "commit \(commit.id.short) changes \(GitText.cleaned(path)), for which \(signer.principal) may not sign"
            )
        }
        try requireSecond(entry, besides: signer, &judgement)
        return judgement
    }

    // MARK: Two signers

    private func requireSecond(
        _ entry: ObjectID, besides first: CommitSigner, _ judgement: inout CommitJudgement
    ) throws {
        guard policy.protected?.signers == 2, let path = judgement.protectedPaths.first.map(GitText.cleaned) else {
            return
        }
        let commit = judgement.commit
        guard entry != commit.id else {
            judgement.problems.append(
                TrustProblem(
                    kind: .secondSigner,
                    message:
                        "commit \(commit.id.short) changes \(path), which needs two signers, and no merge brings it"))
            return
        }
        let paths = judgement.protectedPaths
        guard case .good(let second) = try verdict(entry), second.principal != first.principal,
            second.key != first.key, paths.allSatisfy({ policy.allows(second, toChange: $0) })
        else {
            judgement.problems.append(
                TrustProblem(
                    kind: .secondSigner,
                    message: "commit \(commit.id.short) changes \(path), which needs two signers, and the merge "
                        + "\(entry.short) is not signed by another who may"))
            return
        }
        judgement.secondSigner = second
    }

    /// A file that cannot be read counts as protected: what it holds is not known.
    private func isProtected(_ change: TreeChange) -> Bool {
        guard let protected = policy.protected else { return false }
        if protected.paths.contains(where: { $0.matches(change.path) }) { return true }
        if protected.kinds.contains(.recipients), TrustPolicy.isSOPSConfig(change.path) { return true }
        guard policy.mayHoldProtected(change.path, folder: folder) else { return false }
        return [change.old, change.new].contains { file in
            guard let file, file.isManifest else { return false }
            guard file.kind == .regular || file.kind == .executable else { return true }
            let limits = ManifestLimits()
            guard let bytes = try? repository.blob(file.blob, limitBytes: limits.yaml.fileBytes) else { return true }
            let reading = ManifestReader.read(ManifestFile(path: file.path, bytes: bytes), limits: limits)
            let kinds = reading.manifests.map(\.key.kind) + reading.rejected.map(\.kind)
            return !reading.isComplete || kinds.contains { protected.kinds.contains($0) }
        }
    }

    // MARK: Signatures

    private func verdict(_ commit: ObjectID) throws -> SignatureVerdict {
        if let known = verdicts[commit] { return known }
        let verdict = try checker.verdict(on: commit, in: repository)
        verdicts[commit] = verdict
        return verdict
    }

    private static func problem(_ commit: GitCommit, _ verdict: SignatureVerdict, _ path: String) -> TrustProblem {
        let what = "commit \(commit.id.short) changes \(GitText.cleaned(path)), and"
        return switch verdict {
        case .good, .unsigned: TrustProblem(kind: .unsigned, message: "\(what) is not signed")
        case .unknownSigner(let key):
            TrustProblem(kind: .unknownSigner, message: "\(what) is signed with the key \(key), which nobody trusts")
        case .bad(let reason):
            TrustProblem(kind: .badSignature, message: "\(what) its signature is bad: \(reason)")
        case .expired(let reason):
            TrustProblem(kind: .expired, message: "\(what) its signature does not count: \(reason)")
        case .revoked(let key): TrustProblem(kind: .revoked, message: "\(what) is signed with the revoked key \(key)")
        }
    }
}
