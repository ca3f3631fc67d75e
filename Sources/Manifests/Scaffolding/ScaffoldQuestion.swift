package import ResealCore

/// Something that a new manifest has to say, or may say.
package struct ScaffoldQuestion: Sendable {
    /// Below `spec`, such as `rotation.every`.
    package let path: String
    /// What it means, in words.
    package let text: String
    /// The words that it may be; empty where anything goes.
    package let choices: [String]
    /// It names resources of this kind.
    package let refersTo: ResourceKind?
    /// It grants something to principals.
    package let namesPrincipals: Bool
    package let isList: Bool
    package let isRequired: Bool
    /// What is true of a manifest that does not say it.
    package let usual: String?
    private let rule: Rule

    enum Rule: Sendable {
        case string(StringRule)
        case integer(ClosedRange<Int64>)
        case boolean
        case scalar
    }

    init(_ path: [String], _ field: Field, _ rule: Rule, isList: Bool = false, isRequired: Bool) {
        self.path = path.joined(separator: ".")
        text = field.description
        usual = field.defaultValue.map { $0.stringValue ?? $0.canonical }
        self.rule = rule
        self.isList = isList
        self.isRequired = isRequired
        guard case .string(let rule) = rule else {
            choices = if case .boolean = rule { ["true", "false"] } else { [] }
            (refersTo, namesPrincipals) = (nil, false)
            return
        }
        refersTo = rule.refersTo
        if case .oneOf(let words) = rule.content { choices = words } else { choices = [] }
        if case .format(let format) = rule.content {
            namesPrincipals = format.isPrincipal
        } else {
            namesPrincipals = false
        }
    }

    /// A question that need not be answered; `nil` for a field that is no scalar and no list of them.
    init?(leaf path: [String], _ field: Field) {
        switch field.shape {
        case .string(let rule): self.init(path, field, .string(rule), isRequired: false)
        case .integer(let range): self.init(path, field, .integer(range), isRequired: false)
        case .boolean: self.init(path, field, .boolean, isRequired: false)
        case .scalar: self.init(path, field, .scalar, isRequired: false)
        case .list(let rule):
            guard case .string(let item) = rule.item else { return nil }
            self.init(path, field, .string(item), isList: true, isRequired: false)
        case .map, .object, .choice, .variants, .value: return nil
        }
    }

    /// What is wrong with an answer; completes "the answer …". `nil` for a good one.
    package func problem(_ answer: String) -> String? {
        for word in words(answer) {
            switch rule {
            case .boolean where word != "true" && word != "false": return "is neither true nor false"
            case .integer(let range):
                guard let number = Int64(word), range.contains(number) else {
                    return "is no whole number from \(range.lowerBound) to \(range.upperBound)"
                }
            case .string(let rule):
                guard rule.bytes.contains(word.utf8.count) else { return "is too long or too short" }
                if case .oneOf(let words) = rule.content, !words.contains(word) {
                    return "is none of \(words.joined(separator: ", "))"
                }
                if case .format(let format) = rule.content, let problem = format.problem(word) {
                    return "is not \(format.expectation): it \(problem)"
                }
            case .boolean, .scalar: break
            }
        }
        return nil
    }

    /// The items of an answer. Words are separated by commas; free text stands for itself.
    func words(_ answer: String) -> [String] {
        guard isList, !isFreeText else { return [answer] }
        return answer.split(separator: ",").map { String($0.drop(while: \.isWhitespace).trimmed) }.filter {
            !$0.isEmpty
        }
    }

    /// A list whose items may hold commas: each is an answer of its own.
    package var isFreeText: Bool {
        if case .string(let rule) = rule, case .any = rule.content { return isList }
        return false
    }

    func value(_ answers: [String]) -> ScaffoldValue {
        let words = answers.flatMap(words)
        if isList { return .list(words.map { .text($0) }) }
        let word = words.last ?? ""
        switch rule {
        case .string: return .text(word)
        case .integer, .boolean: return .literal(word)
        case .scalar: return .typed(word)
        }
    }
}

extension Substring {
    fileprivate var trimmed: Substring { self.dropLast(reversed().prefix(while: \.isWhitespace).count) }
}
