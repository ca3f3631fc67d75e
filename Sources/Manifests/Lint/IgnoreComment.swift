internal import ResealCore

/// `# reseal-lint: ignore RULE[, RULE] -- reason`, in the comments of any language.
struct IgnoreComment {
    /// Of `reseal-lint:`.
    let offset: Int
    let length: Int
    /// Empty for a comment that cannot be understood.
    private(set) var rules: Set<LintRule> = []
    /// Why it ignores nothing.
    private(set) var problem: String?
    /// Nothing stands before it on its line, so that it speaks of the next one as well.
    let isAlone: Bool

    /// `nil` where the words are no comment.
    init?(_ bytes: FileBytes, at offset: Int) {
        let start = bytes.lineStart(offset, within: Self.reach)
        let before = bytes.text(start..<offset)
        let trimmed = Self.trimmed(before)
        guard let leader = Self.leaders.first(where: trimmed.hasSuffix) else { return nil }
        let code = trimmed.dropLast(leader.count)
        // Behind a quote, it is a text about such comments.
        if let last = code.last, "`\"'".contains(last) { return nil }
        isAlone = Self.trimmed(code).isEmpty
        self.offset = offset
        var rest = Self.trimmed(bytes.text((offset + Self.word.utf8.count)..<bytes.lineEnd(offset, within: Self.reach)))
        for end in ["-->", "*/"] where rest.hasSuffix(end) { rest = Self.trimmed(rest.dropLast(end.count)) }
        length = Self.word.utf8.count
        read(rest)
    }

    static let word = "reseal-lint:"
    /// Bytes on either side that are looked at: a comment is not longer.
    private static let reach = 1000
    private static let leaders = ["<!--", "//", "/*", "--", "#", ";", "*", "%"]

    private mutating func read(_ text: Substring) {
        guard text.hasPrefix("ignore ") else {
            problem = "the comment does not go on with `ignore RULE -- reason`"
            return
        }
        let parts = text.dropFirst("ignore ".count).split(separator: " -- ", maxSplits: 1)
        let names = (parts.first ?? "").split { $0 == "," || $0 == " " }.map(String.init)
        guard let reason = parts.dropFirst().first, !Self.trimmed(reason).isEmpty else {
            problem = "the comment gives no reason"
            return
        }
        guard !names.isEmpty else {
            problem = "the comment names no rule"
            return
        }
        for name in names {
            guard let rule = LintRule(rawValue: name), rule.isIgnorable else {
                let nearest = NearestName.suggestion(for: name, in: LintRule.allCases.map(\.id))
                problem = "the comment names an unknown rule" + (nearest.map { "; did you mean `\($0)`?" } ?? "")
                rules = []
                return
            }
            rules.insert(rule)
        }
    }

    private static func trimmed(_ text: some StringProtocol) -> Substring {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        var text = Substring(text).drop(while: isSpace)
        while let last = text.last, isSpace(last) { text.removeLast() }
        return text
    }
}

/// The ignore comments of one file, and what they take away.
struct IgnoreComments {
    private let comments: [IgnoreComment]
    /// For each line, the comments that speak of it.
    private var byLine: [Int: [Int]] = [:]
    private var used: Set<Int> = []

    init(_ comments: [IgnoreComment], _ text: SourceText) {
        self.comments = comments
        let own = comments.map { text.position(of: $0.offset).line }
        // Several comments may stand one below the other, and speak of the line below them all.
        var target: [Int: Int] = [:]
        for (i, line) in own.enumerated().reversed() where comments[i].isAlone {
            target[line] = target[line + 1] ?? line + 1
        }
        for (i, line) in own.enumerated() {
            byLine[line, default: []].append(i)
            if let next = target[line] { byLine[next, default: []].append(i) }
        }
    }

    /// True if a comment takes the finding away.
    mutating func take(_ rule: LintRule, line: Int) -> Bool {
        let hits = byLine[line, default: []].filter { comments[$0].rules.contains(rule) }
        used.formUnion(hits)
        return !hits.isEmpty
    }

    /// Findings about the comments, when all others were offered.
    var findings: [RawFinding] {
        comments.indices.compactMap { i in
            let range = comments[i].offset..<comments[i].offset + comments[i].length
            if let problem = comments[i].problem {
                return RawFinding(rule: .invalidIgnore, message: problem, range: range)
            }
            guard !used.contains(i) else { return nil }
            let names = comments[i].rules.map(\.id).sorted().joined(separator: ", ")
            return RawFinding(
                rule: .unusedIgnore, message: "there is no finding of \(names) here to ignore", range: range)
        }
    }
}
