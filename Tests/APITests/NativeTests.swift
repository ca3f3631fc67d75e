import Foundation
import ResealCore
import TestSupport
import Testing

/// The native API, request by request.
@Suite struct NativeTests {
    let api: RunningAPI
    let token: String
    let ada: String

    init() throws { (api, token, ada) = try RunningAPI.withWriter() }

    private func ask(
        _ verb: String, _ path: String, _ body: String? = nil, as token: String? = nil, headers: [String] = []
    ) throws -> (status: Int, document: JSON?) {
        try api.ask(verb, "reseal/\(path)", body, token: token ?? self.token, headers: headers)
    }

    private func code(_ answer: (status: Int, document: JSON?)) -> String? {
        answer.document?[path: "error", "code"]?.stringValue
    }

    private func audited(_ action: String, _ name: String) throws -> [JSON] {
        let text = try api.user.check("audit", "list", "--type", action, "--secret", name, "--json").text
        return try text.split(separator: "\n").map { try JSON(parsing: Array($0.utf8)) }
    }

    @Test func aValueKeepsItsTypes() throws {
        let value = #"{"f":1.50,"n":5,"o":{"a.b":"q"},"s":"x\"é","t":true,"z":null}"#
        let written = try ask("PUT", "secrets/app/one", #"{"value":\#(value)}"#)
        #expect(written.status == 200)
        #expect(
            written.document == [
                "name": "app/one", "organization": "default", "version": 1, "managed_by_git": false,
            ])
        let read = try ask("GET", "secrets/app/one")
        #expect(read.status == 200 && read.document?["version"] == 1)
        #expect(read.document?["value"] == (try JSON(parsing: Array(value.utf8))))
        // One encoding: the command line says the same, byte for byte but the line break.
        let local = try api.user.check("get", "app/one", "--json").text
        #expect(read.document == (try JSON(parsing: Array(local.utf8))))
        #expect(try ask("GET", #"secrets/app%2Fone?field=o.a%5C.b"#).document?["value"] == "q")
        let missing = try ask("GET", "secrets/app/one?field=m")
        #expect(missing.status == 404 && code(missing) == "vault.field-not-found")

        #expect(try ask("PUT", "secrets/app/bytes", #"{"value":{"k":"AAH/"},"binary":["k"]}"#).status == 200)
        let bytes = try ask("GET", "secrets/app/bytes")
        #expect(bytes.document?["value"] == ["k": "AAH/"] && bytes.document?["binary"] == ["k"])
        #expect(Array(try api.user.reseal(["get", "app/bytes", "--field", "k"]).stdout) == [0, 1, 255])
        #expect(try ask("PUT", "secrets/app/bytes?field=p", #"{"value":"text"}"#).document?["version"] == 2)
        #expect(try ask("GET", "secrets/app/bytes").document?["value"] == ["k": "AAH/", "p": "text"])
        #expect(try ask("PUT", "secrets/app/scalar", #"{"value":"only"}"#).status == 200)
        #expect(try api.user.check("get", "app/scalar").text == "only")
    }

