internal import ResealCore

/// Finds out what a new manifest shall say, by the schema of its kind.
struct ScaffoldInterview {
    /// Answers that were given beforehand, by their paths below `spec`.
    private var given: [String: [String]]
    /// Paths that questions came up for.
    private(set) var used: Set<String> = []
    /// Questions that were answered with nothing.
    private var declined: Set<String> = []
    private let ask: (ScaffoldQuestion) throws -> [String]
    /// Paths that are worth a question though nothing has to be said.
    private let worthwhile: Set<String>

    /// - Parameter ask: answers a question; with nothing if it is not required.
    init(given: [String: [String]], worthwhile: Set<String>, ask: @escaping (ScaffoldQuestion) throws -> [String]) {
        self.given = given
        self.worthwhile = worthwhile
        self.ask = ask
    }

    /// Given answers that no question came up for.
    var unused: [String] { given.keys.filter { !used.contains($0) }.sorted() }

    /// The entries for all fields of an object that have an answer.
    mutating func entries(
        _ fields: [Field], _ path: [String], leavingOut left: Set<String> = []
    ) throws -> [ScaffoldValue.Entry] {
        var entries: [ScaffoldValue.Entry] = []
        for field in fields where !left.contains(field.nameText) {
            let inner = path + [field.nameText]
            guard isDue(field, inner), let value = try value(field, inner, isRequired: field.isRequired) else {
                continue
            }
            entries.append(.init(key: field.nameText, value: value))
        }
        return entries
    }

    private func isDue(_ field: Field, _ path: [String]) -> Bool {
        let name = path.joined(separator: ".")
        return field.isRequired || worthwhile.contains { $0 == name || $0.hasPrefix(name + ".") } || isGiven(path)
    }

    private func isGiven(_ path: [String]) -> Bool {
        let name = path.joined(separator: ".")
        return given.keys.contains { $0 == name || $0.hasPrefix(name + ".") }
    }

    /// Asks for those fields of an object that are worth it. An answer makes the object one that has to be complete.
    private mutating func isWanted(_ fields: [Field], _ path: [String]) throws -> Bool {
        for field in fields {
            let inner = path + [field.nameText]
            let name = inner.joined(separator: ".")
            guard worthwhile.contains(name), let question = ScaffoldQuestion(leaf: inner, field) else { continue }
            used.insert(name)
            let answers = try ask(question)
            given[name] = answers.isEmpty ? nil : answers
            declined.formUnion(answers.isEmpty ? [name] : [])
        }
        return isGiven(path)
    }

    private mutating func value(_ field: Field, _ path: [String], isRequired: Bool) throws -> ScaffoldValue? {
        switch field.shape {
        case .string(let rule): return try answer(.init(path, field, .string(rule), isRequired: isRequired))
        case .integer(let range): return try answer(.init(path, field, .integer(range), isRequired: isRequired))
        case .boolean: return try answer(.init(path, field, .boolean, isRequired: isRequired))
        case .scalar: return try answer(.init(path, field, .scalar, isRequired: isRequired))
        case .list(let rule): return try list(field, rule, path, isRequired)
        case .map(let rule): return try map(field, rule, path, isRequired)
        case .object(let rule): return try object(rule.fields, path, isRequired)
        case .choice(let rule): return try choice(field, rule, path)
        case .variants(let rule): return try variants(rule, path, isRequired)
        case .value: return nil
        }
    }

    private mutating func answer(_ question: ScaffoldQuestion) throws -> ScaffoldValue? {
        used.insert(question.path)
        let answers = try given[question.path] ?? (declined.contains(question.path) ? [] : ask(question))
        for answer in answers {
            if let problem = question.problem(answer) {
                throw ScaffoldFailure("`\(question.path)` \(problem)", hint: question.text)
            }
        }
        guard !answers.isEmpty else {
            guard question.isRequired else { return nil }
            throw ScaffoldFailure.missing(question)
        }
        return question.value(answers)
    }

