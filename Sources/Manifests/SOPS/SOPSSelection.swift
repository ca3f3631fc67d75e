internal import ResealCore

/// Which values of a SOPS document are encrypted.
struct SOPSSelection {
    enum Rule: Sendable {
        case encryptedSuffix(String)
        case unencryptedSuffix(String)
        case encryptedRegex(LinearPattern)
        case unencryptedRegex(LinearPattern)
        case encryptedCommentRegex(LinearPattern)
        case unencryptedCommentRegex(LinearPattern)
    }

    /// What is known of the keys and comments that lead to a place.
    struct Context {
        /// The rule fits one of the keys.
        fileprivate var hasKey = false
        /// The rule fits a comment in front of one of the keys, or one that stands in front of this place.
        fileprivate var hasOuterComment = false
        fileprivate var hasComment = false
    }

    /// In the metadata, at most one of these.
    static let keys = [
        "encrypted_suffix", "unencrypted_suffix", "encrypted_regex", "unencrypted_regex", "encrypted_comment_regex",
        "unencrypted_comment_regex",
    ]
    /// What SOPS assumes without any of them.
    static let defaultSuffix = "_unencrypted"
    /// Steps that matching all keys of a document may take; well under a second.
    private static let maximumSteps = 20_000_000

    private let rule: Rule
    private let span: SourceSpan
    private var known: [String: Bool] = [:]
    private var steps = 0

    /// `span` is where a rule that costs too much is reported.
    init(_ rule: Rule, at span: SourceSpan) {
        self.rule = rule
        self.span = span
    }

    /// Inside of the value of a key.
    mutating func entering(_ key: String, from outer: Context) throws(ManifestFailure) -> Context {
        var inner = outer
        switch rule {
        case .encryptedSuffix(let suffix), .unencryptedSuffix(let suffix):
            inner.hasKey = inner.hasKey || key.hasByteSuffix(suffix)
        case .encryptedRegex(let pattern), .unencryptedRegex(let pattern):
            if !inner.hasKey { inner.hasKey = try matches(pattern, key) }
        case .encryptedCommentRegex, .unencryptedCommentRegex: break
        }
        return inner
    }

    /// Inside of a mapping or list, where no comment has come yet.
    func enteringCollection(from outer: Context) -> Context {
        var inner = outer
        inner.hasOuterComment = outer.hasOuterComment || outer.hasComment
        inner.hasComment = false
        return inner
    }

    /// Behind a value, whose comments concern nothing else.
    func leavingValue(_ context: Context) -> Context {
        var context = context
        context.hasComment = false
        return context
    }

    /// True if the comment itself is encrypted; `context` is then what follows it. A comment that asks for encryption
    /// stays readable.
    mutating func comment(_ text: [UInt8], in context: inout Context) throws(ManifestFailure) -> Bool {
        guard let pattern = commentPattern else { return isEncrypted(context) }
        let before = isEncrypted(context)
        if !context.hasComment {
            context.hasComment = try matches(pattern, String(decoding: text, as: UTF8.self))
        }
        if case .encryptedCommentRegex = rule { return before }
        return isEncrypted(context)
    }

    func isEncrypted(_ context: Context) -> Bool {
        switch rule {
        case .encryptedSuffix, .encryptedRegex: context.hasKey
        case .unencryptedSuffix, .unencryptedRegex: !context.hasKey
        case .encryptedCommentRegex: context.hasOuterComment || context.hasComment
        case .unencryptedCommentRegex: !(context.hasOuterComment || context.hasComment)
        }
    }

    private var commentPattern: LinearPattern? {
        switch rule {
        case .encryptedCommentRegex(let pattern), .unencryptedCommentRegex(let pattern): pattern
        default: nil
        }
    }

    private mutating func matches(_ pattern: LinearPattern, _ text: String) throws(ManifestFailure) -> Bool {
        if let answer = known[text] { return answer }
        steps += pattern.cost(ofBytes: text.utf8.count)
        guard steps <= Self.maximumSteps else {
            throw ManifestFailure(
                .pattern, "finding out which values are encrypted takes too long", hint: "use a shorter pattern",
                at: span)
        }
        let answer = pattern.matches(text)
        known[text] = answer
        return answer
    }
}

extension SOPSSelection.Rule {
    /// Throws ``ManifestFailure/Kind/pattern`` for a regular expression that is none.
    init(key: String, text: String) throws(ManifestFailure) {
        switch key {
        case "encrypted_suffix": self = .encryptedSuffix(text)
        case "unencrypted_suffix": self = .unencryptedSuffix(text)
        case "encrypted_regex": self = .encryptedRegex(try LinearPattern(text))
        case "unencrypted_regex": self = .unencryptedRegex(try LinearPattern(text))
        case "encrypted_comment_regex": self = .encryptedCommentRegex(try LinearPattern(text))
        default: self = .unencryptedCommentRegex(try LinearPattern(text))
        }
    }
}

extension String {
    /// `hasSuffix` would take differently composed characters for equal.
    fileprivate func hasByteSuffix(_ suffix: String) -> Bool {
        utf8.count >= suffix.utf8.count && utf8.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
    }
}
