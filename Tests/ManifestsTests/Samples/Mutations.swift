import ResealCore

@testable import ResealManifests

/// A sample with one mistake, and what has to be said about it.
struct Mutation: CustomStringConvertible, Sendable {
    let description: String
    let text: String
    let code: String
    /// `line:column`.
    let place: String
    /// Part of message or hint.
    let words: String
}

/// Makes every mistake at every place of a sample that its shape forbids.
struct Mutator {
    private let sample: Samples.Sample
    private let document: Outline
    private(set) var mutations: [Mutation] = []

    static func mutations(of sample: Samples.Sample) -> [Mutation] {
        var mutator = Mutator(sample)
        let rule = ManifestSchema.document(sample.kind)
        for field in rule.fields where ["metadata", "spec"].contains(field.nameText) {
            mutator.visit(field.shape, [field.nameText], isInList: false)
        }
        return mutator.mutations
    }

    private init(_ sample: Samples.Sample) {
        self.sample = sample
        document = Outline(sample.text)
    }

    private enum Place { case key, value }

    private mutating func add(
        _ what: String, _ path: [String], _ value: Outline?, _ code: String, at blamed: [String], _ place: Place,
        words: String = ""
    ) {
        let written = Written(document.replacing(path[...], by: value))
        let position = place == .key ? written.keys[blamed] : written.values[blamed]
        mutations.append(
            Mutation(
                description: "\(sample.description) \(path.joined(separator: "/")): \(what)", text: written.text,
                code: code, place: position ?? "nowhere", words: words))
    }

    private mutating func visit(_ shape: Shape, _ path: [String], isInList: Bool) {
        guard let node = document[path] else { return }
        switch shape {
        case .string(let rule): string(rule, path)
        case .integer(let range): integer(range, path)
        case .boolean:
            add("a word", path, .scalar("no"), "manifest.type", at: path, .value, words: "true or false")
            add(
                "a quoted word", path, .scalar("\"true\""), "manifest.type", at: path, .value,
                words: "remove the quotes")
        case .scalar(let bytes):
            add("a list", path, .scalar("[1]"), "manifest.type", at: path, .value)
            add("nothing", path, .scalar("~"), "manifest.type", at: path, .value)
            let long = String(repeating: "x", count: bytes + 1)
            add("too long", path, .scalar(long), "manifest.value", at: path, .value, words: "\(bytes)")
        case .list(let rule): list(rule, node, path)
        case .map(let rule): map(rule, node, path)
        case .object(let rule): object(rule, path, isInList)
        case .choice(let rule): choice(rule, path, isInList)
        case .variants(let rule): variants(rule, path, isInList)
        case .value: break
        }
    }

    private mutating func string(_ rule: StringRule, _ path: [String]) {
        for (what, text) in [("a mapping", "{a: b}"), ("a list", "[a]"), ("nothing", "null")] {
            add(what, path, .scalar(text), "manifest.type", at: path, .value, words: "must be")
        }
        add("a truth value", path, .scalar("true"), "manifest.type", at: path, .value, words: "must be")
        if rule.bytes.lowerBound > 0 {
            let words = if case .oneOf = rule.content { "must be" } else { "is empty" }
            add("empty", path, .scalar("\"\""), "manifest.value", at: path, .value, words: words)
        }
        if rule.bytes.upperBound <= 20_000 {
            let long = "x" + String(repeating: "7", count: rule.bytes.upperBound)
            add("too long", path, .scalar(long), "manifest.value", at: path, .value)
        }
        if case .any = rule.content { return }
        add("control characters", path, .scalar("\"\\u0001\\u0002\""), "manifest.value", at: path, .value)
    }

    private mutating func integer(_ range: ClosedRange<Int64>, _ path: [String]) {
        let bounds = "from \(range.lowerBound) to \(range.upperBound)"
        for number in [range.lowerBound - 1, range.upperBound + 1] {
            add("\(number)", path, .scalar("\(number)"), "manifest.value", at: path, .value, words: bounds)
        }
        for text in ["1.5", "[1]", "ten", "null"] {
            add(text, path, .scalar(text), "manifest.type", at: path, .value, words: "a whole number")
        }
        add("in quotes", path, .scalar("\"7\""), "manifest.type", at: path, .value, words: "remove the quotes")
    }

