import Foundation
import ResealCore
import TestSupport
import Testing

/// Answers that wait for whoever shows their tokens, over HTTP and with the command `bao`.
@Suite struct WrappingTests {
    private let api: RunningAPI
    private let token: String
    private static let wrapping = ["X-Vault-Wrap-TTL: 60s"]

    init() throws {
        let user = try Installation()
        try user.check("init")
        api = try RunningAPI(
            user,
            settings: """
                access:
                  - names: ["*"]
                    principals: [service:app]
                    actions: [read, write, delete]
                """)
        token = try api.token("service:app")
        #expect(try api.ask("POST", "secret/data/db", #"{"data":{"k":"canary-value"}}"#, token: token).status == 200)
    }

    private func wrap(_ headers: [String] = wrapping) throws -> JSON {
        let reply = try api.ask("GET", "secret/data/db", token: token, headers: headers)
        #expect(reply.status == 200 && reply.document?["data"] == .null)
        return try #require(reply.document?["wrap_info"])
    }

    private func wrappingToken(_ headers: [String] = wrapping) throws -> String {
        try #require(try wrap(headers)["token"]?.stringValue)
    }

    private func unwrap(_ wrapping: String) throws -> (status: Int, document: JSON?) {
        try api.ask("POST", "sys/wrapping/unwrap", token: wrapping)
    }

    private func trail(_ type: String) throws -> [JSON] {
        try api.user.check("audit", "list", "--type", type, "--json").stdout.split(separator: 0x0a).map {
            try JSON(parsing: $0)
        }
    }

    @Test func anAnswerIsGivenOnce() throws {
        let info = try wrap()
        #expect(info["ttl"] == 60 && info["creation_path"] == "secret/data/db" && info["wrapped_accessor"] == nil)
        #expect(info["creation_time"]?.stringValue?.isEmpty == false)
        let wrapping = try #require(info["token"]?.stringValue)
        #expect(wrapping.wholeMatch(of: /rslw_[0-9a-f]{64}/) != nil)
        let first = try unwrap(wrapping)
        #expect(first.status == 200 && first.document?[path: "data", "data", "k"] == "canary-value")
        let second = try unwrap(wrapping)
        #expect(second.status == 400)
        #expect(second.document == ["errors": ["wrapping token is not valid or does not exist"]])
        let accessor = try #require(info["accessor"]?.stringValue)
        let made = try #require(try trail("wrapping.wrap").last)
        #expect(made["principal"] == "service:app" && made["subject"]?.stringValue == "Wrapping.default/\(accessor)")
        let opened = try trail("wrapping.unwrap")
        #expect(opened.map { $0["result"]?.stringValue } == ["ok", "refused"])
        #expect(opened[0]["principal"] == "service:unauthenticated" && opened[0]["source"] == "127.0.0.1")
        #expect(opened[0]["subject"]?.stringValue == "Wrapping.default/\(accessor)")
    }

    @Test(.ownThreads) func onlyOneOfManyGetsIt() async throws {
        let wrapping = try wrappingToken()
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<6 { group.addTask { try unwrap(wrapping).status } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.sorted() == [200, 400, 400, 400, 400, 400])
    }

