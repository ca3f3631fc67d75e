import NIOCore
import NIOEmbedded
import NIOHTTP1
import ResealCore
import ResealSealing
import TestSupport
import Testing

@testable import ResealServer

/// Requests that come whole are answered beside the library that reads the others, and nobody can tell them apart.
@Suite struct WholeRequestTests {
    /// Says each of `parts` after a moment, and gives back all that was answered within the time.
    private func talk(_ api: RunningAPI, _ parts: [String], ending: String = "", seconds: Int = 20) throws -> String {
        let script = """
            import json, socket, sys, time
            s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
            for part in json.load(sys.stdin):
                s.sendall(part.encode())
                time.sleep(0.3)
            \(ending)
            s.settimeout(\(seconds))
            answer = b""
            try:
                while part := s.recv(65536):
                    answer += part
            except OSError:
                pass
            sys.stdout.write(answer.decode())
            """
        let input = JSON.array(parts.map(JSON.string)).canonicalBytes
        let port = try #require(api.base.split(separator: ":").last)
        return try Command.check(
            "python3", ["-c", script, String(port)], stdin: input, timeout: .seconds(60)
        ).text
    }

    private func request(
        _ method: String, _ path: String, _ token: String?, _ lines: [String] = [], _ body: String = ""
    ) -> String {
        var head = ["\(method) /v1/\(path) HTTP/1.1", "Host: a"] + lines
        if let token { head.append("X-Vault-Token: \(token)") }
        if !body.isEmpty, !lines.contains(where: { $0.hasPrefix("Transfer") }) {
            head.append("Content-Length: \(body.utf8.count)")
        }
        return head.joined(separator: "\r\n") + "\r\n\r\n" + body
    }

    private func statuses(_ answer: String) -> [String] {
        answer.split(separator: "HTTP/1.1 ").map { String($0.prefix(3)) }
    }

