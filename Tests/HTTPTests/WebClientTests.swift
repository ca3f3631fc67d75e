import Foundation
import ResealCore
import ResealHTTP
import ResealSealing
import TestSupport
import Testing

/// Requests to a server of its own.
@Suite(.ownThreads) struct WebClientTests {
    private func client(_ change: (inout WebSettings) -> Void = { _ in }) -> WebClient {
        var settings = WebSettings()
        settings.proxy = .none
        change(&settings)
        return WebClient(settings)
    }

    private func failure(
        _ client: WebClient, _ address: String, _ kind: HTTPFailure.Kind, isUnsent: Bool
    ) async throws -> HTTPFailure {
        let request = WebRequest("GET", try WebAddress(address))
        let failure = try #require(await #expect(throws: HTTPFailure.self) { try await client.send(request) })
        #expect(failure.kind == kind, "\(failure)")
        #expect(failure.isUnsent == isUnsent)
        await client.shutdown()
        return failure
    }

    @Test func sendsAndReceives() async throws {
        let sink = try WebSink()
        let client = client()
        let answer = try await client.send(
            WebRequest(
                "POST", try WebAddress(sink.address("path?query=1")), headers: [("X-Test", "yes")],
                body: .secret(SecretBytes(utf8: "body"))))
        #expect(answer.status == 200 && answer.head.isSuccess && answer.body.revealText() == "{}")
        #expect(answer.head.header("content-LENGTH") == "2")
        let seen = try #require(sink.requests.first)
        #expect(seen.method == "POST" && seen.path == "/path?query=1" && seen.body == "body")
        #expect(seen.headers["x-test"] == "yes" && seen.headers["user-agent"] == "reseal")
        await client.shutdown()
    }

    @Test func streamsLargeAnswers() async throws {
        let sink = try WebSink()
        let client = client { $0.bodyLimit = nil }
        let stream = try await client.stream(
            WebRequest("POST", try WebAddress(sink.address("large/3000000")), body: .bytes(Array("one two three".utf8)))
        )
        var count = 0
        for try await part in stream.body { count += part.count }
        #expect(stream.head.status == 200 && count == 3_000_000)
        #expect(sink.requests.map(\.body) == ["one two three"])
        await client.shutdown()
    }

    @Test func followsNoRedirectAndKeepsStatuses() async throws {
        let sink = try WebSink()
        let client = client()
        for (path, status) in [("moved", 302), ("status/500", 500), ("status/404", 404)] {
            #expect(try await client.send(WebRequest("GET", try WebAddress(sink.address(path)))).status == status)
        }
        #expect(sink.requests.count == 3)
        await client.shutdown()
    }

    @Test func limitsTheBody() async throws {
        let sink = try WebSink()
        _ = try await failure(client { $0.bodyLimit = 1000 }, sink.address("large/1001"), .tooLarge, isUnsent: false)
    }

    @Test func limitsTheTime() async throws {
        let sink = try WebSink()
        let start = ContinuousClock.now
        let short = client { $0.timeout = TimeSpan(seconds: 1) }
        _ = try await failure(short, sink.address("slow/20"), .timeout, isUnsent: false)
        let silent = client { $0.readTimeout = TimeSpan(seconds: 1) }
        _ = try await failure(silent, sink.address("slow/20"), .timeout, isUnsent: false)
        #expect(ContinuousClock.now - start < .seconds(15))
    }

    @Test func tellsWhatWasNotSent() async throws {
        let sink = try WebSink()
        _ = try await failure(client(), sink.address("drop"), .connectionLost, isUnsent: false)
        let closed = try LoopbackPort.unused()
        let lost = try await failure(client(), "http://127.0.0.1:\(closed)/secret-path", .unreachable, isUnsent: true)
        #expect(lost.message.contains("127.0.0.1:\(closed)") && !"\(lost)".contains("secret-path"))
        _ = try await failure(client(), "http://host.invalid/", .unreachable, isUnsent: true)
    }

