internal import ResealCore
internal import ResealVault

extension NativeRoutes {
    /// Every operation there is.
    static let table = reading + writing + watching

    private static let reading: [NativeRoute] = [
        NativeRoute(
            method: .get, path: "secrets", id: "listSecrets", summary: "The secrets that the caller may see, by name",
            parameters: [
                text("prefix", "What their names begin with."), text("after", "Only names behind this one."),
                number("limit", "How many at most; then `next` is what `after` takes for the rest."),
                flag("deleted", "Deleted ones too."),
            ],
            answers: [.init(status: 200, text: "Without values.", schema: "SecretList")],
            answer: { try await $0.list($1, $2, $3) }),
        NativeRoute(
            method: .get, path: "secrets/{name}", id: "readSecret", summary: "The value of a secret",
            parameters: [
                number("version", "Another version than the current one."),
                text("field", "One field of it, for example `tls.key`."),
                .header("If-None-Match", "The `ETag` of a version that the caller has."),
            ],
            answers: [
                .init(status: 200, text: "With the version as `ETag`.", schema: "Reading"),
                .init(status: 304, text: "The caller has it. The read is recorded all the same."),
            ], refusals: [403, 404, 410],
            answer: { try await $0.read($1, $2, $3) }),
        NativeRoute(
            method: .post, path: "read", id: "readSecrets",
            summary: "The values of up to 1000 secrets, all as they were at one moment", body: "BatchRequest",
            answers: [
                .init(
                    status: 200, text: "In the order asked for; what the caller does not get has an `error`.",
                    schema: "Batch")
            ],
            answer: { try await $0.readMany($1, $2, $3) }),
        NativeRoute(
            method: .get, path: "versions/{name}", id: "listVersions",
            summary: "Every version of a secret that ever was, oldest first",
            answers: [.init(status: 200, text: "Without values.", schema: "VersionList")], refusals: [403, 404],
            answer: { try await $0.versions($1, $2, $3) }),
    ]

    private static let writing: [NativeRoute] = [
        NativeRoute(
            method: .put, path: "secrets/{name}", id: "writeSecret", summary: "Write a new version",
            parameters: [text("field", "Replace or add one field; `value` is a scalar then.")] + conditions,
            body: "WriteRequest", answers: [written], refusals: [403, 412],
            answer: { try await $0.write($1, $2, $3) }),
        NativeRoute(
            method: .post, path: "rollback/{name}", id: "rollBackSecret",
            summary: "Make an older value current again, as a new version; a deleted secret comes back",
            parameters: conditions, body: "RollbackRequest", answers: [written],
            refusals: [403, 404, 409, 410, 412],
            answer: { try await $0.rollback($1, $2, $3) }),
        NativeRoute(
            method: .post, path: "rotate/{name}", id: "rotateSecret",
            summary: "Renew the value: make it, hand it to its target, use it there, and make it current",
            body: "RotateRequest",
            answers: [
                .init(status: 200, text: "Which version is current now.", schema: "Rotation"),
                .init(status: 502, text: "The target did not take it. The value before stays.", schema: "Refusal"),
            ], refusals: [403, 404, 409],
            answer: { try await $0.rotate($1, $2, $3) }),
        NativeRoute(
            method: .delete, path: "secrets/{name}", id: "deleteSecret",
            summary: "Delete a secret; its values stay for its `keepPrevious`",
            parameters: [flag("destroy", "Destroy all values at once and for good.")] + conditions,
            answers: [written], refusals: [403, 404, 410, 412],
            answer: { try await $0.delete($1, $2, $3) }),
    ]

    private static let watching: [NativeRoute] = [
        NativeRoute(
            method: .get, path: "changes", id: "watchChanges",
            summary: "Names of secrets that changed; as server-sent events with `Accept: text/event-stream`",
            parameters: [
                number("since", "A cursor from an answer before. Without it, the answer is the cursor to begin with."),
                text("wait", "How long to wait for a change, for example `30s`; 50s at most."),
                .header("Last-Event-ID", "As `since`, from a stream that broke off."),
            ],
            answers: [.init(status: 200, text: "What the caller may see of them.", schema: "Changes")],
            refusals: [410],
            answer: { try await $0.changes($1, $2, $3) }),
        NativeRoute(
            method: .get, path: "whoami", id: "whoAmI", summary: "Whom the token stands for",
            answers: [.init(status: 200, text: "The token, without itself.", schema: "WhoAmI")],
            answer: { try await $0.whoAmI($1, $2, $3) }),
        NativeRoute(
            method: .delete, path: "token", id: "revokeToken", summary: "End the token, and all that were made with it",
            answers: [.init(status: 204, text: "It is over.")],
            answer: { try await $0.revokeToken($1, $2, $3) }),
        NativeRoute(
            method: .get, path: "status", id: "status",
            summary: "The server's version and time, and the vault's cursor",
            answers: [.init(status: 200, text: "The status.", schema: "Status")],
            answer: { try await $0.status($1, $2, $3) }),
    ]

    private static let written = NativeRoute.Answer(
        status: 200, text: "Which version is current now.", schema: "Writing")

    private static let conditions: [NativeRoute.Parameter] = [
        .header("If-Match", "The `ETag` of the version that must be current."),
        .header("If-None-Match", "`*`: there must be none yet."),
    ]

    private static func text(_ name: String, _ text: String) -> NativeRoute.Parameter {
        NativeRoute.Parameter(name: name, schema: ["type": "string"], text: text)
    }

    private static func number(_ name: String, _ text: String) -> NativeRoute.Parameter {
        NativeRoute.Parameter(
            name: name, schema: ["type": "integer", "format": "int64", "minimum": 0], text: text)
    }

    private static func flag(_ name: String, _ text: String) -> NativeRoute.Parameter {
        NativeRoute.Parameter(name: name, schema: ["type": "boolean"], text: text)
    }
}
