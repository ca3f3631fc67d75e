internal import CLibGit2
internal import Glibc
package import ResealCore
internal import ResealSealing

/// A bare copy of a remote repository, kept between runs. No file of it is ever checked out.
///
/// One fetch or push at a time: a lock file beside the mirror keeps others out, in this process and in others. Readers
/// need no lock. A death at any moment leaves a mirror that can be read and fetched into.
package struct GitMirror: Sendable {
    package let source: GitSource
    /// The bare repository.
    package let path: String
    private let parent: String

    /// Names a mirror below the folder `parent`; nothing is created yet.
    package init(of source: GitSource, under parent: String) {
        self.source = source
        self.parent = parent
        path = "\(parent)/\(Hex.encode(SHA256.hash(Array(source.location.utf8)))).git"
    }

    /// Where the one reference goes that a fetch was asked for besides branches and tags.
    package static let requested = "refs/reseal/requested"
    /// The most that a fetch receives unless it is given another limit.
    package static let defaultBytes = 8 << 30
    /// Enough for what one requested reference adds to a mirror that has the branches.
    package static let requestedBytes = 256 << 20

    /// Brings every branch and tag over, creating the mirror first if need be, and opens it.
    ///
    /// Throws ``GitFailure/Kind/timeout`` when it is not done within `deadline`. Of a failed fetch, nothing but whole
    /// objects and possibly some of the new references stay behind.
    ///
    /// - Parameter reference: brought over besides, as ``requested``; gone afterwards where the remote has none of that
    ///   name.
    package func fetch(
        _ reference: String? = nil, credentials: GitCredentials = GitCredentials(), deadline span: TimeSpan,
        maximumBytes: Int = GitMirror.defaultBytes, transport: TransportRunner
    ) throws(GitFailure) -> GitRepository {
        let deadline = Deadline(in: span)
        try makeParent()
        let lock = try takeLock(until: deadline, transport.isCancelled)
        defer { withExtendedLifetime(lock) {} }
        try MirrorUpkeep.prepare(path)
        let request = TransportRequest(
            source, into: path, credentials: credentials, maximumBytes: maximumBytes, reference: reference)
        try transport.run(request, until: deadline, display: source.displayLocation)
        return try open()
    }

    /// Gives the remote a commit of the mirror for a branch. The branch moves only to a commit that contains it, unless it
    /// is at the very commit that the push replaces.
    ///
    /// A thrown failure means that nothing was pushed, but for ``GitFailure/Kind/pushUnknown``: then
    /// ``contains(_:on:)`` after a fetch tells. Pushing again what has arrived is ``PushOutcome/accepted``.
    package func push(
        _ push: GitPush, credentials: GitCredentials = GitCredentials(), deadline span: TimeSpan,
        transport: TransportRunner
    ) throws(GitFailure) -> PushOutcome {
        let deadline = Deadline(in: span)
        try push.check()
        let repository = try open()
        guard repository.hasCommit(push.commit) else {
            throw GitFailure(.objectMissing, "commit \(push.commit.short) is not in the mirror")
        }
        let lock = try takeLock(until: deadline, transport.isCancelled)
        defer { withExtendedLifetime(lock) {} }
        let request = TransportRequest(source, into: path, credentials: credentials, push: push)
        guard let outcome = try transport.run(request, until: deadline, display: source.displayLocation) else {
            throw GitFailure(.native, "the child that pushes to \(source.displayLocation) says nothing of the outcome")
        }
        return outcome
    }

    /// True if the branch, as the last fetch found it, is at the commit or has it in its history. False for a branch
    /// that is not there.
    package func contains(_ commit: ObjectID, on branch: String) throws(GitFailure) -> Bool {
        let repository = try open()
        do throws(GitFailure) {
            let head = try repository.resolve("refs/heads/\(branch)")
            guard repository.hasCommit(commit) else { return false }
            return try repository.isAncestor(commit, of: head)
        } catch {
            guard error.kind == .refNotFound || error.kind == .unbornBranch else { throw error }
            return false
        }
    }

    private func makeParent() throws(GitFailure) {
        guard LibGit2.isReady else { throw GitFailure(.native, "libgit2 does not start") }
        do {
            try AtomicFile.createPrivateFolder(parent)
        } catch {
            throw GitFailure(.file, error.message, hint: error.hint)
        }
    }

    /// Opens what the last fetch brought; ``GitFailure/Kind/notARepository`` before the first one.
    package func open() throws(GitFailure) -> GitRepository { try GitRepository(opening: path) }

    /// Removes the mirror; the next fetch begins anew. For a mirror that turned out to be damaged.
    package func discard(deadline span: TimeSpan) throws(GitFailure) {
        guard access(parent, F_OK) == 0 else { return }
        let lock = try takeLock(until: Deadline(in: span), { false })
        defer { withExtendedLifetime(lock) {} }
        try MirrorUpkeep.remove(path)
    }

    private func takeLock(until deadline: Deadline, _ isCancelled: () -> Bool) throws(GitFailure) -> FileLock {
        guard let lock = FileLock("\(path).lock") else {
            throw GitFailure(.file, "cannot write \(path).lock: \(String(cString: strerror(errno)))")
        }
        while !lock.isTaken() {
            guard !isCancelled() else {
                throw GitFailure(.cancelled, "waiting for \(source.displayLocation) was cancelled")
            }
            guard !deadline.hasPassed else {
                throw GitFailure(
                    .timeout, "another fetch of or push to \(source.displayLocation) is still running",
                    hint: "wait for it; it ends at its own deadline")
            }
            usleep(20_000)
        }
        return lock
    }
}

/// An advisory lock that ends with the process at the latest.
private final class FileLock {
    private let file: Descriptor

    init?(_ path: String) {
        let number = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard number >= 0 else { return nil }
        file = Descriptor(adopting: number)
    }

    func isTaken() -> Bool { flock(file.number, LOCK_EX | LOCK_NB) == 0 }
}