    private mutating func list(
        _ field: Field, _ rule: ListRule, _ path: [String], _ isRequired: Bool
    ) throws -> ScaffoldValue? {
        switch rule.item {
        case .string(let item):
            let isNeeded = isRequired && rule.count.lowerBound > 0
            let value = try answer(.init(path, field, .string(item), isList: true, isRequired: isNeeded))
            return value ?? (isRequired ? .list([]) : nil)
        case .object(let item):
            // One item is enough for a beginning.
            return .list([.map(try entries(item.fields, path))])
        default: return nil
        }
    }

    /// Entries are given as `path.key`.
    private mutating func map(
        _ field: Field, _ rule: MapRule, _ path: [String], _ isRequired: Bool
    ) throws -> ScaffoldValue? {
        let prefix = path.joined(separator: ".") + "."
        var entries: [ScaffoldValue.Entry] = []
        for name in given.keys.filter({ $0.hasPrefix(prefix) }).sorted() {
            used.insert(name)
            let key = String(name.dropFirst(prefix.utf8.count))
            let words = given[name] ?? []
            if case .list = rule.value {
                let items = words.flatMap { $0.split(separator: ",").map { ScaffoldValue.text(String($0)) } }
                entries.append(.init(key: key, value: .list(items)))
            } else {
                entries.append(.init(key: key, value: .typed(words.last ?? "")))
            }
        }
        guard entries.count >= rule.count.lowerBound else {
            throw ScaffoldFailure(
                "`\(prefix.dropLast())` needs at least \(rule.count.lowerBound) entries",
                hint: "\(field.description) For example --set \(prefix)KEY=VALUE")
        }
        return entries.isEmpty && !isRequired ? nil : .map(entries)
    }

    private mutating func object(_ fields: [Field], _ path: [String], _ isRequired: Bool) throws -> ScaffoldValue? {
        if !isRequired, !isGiven(path), try !isWanted(fields, path) { return nil }
        let entries = try entries(fields, path)
        return entries.isEmpty && !isRequired ? nil : .map(entries)
    }

    private mutating func choice(_ field: Field, _ rule: ObjectRule, _ path: [String]) throws -> ScaffoldValue? {
        let prefix = path.joined(separator: ".")
        let names = rule.fields.map(\.nameText)
        let chosen = names.filter { name in given.keys.contains { "\($0).".hasPrefix("\(prefix).\(name).") } }
        var name = chosen.first
        if name == nil {
            let question = ScaffoldQuestion(
                path, Field(field.name, field.shape, "\(field.description) Which one?"),
                .string(StringRule(.oneOf(names))), isRequired: true)
            guard case .text(let word)? = try answer(question) else { return nil }
            name = word
        }
        guard let field = rule.fields.first(where: { $0.nameText == name }),
            let value = try value(field, path + [field.nameText], isRequired: true)
        else { return nil }
        return .map([.init(key: field.nameText, value: value)])
    }

    mutating func variants(_ rule: VariantRule, _ path: [String], _ isRequired: Bool) throws -> ScaffoldValue? {
        let selector = Field(rule.selector, .string(rule.choices), rule.selectorDescription, required: true)
        let question = ScaffoldQuestion(
            path + ["\(rule.selector)"], selector, .string(rule.choices), isRequired: isRequired)
        guard let value = try answer(question), case .text(let name) = value,
            let variant = rule.variants.first(where: { $0.name == name })
        else { return nil }
        let rest = try entries(variant.object.fields, path, leavingOut: ["\(rule.selector)"])
        return .map([.init(key: "\(rule.selector)", value: value)] + rest)
    }
}

/// A new manifest that cannot be made from the answers.
package struct ScaffoldFailure: UserFacingFailure, CustomStringConvertible {
    package let message: String
    package let hint: String?
    package var code: String { "usage" }

    init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }

    static func missing(_ question: ScaffoldQuestion) -> ScaffoldFailure {
        let words = question.choices.isEmpty ? "" : " One of \(question.choices.joined(separator: ", "))."
        return ScaffoldFailure(
            "`\(question.path)` is needed", hint: "\(question.text)\(words) Give it with --set \(question.path)=…")
    }
}