    @Test func checksCertificates() async throws {
        let sink = try WebSink(.tls)
        _ = try await failure(client(), sink.address(), .tls, isUnsent: true)
        let trusting = client { $0.authorityFile = sink.authorityFile }
        #expect(try await trusting.send(WebRequest("GET", try WebAddress(sink.address()))).status == 200)
        _ = try await failure(trusting, "https://127.0.0.1:\(sink.port)/", .tls, isUnsent: true)
        let wrong = client { $0.authorityFile = sink.folder.file("server.key") }
        _ = try await failure(wrong, sink.address(), .settings, isUnsent: true)
    }

    @Test func showsItsCertificate() async throws {
        let sink = try WebSink(.mutualTLS)
        let known = client {
            $0.authorityFile = sink.authorityFile
            $0.clientCertificate = .init(
                certificate: sink.folder.file("client.pem"), key: sink.folder.file("client.key"))
        }
        #expect(try await known.send(WebRequest("GET", try WebAddress(sink.address()))).status == 200)
        await known.shutdown()
        let unknown = client { $0.authorityFile = sink.authorityFile }
        await #expect(throws: HTTPFailure.self) {
            try await unknown.send(WebRequest("GET", try WebAddress(sink.address())))
        }
        await unknown.shutdown()
    }

    @Test func goesThroughAProxy() async throws {
        let (proxy, sink) = (try WebSink(), try WebSink(.tls))
        let server = try #require(WebProxy.Server("http://user:p%40ss@127.0.0.1:\(proxy.port)"))
        #expect(server.credentials == "user:p@ss")
        let client = client {
            $0.authorityFile = sink.authorityFile
            $0.proxy = .server(server)
        }
        #expect(try await client.send(WebRequest("GET", try WebAddress(sink.address("far")))).status == 200)
        #expect(proxy.requests.first?.path == "localhost:\(sink.port)")
        #expect(proxy.requests.first?.headers["proxy-authorization"] == "Basic dXNlcjpwQHNz")
        #expect(sink.requests.map(\.path) == ["/far"])
        await client.shutdown()
    }

    @Test func aPinCountsOnEveryWay() async throws {
        let (proxy, sink, plain) = (try WebSink(), try WebSink(.tls), try WebSink())
        let line = """
            openssl pkey -in \(sink.folder.file("server.key")) -pubout -outform DER | openssl dgst -sha256 -binary | base64
            """
        let digest = try Command.check("sh", ["-c", line]).text.trimmingCharacters(in: .whitespacesAndNewlines)
        let right = try PublicKeyPin("sha256//\(digest)")
        let wrong = try PublicKeyPin("sha256//\(String(repeating: "A", count: 43))=")
        let server = try #require(WebProxy.Server("http://127.0.0.1:\(proxy.port)"))
        for way in [WebProxy.none, .server(server)] {
            let client = client { ($0.pin, $0.proxy) = (right, way) }
            #expect(try await client.send(WebRequest("GET", try WebAddress(sink.address()))).status == 200)
            await client.shutdown()
            let count = sink.requests.count
            let stopped = self.client { ($0.pin, $0.proxy) = (wrong, way) }
            let failure = try await failure(stopped, sink.address(), .tls, isUnsent: true)
            #expect(failure.message.contains("another public key") && sink.requests.count == count)
        }
        // A server without TLS has no key that could be looked at.
        _ = try await failure(client { $0.pin = right }, plain.address(), .tls, isUnsent: true)
        #expect(plain.requests.isEmpty)
        for text in ["", "sha256//", "sha256//\(digest)=", "sha1//\(digest)", digest, "sha256//\(digest.dropLast())"] {
            #expect(throws: HTTPFailure.self, "\(text)") { try PublicKeyPin(text) }
        }
    }

    @Test func waitsOutsideOfThePool() async throws {
        let sink = try WebSink()
        let client = client()
        let request = WebRequest("GET", try WebAddress(sink.address()))
        let status = try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(with: Result { try client.sendAndWait(request).status })
            }
        }
        #expect(status == 200)
        await client.shutdown()
        _ = try await failure(client, sink.address(), .cancelled, isUnsent: false)
    }

    @Test func canBeDroppedWithoutShutdown() async throws {
        let sink = try WebSink()
        do {
            let client = client()
            #expect(try await client.send(WebRequest("GET", try WebAddress(sink.address()))).status == 200)
        }
        #expect(try await client().send(WebRequest("GET", try WebAddress(sink.address()))).status == 200)
    }
}

