internal import ResealCore

extension SchemaCheck {
    mutating func string(_ node: NodeID, _ rule: StringRule, _ name: NodeID) {
        let found = tree[node]
        guard found.kind == .scalar, found.meaning == .string else {
            let isGoodInQuotes = found.kind == .scalar && found.meaning != .null && accepts(tree.string(node), rule)
            let empty: String? = found.meaning == .null ? "give it a value, or remove the key" : nil
            return wrongType(node, expectation(rule), name, hint: isGoodInQuotes ? "put it in quotes" : empty)
        }
        guard refuseSealed(node, name) else { return }
        content(node, rule, name)
    }

    private func accepts(_ text: String, _ rule: StringRule) -> Bool {
        guard rule.bytes.contains(text.utf8.count) else { return false }
        switch rule.content {
        case .any: return true
        case .oneOf(let words): return words.contains(text)
        case .format(let format): return format.problem(text) == nil
        }
    }

    mutating func integer(_ node: NodeID, _ range: ClosedRange<Int64>, _ name: NodeID) {
        guard expect(node, .integer, "a whole number", name) else { return }
        let value = tree.withText(node) { ScalarMeaning.integer($0) }
        guard let value, range.contains(value) else {
            return report(
                "manifest.value", "\(subject(name)) must be from \(range.lowerBound) to \(range.upperBound)", at: node)
        }
    }

    mutating func scalar(_ node: NodeID, _ bytes: Int, _ name: NodeID) {
        let meaning = tree[node].meaning
        guard tree[node].kind == .scalar, meaning != .null, meaning != .binary else {
            return wrongType(node, "a string, a number, or true or false", name)
        }
        guard refuseSealed(node, name) else { return }
        if Int(tree[node].count) > bytes {
            report("manifest.value", "\(subject(name)) is longer than \(bytes) bytes", at: node)
        }
    }

    mutating func expect(_ node: NodeID, _ meaning: ScalarMeaning, _ expected: String, _ name: NodeID) -> Bool {
        guard tree[node].kind == .scalar, tree[node].meaning == meaning else {
            let isQuoted = tree[node].kind == .scalar && tree[node].meaning == .string && tree[node].style != .plain
            let isEmpty = tree[node].kind == .scalar && tree[node].meaning == .null
            let hint = isQuoted ? "remove the quotes" : isEmpty ? "give it a value, or remove the key" : nil
            wrongType(node, expected, name, hint: hint)
            return false
        }
        return refuseSealed(node, name)
    }

    /// Checks the text of a string, and notes what it refers to. `name` is the key of the string or, with `isKey`, the
    /// mapping that the string is a key of.
    mutating func content(_ node: NodeID, _ rule: StringRule, _ name: NodeID, isKey: Bool = false) {
        func what() -> String { isKey ? "a key of \(subject(name))" : subject(name) }
        let count = Int(tree[node].count)
        guard rule.bytes.contains(count) else {
            let bound =
                count < rule.bytes.lowerBound
                ? "shorter than \(rule.bytes.lowerBound)" : "longer than \(rule.bytes.upperBound)"
            let message = count == 0 ? "\(what()) is empty" : "\(what()) is \(bound) bytes"
            return report("manifest.value", message, hint: "it must be \(expectation(rule))", at: node)
        }
        switch rule.content {
        case .any: break
        case .oneOf(let words):
            if words.contains(where: { word in tree.withText(node) { $0.elementsEqual(word.utf8) } }) { break }
            let hint = NearestName.suggestion(for: tree.string(node), in: words).map { "did you mean `\($0)`?" }
            report("manifest.value", "\(what()) must be \(expectation(rule))", hint: hint, at: node)
        case .format(let format):
            let value = tree.string(node)
            if let problem = format.problem(value) {
                return report("manifest.value", "\(what()) must be \(format.expectation), but it \(problem)", at: node)
            }
            if format.isPrincipal { principal(value, name, node) }
            if let kind = rule.refersTo { refer(to: kind, value, name, at: node) }
        }
    }

    private mutating func principal(_ value: String, _ name: NodeID, _ node: NodeID) {
        if value == "*" {
            warn(
                "manifest.everyone", "\(subject(name)) is granted to everyone",
                hint: "name roles, services or users",
                at: node)
        } else if value.hasPrefix("role:") {
            refer(to: .role, String(value.dropFirst(5)), name, at: node)
        }
    }

    private func expectation(_ rule: StringRule) -> String {
        switch rule.content {
        case .any: "a string"
        case .oneOf(let words): words.count == 1 ? "`\(words[0])`" : "one of \(words.joined(separator: ", "))"
        case .format(let format): format.expectation
        }
    }

    /// A sealed value in a place that is not opened would stay ciphertext for ever.
    private mutating func refuseSealed(_ node: NodeID, _ name: NodeID) -> Bool {
        guard tree[node].isArmor || tree[node].mark != nil else { return true }
        let what = tree[node].mark == nil ? "a sealed value" : "marked to be sealed"
        report(
            "manifest.sealed-outside-value", "\(subject(name)) cannot be \(what)",
            hint: "only leaves of spec.value are opened", at: node)
        return false
    }
}

extension YAMLTree {
    /// For messages.
    func typeName(_ node: NodeID) -> String {
        switch self[node].kind {
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .scalar:
            switch self[node].meaning {
            case .string: "a string"
            case .integer, .float: "a number"
            case .boolean: "true or false"
            case .null: "nothing"
            case .binary: "binary data"
            }
        }
    }
}