    @Test func versionsAreTagsAndConditions() throws {
        func put(_ text: String, _ headers: String...) throws -> (status: Int, document: JSON?) {
            try ask("PUT", "secrets/app/tag", #"{"value":"\#(text)"}"#, headers: headers)
        }
        #expect(try put("one", "If-Match: \"v1\"").status == 412)
        #expect(try put("one", "If-None-Match: *").status == 200)
        let again = try put("two", "If-None-Match: *")
        #expect(again.status == 412 && code(again) == "api.version-mismatch")
        #expect(try put("two", "If-Match: \"v1\"").document?["version"] == 2)
        #expect(try put("three", "If-Match: *").status == 400)
        let both = #"{"value":"x","expected_version":1}"#
        #expect(try ask("PUT", "secrets/app/tag", both, headers: ["If-Match: \"v2\""]).status == 400)
        #expect(try ask("PUT", "secrets/app/tag", both).status == 412)

        #expect(try ask("GET", "secrets/app/tag", headers: ["If-None-Match: \"v1\""]).status == 200)
        let before = try audited("vault.secret.read", "app/tag").count
        let same = try ask("GET", "secrets/app/tag", headers: ["If-None-Match: \"v1\", W/\"v2\""])
        #expect(same.status == 304 && same.document == nil)
        #expect(try audited("vault.secret.read", "app/tag").count == before + 1)
        #expect(try ask("GET", "secrets/app/tag?version=1").document?["value"] == "one")
        #expect(try ask("GET", "secrets/app/tag?version=9").status == 404)
    }

    @Test func goingBackAndDeleting() throws {
        for text in ["one", "two"] { _ = try ask("PUT", "secrets/app/gone", #"{"value":"\#(text)"}"#) }
        #expect(try ask("POST", "rollback/app/gone", "{}").document?["version"] == 3)
        #expect(try ask("GET", "secrets/app/gone").document?["value"] == "one")
        #expect(try ask("POST", "rollback/app/gone", #"{"to":2}"#).document?["version"] == 4)
        let versions = try #require(try ask("GET", "versions/app/gone").document?["versions"]?.arrayValue)
        #expect(versions.count == 4 && versions[3]["restored_from"] == 2 && versions[3]["state"] == "current")
        #expect(versions[0]["created_by"] == "service:app")
        #expect(try ask("DELETE", "secrets/app/gone", headers: ["If-Match: \"v3\""]).status == 412)
        #expect(try ask("DELETE", "secrets/app/gone").document?["version"] == 4)
        let deleted = try ask("GET", "secrets/app/gone")
        #expect(deleted.status == 410 && code(deleted) == "vault.secret-deleted")
        #expect(try ask("DELETE", "secrets/app/gone").status == 410)
        #expect(try ask("GET", "secrets?prefix=app/").document?["secrets"] == [])
        let shown = try ask("GET", "secrets?prefix=app/&deleted=true").document?["secrets"]?.arrayValue
        #expect(shown?.count == 1 && shown?[0]["active"] == false)
        #expect(try ask("POST", "rollback/app/gone", "{}").document?["version"] == 5)
        #expect(try ask("GET", "secrets/app/gone").document?["value"] == "two")
        #expect(try ask("DELETE", "secrets/app/gone?destroy=true").status == 200)
        #expect(try ask("POST", "rollback/app/gone", "{}").status == 404)
        #expect(try ask("DELETE", "secrets/app/never").status == 404)
    }

    @Test func manyAtOnceAreJudgedOneByOne() throws {
        for name in ["a", "b"] { _ = try ask("PUT", "secrets/app/\(name)", #"{"value":{"f":"\#(name)"}}"#) }
        let answer = try ask(
            "POST", "read",
            """
            {"secrets":[{"name":"app/b"},{"name":"prod/orders-db"},{"name":"prod/never-there"},{"name":"app/none"},
                {"name":"app/a","field":"f","version":1},{"name":"app/a","field":"g"}]}
            """)
        let items = try #require(answer.document?["secrets"]?.arrayValue)
        #expect(answer.status == 200 && items.count == 6)
        #expect(items[0]["value"] == ["f": "b"] && items[4]["value"] == "a" && items[4]["version"] == 1)
        // Somebody else's and nobody's look alike.
        #expect(items[1] == ["name": "prod/orders-db", "error": try #require(items[2]["error"])])
        #expect(
            items[2] == [
                "name": "prod/never-there", "error": ["code": "access.denied", "message": "permission denied"],
            ])
        #expect(items[3][path: "error", "code"] == "api.not-found")
        #expect(items[5][path: "error", "code"] == "vault.field-not-found")
        let refused = try audited("vault.secret.read", "prod/orders-db")
        #expect(refused.last?["result"] == "refused" && refused.last?["principal"] == "service:app")
        #expect(try audited("vault.secret.read", "app/b").last?["version"] == 1)
        for body in [
            "{}", #"{"secrets":[]}"#, #"{"secrets":[{"name":"app/a","x":1}]}"#, #"{"secrets":[{"name":"../a"}]}"#,
            #"{"secrets":[{"name":"app/a","version":"1"}]}"#, #"{"secrets":[{"name":7}]}"#,
        ] {
            #expect(try ask("POST", "read", body).status == 400, "\(body)")
        }
        let many = (0..<1001).map { "{\"name\":\"app/x\($0)\"}" }.joined(separator: ",")
        #expect(try ask("POST", "read", "{\"secrets\":[\(many)]}").status == 400)
    }

    @Test func listsComeInPagesOfWhatIsShown() throws {
        for name in ["app/a", "app/b", "app/c"] { _ = try ask("PUT", "secrets/\(name)", #"{"value":"x"}"#) }
        let all = try ask("GET", "secrets").document
        #expect(all?["secrets"]?.arrayValue?.compactMap { $0["name"]?.stringValue } == ["app/a", "app/b", "app/c"])
        #expect(all?["next"] == nil && all?["secrets"]?.arrayValue?[0]["manifest"] == nil)
        let first = try ask("GET", "secrets?limit=2").document
        #expect(first?["next"] == "app/b" && first?["secrets"]?.arrayValue?.count == 2)
        let rest = try ask("GET", "secrets?limit=2&after=app/b").document
        #expect(rest?["next"] == nil && rest?["secrets"]?.arrayValue?.count == 1)
        #expect(try ask("GET", "secrets?prefix=A%20secret").status == 400)
        #expect(try ask("GET", "secrets?perfix=app/").status == 400)
    }

    @Test func strangersAndTheDenied() throws {
        let stranger = try api.ask("GET", "reseal/secrets/app/one", token: nil)
        #expect(stranger.status == 401 && code(stranger) == "token.invalid")
        #expect(try api.ask("GET", "reseal/nothing", token: "rsl_wrong").status == 401)
        let denied = try ask("GET", "secrets/prod/orders-db")
        let nothing = try ask("GET", "secrets/prod/never-there")
        #expect(denied.status == 403 && denied.document == nothing.document)
        for verb in ["PUT", "DELETE"] {
            #expect(try ask(verb, "secrets/seen/x", #"{"value":"x"}"#).status == 403)
        }
        #expect(try ask("POST", "rollback/seen/x", "{}").status == 403)
        #expect(try ask("GET", "versions/prod/orders-db").status == 403)
        #expect(try ask("GET", "secrets/seen/x").status == 404)
        let method = try ask("PATCH", "secrets/app/one", "{}")
        #expect(method.status == 405 && code(method) == "api.method")
        #expect(try ask("POST", "secrets/app/one", "{}").status == 405)
        #expect(code(try ask("GET", "nothing")) == "api.not-found")
        #expect(try ask("GET", "secrets/app/UPPER").status == 400)
        for body in ["", "[]", "{", #"{"value":[1]}"#, #"{"value":{"a":{}}}"#, #"{"value":"x","ttl":1}"#, "{}"] {
            #expect(try ask("PUT", "secrets/app/bad", body).status == 400, "\(body)")
        }
        #expect(try ask("PUT", "secrets/app/bad", #"{"value":"no base64","binary":[""]}"#).status == 400)
        #expect(try ask("PUT", "secrets/app/bad", #"{"value":"eA==","binary":["other"]}"#).status == 400)
    }

    @Test func gitManagesWhatItDescribes() throws {
        #expect(try ask("GET", "secrets/prod/orders-db", as: ada).document?[path: "value", "port"] == 5432)
        let drift = try ask("PUT", "secrets/prod/orders-db?field=password", #"{"value":"by hand"}"#, as: ada)
        #expect(drift.document?["managed_by_git"] == true)
        #expect(try ask("GET", "secrets/prod/orders-db", as: ada).document?[path: "value", "port"] == 5432)
        #expect(try api.user.check("list", "prod/orders-db").text.contains("drifted (value)"))
        let emergency = try api.token("user:eve", "--break-glass", "--reason", "INC-9")
        let refused = try ask("PUT", "secrets/prod/strict", #"{"value":"x"}"#, as: emergency)
        #expect(refused.status == 403 && code(refused) == "access.managed-by-git")
        #expect(try ask("POST", "rollback/prod/strict", "{}", as: emergency).status == 403)
        #expect(try ask("DELETE", "secrets/prod/kept", as: emergency).status == 403)
    }

    @Test func aboutOneselfAndTheServer() throws {
        let limited = try api.token("service:app", "--uses", "3", "--prefix", "app/x")
        let me = try #require(try ask("GET", "whoami", as: limited).document)
        #expect(me["principal"] == "service:app" && me["uses_left"] == 2 && me["break_glass"] == false)
        #expect(me[path: "scope", "prefixes"] == ["app/x"] && me[path: "scope", "actions"] == .null)
        let status = try #require(try ask("GET", "status").document)
        #expect(status["cursor"]?.integerValue ?? 0 > 0 && status["version"] != nil)
        let description = try api.ask("GET", "reseal/openapi.json", token: nil)
        #expect(description.status == 200 && description.document?["openapi"] == "3.1.0")
    }
}
