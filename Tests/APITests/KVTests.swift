import Foundation
import ResealCore
import TestSupport
import Testing

/// The KV API, request by request: status codes, error texts and bodies.
@Suite struct KVTests {
    let api: RunningAPI
    let token: String
    let ada: String

    init() throws { (api, token, ada) = try RunningAPI.withWriter() }

    private func ask(
        _ verb: String, _ path: String, _ body: String? = nil, as token: String? = nil, headers: [String] = []
    ) throws -> (status: Int, document: JSON?) {
        try api.ask(verb, path, body, token: token ?? self.token, headers: headers)
    }

    @Test func aValueIsWrittenAndReadInItsEnvelope() throws {
        let written = try ask(
            "POST", "secret/data/app/one", #"{"data":{"a":"x\"é","n":5,"f":1.5,"t":true,"z":null,"o":{"p":"q"}}}"#)
        #expect(written.status == 200 && written.document?[path: "data", "version"] == 1)
        let time = try #require(written.document?[path: "data", "created_time"]?.stringValue)
        #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z/) != nil)
        let read = try ask("GET", "secret/data/app/one")
        #expect(read.status == 200)
        let members = try #require(read.document?.objectValue)
        #expect(
            Set(members.keys) == [
                "request_id", "lease_id", "renewable", "lease_duration", "data", "wrap_info", "warnings", "auth",
            ])
        #expect(
            read.document?[path: "data", "data"]
                == ["a": "x\"é", "n": 5, "f": .number(1.5), "t": true, "z": .null, "o": ["p": "q"]])
        #expect(
            read.document?[path: "data", "metadata"]
                == [
                    "version": 1, "created_time": .string(time), "deletion_time": "", "destroyed": false,
                    "custom_metadata": .null,
                ])
        #expect(try ask("PUT", "secret/data/app/one", #"{"data":{"a":"y"}}"#).document?[path: "data", "version"] == 2)
        let old = try ask("GET", "secret/data/app/one?version=1")
        #expect(old.document?[path: "data", "data", "n"] == 5)
        #expect(try ask("GET", "secret/data/app/one?version=9").status == 404)
        let subkeys = try ask("GET", "secret/subkeys/app/one?version=1")
        #expect(subkeys.document?[path: "data", "subkeys", "o"] == ["p": .null])
        #expect(
            try ask("GET", "secret/subkeys/app/one?version=1&depth=1").document?[path: "data", "subkeys", "o"] == .null)
    }

    @Test func checkAndSet() throws {
        func put(_ cas: String) throws -> (status: Int, document: JSON?) {
            try ask("POST", "secret/data/app/cas", #"{"data":{"a":"x"},"options":{"cas":\#(cas)}}"#)
        }
        #expect(try put("0").status == 200)
        let again = try put("0")
        #expect(again.status == 400)
        #expect(
            again.document == ["errors": ["check-and-set parameter did not match the current version"]])
        #expect(try put("\"1\"").status == 200)
        #expect(try ask("POST", "secret/metadata/app/cas", #"{"cas_required":true}"#).status == 204)
        let missing = try ask("POST", "secret/data/app/cas", #"{"data":{"a":"x"}}"#)
        #expect(missing.document == ["errors": ["check-and-set parameter required for this call"]])
        // The version counts even while it is deleted.
        #expect(try ask("DELETE", "secret/data/app/cas").status == 204)
        #expect(try put("1").status == 400 && put("2").status == 200)
    }

    @Test func deletingComesBackAndDestroyingDoesNot() throws {
        for text in ["one", "two"] { _ = try ask("POST", "secret/data/app/gone", #"{"data":{"a":"\#(text)"}}"#) }
        #expect(try ask("DELETE", "secret/data/app/gone").status == 204)
        let deleted = try ask("GET", "secret/data/app/gone")
        #expect(deleted.status == 404 && deleted.document?[path: "data", "data"] == .null)
        #expect(deleted.document?[path: "data", "metadata", "version"] == 2)
        #expect(deleted.document?[path: "data", "metadata", "deletion_time"]?.stringValue?.isEmpty == false)
        #expect(try ask("GET", "secret/data/app/gone?version=1").document?[path: "data", "data", "a"] == "one")
        #expect(try ask("POST", "secret/undelete/app/gone", #"{"versions":["2"]}"#).status == 204)
        #expect(try ask("GET", "secret/data/app/gone").document?[path: "data", "data", "a"] == "two")
        #expect(try ask("PUT", "secret/delete/app/gone", #"{"versions":[1]}"#).status == 204)
        #expect(try ask("GET", "secret/data/app/gone?version=1").status == 404)
        #expect(try ask("PUT", "secret/destroy/app/gone", #"{"versions":[2]}"#).status == 204)
        let destroyed = try ask("GET", "secret/data/app/gone")
        #expect(destroyed.status == 404 && destroyed.document?[path: "data", "metadata", "destroyed"] == true)
        #expect(try ask("POST", "secret/undelete/app/gone", #"{"versions":[2]}"#).status == 204)
        #expect(try ask("GET", "secret/data/app/gone").status == 404)
        #expect(try ask("POST", "secret/destroy/app/gone", "{}").document == ["errors": ["No version number provided"]])
        #expect(try ask("DELETE", "secret/metadata/app/gone").status == 204)
        let nothing = try ask("GET", "secret/metadata/app/gone")
        #expect(nothing.status == 404 && nothing.document == ["errors": []])
        #expect(try ask("POST", "secret/data/app/gone", #"{"data":{"a":"new"},"options":{"cas":0}}"#).status == 200)
    }

    @Test func metadataMayComeBeforeAnyVersion() throws {
        let custom =
            #"{"custom_metadata":{"managed-by":"external-secrets"},"max_versions":2,"delete_version_after":"3h25m19s"}"#
        #expect(try ask("PUT", "secret/metadata/app/meta", custom).status == 204)
        let before = try #require(try ask("GET", "secret/metadata/app/meta").document?["data"])
        #expect(before["current_version"] == 0 && before["versions"] == [:] && before["oldest_version"] == 0)
        #expect(before["delete_version_after"] == "3h25m19s" && before["max_versions"] == 2)
        #expect(before["custom_metadata"] == ["managed-by": "external-secrets"])
        #expect(try ask("GET", "secret/data/app/meta").document == ["errors": []])
        for text in ["1", "2", "3"] { _ = try ask("POST", "secret/data/app/meta", #"{"data":{"a":"\#(text)"}}"#) }
        let after = try #require(try ask("GET", "secret/metadata/app/meta").document?["data"])
        #expect(Set((after["versions"]?.objectValue ?? [:]).keys) == ["2", "3"] && after["oldest_version"] == 2)
        #expect(after["current_version"] == 3)
        #expect(after[path: "versions", "3", "deletion_time"]?.stringValue?.isEmpty == false)
        #expect(try ask("GET", "secret/data/app/meta").status == 200)
        let patch = try ask(
            "PATCH", "secret/metadata/app/meta", #"{"custom_metadata":{"managed-by":null,"team":"a"}}"#,
            headers: ["Content-Type: application/merge-patch+json"])
        #expect(patch.status == 204)
        #expect(
            try ask("GET", "secret/metadata/app/meta").document?[path: "data", "custom_metadata"] == ["team": "a"])
        #expect(try ask("PUT", "secret/metadata/app/meta", #"{"custom_metadata":{"a":5}}"#).status == 400)
    }

    /// A number that would be read back with other digits is refused, and nothing is written.
    @Test func numbersKeepTheirDigits() throws {
        let path = "secret/data/app/number"
        for (number, status) in [
            ("9223372036854775807", 200), ("-9223372036854775808", 200), ("0.25", 200), ("9223372036854775808", 400),
            ("12345678901234567890123", 400), ("-1e300", 400),
        ] {
            let answer = try ask("POST", path, "{\"data\":{\"in\":{\"n\":\(number)}}}")
            #expect(answer.status == status, "\(number): \(answer)")
            guard status == 200 else { continue }
            let read = try ask("GET", path).document?[path: "data", "data"]
            #expect(read?.canonical == "{\"in\":{\"n\":\(number)}}")
        }
        let merge = ["Content-Type: application/merge-patch+json"]
        #expect(try ask("PATCH", path, #"{"data":{"in":{"n":1e19}}}"#, headers: merge).status == 400)
        #expect(try ask("GET", path).document?[path: "data", "metadata", "version"] == 3)
    }

    @Test func patching() throws {
        _ = try ask("POST", "secret/data/app/patch", #"{"data":{"a":"1","b":{"c":"2","d":"3"}}}"#)
        let merge = ["Content-Type: application/merge-patch+json"]
        #expect(try ask("PATCH", "secret/data/app/patch", #"{"data":{"a":"9"}}"#).status == 415)
        let done = try ask("PATCH", "secret/data/app/patch", #"{"data":{"a":"9","b":{"c":null}}}"#, headers: merge)
        #expect(done.status == 200)
        #expect(try ask("GET", "secret/data/app/patch").document?[path: "data", "data"] == ["a": "9", "b": ["d": "3"]])
        #expect(try ask("PATCH", "secret/data/app/nope", #"{"data":{"a":"9"}}"#, headers: merge).status == 404)
    }

    @Test func listing() throws {
        for name in ["app/list/a", "app/list/b/c", "app/list/b/d"] {
            _ = try ask("POST", "secret/data/\(name)", #"{"data":{"a":"x"}}"#)
        }
        for (verb, path) in [
            ("LIST", "secret/metadata/app/list"), ("LIST", "secret/metadata/app/list/"),
            ("GET", "secret/metadata/app/list?list=true"), ("GET", "secret/metadata/app/list/?list=true"),
        ] {
            let listed = try ask(verb, path)
            #expect(listed.status == 200 && listed.document?[path: "data", "keys"] == ["a", "b/"], "\(verb) \(path)")
        }
        #expect(try ask("SCAN", "secret/metadata/app/list").document?[path: "data", "keys"] == ["a", "b/c", "b/d"])
        #expect(try ask("LIST", "secret/metadata/app/list?after=a&limit=1").document?[path: "data", "keys"] == ["b/"])
        let detailed = try ask("LIST", "secret/detailed-metadata/app/list")
        #expect(detailed.document?[path: "data", "key_info", "a", "current_version"] == 1)
        let empty = try ask("LIST", "secret/metadata/app/none")
        #expect(empty.status == 404 && empty.document == ["errors": []])
        let root = try #require(try ask("LIST", "secret/metadata").document?[path: "data", "keys"]?.arrayValue)
        #expect(root.contains("app/") && !root.contains("prod/"))
        #expect(try ask("LIST", "secret/metadata", as: ada).document?[path: "data", "keys"] == ["prod/"])
        let prod = try ask("LIST", "secret/metadata/prod", as: ada).document?[path: "data", "keys"]
        #expect(prod == ["note", "orders-db"])
    }

    @Test func deniedReadsLookAlike() throws {
        let denied: JSON = ["errors": ["permission denied"]]
        for path in ["prod/orders-db", "prod/nothing", "other"] {
            for route in ["data", "metadata", "subkeys"] {
                let answer = try ask("GET", "secret/\(route)/\(path)")
                #expect(answer.status == 403 && answer.document == denied, "\(route) \(path)")
            }
        }
        #expect(try ask("POST", "secret/data/seen/x", #"{"data":{"a":"x"}}"#).document == denied)
        #expect(try ask("GET", "secret/data/seen/x").document == ["errors": []])
    }

    @Test func wrongTokens() throws {
        for token in ["rsl_\(String(repeating: "0", count: 64))", "hvs.nothing"] {
            let answer = try api.ask("GET", "secret/data/app/one", token: token)
            #expect(answer.status == 403 && answer.document == ["errors": ["permission denied"]])
        }
        #expect(try api.ask("GET", "secret/data/app/one", token: nil).status == 403)
        let bearer = ["Authorization: Bearer \(token)"]
        #expect(try api.ask("GET", "auth/token/lookup-self", token: nil, headers: bearer).status == 200)
    }

    @Test func whatGitManages() throws {
        let read = try ask("GET", "secret/data/prod/orders-db", as: ada)
        #expect(read.document?[path: "data", "data", "port"] == 5432)
        #expect(read.document?[path: "data", "metadata", "custom_metadata", "managed-by"] == "reseal")
        // A scalar stands under `value`.
        #expect(
            try ask("GET", "secret/data/prod/note", as: ada).document?[path: "data", "data"] == [
                "value": "generic-value"
            ])
        #expect(try ask("POST", "secret/data/prod/note", #"{"data":{"value":"x"}}"#, as: ada).status == 403)
        let drift = try ask("POST", "secret/data/prod/orders-db", #"{"data":{"password":"by hand"}}"#, as: ada)
        #expect(drift.status == 200)
        #expect(try api.user.check("list", "prod/orders-db").text.contains("drifted (value)"))
        let emergency = try api.token("user:eve", "--break-glass", "--reason", "INC-9")
        let refused = try ask("POST", "secret/data/prod/strict", #"{"data":{"value":"x"}}"#, as: emergency)
        #expect(refused.status == 403)
        let text = try #require(refused.document?["errors"]?.arrayValue?.first?.stringValue)
        #expect(text.contains("prod/strict is managed by Git") && text.contains("manifests/all.yaml:"))
        let protected = try ask("DELETE", "secret/data/prod/kept", as: emergency)
        #expect(protected.status == 403)
    }

    @Test func badInput() throws {
        #expect(try ask("POST", "secret/data/app/bad", "{}").document == ["errors": ["no data provided"]])
        for body in [
            "[]", "{", #"{"data":[]}"#, #"{"data":{"a":[1]}}"#, #"{"data":{"a":{}}}"#,
            #"{"data":{"a":"x"},"options":{"cas":"y"}}"#,
        ] {
            #expect(try ask("POST", "secret/data/app/bad", body).status == 400, "\(body)")
        }
        #expect(try ask("GET", "secret/data/App").status == 400)
        #expect(try ask("GET", "secret/data/app/../x").status != 200)
        #expect(try ask("GET", "secret/data/app/one?version=x").status == 400)
        let old = try ask("GET", "secret/app/one")
        #expect(old.status == 404 && old.document?["warnings"]?.arrayValue?.count == 1)
        #expect(try ask("DELETE", "secret/config").status == 405)
        #expect(try ask("GET", "kv/data/x").status == 404)
        #expect(try ask("GET", "secret/data/app/one", headers: ["X-Vault-Wrap-TTL: soon"]).status == 400)
        #expect(try ask("GET", "secret/data/app/one", headers: ["X-Vault-Namespace: acme"]).status == 403)
        #expect(try ask("POST", "secret/data/app/big", String(repeating: "x", count: 3 << 20)).status == 413)
    }

    @Test func theSystemTellsOfItself() throws {
        let health = try api.ask("GET", "sys/health", token: nil)
        #expect(health.status == 200 && health.document?["sealed"] == false)
        #expect(try api.ask("GET", "sys/health?activecode=299", token: nil).status == 299)
        #expect(try api.ask("GET", "sys/seal-status", token: nil).document?["initialized"] == true)
        #expect(try ask("GET", "sys/mounts").document?[path: "secret/", "options", "version"] == "2")
        let preflight = try ask("GET", "sys/internal/ui/mounts/secret/app/one")
        #expect(
            preflight.document?[path: "data", "path"] == "secret/" && preflight.document?[path: "data", "type"] == "kv")
        let unknown = try ask("GET", "sys/internal/ui/mounts/kv/app")
        #expect(unknown.status == 403)
        let text = unknown.document?["errors"]?.arrayValue?.first?.stringValue
        #expect(text?.hasPrefix("preflight capability check returned 403") == true)
        let paths = #"{"paths":["secret/data/app/one","secret/data/seen/x","secret/data/prod/tls"]}"#
        let found = try #require(try ask("POST", "sys/capabilities-self", paths).document?["data"])
        #expect(found["secret/data/app/one"] == ["create", "delete", "patch", "read", "update"])
        #expect(found["secret/data/seen/x"] == ["read"] && found["secret/data/prod/tls"] == ["deny"])
    }
}
