internal import ResealCore

/// The documents of the native API.
enum OpenAPISchemas {
    static let all: [String: JSON] = [
        "Name": [
            "type": "string", "minLength": 1, "maxLength": .integer(Int64(ResourceName.maximumBytes)),
            "pattern": .string(ResourceName.pattern), "examples": ["prod/orders-db"],
        ],
        "Value": [
            "description": "A scalar, or an object of such values. It holds no lists.",
            "anyOf": [
                ["type": ["string", "number", "boolean", "null"]],
                ["type": "object", "additionalProperties": reference("Value")],
            ],
        ],
        "Binary": [
            "type": "array", "items": text("A field; of a scalar, the empty text."),
            "description": "The fields of the value whose text is base64.",
        ],
        "Refusal": object(["error": reference("Error")]),
        "Error": object(
            [
                "code": text("Stable; docs/errors.md lists them."), "message": text("What happened."),
                "hint": text("What to do next."),
            ], optional: ["hint"]),
        "Reading": object(
            head.merging(["created_at": time, "value": reference("Value"), "binary": reference("Binary")]) { $1 },
            optional: ["binary"]),
        "Writing": object(head.merging(["managed_by_git": flag]) { $1 }),
        "SecretList": object(
            ["secrets": list("Secret"), "next": text("What `after` takes for the rest.")], optional: ["next"]),
        "Secret": object(
            head.merging([
                "active": flag, "managed_by_git": flag, "updated_at": time,
                "drift": nullable("What was changed by hand: `value`, `deleted` or `restored`."),
            ]) { $1 }),
        "VersionList": object(["versions": list("Version")]),
        "Version": object([
            "version": number, "state": text("`current`, `previous`, `pending` or `destroyed`."),
            "origin": text("`git`, `manual`, `rollback` or `rotation`."), "created_at": time,
            "created_by": text("A principal."), "source": nullable("The place in Git."),
            "restored_from": ["type": ["integer", "null"]], "kept_until": nullable("When it will be destroyed."),
            "destroyed_at": nullable("When it was destroyed."),
        ]),
        "BatchRequest": object(
            [
                "secrets": [
                    "type": "array", "minItems": 1, "maxItems": 1000,
                    "items": object(
                        ["name": reference("Name"), "version": number, "field": text("One field of it.")],
                        optional: ["version", "field"], isOpen: false),
                ]
            ], isOpen: false),
        "Batch": object([
            "secrets": [
                "type": "array",
                "items": [
                    "anyOf": [
                        reference("Reading"), object(["name": reference("Name"), "error": reference("Error")]),
                    ]
                ],
            ]
        ]),
        "WriteRequest": object(
            [
                "value": reference("Value"), "binary": reference("Binary"),
                "expected_version": [
                    "type": ["integer", "null"], "minimum": 0,
                    "description": "The version that must be current; 0 for none.",
                ],
            ], optional: ["binary", "expected_version"], isOpen: false),
        "RollbackRequest": object(
            ["to": ["type": ["integer", "null"], "minimum": 1, "description": "By default the one before."]],
            optional: ["to"], isOpen: false),
        "RotateRequest": object(
            [
                "value": ["type": ["string", "null"], "description": "The new value. By default it is made."],
                "field": [
                    "type": ["string", "null"], "minLength": 1,
                    "description": "The field that gets it. By default the one that the manifest says.",
                ],
            ], optional: ["value", "field"], isOpen: false),
        "Rotation": object(
            head.merging([
                "resumed": flag, "write_back_pending": flag,
                "retires_at": nullable("When the target forgets the value before."),
            ]) { $1 }),
        "Changes": object([
            "cursor": number, "changed": ["type": "array", "items": reference("Name")],
        ]),
        "WhoAmI": object([
            "principal": text("For example `service:orders`."), "organization": text("The only one it sees."),
            "accessor": text("Names the token."), "scope": ["type": "object"], "expires_at": time,
            "renewable": flag, "uses_left": ["type": ["integer", "null"]], "break_glass": flag,
        ]),
        "Status": object(["version": text("Of the program."), "time": time, "cursor": number]),
    ]

    private static let head: [String: JSON] = [
        "name": reference("Name"), "organization": text("Where the name belongs to."), "version": number,
    ]
    private static let number: JSON = ["type": "integer", "format": "int64", "minimum": 0]
    private static let flag: JSON = ["type": "boolean"]
    private static let time: JSON = ["type": "string", "format": "date-time"]

    private static func reference(_ name: String) -> JSON { ["$ref": .string("#/components/schemas/\(name)")] }
    private static func list(_ name: String) -> JSON { ["type": "array", "items": reference(name)] }
    private static func text(_ words: String) -> JSON { ["type": "string", "description": .string(words)] }
    private static func nullable(_ words: String) -> JSON {
        ["type": ["string", "null"], "description": .string(words)]
    }

    /// - Parameter isOpen: whether there may be more than is described, as in answers of later versions.
    private static func object(
        _ properties: [String: JSON], optional: Set<String> = [], isOpen: Bool = true
    ) -> JSON {
        var members: [String: JSON] = [
            "type": "object", "properties": .object(properties),
            "required": .array(properties.keys.filter { !optional.contains($0) }.sorted().map(JSON.string)),
        ]
        if !isOpen { members["additionalProperties"] = false }
        return .object(members)
    }
}
