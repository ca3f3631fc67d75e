package import ResealAge
package import ResealCore
package import ResealGit

/// Brings new values into a branch of a remote: sealed, in one commit for all of them, pushed.
///
/// It begins from the commit that the vault holds. If somebody pushed meanwhile, nothing is written: that commit is
/// applied first, and the values are sealed again onto it. What is pushed comes back by the next round, which then finds
/// Git and vault of one mind, and so ends the rotations; a death before that costs nothing.
package struct BranchWriteBack: Sendable {
    let mirror: GitMirror
    let branch: String
    let credentials: GitCredentials
    let deadline: TimeSpan
    let author: (name: String, email: String)
    let signer: SSHCommitSigner?
    let access: KeyAccess
    let review: ReviewBranch?

    /// - Parameters:
    ///   - mirror: of the repository that is applied from.
    ///   - branch: without `refs/heads/`.
    ///   - access: what sealing to the recipients of the manifests may do.
    ///   - review: where commits wait for people; `nil` to write to the branch itself.
    package init(
        _ mirror: GitMirror, branch: String, credentials: GitCredentials, deadline: TimeSpan,
        author: (name: String, email: String), signer: SSHCommitSigner?, access: KeyAccess,
        review: ReviewBranch? = nil
    ) {
        self.mirror = mirror
        self.branch = branch
        self.credentials = credentials
        self.deadline = deadline
        self.author = author
        self.signer = signer
        self.access = access
        self.review = review
    }

    /// Writes all items onto the commit that the vault holds, or proposes that for review.
    ///
    /// - Parameters:
    ///   - auditHead: the signed end of the audit chain, so that Git and the trail vouch for each other.
    ///   - transport: how the remote is reached.
    /// - Returns: `nil` where the manifests hold the values already.
    /// - Throws: ``ReconcileFailure`` of the kinds `writeBackBehind` (try again on the new head), `writeBackDeclined`,
    ///   `reviewClosed` and `reviewTaken`.
    package func write(
        _ items: [WriteBackItem], onto head: ObjectID, folder: String, auditHead: String, at now: Timestamp,
        transport: TransportRunner
    ) throws -> BranchWriteBackOutcome? {
        guard !items.isEmpty else {
            try review?.settle()
            return nil
        }
        let repository = try mirror.fetch(credentials: credentials, deadline: deadline, transport: transport)
        guard try repository.resolve("refs/heads/\(branch)") == head else { throw behind(branch) }
        let job = Job(head: head, folder: folder, auditHead: auditHead, now: now)
        if let review { return try propose(items, on: review, repository, job, transport: transport) }
        guard let made = try make(items, repository, job) else { return nil }
        try send(GitPush(commit: made.commit, branch: branch), transport: transport)
        if let refused = made.refused { throw refused }
        return .pushed(made.commit)
    }

    /// What one commit is made from, besides its values.
    struct Job {
        let head: ObjectID
        let folder: String
        let auditHead: String
        let now: Timestamp
    }

    /// A commit in the mirror.
    struct Made {
        let commit: ObjectID
        /// The files that it changes.
        let paths: [String]
        /// Why some item is not in it.
        let refused: (any UserFacingFailure)?
    }

    func make(_ items: [WriteBackItem], _ repository: GitRepository, _ job: Job) throws -> Made? {
        let source = CommitSnapshotSource(repositoryPath: mirror.path, commit: job.head, folder: job.folder)
        let (files, refused) = try CommitSealer(source, access: access).seal(items, at: job.now)
        if files.isEmpty, let refused { throw refused }
        FaultPoint.pass("writeBack.sealed")
        let person = CommitPerson(name: author.name, email: author.email, time: job.now)
        let draft = CommitDraft(
            base: job.head, changes: Dictionary(files.map { ($0.path, .write($0.after)) }, uniquingKeysWith: { $1 }),
            author: person, message: Self.message(items, auditHead: job.auditHead))
        guard let commit = try repository.commit(draft, signer: signer) else { return nil }
        FaultPoint.pass("writeBack.committed")
        return Made(commit: commit, paths: files.map(\.path), refused: refused)
    }

    func send(_ push: GitPush, transport: TransportRunner) throws {
        let outcome = try mirror.push(push, credentials: credentials, deadline: deadline, transport: transport)
        FaultPoint.pass("writeBack.pushed")
        switch outcome {
        case .accepted: return
        case .rejected: throw behind(push.branch)
        case .declined(let text):
            throw ReconcileFailure(
                .writeBackDeclined, "the server does not take a commit on \(push.branch): \(GitText.cleaned(text))",
                hint: "let the controller's account push to \(push.branch); the new values stay in the vault meanwhile")
        }
    }

    private static func message(_ items: [WriteBackItem], auditHead: String) -> CommitMessage {
        let reasons = WriteBackItem.Reason.allCases.filter { reason in items.contains { $0.reason == reason } }
        let verb = reasons.count > 1 ? "Write back" : reasons == [.adoptedDrift] ? "Adopt" : "Rotate"
        let subject = items.count == 1 ? "\(verb) \(items[0].id.name)" : "\(verb) \(items.count) secrets"
        var trailers: [CommitMessage.Trailer] = []
        for item in items {
            trailers.append(.init("Reseal-Secret", "\(item.id) version \(item.version)"))
        }
        trailers += reasons.map { .init("Reseal-Reason", $0.rawValue) }
        trailers.append(.init("Reseal-Audit-Head", auditHead))
        return CommitMessage(subject: subject, trailers: trailers)
    }

    private func behind(_ branch: String) -> ReconcileFailure {
        ReconcileFailure(
            .writeBackBehind, "\(branch) moved while new values were sealed onto it",
            hint: "nothing is to be done: they are sealed again onto the new head")
    }
}
