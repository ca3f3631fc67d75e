package import ResealCore

/// The description of the native API for tools, made from the table that its router goes by.
package enum OpenAPI {
    /// OpenAPI 3.1.
    package static func document(version: String) -> JSON {
        var paths: [String: JSON] = [:]
        for route in NativeRoutes.table {
            let path = "/v1/\(NativeRoutes.root)/\(route.path)"
            var members = paths[path]?.objectValue ?? [:]
            members[route.method.rawValue.lowercased()] = operation(route)
            if route.takesName { members["parameters"] = [name] }
            paths[path] = .object(members)
        }
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "Reseal", "version": .string(version), "license": license,
                "summary": "The native API of a Reseal vault",
            ],
            "servers": [["url": "/", "description": "Where `reseal serve` listens"]],
            "security": [["token": []]], "paths": .object(paths),
            "components": [
                "schemas": .object(OpenAPISchemas.all),
                "securitySchemes": ["token": ["type": "http", "scheme": "bearer"]],
            ],
        ]
    }

    private static let license: JSON = ["name": "Apache-2.0", "identifier": "Apache-2.0"]

    private static let name: JSON = [
        "name": "name", "in": "path", "required": true,
        "description": "The secret's name. Its slashes may stand as they are, or as `%2F`.",
        "schema": ["$ref": "#/components/schemas/Name"],
    ]

    private static func operation(_ route: NativeRoute) -> JSON {
        var members: [String: JSON] = [
            "operationId": .string(route.id), "summary": .string(route.summary), "responses": responses(route),
        ]
        if !route.parameters.isEmpty { members["parameters"] = .array(route.parameters.map(parameter)) }
        if let body = route.body {
            members["requestBody"] = ["required": true, "content": content(body)]
        }
        return .object(members)
    }

    private static func parameter(_ parameter: NativeRoute.Parameter) -> JSON {
        [
            "name": .string(parameter.name), "in": .string(parameter.place), "schema": parameter.schema,
            "description": .string(parameter.text),
        ]
    }

    private static func content(_ schema: String) -> JSON {
        ["application/json": ["schema": ["$ref": .string("#/components/schemas/\(schema)")]]]
    }

    // MARK: Responses

    private static func responses(_ route: NativeRoute) -> JSON {
        var members: [String: JSON] = [:]
        for answer in route.answers {
            var response: [String: JSON] = ["description": .string(answer.text)]
            if let schema = answer.schema { response["content"] = content(schema) }
            members["\(answer.status)"] = .object(response)
        }
        let always = [400, 401, 405, 408, 413, 429, 503]
        for status in route.refusals + always {
            members["\(status)"] = [
                "description": .string(meanings[status] ?? "Refused."), "content": content("Refusal"),
            ]
        }
        return .object(members)
    }

    private static let meanings: [Int: String] = [
        400: "It cannot be understood.", 401: "There is no valid token in it.",
        403: "Nothing allows it; says the same whether the secret is there or not.",
        404: "There is nothing, and the caller may know it.", 405: "The path has other methods.",
        408: "The body took too long.", 409: "A rotation of it is not finished.",
        410: "It was deleted, or is too long ago.", 412: "Another version is current.", 413: "The body is too large.",
        429: "Too many requests; `Retry-After` says how long to wait.", 503: "The server cannot answer now.",
    ]
}
