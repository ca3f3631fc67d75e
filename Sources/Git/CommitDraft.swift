package import ResealCore

/// A commit that is to be made on top of another, without a work tree.
///
/// It says everything that goes into the commit, its time too: the same draft makes the same commit.
package struct CommitDraft: Sendable {
    /// What becomes of one file.
    package enum Change: Sendable, Hashable {
        /// A regular file with these bytes. One that was executable stays so.
        case write([UInt8])
        case remove
    }

    /// The one parent.
    package var base: ObjectID
    /// By path from the root of the repository.
    package var changes: [String: Change]
    package var author: CommitPerson
    package var committer: CommitPerson
    package var message: CommitMessage

    package init(
        base: ObjectID, changes: [String: Change], author: CommitPerson, committer: CommitPerson? = nil,
        message: CommitMessage
    ) {
        self.base = base
        self.changes = changes
        self.author = author
        self.committer = committer ?? author
        self.message = message
    }
}

/// Who wrote or made a commit, and when.
package struct CommitPerson: Sendable, Hashable {
    package var name: String
    package var email: String
    /// Git keeps whole seconds.
    package var time: Timestamp

    package init(name: String, email: String, time: Timestamp) {
        self.name = name
        self.email = email
        self.time = time
    }

    /// Git would cut such characters out without a word.
    var isValid: Bool {
        [name, email].allSatisfy { text in
            !text.isEmpty
                && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && !"<>\u{7f}".unicodeScalars.contains($0) }
                && text.first != " " && text.last != " "
        }
    }
}

/// The text of a commit: one line, perhaps paragraphs, and trailers that programs read.
package struct CommitMessage: Sendable, Hashable {
    package struct Trailer: Sendable, Hashable {
        /// Letters, digits and `-`.
        package var token: String
        /// One line.
        package var value: String

        package init(_ token: String, _ value: String) {
            self.token = token
            self.value = value
        }
    }

    package var subject: String
    package var body: String
    package var trailers: [Trailer]

    package init(subject: String, body: String = "", trailers: [Trailer] = []) {
        self.subject = subject
        self.body = body
        self.trailers = trailers
    }

    /// The message as Git stores it. Throws ``GitFailure/Kind/invalidCommit`` where a part would be read back as
    /// another.
    func text() throws(GitFailure) -> String {
        guard Self.isLine(subject) else {
            throw Self.invalid("the first line of a commit's message is one line of text")
        }
        let body = Self.trimmed(body)
        guard !body.utf8.contains(0) else { throw Self.invalid("a commit's message cannot hold a zero byte") }
        for trailer in trailers {
            guard !trailer.token.isEmpty, trailer.token.utf8.allSatisfy(Self.isTokenByte), Self.isLine(trailer.value)
            else {
                throw Self.invalid("the trailer `\(GitText.cleaned(trailer.token))` is not a word and a line of text")
            }
        }
        let lines = trailers.map { "\($0.token): \($0.value)" }.joined(separator: "\n")
        return [subject, body, lines].filter { !$0.isEmpty }.joined(separator: "\n\n") + "\n"
    }

    private static func isLine(_ text: String) -> Bool {
        text.contains { $0 != " " } && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f }
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "-") || (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }

    private static func trimmed(_ text: String) -> String {
        var text = Substring(text)
        while text.last?.isNewline == true { text.removeLast() }
        while text.first?.isNewline == true { text.removeFirst() }
        return String(text)
    }

    private static func invalid(_ message: String) -> GitFailure { GitFailure(.invalidCommit, message) }
}
