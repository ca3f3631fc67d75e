package import ResealAge
package import ResealCore
package import ResealGit

/// Brings rotated values into a branch of a remote: sealed, in one commit for all of them, pushed.
///
/// It begins from the commit that the vault holds. If somebody pushed meanwhile, nothing is written: that commit is
/// applied first, and the values are sealed again onto it. What is pushed comes back by the next round, which then finds
/// Git and vault of one mind, and so ends the rotations; a death before that costs nothing.
package struct BranchWriteBack: Sendable {
    private let mirror: GitMirror
    private let branch: String
    private let credentials: GitCredentials
    private let deadline: TimeSpan
    private let author: (name: String, email: String)
    private let signer: SSHCommitSigner?
    private let access: KeyAccess

    /// - Parameters:
    ///   - mirror: of the repository that is applied from.
    ///   - branch: without `refs/heads/`.
    ///   - access: what sealing to the recipients of the manifests may do.
    package init(
        _ mirror: GitMirror, branch: String, credentials: GitCredentials, deadline: TimeSpan,
        author: (name: String, email: String), signer: SSHCommitSigner?, access: KeyAccess
    ) {
        self.mirror = mirror
        self.branch = branch
        self.credentials = credentials
        self.deadline = deadline
        self.author = author
        self.signer = signer
        self.access = access
    }

    /// Writes all items onto the commit that the vault holds.
    ///
    /// - Parameters:
    ///   - auditHead: the signed end of the audit chain, so that Git and the trail vouch for each other.
    ///   - transport: how the remote is reached.
    /// - Returns: the commit, or `nil` where the manifests hold the values already.
    /// - Throws: ``ReconcileFailure`` of the kinds `writeBackBehind` (try again on the new head) and `writeBackDeclined`.
    package func write(
        _ items: [WriteBackItem], onto head: ObjectID, folder: String, auditHead: String, at now: Timestamp,
        transport: TransportRunner
    ) throws -> ObjectID? {
        let repository = try mirror.fetch(credentials: credentials, deadline: deadline, transport: transport)
        guard try repository.resolve("refs/heads/\(branch)") == head else { throw Self.behind(branch) }
        let source = CommitSnapshotSource(repositoryPath: mirror.path, commit: head, folder: folder)
        let files = try CommitSealer(source, access: access).seal(items, at: now)
        FaultPoint.pass("writeBack.sealed")
        let person = CommitPerson(name: author.name, email: author.email, time: now)
        let draft = CommitDraft(
            base: head, changes: Dictionary(files.map { ($0.path, .write($0.after)) }, uniquingKeysWith: { $1 }),
            author: person, message: Self.message(items, auditHead: auditHead))
        guard let commit = try repository.commit(draft, signer: signer) else { return nil }
        FaultPoint.pass("writeBack.committed")
        let outcome = try mirror.push(
            GitPush(commit: commit, branch: branch), credentials: credentials, deadline: deadline, transport: transport)
        FaultPoint.pass("writeBack.pushed")
        switch outcome {
        case .accepted: return commit
        case .rejected: throw Self.behind(branch)
        case .declined(let text):
            throw ReconcileFailure(
                .writeBackDeclined, "the server does not take a commit on \(branch): \(GitText.cleaned(text))",
                hint: "let the controller's account push to \(branch); the rotated values stay in the vault meanwhile")
        }
    }

    private static func message(_ items: [WriteBackItem], auditHead: String) -> CommitMessage {
        let subject = items.count == 1 ? "Rotate \(items[0].id.name)" : "Rotate \(items.count) secrets"
        var trailers: [CommitMessage.Trailer] = []
        for item in items {
            trailers.append(.init("Reseal-Secret", "\(item.id) version \(item.version)"))
        }
        trailers.append(.init("Reseal-Reason", "rotation"))
        trailers.append(.init("Reseal-Audit-Head", auditHead))
        return CommitMessage(subject: subject, trailers: trailers)
    }

    private static func behind(_ branch: String) -> ReconcileFailure {
        ReconcileFailure(
            .writeBackBehind, "\(branch) moved while rotated values were sealed onto it",
            hint: "nothing is to be done: they are sealed again onto the new head")
    }
}