    private mutating func list(_ rule: ListRule, _ node: Outline, _ path: [String]) {
        guard case .list(let items) = node, let first = items.first else { return }
        add("one word", path, .scalar("hunter2"), "manifest.type", at: path, .value, words: "must be a list")
        add("a mapping", path, .scalar("{a: b}"), "manifest.type", at: path, .value, words: "must be a list")
        if rule.count.lowerBound > 0 {
            add("empty", path, .list([]), "manifest.value", at: path, .value, words: "at least")
        }
        if rule.isUnique, case .scalar = first {
            let repeated = Outline.list(items + [first])
            add("an item twice", path, repeated, "manifest.duplicate-item", at: path + ["\(items.count)"], .value)
        }
        visit(rule.item, path + ["0"], isInList: true)
    }

    private mutating func map(_ rule: MapRule, _ node: Outline, _ path: [String]) {
        guard case .map(let entries) = node, let first = entries.first else { return }
        add("one word", path, .scalar("hunter2"), "manifest.type", at: path, .value, words: "must be a mapping")
        if rule.count.lowerBound > 0 {
            add("empty", path, .map([]), "manifest.value", at: path, .value, words: "at least")
        }
        let long = String(repeating: "k", count: rule.key.bytes.upperBound + 1)
        add("a long key", path + [long], first.value, "manifest.value", at: path + [long], .key, words: "a key of")
        visit(rule.value, path + [first.key], isInList: false)
    }

    private mutating func object(_ rule: ObjectRule, _ path: [String], _ isInList: Bool) {
        for text in ["hunter2", "[a]", "~"] {
            add(text, path, .scalar(text), "manifest.type", at: path, .value, words: "must be a mapping")
        }
        keys(rule, path, isInList)
    }

    private mutating func keys(_ rule: ObjectRule, _ path: [String], _ isInList: Bool, isVariant: Bool = false) {
        let slip = path + [rule.fields[0].nameText + "q"]
        add("a slip", slip, .scalar("x"), "manifest.unknown-key", at: slip, .key, words: "did you mean `")
        let unknown = path + ["somethingElse"]
        add("an unknown key", unknown, .scalar("x"), "manifest.unknown-key", at: unknown, .key, words: "known keys: ")
        for field in rule.fields {
            let inner = path + [field.nameText]
            if field.isRequired {
                let words = "the key `\(field.nameText)` is missing"
                add("missing", inner, nil, "manifest.missing-key", at: path, isInList ? .value : .key, words: words)
            }
            if isVariant, field.nameText == rule.fields[0].nameText { continue }
            visit(field.shape, inner, isInList: false)
        }
    }

    private mutating func choice(_ rule: ObjectRule, _ path: [String], _ isInList: Bool) {
        add("none", path, .map([]), "manifest.one-of", at: path, .key, words: "exactly one of")
        guard let chosen = rule.fields.first(where: { document[path + [$0.nameText]] != nil }) else { return }
        visit(chosen.shape, path + [chosen.nameText], isInList: false)
        let other = chosen.nameText == "driftFor" ? "expiresWithin" : "driftFor"
        guard rule.fields.contains(where: { $0.nameText == other }) else { return }
        add("two", path + [other], .scalar("1h"), "manifest.one-of", at: path, .key, words: "keep one of them")
    }

    private mutating func variants(_ rule: VariantRule, _ path: [String], _ isInList: Bool) {
        let selector = path + ["\(rule.selector)"]
        guard case .scalar(let name)? = document[selector],
            let variant = rule.variants.first(where: { $0.name == name })
        else { return }
        add("no selector", selector, nil, "manifest.missing-key", at: path, .key, words: rule.variants[0].name)
        add("odd", selector, .scalar("hunter2"), "manifest.value", at: selector, .value, words: rule.variants[0].name)
        add("a list", selector, .scalar("[hunter2]"), "manifest.type", at: selector, .value)
        let foreign = rule.variants.flatMap(\.object.fields).first { field in
            !variant.object.fields.contains { $0.nameText == field.nameText }
        }
        if let foreign {
            let key = path + [foreign.nameText]
            add("of another", key, .scalar("x"), "manifest.unknown-key", at: key, .key, words: "it belongs to")
        }
        keys(variant.object, path, isInList, isVariant: true)
    }
}
