internal import ResealCore
internal import ResealManifests
internal import ResealSealing

/// Asks at the terminal for what the command line leaves open.
struct Questions {
    let isPossible: Bool
    /// What the manifests declare already.
    let names: [ResourceKind: [String]]
    private static let namesShown = 12

    /// Answers a question of a manifest; with nothing if nobody can be asked, or has nothing to say.
    func answer(_ question: ScaffoldQuestion) throws -> [String] {
        guard isPossible else { return [] }
        var prompt = question.text.hasSuffix(".") ? String(question.text.dropLast()) : question.text
        let known = question.refersTo.map { names[$0] ?? [] } ?? []
        let roles = question.namesPrincipals ? (names[.role] ?? []).map { "role:\($0)" } : []
        let words = question.choices + known + roles
        if !words.isEmpty { prompt += " [\(Self.list(words))]" }
        if question.isList, !question.isFreeText { prompt += ", separated by commas" }
        if !question.isRequired { prompt += " (Enter: \(question.usual ?? "none"))" }
        var answers: [String] = []
        while true {
            let text = try line("\(question.path): \(prompt)")
            guard !text.isEmpty else {
                if answers.isEmpty, question.isRequired { continue }
                return answers
            }
            if let problem = question.problem(text) {
                Terminal.note("  this \(SafeText.line(problem))")
                continue
            }
            guard question.isFreeText else { return [text] }
            answers.append(text)
            prompt = "next one (Enter: no more)"
        }
    }

    /// Asks until there is an answer.
    ///
    /// - Parameter option: what to give on the command line instead.
    func need(_ question: String, choices: [String] = [], option: String) throws -> String {
        guard isPossible else {
            throw UsageFailure("\(option) is missing, and there is nobody to ask", hint: "see `reseal new --help`")
        }
        while true {
            let text = try line(choices.isEmpty ? question : "\(question) [\(Self.list(choices, all: true))]")
            if choices.contains(text) || choices.isEmpty && !text.isEmpty { return text }
            let nearest = NearestName.suggestion(for: text, in: choices)
            if !text.isEmpty { Terminal.note("  \(nearest.map { "did you mean `\($0)`?" } ?? "that is none of them")") }
        }
    }

    /// One of a few words, by their first letters; the first word for an empty answer.
    func choose(_ question: String, _ words: [String]) throws -> String {
        guard let usual = words.first else { return "" }
        while true {
            let text = try line("\(question) [\(words.joined(separator: ", "))] (Enter: \(usual))").lowercased()
            if text.isEmpty { return usual }
            if let word = words.first(where: { $0.hasPrefix(text) }) { return word }
        }
    }

    func line(_ question: String) throws -> String {
        let answer = try HiddenPrompt.read(SafeText.line(question), isHidden: false)
        return (answer.revealText() ?? "").trimmingBlanks
    }

    private static func list(_ words: [String], all: Bool = false) -> String {
        let shown = all ? words[...] : words.prefix(namesShown)
        return shown.joined(separator: ", ") + (words.count > shown.count ? ", …" : "")
    }
}

extension StringProtocol {
    /// Without spaces and tabs around it.
    var trimmingBlanks: String {
        let start = drop { $0 == " " || $0 == "\t" }
        let end = start.lastIndex { $0 != " " && $0 != "\t" }
        return end.map { String(start[...$0]) } ?? ""
    }
}