    @Test func aCrashGivesNothingTwice() throws {
        let (one, two) = (try wrappingToken(), try wrappingToken())
        #expect(try unwrap(one).status == 200)
        // At once, as a crash might be.
        api.process.kill()
        let again = try RunningAPI(api.user)
        #expect(try again.ask("POST", "sys/wrapping/unwrap", token: one).status == 400)
        let kept = try again.ask("POST", "sys/wrapping/unwrap", #"{"token":"\#(two)"}"#, token: nil)
        #expect(kept.status == 200 && kept.document?[path: "data", "data", "k"] == "canary-value")
        try again.user.check("audit", "verify")
    }

    @Test func aWrappingTokenDoesNothingElse() throws {
        let wrapping = try wrappingToken()
        for (verb, path, body) in [
            ("GET", "secret/data/db", nil), ("GET", "auth/token/lookup-self", nil),
            ("POST", "auth/token/create", "{}"), ("POST", "sys/wrapping/wrap", #"{"a":"b"}"#),
            ("PUT", "auth/token/renew-self", "{}"),
        ] as [(String, String, String?)] {
            let reply = try api.ask(verb, path, body, token: wrapping, headers: Self.wrapping)
            #expect(reply.status == 403, "\(path)")
        }
        let session = ["sys/wrapping/unwrap", "sys/wrapping/lookup", "sys/wrapping/rewrap"]
        for path in session { #expect(try api.ask("POST", path, token: token).status == 400) }
        for path in session { #expect(try api.ask("POST", path, token: token, headers: Self.wrapping).status == 400) }
        #expect(try unwrap(wrapping).status == 200)
    }

    @Test func itIsLookedAtAndMoved() throws {
        let wrapping = try wrappingToken(["X-Vault-Wrap-TTL: 90"])
        let look = try api.ask("POST", "sys/wrapping/lookup", #"{"token":"\#(wrapping)"}"#, token: nil)
        #expect(look.document?[path: "data", "creation_ttl"] == 90)
        #expect(look.document?[path: "data", "creation_path"] == "secret/data/db")
        let moved = try api.ask("POST", "sys/wrapping/rewrap", #"{"token":"\#(wrapping)"}"#, token: token)
        let info = try #require(moved.document?["wrap_info"])
        #expect(info["ttl"] == 90 && info["creation_path"] == "secret/data/db")
        #expect(try unwrap(wrapping).status == 400)
        #expect(try api.ask("POST", "sys/wrapping/lookup", token: wrapping).status == 400)
        let fresh = try #require(info["token"]?.stringValue)
        #expect(try unwrap(fresh).document?[path: "data", "data", "k"] == "canary-value")
        #expect(try trail("wrapping.rewrap").last?["result"] == "ok")
    }

    @Test func whateverSomeoneSendsCanBeWrapped() throws {
        let reply = try api.ask("POST", "sys/wrapping/wrap", #"{"a":"b"}"#, token: token, headers: Self.wrapping)
        let wrapping = try #require(reply.document?[path: "wrap_info", "token"]?.stringValue)
        #expect(try unwrap(wrapping).document?["data"] == ["a": "b"])
        #expect(try api.ask("POST", "sys/wrapping/wrap", #"{"a":"b"}"#, token: token).status == 400)
    }

    @Test func itEndsInTime() throws {
        let wrapping = try wrappingToken(["X-Vault-Wrap-TTL: 1s"])
        usleep(1_200_000)
        #expect(try unwrap(wrapping).status == 400)
        for ttl in ["soon", "-5", "33d", "1000000h", "99999999999999999999"] {
            let reply = try api.ask("GET", "secret/data/db", token: token, headers: ["X-Vault-Wrap-TTL: \(ttl)"])
            #expect(reply.status == 400, "\(ttl)")
        }
        // Nothing was done where nothing could be kept.
        let body = #"{"data":{"k":"other"}}"#
        let refused = try api.ask("POST", "secret/data/db", body, token: token, headers: ["X-Vault-Wrap-TTL: 33d"])
        #expect(refused.status == 400)
        let now = try api.ask("GET", "secret/data/db", token: token).document
        #expect(now?[path: "data", "data", "k"] == "canary-value")
    }

    @Test func errorsAreNotWrapped() throws {
        let reply = try api.ask("GET", "secret/data/nothing", token: token, headers: Self.wrapping)
        #expect(reply.status == 404 && reply.document?["wrap_info"] == nil)
        #expect(try api.ask("DELETE", "secret/data/db", token: token, headers: Self.wrapping).status == 204)
    }

    @Test func aForeignOrganizationGetsNothing() throws {
        let wrapping = try wrappingToken()
        let other = try api.token("service:app", "--organization", "acme")
        let body = #"{"token":"\#(wrapping)"}"#
        #expect(try api.ask("POST", "sys/wrapping/unwrap", body, token: other).status == 400)
        let foreign = ["X-Vault-Namespace: acme"]
        #expect(try api.ask("POST", "sys/wrapping/unwrap", body, token: nil, headers: foreign).status == 400)
        #expect(try unwrap(wrapping).status == 200)
    }

    @Test func whoeverGuessesIsLockedOut() throws {
        let wrapping = try wrappingToken()
        let guess = "rslw_\(String(repeating: "1", count: 64))"
        for _ in 0..<10 { #expect(try unwrap(guess).status == 400) }
        #expect(try unwrap(guess).status == 429)
        #expect(try api.ask("POST", "sys/wrapping/unwrap", #"{"token":"\#(wrapping)"}"#, token: token).status == 200)
        let trail = try api.user.check("audit", "list", "--type", "wrapping.unwrap", "--result", "refused").text
        #expect(trail.components(separatedBy: "wrapping.unwrap").count == 11)
        let large = String(repeating: "x", count: 100_000)
        #expect(try api.ask("POST", "sys/wrapping/unwrap", large, token: nil).status == 429)
    }

    @Test func whoeverShowsNothingIsRecorded() throws {
        for (verb, path, body, status) in [
            ("POST", "sys/wrapping/unwrap", "{}", 400), ("POST", "sys/wrapping/lookup", "[]", 400),
            ("DELETE", "sys/wrapping/unwrap", "", 403), ("GET", "sys/wrapping/unwrap", "", 403),
            ("POST", "sys/wrapping/wrap", "{}", 403),
        ] { #expect(try api.ask(verb, path, body, token: nil).status == status, "\(verb) \(path)") }
        #expect(try trail("token.authenticate").count == 5)
    }

    @Test func aTokenIsHandedOver() throws {
        let words = ["token", "create", "service:app", "--ttl", "10m", "--wrap-ttl", "5m"]
        let made = try api.user.reseal(words)
        #expect(made.status == 0, "\(made.errorText)")
        let wrapping = made.text.trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(wrapping.hasPrefix("rslw_") && made.errorText.contains("opens a token for service:app, once"))
        let answer = try unwrap(wrapping).document
        let token = try #require(answer?[path: "auth", "client_token"]?.stringValue)
        #expect(token.hasPrefix("rsl_"))
        #expect(try api.ask("GET", "secret/data/db", token: token).status == 200)
        let document = try JSON(parsing: api.user.reseal(words + ["--json"]).stdout)
        #expect(document["token"] == nil && document["wrapping_token"]?.stringValue?.hasPrefix("rslw_") == true)
        #expect(try api.user.reseal(words.dropLast() + ["40d"]).errorText.contains("token.bad-request"))
    }

    @Test func baoWrapsAndUnwraps() throws {
        func bao(_ words: String..., token: String?) throws -> Command.Result {
            var environment = api.user.environment.merging(["BAO_ADDR": api.base]) { $1 }
            environment["BAO_TOKEN"] = token
            return try Command.run(
                try Command.find("bao"), words, environment: environment, directory: api.user.work,
                timeout: .seconds(60))
        }
        let kept = try bao("kv", "get", "-wrap-ttl=60s", "-format=json", "secret/db", token: token)
        #expect(kept.status == 0, "\(kept.errorText)")
        let told = try JSON(parsing: Array(kept.text.utf8))
        let wrapping = try #require(told[path: "wrap_info", "token"]?.stringValue)
        let opened = try JSON(parsing: Array(bao("unwrap", "-format=json", wrapping, token: token).text.utf8))
        #expect(opened[path: "data", "data", "k"] == "canary-value")
        #expect(try bao("unwrap", wrapping, token: token).errorText.contains("wrapping token is not valid"))

        let made = try bao("token", "create", "-wrap-ttl=5m", "-format=json", token: token)
        let info = try #require(JSON(parsing: Array(made.text.utf8))["wrap_info"])
        let token = try #require(info["token"]?.stringValue)
        #expect(info["creation_path"] == "auth/token/create" && info["wrapped_accessor"]?.stringValue?.isEmpty == false)
        let field = try bao("unwrap", "-field=token", token: token)
        #expect(field.status == 0 && field.text.hasPrefix("rsl_"), "\(field.text) \(field.errorText)")
    }
}