    @Test func manyInARowAreAnsweredInTheirOrder() throws {
        let (api, token, _) = try RunningAPI.withWriter()
        let chunked = "b\r\n{\"data\":{\"n\r\n6\r\n\":\"2\"}\r\n1\r\n}\r\n0\r\n\r\n"
        let requests = [
            request("POST", "secret/data/app/a", token, [], #"{"data":{"n":"1"}}"#),
            request("GET", "secret/data/app/a", token),
            request("POST", "secret/data/app/a", token, ["Transfer-Encoding: chunked"], chunked),
            request("GET", "secret/data/app/a", token),
            request("GET", "secret/data/app/nothing", token),
            request("GET", "sys/health", nil),
            request("GET", "secret/metadata/app?list=true", token),
            request("GET", "secret/data/app/a?version=1", token),
            request("GET", "secret/data/app/a", "wrong"),
            request("PUT", "secret/data/app/b", token, ["Expect: 100-continue"], #"{"data":{"n":"3"}}"#),
            request("HEAD", "sys/health", nil),
            request("GET", "secret/data/app/b", token, ["Connection: close"]),
        ]
        let answer = try talk(api, [requests.joined()])
        let seen = statuses(answer)
        let wanted = ["200", "200", "200", "200", "404", "200", "200", "200", "403", "200", "405", "200"]
        #expect(seen == wanted, "\(answer)")
        let parts = answer.split(separator: "HTTP/1.1 ").map(String.init)
        #expect(
            parts[1].contains(#"{"n":"1"}"#) && parts[3].contains(#"{"n":"2"}"#) && parts[7].contains(#"{"n":"1"}"#))
        #expect(parts.last?.contains(#"{"n":"3"}"#) == true, "\(answer)")
        // The answer to HEAD has no body, or the next one would be taken for it.
        #expect(parts[10].hasSuffix("\r\n\r\n"), "\(parts[10])")
        // In parts, the same gets the same.
        let text = requests.joined()
        let again = try talk(api, [String(text.prefix(text.count / 2)), String(text.dropFirst(text.count / 2))])
        #expect(statuses(again) == seen, "\(again)")
        try api.stop()
    }

    /// What was told of a version before is told again, but for the name of the request.
    @Test func theSameIsToldEachTime() throws {
        let (api, token, _) = try RunningAPI.withWriter()
        func read() throws -> (id: String, rest: String) {
            let answer = try api.ask("GET", "secret/data/app/a", token: token)
            #expect(answer.status == 200)
            var members = try #require(answer.document?.objectValue)
            let id = try #require(members.removeValue(forKey: "request_id")?.stringValue)
            return (id, JSON.object(members).canonical)
        }
        var ids: Set<String> = []
        for value in ["first", "\u{1}\u{7f}\"\\ü"] {
            let body = JSON.object(["data": ["n": .string(value)]]).canonical
            #expect(try api.ask("POST", "secret/data/app/a", body, token: token).status == 200)
            let answers = try (0..<4).map { _ in try read() }
            #expect(Set(answers.map(\.rest)).count == 1, "\(answers)")
            #expect(answers[0].rest.contains(JSON.string(value).canonical))
            ids.formUnion(answers.map(\.id))
        }
        #expect(ids.count == 8)
        let hex = "[0-9a-f]"
        let form = try Regex("\(hex){8}-\(hex){4}-4\(hex){3}-[89ab]\(hex){3}-\(hex){12}")
        #expect(ids.allSatisfy { $0.wholeMatch(of: form) != nil }, "\(ids)")
        try api.stop()
    }

    @Test func bodiesThatComeSlowlyOrAreLargeAreRead() throws {
        let (api, token, _) = try RunningAPI.withWriter()
        let close = ["Connection: close"]
        let body = #"{"data":{"n":"slow"}}"#
        let slow = request("POST", "secret/data/app/slow", token, [], body)
        let cut = slow.index(slow.endIndex, offsetBy: -12)
        let large = #"{"data":{"n":""# + String(repeating: "x", count: 300_000) + #""}}"#
        let answer = try talk(
            api,
            [
                String(slow[..<cut]), String(slow[cut...]), request("GET", "secret/data/app/slow", token),
                request("POST", "secret/data/app/large", token, [], large),
                request("GET", "secret/data/app/large", token, close),
            ])
        #expect(statuses(answer) == ["200", "200", "200", "200"], "\(answer.prefix(3000))")
        #expect(answer.contains(#"{"n":"slow"}"#) && answer.contains(String(repeating: "x", count: 300_000)))
        try api.stop()
    }

    @Test func whoAsksAndSaysNoMoreGetsHisAnswer() throws {
        let (api, token, _) = try RunningAPI.withWriter()
        let write = request("POST", "secret/data/app/a", token, [], #"{"data":{"n":"1"}}"#)
        let half = try talk(api, [write + write + write], ending: "s.shutdown(socket.SHUT_WR)")
        #expect(statuses(half) == ["200", "200", "200"], "\(half)")
        // What cannot be understood is told behind the answers that come before it.
        let broken = try talk(api, [write + "nonsense\r\n\r\n"])
        #expect(statuses(broken) == ["200", "400"], "\(broken)")
        let old = try talk(api, ["GET /v1/sys/health HTTP/1.0\r\n\r\n"], seconds: 2)
        #expect(old.contains(" 200 ") && old.contains("\"initialized\":true"), "\(old)")
        try api.stop()
    }

    /// Nothing is read from whoever does not take his answers, and all of a large one comes, however slowly it is taken.
    @Test func whoDoesNotReadIsNotAnsweredForEver() throws {
        let (api, token, _) = try RunningAPI.withWriter()
        let size = 1_500_000
        let large = #"{"data":{"n":""# + String(repeating: "x", count: size) + #""}}"#
        #expect(try api.ask("POST", "secret/data/app/large", large, token: token).status == 200)
        let script = """
            import os, socket, sys, time
            s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
            asked = b"GET /v1/secret/data/app/large HTTP/1.1\\r\\nHost: a\\r\\nX-Vault-Token: %s\\r\\n\\r\\n" % sys.argv[2].encode()
            s.settimeout(3)
            sent = 0
            try:
                while sent < 200:
                    s.sendall(asked)
                    sent += 1
            except TimeoutError:
                pass
            time.sleep(2)
            print(next(l for l in open("/proc/%s/status" % sys.argv[3]) if l.startswith("VmHWM")).split()[1])
            s.close()
            s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
            s.sendall(asked)
            s.shutdown(socket.SHUT_WR)
            time.sleep(1)
            s.settimeout(20)
            count = 0
            while part := s.recv(65536):
                count += len(part)
            print(count)
            """
        let port = try #require(api.base.split(separator: ":").last)
        let lines = try Command.check(
            "python3", ["-c", script, String(port), token, "\(api.process.id)"], timeout: .seconds(60)
        ).text.split(separator: "\n").compactMap { Int($0) }
        #expect(lines.count == 2 && lines[0] < 250_000 && lines[1] > size, "\(lines)")
        try api.stop()
    }

    @Test func nothingIsInAnAnswerThatMayHaveNoBody() {
        let body = SecretBytes(utf8: "{}")
        for status in [204, 304] {
            let text = OutgoingReply(APIReply(status, body: body)).message(date: "now")
            let shown = String(decoding: text.readableBytesView, as: UTF8.self)
            #expect(shown.hasSuffix("\r\n\r\n") && !shown.contains("content-length"), "\(shown)")
        }
        let split = OutgoingReply(APIReply(200, body: body, headers: ["etag": "a\r\nb: c"])).message(date: "now")
        #expect(!String(decoding: split.readableBytesView, as: UTF8.self).contains("b: c"))
    }

    @Test func thousandsAtOnceAreNoBurden() throws {
        let (api, token, _) = try RunningAPI.withWriter()
        let health = request("GET", "sys/health", nil)
        let read = request("GET", "secret/data/app/none", token)
        let last = request("GET", "sys/health", nil, ["Connection: close"])
        let answer = try talk(api, [read + String(repeating: health, count: 5000) + last], seconds: 40)
        #expect(statuses(answer).count == 5002 && statuses(answer).dropFirst().allSatisfy { $0 == "200" })
        try api.stop()
    }

    @Test func theDateIsThatOfHTTP() {
        let date = HTTPDate(WallClock { Timestamp(seconds: 784_111_777) })
        #expect(date.text() == "Sun, 06 Nov 1994 08:49:37 GMT")
    }

    @Test func idleConnectionsAreClosed() throws {
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/")
        let answer = HTTPServerResponsePart.head(HTTPResponseHead(version: .http1_1, status: .ok))
        func channel() throws -> EmbeddedChannel {
            let channel = EmbeddedChannel(handler: IdleHandler(.seconds(60)))
            try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
            return channel
        }
        let silent = try channel()
        silent.embeddedEventLoop.advanceTime(by: .seconds(59))
        #expect(silent.isActive)
        silent.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(!silent.isActive)

        let busy = try channel()
        try busy.writeInbound(HTTPServerRequestPart.head(head))
        try busy.writeInbound(HTTPServerRequestPart.end(nil))
        // An answer may take its time.
        busy.embeddedEventLoop.advanceTime(by: .seconds(300))
        #expect(busy.isActive)
        try busy.writeOutbound(answer)
        try busy.writeOutbound(HTTPServerResponsePart.end(nil))
        busy.embeddedEventLoop.advanceTime(by: .seconds(59))
        #expect(busy.isActive)
        busy.embeddedEventLoop.advanceTime(by: .seconds(61))
        #expect(!busy.isActive)

        // Nor does what is asked behind it end an answer that goes on.
        let streaming = try channel()
        try streaming.writeInbound(HTTPServerRequestPart.head(head))
        try streaming.writeInbound(HTTPServerRequestPart.end(nil))
        try streaming.writeInbound(HTTPServerRequestPart.head(head))
        streaming.embeddedEventLoop.advanceTime(by: .seconds(300))
        #expect(streaming.isActive)

        let stuck = try channel()
        try stuck.writeInbound(HTTPServerRequestPart.head(head))
        stuck.embeddedEventLoop.advanceTime(by: .seconds(61))
        #expect(!stuck.isActive)
    }
}
