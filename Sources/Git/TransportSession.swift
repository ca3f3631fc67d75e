internal import CLibGit2
internal import Glibc
internal import ResealCore

/// One connection to a remote, in the child process. The callbacks of libgit2 get a borrowed pointer to it.
final class TransportSession {
    let request: TransportRequest
    let display: String
    private let output: Int32
    private var reportedAt = ContinuousClock.now

    /// What a callback found; it says more than the error that libgit2 makes of the callback's refusal.
    var found: GitFailure?
    /// What carries the connection; libgit2 borrows it until its remote is freed.
    var subtransport: Subtransport?
    /// What the server said about each reference that was pushed; an empty text where it took it.
    var answers: [String: String] = [:]
    /// What hooks and the server wrote for people, as far as it was kept.
    var remarks: [UInt8] = []

    init(_ request: TransportRequest, output: Int32) {
        self.request = request
        self.output = output
        display = GitLocation.display(request.location)
    }

    func report(_ report: TransportReport) {
        let line = report.line
        var done = 0
        while done < line.count {
            let count = line[done...].withUnsafeBytes { write(output, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            done += count
        }
    }

    /// Brings every branch and tag of the remote into the repository, and removes those that the remote no longer has.
    ///
    /// Objects come first and references after, so a death at any moment leaves references to whole objects. Deleted
    /// branches go before new ones come: `a` may have made room for `a/b`.
    func fetch() throws(GitFailure) {
        try prepareLibrary()
        let repository = try GitRepository(opening: request.repository)
        try repository.withRaw { (raw) throws(GitFailure) in
            let remote = try RemoteHandle(repository: raw, location: request.location)
            try withCallbacks { (callbacks) throws(GitFailure) in
                try connect(remote, GIT_DIRECTION_FETCH, callbacks)
                var options = git_fetch_options()
                try git("cannot prepare the fetch", git_fetch_options_init(&options, UInt32(GIT_FETCH_OPTIONS_VERSION)))
                options.callbacks = callbacks
                options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE
                options.update_fetchhead = 0
                var refspecs = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"]
                if let reference = request.reference { refspecs.append("+\(reference):\(GitMirror.requested)") }
                try check(withStrings(refspecs) { git_remote_download(remote.raw, $0, &options) })
                FaultPoint.pass("git.fetch.downloaded")
                try check(git_remote_prune(remote.raw, nil))
                FaultPoint.pass("git.fetch.pruned")
                try check(git_remote_update_tips(remote.raw, nil, 0, GIT_REMOTE_DOWNLOAD_TAGS_NONE, "fetch"))
                FaultPoint.pass("git.fetch.updated")
                try followHead(of: remote, in: raw)
            }
        }
    }

    func prepareLibrary() throws(GitFailure) {
        guard LibGit2.isReady else { throw GitFailure(.native, "libgit2 does not start") }
    }

    func connect(
        _ remote: borrowing RemoteHandle, _ direction: git_direction, _ callbacks: git_remote_callbacks
    ) throws(GitFailure) {
        var options = git_remote_connect_options()
        try git(
            "cannot prepare the connection",
            git_remote_connect_options_init(&options, UInt32(GIT_REMOTE_CONNECT_OPTIONS_VERSION)))
        options.callbacks = callbacks
        try check(git_remote_connect_ext(remote.raw, direction, &options))
    }

    /// Points HEAD where the remote's HEAD points. A remote without commits has none to tell.
    private func followHead(of remote: borrowing RemoteHandle, in repository: OpaquePointer) throws(GitFailure) {
        var name = git_buf()
        defer { git_buf_dispose(&name) }
        guard git_remote_default_branch(&name, remote.raw) == 0, let target = name.ptr else { return }
        try check(git_repository_set_head(repository, target))
    }

    func check(_ status: Int32) throws(GitFailure) {
        if status < 0 { throw failure(status) }
    }

    /// Reports at most ten times a second. False when the limit is passed.
    func received(_ stats: git_indexer_progress) -> Bool {
        FaultPoint.pass("git.fetch.receiving")
        if ContinuousClock.now - reportedAt > .milliseconds(100) {
            reportedAt = .now
            report(
                .progress(
                    TransportProgress(
                        receivedObjects: Int(stats.received_objects), totalObjects: Int(stats.total_objects),
                        receivedBytes: stats.received_bytes)))
        }
        guard stats.received_bytes > request.maximumBytes else { return true }
        found = GitFailure(.tooLarge, "\(display) sends more than the limit of \(request.maximumBytes) bytes")
        return false
    }

    func withStrings<R>(_ texts: [String], _ body: (UnsafePointer<git_strarray>) -> R) -> R {
        var pointers = texts.map { strdup($0) }
        defer { for pointer in pointers { free(pointer) } }
        return pointers.withUnsafeMutableBufferPointer { buffer in
            var array = git_strarray(strings: buffer.baseAddress, count: buffer.count)
            return body(&array)
        }
    }
}

/// Sole owner of one `git_remote *`.
struct RemoteHandle: ~Copyable {
    let raw: OpaquePointer

    init(repository: OpaquePointer, location: String) throws(GitFailure) {
        var created: OpaquePointer?
        let status = git_remote_create_anonymous(&created, repository, location)
        guard status == 0, let created else {
            throw LibGit2.failure(status, "cannot use \(GitLocation.display(location))")
        }
        raw = created
    }

    deinit { git_remote_free(raw) }
}
