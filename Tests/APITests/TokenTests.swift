import Foundation
import Glibc
import ResealCore
import TestSupport
import Testing

/// Tokens over HTTP, and what the audit trail says of all requests.
@Suite struct TokenTests {
    private func start(_ settings: String = "") throws -> RunningAPI {
        let user = try Installation()
        try user.check("init")
        return try RunningAPI(
            user,
            settings: """
                access:
                  - names: ["*"]
                    principals: [service:app]
                    actions: [read, write, delete]
                \(settings)
                """)
    }

    @Test func aTokenLooksAtRenewsAndEndsItself() throws {
        let api = try start()
        let token = try api.token("service:app", "--ttl", "10m", "--max-ttl", "20m")
        let look = try #require(try api.ask("GET", "auth/token/lookup-self", token: token).document?["data"])
        #expect(look["type"] == "service" && look["id"]?.stringValue == token)
        let ttl = try #require(look["ttl"]?.integerValue)
        #expect((500...600).contains(ttl) && look["expire_time"]?.stringValue?.isEmpty == false)
        let renewed = try api.ask("PUT", "auth/token/renew-self", #"{"increment":"2h"}"#, token: token)
        #expect((1100...1200).contains(renewed.document?[path: "auth", "lease_duration"]?.integerValue ?? 0))
        let made = try api.ask(
            "POST", "auth/token/create", #"{"ttl":"5m","num_uses":2,"scope":{"prefixes":["a/"],"actions":["read"]}}"#,
            token: token)
        let child = try #require(made.document?[path: "auth", "client_token"]?.stringValue)
        let accessor = try #require(made.document?[path: "auth", "accessor"]?.stringValue)
        let found = try api.ask("POST", "auth/token/lookup-accessor", #"{"accessor":"\#(accessor)"}"#, token: token)
        #expect(found.document?[path: "data", "orphan"] == false)
        #expect(try api.ask("POST", "secret/data/a/x", #"{"data":{"k":"v"}}"#, token: token).status == 200)
        #expect(try api.ask("GET", "secret/data/a/x", token: child).status == 200)
        #expect(try api.ask("POST", "secret/data/a/x", #"{"data":{"k":"v"}}"#, token: child).status == 403)
        // Two uses, and they are spent.
        #expect(try api.ask("GET", "secret/data/a/x", token: child).status == 403)
        #expect(try api.ask("POST", "auth/token/create", #"{"policies":["root"]}"#, token: token).status == 400)
        #expect(try api.ask("PUT", "auth/token/revoke-self", token: token).status == 204)
        #expect(try api.ask("GET", "auth/token/lookup-self", token: token).status == 403)
    }

    @Test func othersTokensAreHidden() throws {
        let api = try start()
        let (mine, other) = (try api.token("service:app"), try api.token("service:other"))
        let look = try api.ask("GET", "auth/token/lookup-self", token: other)
        let accessor = try #require(look.document?[path: "data", "accessor"]?.stringValue)
        for body in [#"{"accessor":"\#(accessor)"}"#, #"{"accessor":"nothing"}"#] {
            let answer = try api.ask("POST", "auth/token/lookup-accessor", body, token: mine)
            #expect(answer.status == 403 && answer.document == ["errors": ["permission denied"]])
        }
        #expect(try api.ask("POST", "auth/token/revoke", #"{"token":"\#(other)"}"#, token: mine).status == 403)
        #expect(try api.ask("GET", "auth/token/lookup-self", token: other).status == 200)
    }

    @Test func everyRequestIsRecordedBeforeItIsAnswered() throws {
        let api = try start()
        let token = try api.token("service:app")
        let emergency = try api.token("user:eve", "--break-glass", "--reason", "INC-1")
        _ = try api.ask("POST", "secret/data/a", #"{"data":{"k":"canary-value"}}"#, token: token)
        let read = try api.ask("GET", "secret/data/a", token: token, headers: ["User-Agent: probe/1"])
        _ = try api.ask("GET", "secret/data/a", token: emergency)
        _ = try api.ask("GET", "secret/data/a", token: "rsl_\(String(repeating: "1", count: 64))")
        // At once, as a crash might be.
        api.process.kill()
        let trail = try api.user.check("audit", "list", "--json").stdout.split(separator: 0x0a).map {
            try JSON(parsing: $0)
        }
        let reads = trail.filter { $0["action"] == "vault.secret.read" }
        #expect(reads.count == 2)
        let first = try #require(reads.first)
        #expect(first["source"] == "127.0.0.1" && first["user_agent"] == "probe/1" && first["version"] == 1)
        #expect(first["request_id"] == read.document?["request_id"] && first["principal"] == "service:app")
        #expect(first["detail"]?.stringValue?.wholeMatch(of: /token [0-9a-f]{24}/) != nil)
        #expect(reads.last?["detail"]?.stringValue?.contains("break-glass: INC-1") == true)
        let refused = try #require(trail.last { $0["action"] == "token.authenticate" })
        #expect(refused["result"] == "refused" && refused["principal"] == "service:unauthenticated")
        try api.user.check("audit", "verify")
        let logs = String(decoding: try api.user.folder.read("2"), as: UTF8.self)
        for secret in ["canary-value", token, emergency] { #expect(!logs.contains(secret)) }
    }

    @Test func whoeverGuessesIsLockedOut() throws {
        let api = try start()
        let token = try api.token("service:app")
        let wrong = "rsl_\(String(repeating: "2", count: 64))"
        for _ in 0..<9 { #expect(try api.ask("GET", "secret/data/a", token: wrong).status == 403) }
        #expect(try api.ask("GET", "secret/data/a", token: nil).status == 403)
        for guess in [wrong, nil] { #expect(try api.ask("GET", "secret/data/a", token: guess).status == 429) }
        // Whoever shares the address has a valid token; what he does has nothing to do with the guesser.
        #expect(try api.ask("POST", "secret/data/a", #"{"data":{"k":"v"}}"#, token: token).status == 200)
        #expect(try api.ask("GET", "secret/data/a", token: token).status == 200)
        #expect(try api.ask("GET", "sys/health", token: nil).status == 200)
        let trail = try api.user.check("audit", "list", "--json").text
        #expect(trail.components(separatedBy: "token.authenticate").count == 11)
    }

    @Test func noBodyIsReadForAStranger() throws {
        let api = try start()
        let token = try api.token("service:app")
        let body = String(repeating: "x", count: 3 << 20)
        #expect(try api.ask("POST", "secret/data/a", body, token: "hvs.nothing").status == 403)
        #expect(try api.ask("POST", "secret/data/a", body, token: token).status == 413)
        // Not even the beginning of one that never comes.
        let began = ContinuousClock.now
        let waiting = ["Content-Length: 1000", "Expect:"]
        #expect(try api.ask("POST", "secret/data/a", "{", token: nil, headers: waiting).status == 403)
        #expect(ContinuousClock.now - began < .seconds(15))
    }

    @Test func aForeignNamespaceIsRecorded() throws {
        let api = try start()
        let token = try api.token("service:app")
        let foreign = ["X-Vault-Namespace: acme"]
        #expect(try api.ask("GET", "secret/data/a", token: token, headers: foreign).status == 403)
        let trail = try api.user.check("audit", "list", "--json").stdout.split(separator: 0x0a).map {
            try JSON(parsing: $0)
        }
        let refused = try #require(trail.last { $0["action"] == "token.authenticate" })
        #expect(refused["result"] == "refused" && refused["principal"] == "service:app")
    }

    @Test func aScopeThatCannotBeReadIsRefused() throws {
        let api = try start()
        let token = try api.token("service:app")
        for scope in [
            "[]", #""read""#, #"{"prefix":["a/"]}"#, #"{"prefixes":"a/"}"#, #"{"prefixes":["a/",1]}"#,
            #"{"actions":"read"}"#, #"{"actions":["read",null]}"#, #"{"actions":["peek"]}"#,
        ] {
            let answer = try api.ask("POST", "auth/token/create", #"{"scope":\#(scope)}"#, token: token)
            #expect(answer.status == 400, "\(scope)")
        }
        let counted = try api.token("service:app", "--uses", "5")
        #expect(try api.ask("POST", "auth/token/create", "{}", token: counted).status == 400)
    }

    @Test func tooManyRequestsWait() throws {
        let api = try start("api: {requests-per-second: 1}")
        let token = try api.token("service:app")
        let statuses = try (0..<6).map { _ in try api.ask("GET", "secret/data/a", token: token).status }
        #expect(statuses.contains(404) && statuses.contains(429))
    }

    @Test func keysMayRotateMeanwhile() throws {
        let api = try start()
        let token = try api.token("service:app")
        _ = try api.ask("POST", "secret/data/a", #"{"data":{"k":"v"}}"#, token: token)
        try api.user.check("key", "rotate")
        #expect(try api.ask("GET", "secret/data/a", token: token).status == 200)
        #expect(try api.ask("POST", "secret/data/a", #"{"data":{"k":"w"}}"#, token: token).status == 200)
    }

    @Test func itEndsInPeace() throws {
        let api = try start()
        #expect(try api.ask("GET", "sys/health", token: nil).status == 200)
        try api.stop()
    }
}
