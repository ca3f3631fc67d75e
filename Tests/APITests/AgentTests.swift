import Foundation
import Glibc
import ResealCore
import TestSupport
import Testing

/// What programs get from an agent, while its server is there and while it is away.
@Suite struct AgentTests {
    static let settings = """
        access:
          - names: [app/*]
            principals: [service:app]
            actions: [read, write, delete]
        """
    private let api: RunningAPI
    private let token: String

    init() throws {
        let user = try Installation()
        try user.check("init")
        for name in ["a", "b", "c"] { try user.check("set", "app/\(name)", stdin: "value of \(name)") }
        try user.check("set", "app/db", "--field", "password", stdin: "of the database")
        api = try RunningAPI(user, settings: Self.settings)
        token = try api.token("service:app", "--ttl", "1h")
    }

    private func agent(_ options: String...) throws -> RunningAgent {
        try RunningAgent(api, token: token, options: options)
    }

    /// The same server once more, at the port where it was.
    private func restart() throws -> RunningAPI {
        try RunningAPI(api.user, port: Int(api.base.split(separator: ":").last ?? "") ?? 0)
    }

    @Test func aFreshAnswerIsGivenWithoutAsking() throws {
        let agent = try agent("--fresh", "1h")
        let first = try agent.ask("GET", "reseal/secrets/app/a")
        #expect(first.status == 200 && first.headers["etag"] == "\"v1\"" && first.headers["age"] == nil)
        #expect(first.headers["cache-control"] == "no-store" && first.headers["content-type"] == "application/json")
        for path in ["reseal/secrets/app/a", "reseal/secrets/app%2Fa", "reseal/secrets/app/a/"] {
            let again = try agent.ask("GET", path)
            #expect(again.status == 200 && again.text == first.text && again.headers["age"] != nil && !again.isStale)
        }
        #expect(try agent.reads("app/a") == 1)
        // A token of the caller's own changes nothing, and goes nowhere.
        #expect(try agent.ask("GET", "reseal/secrets/app/a", headers: ["X-Vault-Token: rsl_wrong"]).status == 200)
        #expect(try agent.ask("GET", "reseal/secrets/app/db?field=password").document?["value"] == "of the database")
        #expect(try agent.ask("GET", "reseal/secrets/app/a?version=1").text == first.text)
        let kv = try agent.ask("GET", "secret/data/app/db")
        #expect(kv.document?[path: "data", "data", "password"] == "of the database")
        #expect(
            try agent.ask("GET", "secret/data/app/db?version=1").document?[path: "data", "metadata", "version"] == 1)
        #expect(try agent.ask("GET", "sys/health").document?["sealed"] == false)
        #expect(try agent.ask("GET", "reseal/whoami").document?["principal"] == "service:app")
        #expect(try agent.ask("GET", "reseal/secrets?prefix=app/&limit=2").document?["next"] == "app/b")
        #expect(try agent.ask("LIST", "secret/metadata/app").document?[path: "data", "keys"] == ["a", "b", "c", "db"])
        try agent.stop()
    }

    @Test func anOlderOneIsLookedAtAgain() throws {
        let agent = try agent("--fresh", "0s")
        #expect(try agent.value("app/a") == "value of a" && agent.reads("app/a") == 1)
        // Each time it is the server who says that it is unchanged.
        #expect(try agent.ask("GET", "reseal/secrets/app/a").headers["age"] == "0" && agent.reads("app/a") == 2)
        try api.user.check("set", "app/a", stdin: "another")
        #expect(try agent.value("app/a") == "another")
    }

    @Test func aChangeIsSeenAtOnce() throws {
        let agent = try agent("--fresh", "24h")
        let batch = #"{"secrets":[{"name":"app/a"},{"name":"app/b"}]}"#
        #expect(try agent.value("app/a") == "value of a")
        #expect(try agent.ask("POST", "reseal/read", batch).text.contains("value of a"))
        _ = try agent.ask("GET", "secret/data/app/a")
        // The agent begins to listen beside the first answers.
        sleep(1)
        try api.user.check("set", "app/a", stdin: "changed")
        try agent.eventually("the new value") { try agent.value("app/a") == "changed" }
        #expect(try agent.ask("POST", "reseal/read", batch).text.contains("changed"))
        #expect(try agent.ask("GET", "secret/data/app/a").text.contains("changed"))
        #expect(try agent.reads("app/b") == 2)
    }

    @Test func anOutageIsBridged() throws {
        let agent = try agent("--fresh", "1s", "--keep", "1h")
        let batch = #"{"secrets":[{"name":"app/b"},{"name":"app/db","field":"password"}]}"#
        let asked = { (agent: RunningAgent) in
            [
                try agent.ask("GET", "reseal/secrets/app/a"), try agent.ask("GET", "secret/data/app/db"),
                try agent.ask("POST", "reseal/read", batch),
                try agent.ask("GET", "sys/internal/ui/mounts/secret/app/db"),
            ]
        }
        let before = try asked(agent)
        #expect(before.allSatisfy { $0.status == 200 && !$0.isStale })
        api.process.kill()
        sleep(2)
        let during = try asked(agent)
        #expect(during.allSatisfy { $0.status == 200 && $0.isStale && Int($0.headers["age"] ?? "") ?? 0 >= 1 })
        #expect(during.map(\.text) == before.map(\.text))
        try agent.line("the server cannot be asked; kept answers are given")
        // A batch in another order of its keys is the same one; another batch is not.
        #expect(
            try agent.ask(
                "POST", "reseal/read", #"{ "secrets": [{"name":"app/b"},{"field":"password","name":"app/db"}]}"#
            ).isStale)
        let missing = try agent.ask("GET", "reseal/secrets/app/c")
        #expect(missing.status == 503 && missing.code == "agent.unavailable" && missing.headers["retry-after"] == "1")
        let missingKV = try agent.ask("GET", "secret/data/app/c")
        #expect(missingKV.status == 503 && missingKV.document?["errors"]?.arrayValue?.count == 1)
        #expect(try agent.ask("GET", "reseal/whoami").status == 503)
        #expect(try agent.ask("GET", "sys/health").status == 200)
        try api.user.check("set", "app/a", stdin: "written meanwhile")
        let again = try restart()
        try agent.line("the server answers again")
        try agent.eventually("what was written meanwhile") {
            let answer = try agent.ask("GET", "reseal/secrets/app/a")
            return !answer.isStale && answer.document?["value"] == "written meanwhile"
        }
        try again.stop()
    }

    @Test func whatIsTooOldIsNotGiven() throws {
        let agent = try agent("--fresh", "1s", "--keep", "3s")
        #expect(try agent.value("app/a") == "value of a")
        api.process.kill()
        sleep(1)
        #expect(try agent.ask("GET", "reseal/secrets/app/a").isStale)
        sleep(3)
        #expect(try agent.ask("GET", "reseal/secrets/app/a").status == 503)
        let never = try RunningAgent(try restart(), token: token, options: ["--fresh", "1s", "--keep", "0s"])
        #expect(try never.value("app/a") == "value of a")
        never.api.process.kill()
        sleep(2)
        #expect(try never.ask("GET", "reseal/secrets/app/a").status == 503)
    }

    /// A server that takes connections and says nothing costs one question its time, and nobody else.
    @Test func aServerThatHangsIsNotWaitedForTwice() throws {
        let agent = try agent("--fresh", "0s")
        for name in ["a", "b"] { #expect(try agent.value("app/\(name)") == "value of \(name)") }
        api.process.pause(true)
        #expect(try agent.ask("GET", "reseal/secrets/app/a").isStale)
        let start = ContinuousClock.now
        #expect(try agent.ask("GET", "reseal/secrets/app/b").isStale)
        #expect(ContinuousClock.now - start < .seconds(3))
        api.process.pause(false)
        try agent.eventually("a fresh answer") { try !agent.ask("GET", "reseal/secrets/app/b").isStale }
    }

    @Test func whatTheServerRefusesIsForgotten() throws {
        let agent = try agent("--fresh", "0s")
        for name in ["a", "b", "c"] { _ = try agent.ask("GET", "reseal/secrets/app/\(name)") }
        _ = try agent.ask("GET", "secret/data/app/a")
        try api.user.check("delete", "app/a")
        let deleted = try agent.ask("GET", "reseal/secrets/app/a")
        #expect(deleted.status == 410 && deleted.code == "vault.secret-deleted")
        // A version that never was says nothing of the others.
        #expect(try agent.ask("GET", "reseal/secrets/app/b?version=9").status == 404)
        let denied = try agent.ask("GET", "reseal/secrets/prod/x")
        #expect(denied.status == 403 && denied.code == "access.denied")
        #expect(try agent.ask("GET", "secret/data/prod/x").status == 403)
        let mixed = try agent.ask("POST", "reseal/read", #"{"secrets":[{"name":"app/b"},{"name":"app/a"}]}"#)
        #expect(mixed.status == 200 && mixed.text.contains("vault.secret-deleted"))
        api.process.kill()
        for path in ["reseal/secrets/app/a", "secret/data/app/a", "reseal/secrets/prod/x"] {
            #expect(try agent.ask("GET", path).status == 503, "\(path)")
        }
        #expect(try agent.ask("GET", "reseal/secrets/app/b").isStale)
        #expect(
            try agent.ask("POST", "reseal/read", #"{"secrets":[{"name":"app/b"},{"name":"app/a"}]}"#).status == 503)

        let again = try restart()
        let accessor = try #require(
            try again.ask("GET", "reseal/whoami", token: token).document?["accessor"]?.stringValue)
        try agent.eventually("a fresh answer") { try !agent.ask("GET", "reseal/secrets/app/b").isStale }
        try api.user.check("token", "revoke", accessor)
        let refused = try agent.ask("GET", "reseal/secrets/app/b")
        #expect(refused.status == 401 && refused.code == "token.invalid")
        again.process.kill()
        #expect(try agent.ask("GET", "reseal/secrets/app/c").status == 503)
    }

    @Test func theLeastUsedIsForgottenFirst() throws {
        let agent = try agent("--fresh", "0s", "--max-entries", "2")
        for name in ["a", "b", "a", "c"] { #expect(try agent.value("app/\(name)") == "value of \(name)") }
        api.process.kill()
        #expect(try agent.ask("GET", "reseal/secrets/app/b").status == 503)
        #expect(try agent.ask("GET", "reseal/secrets/app/a").isStale)
        #expect(try agent.ask("GET", "reseal/secrets/app/c").isStale)
    }

    @Test func whoAsksAtTheSameTimeSharesOneQuestion() throws {
        let agent = try agent("--fresh", "10s")
        #expect(try agent.value("app/b") == "value of b")
        api.process.pause(true)
        let together = try agent.askTogether(40, "reseal/secrets/app/a")
        sleep(2)
        api.process.pause(false)
        #expect(together.wait() == 0)
        for number in 1...40 {
            let text = String(decoding: try agent.folder.read("together-\(number)"), as: UTF8.self)
            #expect(text.contains("value of a"), "\(text)")
        }
        #expect(try agent.reads("app/a") == 1)
    }

    // MARK: Commands

    @Test func commandsUseIt() throws {
        let agent = try agent()
        #expect(try agent.reseal(["get", "app/a"]).text == "value of a")
        #expect(try agent.reseal(["get", "app/db", "--field", "password"]).text == "of the database")
        #expect(try agent.reseal(["get-many", "app/a", "app/b"]).text.contains("value of b"))
        #expect(try agent.reseal(["list", "app/"]).text.contains("app/db"))
        #expect(try agent.reseal(["versions", "app/a"]).text.contains("current"))
        let exec = ["exec", "--env", "PASSWORD=app/db#password", "--", "sh", "-c", "echo $PASSWORD$RESEAL_ADDR"]
        #expect(try agent.reseal(exec).text == "of the database")
        let written = try agent.reseal(["set", "app/a", "--json"], stdin: "no")
        #expect(written.status == 1 && written.text.contains("agent.read-only"))
        #expect(try agent.reseal(["login", "--server", agent.address], stdin: "t").status == 64)
        #expect(try agent.reseal(["get", "app/a", "--token-file", agent.folder.file("token")]).status == 64)
        api.process.kill()
        #expect(try agent.reseal(["get", "app/a"]).text == "value of a")
        #expect(try agent.reseal(exec).text == "of the database")
        try agent.stop()
        let gone = try agent.reseal(["get", "app/a"])
        #expect(gone.status == 1 && gone.errorText.contains("http.unreachable"))
        let long = try agent.reseal(["get", "app/a", "--server", "unix:///\(String(repeating: "x", count: 120))"])
        #expect(long.status == 1 && long.errorText.contains("http.invalid-address"))
    }

    @Test func execAsksAServerToo() throws {
        let result = try api.user.reseal(
            ["exec", "--env", "A=app/a", "--", "sh", "-c", "echo $A$RESEAL_TOKEN"],
            variables: ["RESEAL_HOME": nil, "RESEAL_ADDR": api.base, "RESEAL_TOKEN": token])
        #expect(result.status == 0 && result.text == "value of a", "\(result.errorText)")
    }

    @Test func baoUsesIt() throws {
        let agent = try agent("--fresh", "0s")
        let bao = { (words: [String]) in
            try Command.run(
                try Command.find("bao"), words,
                environment: api.user.environment.merging(["BAO_ADDR": agent.address]) { $1 },
                directory: api.user.work, timeout: .seconds(60))
        }
        let read = ["kv", "get", "-field=password", "secret/app/db"]
        let first = try bao(read)
        #expect(first.status == 0 && first.text.hasPrefix("of the database"), "\(first.errorText)")
        #expect(try bao(["kv", "list", "secret/app"]).text.contains("db"))
        let put = try bao(["kv", "put", "secret/app/db", "password=x"])
        #expect(put.status == 2 && put.errorText.contains("ask the server"), "\(put.errorText)")
        api.process.kill()
        #expect(try bao(read).text.hasPrefix("of the database"))
    }
}
