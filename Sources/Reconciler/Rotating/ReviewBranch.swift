internal import ResealCore
internal import ResealSealing

/// A branch on which new values wait for people, instead of going straight to the branch that is applied from.
package struct ReviewBranch: Sendable {
    /// Without `refs/heads/`.
    package let name: String
    /// Words for the server, which for example open a merge request.
    package let options: [String]
    /// Remembers across restarts what was proposed. Without it, nothing that stands on the branch counts as our own.
    private let folder: String
    private let memory: String

    /// - Parameters:
    ///   - folder: for what has to be remembered; made when it is needed.
    ///   - source: names the file there.
    package init(name: String, options: [String], folder: String, source: String) {
        self.name = name
        self.options = options
        self.folder = folder
        memory = "\(folder)/\(source).json"
    }

    var proposal: ReviewProposal? {
        (try? AtomicFile.read(memory, limit: 16 << 20)).flatMap { try? JSON(parsing: $0) }.flatMap {
            ReviewProposal(json: $0)
        }
    }

    func remember(_ proposal: ReviewProposal) throws {
        try AtomicFile.createPrivateFolder(folder)
        try AtomicFile.write(proposal.json.canonicalBytes, to: memory)
    }

    /// Nothing waits any more: what was proposed has come into Git, or need not. The commit stays known as our own, for a
    /// branch that was squashed or rebased may stay too.
    func settle() throws {
        guard var landed = proposal, !landed.content.isEmpty else { return }
        landed.content = [:]
        try remember(landed)
    }
}

/// What was last put on a branch for review.
struct ReviewProposal: Sendable, Equatable {
    /// The commit that the server took; `nil` until it took one.
    var pushed: ObjectID?
    /// One that was made after it, and may have arrived just before a death.
    var pending: ObjectID?
    /// The commit that the newer of both stands on.
    var base: ObjectID
    /// The files that it changes.
    var paths: [String]
    /// What it brings: a digest for each secret.
    var content: [String: Digest256]

    var newest: ObjectID? { pending ?? pushed }

    /// True for the commits that nobody but us made.
    func isOwn(_ commit: ObjectID) -> Bool { commit == pushed || commit == pending }

    /// True if all of this was proposed already.
    func holds(_ wanted: [String: Digest256]) -> Bool { wanted.allSatisfy { content[$0.key] == $0.value } }
}

extension ReviewProposal {
    /// What is to be done about the branch.
    enum Step: Equatable {
        /// Push a commit; in place of one of our own, where there is one.
        case propose(replacing: ObjectID?)
        /// It is all there.
        case wait
        /// Somebody deleted the branch, and did not want the values.
        case closed
        /// The branch is at a commit that is not ours.
        case taken(ObjectID)
    }

    /// What is known of the branch's tip.
    struct Tip {
        var commit: ObjectID
        /// The branch that is applied from has it in its history.
        var isMerged: Bool
        /// It has the newest commit of the proposal in its history.
        var isOnTop: Bool
    }

    /// Decides by what was proposed, what waits now and where the branch is.
    ///
    /// - Parameter isFresh: the files of the proposal still stand in the other branch as it found them.
    static func step(_ known: ReviewProposal?, wanted: [String: Digest256], tip: Tip?, isFresh: Bool) -> Step {
        guard let tip else {
            let isClosed = known.map { $0.pushed != nil && $0.pending == nil && $0.holds(wanted) } ?? false
            return isClosed ? .closed : .propose(replacing: nil)
        }
        if tip.isMerged { return .propose(replacing: nil) }
        guard let known else { return .taken(tip.commit) }
        if known.isOwn(tip.commit) {
            let isSame = tip.commit == known.newest && known.content == wanted && isFresh
            return isSame ? .wait : .propose(replacing: tip.commit)
        }
        return tip.isOnTop && known.holds(wanted) ? .wait : .taken(tip.commit)
    }
}

extension ReviewProposal {
    var json: JSON {
        func id(_ commit: ObjectID?) -> JSON { commit.map { .string($0.description) } ?? .null }
        return [
            "version": 1, "pushed": id(pushed), "pending": id(pending), "base": id(base),
            "paths": .array(paths.map { .string($0) }),
            "content": .object(content.mapValues { .string($0.description) }),
        ]
    }

    init?(json: JSON) {
        func id(_ key: String) -> ObjectID? { json[key]?.stringValue.flatMap { ObjectID(hex: $0) } }
        guard json["version"] == 1, let base = id("base"), let paths = json["paths"]?.arrayValue,
            let content = json["content"]?.objectValue
        else { return nil }
        self.init(
            pushed: id("pushed"), pending: id("pending"), base: base, paths: paths.compactMap(\.stringValue),
            content: content.compactMapValues { $0.stringValue.flatMap(Hex.decode).flatMap { Digest256($0) } })
    }
}
