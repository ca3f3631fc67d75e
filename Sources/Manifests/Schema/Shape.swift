internal import ResealCore

/// What a part of a manifest may look like. One tree of shapes for each kind drives both the validation of manifests
/// and the JSON Schema for editors, so that the two cannot drift apart.
indirect enum Shape: Sendable {
    case string(StringRule)
    case integer(ClosedRange<Int64>)
    case boolean
    /// A string, number or truth value; text of at most so many bytes.
    case scalar(bytes: Int)
    case list(ListRule)
    case map(MapRule)
    case object(ObjectRule)
    /// An object with exactly one of its fields.
    case choice(ObjectRule)
    /// An object whose further fields depend on the value of one of them.
    case variants(VariantRule)
    /// The value of a secret, which ``ValueReader`` reads.
    case value
}

/// One key of an object.
struct Field: Sendable {
    let name: StaticString
    let shape: Shape
    let isRequired: Bool
    /// For editors and the reference.
    let description: String
    let defaultValue: JSON?

    init(
        _ name: StaticString, _ shape: Shape, _ description: String, required: Bool = false, default value: JSON? = nil
    ) {
        self.name = name
        self.shape = shape
        self.description = description
        isRequired = required
        defaultValue = value
    }

    var nameText: String { "\(name)" }
}

final class ObjectRule: Sendable {
    let fields: [Field]
    /// Keys that people try for good reasons and that are refused with advice.
    let refused: [Refused]
    /// Bit `i` is set when field `i` is required.
    let required: UInt64

    struct Refused: Sendable {
        let names: [String]
        let code: String
        let message: String
        let hint: String
    }

    init(_ fields: [Field], refused: [Refused] = []) {
        precondition(fields.count <= 64, "the set of seen fields has 64 bits")
        self.fields = fields
        self.refused = refused
        required = fields.indices.reduce(0) { $0 | (fields[$1].isRequired ? 1 << UInt64($1) : 0) }
    }
}

final class ListRule: Sendable {
    let item: Shape
    let count: ClosedRange<Int>
    /// Equal items are an error.
    let isUnique: Bool

    init(_ item: Shape, count: ClosedRange<Int> = 0...1000, unique: Bool = true) {
        self.item = item
        self.count = count
        isUnique = unique
    }
}

final class MapRule: Sendable {
    let key: StringRule
    let value: Shape
    let count: ClosedRange<Int>

    init(key: StringRule, value: Shape, count: ClosedRange<Int> = 0...1000) {
        self.key = key
        self.value = value
        self.count = count
    }
}

final class VariantRule: Sendable {
    /// The field that decides.
    let selector: StaticString
    let selectorDescription: String
    let variants: [Variant]
    let choices: StringRule

    struct Variant: Sendable {
        let name: String
        let description: String
        /// Common fields, the selector and the variant's own, all together.
        let object: ObjectRule
    }

    init(
        by selector: StaticString, _ description: String, common: [Field] = [],
        refused: [ObjectRule.Refused] = [], _ variants: [(name: String, description: String, fields: [Field])]
    ) {
        self.selector = selector
        selectorDescription = description
        choices = StringRule(.oneOf(variants.map(\.name)))
        self.variants = variants.map { variant in
            let own = Field(selector, .string(StringRule(.oneOf([variant.name]))), description, required: true)
            return Variant(
                name: variant.name, description: variant.description,
                object: ObjectRule([own] + common + variant.fields, refused: refused))
        }
    }

    /// The variants that have a field of this name.
    func owners(of key: NodeID, in tree: YAMLTree) -> [String] {
        variants.filter { $0.object.fields.contains { tree.isText(key, $0.name) } }.map { "\(selector): \($0.name)" }
    }
}

extension Shape {
    /// Free text.
    static func text(_ bytes: Int = 1024) -> Shape { .string(StringRule(.any, bytes: 0...bytes)) }
    static func oneOf(_ words: String...) -> Shape { .string(StringRule(.oneOf(words))) }
    static func format(_ format: StringFormat) -> Shape { .string(StringRule(.format(format))) }
    /// The name of another resource of the same organization.
    static func reference(_ kind: ResourceKind) -> Shape {
        .string(StringRule(.format(.resourceName), refersTo: kind))
    }
    static func references(_ kind: ResourceKind) -> Shape { .list(ListRule(reference(kind), count: 0...64)) }
    static func list(_ item: Shape, count: ClosedRange<Int> = 0...1000, unique: Bool = true) -> Shape {
        .list(ListRule(item, count: count, unique: unique))
    }
    static func object(_ fields: [Field], refused: [ObjectRule.Refused] = []) -> Shape {
        .object(ObjectRule(fields, refused: refused))
    }
    static func choice(_ fields: [Field]) -> Shape { .choice(ObjectRule(fields)) }
    static let duration = Shape.format(.positiveTimeSpan)
    static let durationOrZero = Shape.format(.timeSpan)
    /// The name of something that the controller's own configuration defines.
    static let configName = Shape.format(.configName)
}
