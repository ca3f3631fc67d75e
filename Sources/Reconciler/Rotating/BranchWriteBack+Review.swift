internal import ResealCore
internal import ResealGit

extension BranchWriteBack {
    /// Puts the items on the branch for review, unless they are there or were turned down.
    func propose(
        _ items: [WriteBackItem], on review: ReviewBranch, _ repository: GitRepository, _ job: Job,
        transport: TransportRunner
    ) throws -> BranchWriteBackOutcome? {
        let known = review.proposal
        let wanted = Dictionary(items.map { ("\($0.id)", $0.content) }, uniquingKeysWith: { $1 })
        let tip = try tip(of: review, known, job.head, repository)
        let isFresh = try known.map { try self.isFresh($0, job.head, repository) } ?? false
        switch ReviewProposal.step(known, wanted: wanted, tip: tip, isFresh: isFresh) {
        case .wait:
            if var known, let arrived = known.pending, arrived == tip?.commit {
                (known.pushed, known.pending) = (arrived, nil)
                try review.remember(known)
            }
            return .underReview(branch: review.name)
        case .closed: throw closed(review)
        case .taken(let commit): throw taken(review, by: commit)
        case .propose(let own):
            guard let made = try make(items, repository, job) else { return nil }
            // Noted before anyone hears of it: after a death, the commit is known as our own wherever it got to.
            var proposal = ReviewProposal(
                pushed: own, pending: made.commit, base: job.head, paths: made.paths, content: wanted)
            try review.remember(proposal)
            FaultPoint.pass("writeBack.noted")
            let push = GitPush(
                commit: made.commit, branch: review.name, mayCreate: true, options: review.options, replaces: own)
            try send(push, transport: transport)
            (proposal.pushed, proposal.pending) = (made.commit, nil)
            try review.remember(proposal)
            FaultPoint.pass("writeBack.proposed")
            if let refused = made.refused { throw refused }
            return .proposed(made.commit, branch: review.name)
        }
    }

    private func tip(
        of review: ReviewBranch, _ known: ReviewProposal?, _ head: ObjectID, _ repository: GitRepository
    ) throws -> ReviewProposal.Tip? {
        let commit: ObjectID
        do throws(GitFailure) {
            commit = try repository.resolve("refs/heads/\(review.name)")
        } catch {
            guard error.kind == .refNotFound || error.kind == .unbornBranch else { throw error }
            return nil
        }
        let newest = known?.newest
        return ReviewProposal.Tip(
            commit: commit, isMerged: try repository.isAncestor(commit, of: head),
            isOnTop: try newest.map { try repository.hasCommit($0) && repository.isAncestor($0, of: commit) } ?? false)
    }

    /// False where the proposal might no longer merge: its files changed since, or it stands on a commit that is gone.
    private func isFresh(
        _ proposal: ReviewProposal, _ head: ObjectID, _ repository: GitRepository
    ) throws -> Bool {
        guard proposal.base != head else { return true }
        guard repository.hasCommit(proposal.base) else { return false }
        let trees = (try repository.commit(proposal.base).tree, try repository.commit(head).tree)
        let changed = Set(try repository.changes(from: trees.0, to: trees.1, prefix: "").map(\.path))
        return changed.isDisjoint(with: proposal.paths)
    }

    private func closed(_ review: ReviewBranch) -> ReconcileFailure {
        ReconcileFailure(
            .reviewClosed, "the branch \(review.name) was deleted, and its values did not come into \(branch)",
            hint: "restore it to have them reviewed again, or bring them in with `reseal rotation write-back`; "
                + "newer values get a branch of their own accord")
    }

    private func taken(_ review: ReviewBranch, by commit: ObjectID) -> ReconcileFailure {
        ReconcileFailure(
            .reviewTaken, "the branch \(review.name) is at \(commit.short), which is not the controller's commit",
            hint: "merge or delete the branch; commits of people are never replaced")
    }
}
