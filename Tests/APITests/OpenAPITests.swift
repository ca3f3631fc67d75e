import Foundation
import ResealCore
import ResealServer
import TestSupport
import Testing

/// The description of the API, held against a server by a tool that knows nothing else of it.
@Suite struct OpenAPITests {
    @Test func theDescriptionIsPublished() throws {
        let user = try Installation()
        let printed = try JSON(parsing: Array(user.check("schema", "--api").text.utf8))
        #expect(printed["openapi"] == "3.1.0")
        let paths = try #require(printed["paths"]?.objectValue)
        #expect(
            paths["/v1/reseal/secrets/{name}"]?.objectValue?.keys.sorted() == ["delete", "get", "parameters", "put"])
        let ids = paths.values.flatMap { path in
            (path.objectValue ?? [:]).values.compactMap { $0["operationId"]?.stringValue }
        }
        #expect(ids.count == Set(ids).count && ids.count == 12)
    }

    /// Each operation with many requests right and wrong: no status and no document that is not described, no failure of
    /// the server, and nothing of what the token may not read, in answers and in what the server writes down.
    @Test func schemathesisFindsNothing() throws {
        let user = try Installation.applied()
        let (foreign, managed) = (Canary("another organization's secret"), Canary("a secret that names others"))
        try user.check("set", "hidden/value", "--org", "other", stdin: foreign.mark)
        try user.check("set", "prod/orders-db", "--field", "password", stdin: managed.mark)
        let api = try RunningAPI(
            user,
            settings: """
                access:
                  - names: ["*"]
                    principals: [service:fuzz]
                    actions: [read, write, delete]
                """)
        let token = try api.token("service:fuzz", "--ttl", "1h")
        _ = try api.ask("PUT", "reseal/secrets/a", #"{"value":{"k":"AAH/"},"binary":["k"]}"#, token: token)
        let record = user.folder.file("schemathesis.yaml")
        let result = try Command.run(
            try Command.find("schemathesis"),
            [
                "run", "\(api.base)/v1/reseal/openapi.json", "--no-color", "-H", "Authorization: Bearer \(token)",
                // It would end all that follows.
                "--exclude-operation-id", "revokeToken", "--checks",
                "not_a_server_error,status_code_conformance,response_schema_conformance,content_type_conformance",
                "--phases", "examples,coverage,fuzzing", "--max-examples", "25", "--max-time", "50", "--seed", "1",
                "--generation-database", "none", "--request-timeout", "60", "--report", "vcr", "--report-vcr-path",
                record,
            ], environment: user.environment, directory: user.work, timeout: .seconds(240))
        #expect(result.status == 0, "\(result.text.suffix(6000)) \(result.errorText.suffix(1000))")
        // Somebody asked for both, too.
        for name in ["prod/orders-db", "hidden/value"] {
            #expect(try api.ask("GET", "reseal/secrets/\(name)", token: token).status != 200)
        }
        let answers = try String(contentsOfFile: record, encoding: .utf8)
        #expect(answers.contains("/v1/reseal/secrets/"))
        let trail = try user.check("audit", "list", "--principal", "service:fuzz", "--json").text
        #expect(trail.contains(#""result":"refused""#))
        var scanner = LeakScanner([foreign, managed])
        scanner.scan(Array(answers.utf8), at: "the answers")
        scanner.scan(Array(trail.utf8), at: "the audit trail")
        scanner.scan(try user.folder.read("2"), at: "the log")
        #expect(scanner.leaks.isEmpty, "\(scanner.leaks)")
    }
}
