import ResealHTTP
import ResealSealing
import TestSupport
import Testing

@testable import ResealServer

/// What an agent keeps, and what comes too late to be kept.
@Suite struct AgentReadsTests {
    private static func asked(_ name: String) -> AgentRequest {
        AgentRequest(method: "GET", path: "reseal/secrets/\(name)", names: [name], dialect: .native)
    }

    private static let limits = AnswerCache.Limits(entries: 3, bytes: 100, fresh: .seconds(10), keep: .seconds(60))

    /// In front of a server that takes a second for each answer.
    private func reads(_ sink: WebSink) throws -> AgentReads {
        let upstream = Upstream(
            base: try WebAddress(sink.address("slow/1")), client: WebClient(),
            token: try AgentToken { SecretBytes(utf8: "t") })
        return AgentReads(upstream, Self.limits) { _ in }
    }

    @Test(.ownThreads) func whatChangesWhileItIsAskedForIsNotKept() async throws {
        let sink = try WebSink()
        let reads = try reads(sink)
        async let first = reads.answer(Self.asked("app/a"))
        try await Task.sleep(for: .milliseconds(400))
        await reads.drop(names: ["app/a"])
        // Whoever asks now is not given what was asked for before.
        async let second = reads.answer(Self.asked("app/a"))
        let (one, two) = await (first, second)
        #expect(one.status == 200 && two.status == 200)
        #expect(sink.requests.count == 2)
        // The second one is what is kept.
        #expect(await reads.answer(Self.asked("app/a")).headers["age"] != nil)
        #expect(sink.requests.count == 2)
        #expect(sink.requests.allSatisfy { $0.headers["authorization"] == "Bearer t" })
    }

    @Test(.ownThreads) func somebodyElsesRefusalIsNoneOfTheServers() async throws {
        let sink = try WebSink()
        let reads = try reads(sink)
        try sink.next("404")
        #expect(await reads.answer(Self.asked("app/a")).status == 503)
        for status in ["429", "500", "502"] {
            try sink.next(status)
            #expect(await reads.answer(Self.asked("app/a")).status == 503, "\(status)")
        }
        #expect(await reads.answer(Self.asked("app/a")).status == 200)
    }

    /// Manifests name addresses too; none of them may lead to a socket of this machine.
    @Test func onlyCodeCanNameASocket() throws {
        for text in ["unix:///run/x.sock", "unix://localhost/x", "http+unix://%2Frun%2Fx.sock/"] {
            #expect(throws: HTTPFailure.self) { try WebAddress(text) }
        }
        let address = try WebAddress(socket: "/run/a b/x.sock").appending("v1/a")
        #expect(address.text == "http+unix://%2Frun%2Fa%20b%2Fx.sock/v1/a")
        #expect(address.place == "/run/a b/x.sock" && address.isLoopback)
        for path in ["run/x", "", "/\(String(repeating: "x", count: 107))", "/a\0b"] {
            #expect(throws: HTTPFailure.self) { try WebAddress(socket: path) }
        }
    }

    @Test func aCacheHoldsSoManyAndSoMuch() {
        var cache = AnswerCache(Self.limits)
        let now = ContinuousClock.now
        func store(_ name: String, _ count: Int) {
            cache.store(
                SecretBytes([UInt8](repeating: 1, count: count)), tag: nil, for: Self.asked(name), generation: 1,
                at: now)
        }
        func has(_ name: String, after time: Duration = .zero) -> Bool {
            cache.entry(Self.asked(name), at: now + time) != nil
        }
        for name in ["a", "b", "c"] { store(name, 20) }
        #expect(has("a") && cache.bytes == 60)
        store("d", 25)
        #expect(!has("b") && cache.count == 3 && cache.bytes == 65)
        // One that is too large drives nothing out, and is not kept in its old form either.
        store("a", 26)
        #expect(!has("a") && cache.count == 2)
        cache.drop(names: ["c", "never"])
        #expect(cache.count == 1 && cache.bytes == 25)
        #expect(has("d", after: .seconds(59)))
        #expect(!has("d", after: .seconds(60)) && cache.bytes == 0)
        store("e", 20)
        cache.dropOld(at: now + .seconds(61))
        #expect(cache.count == 0 && cache.bytes == 0)
    }

    @Test func aCacheThatIsFullOfBytesMakesRoom() {
        var cache = AnswerCache(.init(entries: 100, bytes: 100, fresh: .zero, keep: .seconds(60)))
        for number in 1...40 {
            cache.store(
                SecretBytes([UInt8](repeating: 1, count: 25)), tag: nil, for: Self.asked("\(number)"), generation: 1,
                at: .now)
            #expect(cache.bytes <= 100 && cache.count == min(number, 4))
        }
    }
}
