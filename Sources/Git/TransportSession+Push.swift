internal import CLibGit2
internal import ResealCore

extension TransportSession {
    func push(_ push: GitPush) throws(GitFailure) -> PushOutcome {
        let repository = try GitRepository(opening: request.repository)
        // libgit2 writes into a repository on this machine by itself, past its hooks.
        let route: any PushRoute =
            request.host == nil || !push.options.isEmpty || push.replaces != nil
            ? try PushProgram(self) : try PushLibrary(self, repository)
        let before = try route.head(of: push)
        if let outcome = try judge(push, before, repository) { return outcome }
        report(.sending)
        FaultPoint.pass("git.push.sending")
        let refusal = try route.send(push)
        FaultPoint.pass("git.push.sent")
        guard let refusal else { return .accepted }
        // Hooks and races are told apart by whether the branch has moved, for the words are each server's own.
        guard let after = try? route.head(of: push), after != before,
            let outcome = try judge(push, after, repository)
        else { return .declined(refusal) }
        return outcome
    }

    /// What is to be said without sending anything; `nil` where the commit may be sent.
    private func judge(
        _ push: GitPush, _ head: ObjectID?, _ repository: GitRepository
    ) throws(GitFailure) -> PushOutcome? {
        guard let head else { return push.mayCreate ? nil : .rejected(head: nil) }
        if head == push.replaces { return nil }
        guard repository.hasCommit(head) else { return .rejected(head: head) }
        if try repository.isAncestor(push.commit, of: head) { return .accepted }
        return try repository.isAncestor(head, of: push.commit) ? nil : .rejected(head: head)
    }

    // MARK: What the server says

    private static let maximumRemarkBytes = 4096

    func keep(_ text: UnsafeRawBufferPointer) {
        remarks += text.prefix(max(0, Self.maximumRemarkBytes - remarks.count))
    }

    /// A refusal in the server's words, those of its hooks first.
    func refusal(_ status: String) -> String {
        let lines = String(decoding: remarks, as: UTF8.self).split(whereSeparator: \.isNewline).map {
            GitText.cleaned(String($0)).split(separator: " ").joined(separator: " ")
        }
        return (lines.filter { !$0.isEmpty } + [GitText.cleaned(status)]).joined(separator: "; ")
    }
}

/// A way to a remote that takes commits.
protocol PushRoute {
    /// Where the branch is now; `nil` if it is not there.
    func head(of push: GitPush) throws(GitFailure) -> ObjectID?
    /// `nil` where the commit was taken, else what the server says.
    func send(_ push: GitPush) throws(GitFailure) -> String?
}

/// Pushes through libgit2.
final class PushLibrary: PushRoute {
    private let session: TransportSession
    private let repository: GitRepository

    /// libgit2 pushes what a reference of ours names. One push at a time holds the mirror, so one name is enough.
    static let outgoing = "refs/reseal/outgoing"

    init(_ session: TransportSession, _ repository: GitRepository) throws(GitFailure) {
        self.session = session
        self.repository = repository
        try session.prepareLibrary()
    }

    func head(of push: GitPush) throws(GitFailure) -> ObjectID? {
        var head: ObjectID?
        try withRemote { (remote, _) throws(GitFailure) in
            var list: UnsafeMutablePointer<UnsafePointer<git_remote_head>?>?
            var count = 0
            try session.check(git_remote_ls(&list, &count, remote))
            for n in 0..<count {
                guard let item = list?[n]?.pointee, GitText.decoded(item.name) == push.reference else { continue }
                head = ObjectID(item.oid)
            }
        }
        return head
    }

    func send(_ push: GitPush) throws(GitFailure) -> String? {
        try name(push.commit)
        defer { _ = repository.withRaw { git_reference_remove($0, Self.outgoing) } }
        session.answers = [:]
        session.remarks = []
        try withRemote { (remote, callbacks) throws(GitFailure) in
            var options = git_push_options()
            try git("cannot prepare the push", git_push_options_init(&options, UInt32(GIT_PUSH_OPTIONS_VERSION)))
            options.callbacks = callbacks
            let specification = "\(Self.outgoing):\(push.reference)"
            let status = session.withStrings([specification]) { git_remote_upload(remote, $0, &options) }
            if status == GIT_ENONFASTFORWARD.rawValue { session.answers[push.reference] = "non-fast-forward" }
            if session.answers[push.reference]?.isEmpty ?? true { try session.check(status) }
        }
        // libgit2 calls a push done whatever the server said of the reference.
        guard let answer = session.answers[push.reference] else {
            throw GitFailure(.native, "\(session.display) says nothing about \(GitText.cleaned(push.reference))")
        }
        return answer.isEmpty ? nil : session.refusal(answer)
    }

    private func name(_ commit: ObjectID) throws(GitFailure) {
        var raw = commit.raw
        var reference: OpaquePointer?
        let status = repository.withRaw { git_reference_create(&reference, $0, Self.outgoing, &raw, 1, nil) }
        try git("cannot name the outgoing commit", status)
        git_reference_free(reference)
    }

    /// Each time on a connection of its own: what a server shows of its references is a picture of the beginning.
    private func withRemote(
        _ body: (OpaquePointer, git_remote_callbacks) throws(GitFailure) -> Void
    ) throws(GitFailure) {
        session.found = nil
        try repository.withRaw { (raw) throws(GitFailure) in
            let remote = try RemoteHandle(repository: raw, location: session.request.location)
            try session.withCallbacks { (callbacks) throws(GitFailure) in
                try session.connect(remote, GIT_DIRECTION_PUSH, callbacks)
                try body(remote.raw, callbacks)
            }
        }
    }
}

extension GitRepository {
    static func isValidReference(_ name: String) -> Bool {
        var isValid: Int32 = 0
        return LibGit2.isReady && !name.utf8.contains(0) && git_reference_name_is_valid(&isValid, name) == 0
            && isValid == 1
    }
}
