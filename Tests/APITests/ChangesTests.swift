import Foundation
import Glibc
import ResealCore
import TestSupport
import Testing

/// What callers hear of changes, by long polls and as events.
@Suite struct ChangesTests {
    let api: RunningAPI
    let token: String

    init() throws {
        api = try RunningAPI(try Installation.applied(), settings: RunningAPI.writerSettings)
        token = try api.token("service:app")
    }

    private func changes(_ query: String) throws -> (status: Int, document: JSON?) {
        try api.ask("GET", "reseal/changes\(query)", token: token)
    }

    private func cursor() throws -> Int64 { try #require(try changes("").document?["cursor"]?.integerValue) }

    @Test func theOnesThatMayBeSeenAreNamed() throws {
        let start = try cursor()
        try api.user.check("set", "app/new", stdin: "x")
        try api.user.check("set", "other/new", stdin: "x")
        try api.user.check("get", "app/new")
        let first = try #require(try changes("?since=\(start)").document)
        #expect(first["changed"] == ["app/new"])
        let next = try #require(first["cursor"]?.integerValue)
        #expect(try changes("?since=\(next)").document?["changed"] == [])
        try api.user.check("delete", "app/new")
        #expect(try changes("?since=\(next)&wait=10s").document?["changed"] == ["app/new"])
        let ahead = try changes("?since=\(next + 1_000_000)")
        #expect(ahead.status == 410 && ahead.document?[path: "error", "code"] == "api.changes-gone")
        #expect(try changes("?since=\(next)&wait=long").status == 400)
    }

    @Test func aLongPollEndsWithAChangeOrItsTime() throws {
        let start = try cursor()
        let began = ContinuousClock.now
        #expect(try changes("?since=\(start)&wait=1s").document?["changed"] == [])
        #expect(ContinuousClock.now - began >= .seconds(1))
        let output = api.user.folder.file("poll")
        let poll = try RunningProcess(
            try Command.find("sh"),
            [
                "-c",
                "curl -s --max-time 60 -H 'X-Vault-Token: \(token)' '\(api.base)/v1/reseal/changes?since=\(start)&wait=50s' > \(output)",
            ], environment: api.user.environment, streams: api.user.work)
        usleep(700_000)
        try api.user.check("set", "app/later", stdin: "x")
        poll.wait()
        let answer = try JSON(parsing: Array(try String(contentsOfFile: output, encoding: .utf8).utf8))
        #expect(answer["changed"] == ["app/later"])
        #expect(ContinuousClock.now - began < .seconds(45))
    }

    /// Writes the events of a stream into the file `events`.
    private func stream(_ token: String) throws -> RunningProcess {
        try RunningProcess(
            try Command.find("sh"),
            [
                "-c",
                "curl -sN --max-time 100 -H 'Accept: text/event-stream' -H 'X-Vault-Token: \(token)' '\(api.base)/v1/reseal/changes' > \(api.user.folder.file("events"))",
            ], environment: api.user.environment, streams: api.user.work)
    }

    private func events(_ count: Int) throws -> [String] {
        let end = ContinuousClock.now + .seconds(40)
        while ContinuousClock.now < end {
            let text = (try? String(contentsOfFile: api.user.folder.file("events"), encoding: .utf8)) ?? ""
            let found = text.split(separator: "\n").filter { $0.hasPrefix("data: ") }
            if found.count >= count { return found.map { String($0.dropFirst("data: ".count)) } }
            usleep(50_000)
        }
        throw Command.Failure(description: "no \(count) events came")
    }

    @Test func eventsComeOneByOneAndEndWithTheServer() throws {
        let stream = try stream(token)
        _ = try events(1)
        try api.user.check("set", "app/one", stdin: "x")
        #expect(try events(2)[1].contains(#""changed":["app/one"]"#))
        try api.user.check("set", "app/two", stdin: "x")
        #expect(try events(3)[2].contains(#""changed":["app/two"]"#))
        try api.stop()
        stream.wait()
    }

    @Test func aStreamEndsWithItsToken() throws {
        let other = try api.token("service:app")
        let began = ContinuousClock.now
        let stream = try stream(other)
        _ = try events(1)
        #expect(try api.ask("DELETE", "reseal/token", token: other).status == 204)
        try api.user.check("set", "app/one", stdin: "x")
        stream.wait()
        #expect(ContinuousClock.now - began < .seconds(90))
        let text = try String(contentsOfFile: api.user.folder.file("events"), encoding: .utf8)
        #expect(!text.contains("app/one"))
    }

    @Test func anEndlessAnswerIsNotWrapped() throws {
        let headers = ["Accept: text/event-stream", "X-Vault-Wrap-TTL: 60s"]
        #expect(try api.ask("GET", "reseal/changes", token: token, headers: headers).status == 400)
    }

    @Test func whoWaitsLeavesRoomForOthers() throws {
        let start = try cursor()
        // What stands behind `#` is not sent; it makes 65 requests of one.
        let output = api.user.folder.file("wait-")
        let waiting = try RunningProcess(
            try Command.find("sh"),
            [
                "-c",
                "curl -sZ --parallel-immediate --parallel-max 65 --max-time 80 -o '\(output)#1' -H 'X-Vault-Token: \(token)' '\(api.base)/v1/reseal/changes?since=\(start)&wait=50s#[1-65]'",
            ], environment: api.user.environment, streams: api.user.work)
        func answers(_ text: String) -> Int {
            (1...65).count { number in
                let answer = try? String(contentsOfFile: "\(output)\(number)", encoding: .utf8)
                return answer?.contains(text) == true
            }
        }
        let end = ContinuousClock.now + .seconds(40)
        while answers("api.busy") == 0, ContinuousClock.now < end { usleep(50_000) }
        #expect(try changes("?since=\(start)").status == 200)
        #expect(try api.ask("GET", "reseal/whoami", token: token).status == 200)
        try api.user.check("set", "app/new", stdin: "x")
        waiting.wait()
        #expect(answers("api.busy") == 1 && answers(#""changed":["app/new"]"#) == 64)
        #expect(try changes("?since=\(start)&wait=1s").document?["changed"] == ["app/new"])
    }
}
