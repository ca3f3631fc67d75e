package import ResealCore

/// One file of a tree: everything but folders.
package struct TreeFile: Sendable, Hashable {
    package enum Kind: String, Sendable, Codable {
        case regular, executable
        /// The blob holds the target path of a symbolic link.
        case symlink
        /// `blob` names a commit of another repository; there is no such object here.
        case submodule
    }

    /// Relative, with `/` between segments. Bytes that are not UTF-8 are shown as U+FFFD.
    package let path: String
    package let blob: ObjectID
    package let kind: Kind

    package init(path: String, blob: ObjectID, kind: Kind) {
        self.path = path
        self.blob = blob
        self.kind = kind
    }
}

/// One file that differs between two trees.
package struct TreeChange: Sendable, Hashable {
    package let path: String
    /// `nil` for an added file.
    package let old: TreeFile?
    /// `nil` for a deleted file.
    package let new: TreeFile?

    package init(path: String, old: TreeFile?, new: TreeFile?) {
        self.path = path
        self.old = old
        self.new = new
    }
}

/// What a commit says about itself, copied out of the repository.
package struct GitCommit: Sendable, Hashable {
    package let id: ObjectID
    package let tree: ObjectID
    package let parents: [ObjectID]
    package let authorName: String
    package let authorEmail: String
    package let committerName: String
    package let committerEmail: String
    /// Whole seconds, within the years 1 to 9999; a commit may claim any time.
    package let committedAt: Timestamp
    /// The first paragraph of the message as one line.
    package let summary: String
}
