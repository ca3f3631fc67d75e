package import ResealCore

/// The schema of manifests for editors: JSON Schema draft-07, the newest that all YAML language servers support.
package enum JSONSchema {
    /// The whole schema; `reseal schema` prints it.
    package static func document() -> JSON {
        var conditions: [JSON] = []
        var definitions: [String: JSON] = ["value": value, "fields": fields, "leaf": leaf]
        for kind in ResourceKind.allCases {
            definitions[kind.rawValue] = schema(ManifestSchema.spec(kind))
            conditions.append([
                "if": ["properties": ["kind": ["const": .string(kind.rawValue)]], "required": ["kind"]],
                "then": ["properties": ["spec": ["$ref": .string("#/definitions/\(kind.rawValue)")]]],
            ])
        }
        let kinds = ResourceKind.allCases.map { JSON.string($0.rawValue) }
        return [
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": "Reseal manifest",
            "type": "object",
            "properties": [
                "apiVersion": ["const": .string(ManifestSchema.apiVersion), "description": "Version of this format."],
                "kind": ["enum": .array(kinds), "description": "Kind of the resource."],
                "metadata": described(schema(ManifestSchema.metadata), "Name and labels."),
                "spec": ["type": "object", "description": "What the resource should be."],
            ],
            "required": ["apiVersion", "kind", "metadata", "spec"],
            "additionalProperties": false,
            "allOf": .array(conditions),
            "definitions": .object(definitions),
        ]
    }

    private static func schema(_ shape: Shape) -> JSON {
        switch shape {
        case .string(let rule): string(rule)
        case .integer(let range):
            ["type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)]
        case .boolean: ["type": "boolean"]
        case .scalar(let bytes): ["type": ["string", "number", "boolean"], "maxLength": .integer(Int64(bytes))]
        case .list(let rule):
            [
                "type": "array", "items": schema(rule.item), "minItems": .integer(Int64(rule.count.lowerBound)),
                "maxItems": .integer(Int64(rule.count.upperBound)), "uniqueItems": .bool(rule.isUnique),
            ]
        case .map(let rule):
            [
                "type": "object", "propertyNames": string(rule.key), "additionalProperties": schema(rule.value),
                "minProperties": .integer(Int64(rule.count.lowerBound)),
                "maxProperties": .integer(Int64(rule.count.upperBound)),
            ]
        case .object(let rule): object(rule)
        case .choice(let rule): adding(object(rule), ["minProperties": 1, "maxProperties": 1])
        case .variants(let rule): variants(rule)
        case .value: ["$ref": "#/definitions/value"]
        }
    }

    private static func string(_ rule: StringRule) -> JSON {
        let bounds: [String: JSON] = [
            "type": "string", "maxLength": .integer(Int64(rule.bytes.upperBound)),
        ]
        switch rule.content {
        // Lengths count characters here and bytes of UTF-8 in the program: the schema is never the stricter of the two.
        case .any: return adding(.object(bounds), ["minLength": .integer(Int64((rule.bytes.lowerBound + 3) / 4))])
        case .oneOf(let words): return ["type": "string", "enum": .array(words.map(JSON.string))]
        case .format(let format): return adding(.object(bounds), ["pattern": .string(format.pattern)])
        }
    }

    private static func object(_ rule: ObjectRule) -> JSON {
        var properties: [String: JSON] = [:]
        for field in rule.fields {
            var property = described(schema(field.shape), field.description)
            if let value = field.defaultValue { property = adding(property, ["default": value]) }
            properties[field.nameText] = property
        }
        let required = rule.fields.filter(\.isRequired).map { JSON.string($0.nameText) }
        let object: [String: JSON] = [
            "type": "object", "properties": .object(properties), "additionalProperties": false,
        ]
        return required.isEmpty ? .object(object) : adding(.object(object), ["required": .array(required)])
    }

    /// Each variant whole and closed: editors then complete and describe exactly what applies.
    private static func variants(_ rule: VariantRule) -> JSON {
        let objects = rule.variants.map { described(object($0.object), $0.description) }
        return ["type": "object", "required": [.string("\(rule.selector)")], "oneOf": .array(objects)]
    }

    private static let leaf: JSON = ["type": ["string", "number", "boolean", "null"]]

    /// Fields, at any depth below the value. The two words that stand for a file are no names of fields.
    private static var fields: JSON {
        [
            "type": "object", "minProperties": 1, "propertyNames": string(ValueReader.fieldName),
            "properties": ["fromFile": false, "fromSOPS": false],
            "additionalProperties": ["anyOf": [["$ref": "#/definitions/leaf"], ["$ref": "#/definitions/fields"]]],
        ]
    }

    private static var value: JSON {
        [
            "anyOf": [
                ["$ref": "#/definitions/leaf"], ["$ref": "#/definitions/fields"],
                object(ValueReader.fromFileRule), object(ValueReader.fromSOPSRule),
            ]
        ]
    }

    private static func described(_ schema: JSON, _ text: String) -> JSON {
        // Keywords beside a `$ref` are ignored in draft-07.
        if schema["$ref"] != nil { return ["allOf": [schema], "description": .string(text)] }
        return adding(schema, ["description": .string(text)])
    }

    private static func adding(_ schema: JSON, _ more: [String: JSON]) -> JSON {
        .object((schema.objectValue ?? [:]).merging(more) { $1 })
    }
}
