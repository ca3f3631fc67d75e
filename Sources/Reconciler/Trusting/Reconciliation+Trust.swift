package import ResealCore
package import ResealGit
internal import ResealVault

extension TrustPolicy {
    /// The commit that everything before `head` is trusted from: the applied one, or the trusted root at the first
    /// apply. `nil` for the beginning of history.
    ///
    /// Throws ``TrustFailure`` when the trusted root is not in the history of `head`.
    package func start(
        for head: ObjectID, applied: ObjectID?, in repository: GitRepository
    ) throws -> ObjectID? {
        if let applied, repository.hasCommit(applied) { return applied }
        guard let root = trustedRoot else { return nil }
        if repository.hasCommit(root), try repository.isAncestor(root, of: head) { return root }
        throw TrustFailure(
            TrustProblem(
                kind: .notRooted,
                message: "commit \(head.short) does not have the trusted root \(root.short) in its history"))
    }
}

extension Reconciliation {
    /// What stands against the commits between the applied one and the head.
    func trustProblems(_ checkout: Checkout, _ source: SourceRecord?) throws -> [TrustProblem] {
        guard let policy = options.trust, let head = checkout.head, source?.commit != head else { return [] }
        let repository = try GitRepository(opening: checkout.repositoryPath, searchingParents: true)
        let start = try policy.start(for: head, applied: source?.commit, in: repository)
        let judge = try TrustJudge(
            policy, repository: repository, folder: checkout.source.path, now: core.clock.now())
        let judgements = try judge.judge(from: start, to: head, verifiesAll: false)
        return try judgements.flatMap(\.problems) + links(checkout, repository, from: start, to: head)
    }

    /// Links and submodules are never followed; where signatures vouch for content, they have no place at all.
    private func links(
        _ checkout: Checkout, _ repository: GitRepository, from start: ObjectID?, to head: ObjectID
    ) throws -> [TrustProblem] {
        let folder = checkout.source.path
        let before = try start.flatMap { try repository.subtree(of: $0, at: folder) }
        let after = try repository.subtree(of: head, at: folder)
        return try repository.changes(from: before, to: after, prefix: folder).compactMap(\.new)
            .filter { $0.kind == .symlink || $0.kind == .submodule }
            .map { file in
                TrustProblem(
                    kind: .notAFile,
                    message: "\(GitText.cleaned(file.path)) is a \(file.kind.rawValue) in commit \(head.short)")
            }
    }

    /// A Recipients manifest may take rules from a file anywhere in the repository, which nobody might have to sign.
    func unguardedFiles(_ checkout: Checkout, _ observed: ObservedState, _ desired: DesiredState) throws
        -> [TrustProblem]
    {
        guard let policy = options.trust, checkout.head != nil else { return [] }
        var named = SOPSConfigFiles.named(by: desired.resources)
        if let source = observed.source { named.formUnion(try SOPSConfigFiles.named(in: observed.store, source)) }
        return named.sorted().filter { !policy.guardsRules($0, folder: checkout.source.path) }.map { path in
            TrustProblem(
                kind: .unguardedFile,
                message: "a Recipients manifest takes its rules from \(GitText.cleaned(path)), which needs no signature"
            )
        }
    }

    /// Refuses where the plan is to be carried out, else warns.
    func weigh(_ problems: [TrustProblem], isBinding: Bool) throws -> [Diagnostic] {
        if isBinding, let first = problems.first { throw TrustFailure(first, others: problems.count - 1) }
        return problems.map(\.warning)
    }
}

extension Reconciliation {
    /// The commit that was applied from this place; `nil` before the first apply.
    package func appliedCommit(_ checkout: Checkout) throws -> ObjectID? {
        try ObservedState(core, location: checkout.source.location, folder: checkout.source.path).source?.commit
    }
}