/// What is read from texts.
@Suite struct WebAddressTests {
    @Test func readsAddresses() throws {
        let plain = try WebAddress("https://Hooks.Example.com/a/b?c=d")
        #expect(plain.host == "hooks.example.com" && plain.port == 443 && plain.target == "/a/b?c=d")
        #expect(plain.place == "hooks.example.com:443")
        let six = try WebAddress("http://[::1]:8080?x")
        #expect(six.host == "::1" && six.port == 8080 && six.text == "http://[::1]:8080/?x" && six.isLoopback)
        #expect(try !WebAddress("http://127.evil.example/").isLoopback)
        #expect(try WebAddress("https://host/base/").appending("x/y").target == "/base/x/y")
    }

    @Test(arguments: [
        "", "host", "ftp://host/", "https://", "https://user:canary@host/", "https://host:0/", "https://host:99999/",
        "https://ho st/", "https://host/#canary", "https://host\\canary/", "https://[::1/", "https://h\u{f6}st/",
    ]) func refusesOthers(_ text: String) throws {
        let failure = try #require(#expect(throws: HTTPFailure.self) { try WebAddress(text) })
        #expect(failure.kind == .invalidAddress && !"\(failure)".contains("canary"))
    }

    @Test(arguments: [
        ("https://a.example.com/", "example.com", true), ("https://example.com/", ".example.com", true),
        ("https://badexample.com/", "example.com", false), ("https://x/", "*", true),
        ("https://x:8443/", "x:443", false),
        ("https://x:8443/", "y, x:8443", true), ("https://x/", "", false),
    ]) func exceptsHosts(_ text: String, _ list: String, _ isExcepted: Bool) throws {
        let environment = ["https_proxy": "http://proxy:3128", "no_proxy": list]
        let server = try WebProxy.environment.server(for: try WebAddress(text)) { environment[$0] }
        #expect((server == nil) == isExcepted)
    }

    @Test(arguments: ["http://127.0.0.1:9464/", "http://localhost/", "https://[::1]/"])
    func theEnvironmentsProxyIsNotForThisMachine(_ text: String) throws {
        let environment = ["https_proxy": "http://proxy:3128", "http_proxy": "http://proxy:3128"]
        let address = try WebAddress(text)
        #expect(try WebProxy.environment.server(for: address) { environment[$0] } == nil)
        let server = try #require(WebProxy.Server("http://proxy:3128"))
        #expect(try WebProxy.server(server).server(for: address) { environment[$0] } == server)
    }

    @Test func readsTheEnvironment() throws {
        let plain = try WebAddress("http://host/")
        #expect(try WebProxy.environment.server(for: plain) { ["HTTP_PROXY": "http://evil"][$0] } == nil)
        #expect(try WebProxy.environment.server(for: plain) { ["all_proxy": "proxy:3128"][$0] }?.port == 3128)
        #expect(throws: HTTPFailure(.settings, "")) {
            try WebProxy.environment.server(for: plain) { ["http_proxy": "socks5://canary"][$0] }
        }
    }

    @Test func encodesForms() throws {
        let form = PercentEncoding.form([("grant_type", SecretBytes(utf8: "a b&c")), ("x", SecretBytes([0xff]))])
        #expect(form.revealText() == "grant_type=a%20b%26c&x=%FF")
        #expect(PercentEncoding.decode("a%20b") == "a b" && PercentEncoding.decode("%2") == nil)
        #expect(PercentEncoding.encode("a/b~") == "a%2Fb~")
    }
}
