package import ResealCore

/// One commit for one branch of a remote.
package struct GitPush: Sendable, Hashable {
    package var commit: ObjectID
    /// Without `refs/heads/`.
    package var branch: String
    /// Whether a branch that is not there is made, for example for a review. Where it is false, a branch that was
    /// deleted is not brought back.
    package var mayCreate: Bool
    /// Words for the server, such as GitLab's `merge_request.create`. libgit2 cannot send them, so a push with options
    /// is made by the `git` program.
    package var options: [String]
    /// A commit of our own that the branch may leave behind: if it is exactly there, it moves although nothing leads from
    /// there to `commit`. Libgit2 cannot make sure of that, so such a push is made by the `git` program too.
    package var replaces: ObjectID?

    package init(
        commit: ObjectID, branch: String, mayCreate: Bool = false, options: [String] = [], replaces: ObjectID? = nil
    ) {
        self.replaces = replaces
        self.commit = commit
        self.branch = branch
        self.mayCreate = mayCreate
        self.options = options
    }

    var reference: String { "refs/heads/\(branch)" }

    /// True for what can name a branch.
    package static func isBranch(_ name: String) -> Bool {
        GitRepository.isValidReference("refs/heads/\(name)") && !name.hasPrefix("-")
    }

    /// True for what can go to a server as a push option.
    package static func isOption(_ text: String) -> Bool { GitLocation.isPrintable(text) && !text.isEmpty }

    func check() throws(GitFailure) {
        guard Self.isBranch(branch) else {
            throw GitFailure(.invalidLocation, "`\(GitText.cleaned(String(branch.prefix(80))))` cannot name a branch")
        }
        guard options.allSatisfy(Self.isOption), options.count <= 64 else {
            throw GitFailure(.invalidLocation, "a push option is one line of text")
        }
    }

    var json: JSON {
        [
            "commit": .string(commit.description), "branch": .string(branch), "create": .bool(mayCreate),
            "options": .array(options.map { .string($0) }),
            "replaces": replaces.map { .string($0.description) } ?? .null,
        ]
    }

    init?(json: JSON) {
        guard let commit = json["commit"]?.stringValue.flatMap({ ObjectID(hex: $0) }),
            let branch = json["branch"]?.stringValue, let mayCreate = json["create"]?.boolValue,
            let options = json["options"]?.arrayValue?.compactMap(\.stringValue)
        else { return nil }
        self.init(
            commit: commit, branch: branch, mayCreate: mayCreate, options: options,
            replaces: json["replaces"]?.stringValue.flatMap { ObjectID(hex: $0) })
    }
}

/// What a remote made of a push.
package enum PushOutcome: Sendable, Hashable {
    /// The branch is at the commit, or has it in its history already.
    case accepted
    /// The branch has gone another way and is at `head` now; `nil` if it is not there. Nothing was changed.
    case rejected(head: ObjectID?)
    /// The server does not want the commit: a hook, a protected branch, a quota. With what it said.
    case declined(String)

    var json: JSON {
        switch self {
        case .accepted: ["outcome": "accepted"]
        case .rejected(let head): ["outcome": "rejected", "head": head.map { .string($0.description) } ?? .null]
        case .declined(let text): ["outcome": "declined", "text": .string(text)]
        }
    }

    init?(json: JSON) {
        switch json["outcome"]?.stringValue {
        case "accepted": self = .accepted
        case "rejected": self = .rejected(head: json["head"]?.stringValue.flatMap { ObjectID(hex: $0) })
        case "declined": self = .declined(json["text"]?.stringValue ?? "")
        default: return nil
        }
    }
}
