internal import AsyncHTTPClient
internal import NIOCore
internal import NIOSSL
package import ResealCore
internal import ResealSealing

/// How servers are talked to.
package struct WebSettings: Sendable, Hashable {
    /// PEM certificates of the authorities that servers' certificates are checked by; the system's by default.
    package var authorityFile: String?
    /// The public key that the server must have. Without ``authorityFile``, no certificate is checked otherwise.
    package var pin: PublicKeyPin?
    package var oldestTLS = TLSVersion.v12
    /// PEM files of a certificate chain and its key, for servers that ask who is there.
    package var clientCertificate: ClientCertificate?
    package var proxy = WebProxy.environment
    package var connectTimeout = TimeSpan(seconds: 10)
    /// The longest silence of the server.
    package var readTimeout = TimeSpan(seconds: 30)
    /// For a request and its whole answer; ``WebClient/stream(_:)`` counts until the answer's head.
    package var timeout = TimeSpan(seconds: 60)
    /// More of a body than this is refused; `nil` for a stream that its reader limits.
    package var bodyLimit: Int? = 1 << 20

    /// PEM files of a chain and its key.
    package struct ClientCertificate: Sendable, Hashable {
        package var certificate: String
        package var key: String

        package init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }
    }

    package enum TLSVersion: Sendable, Hashable { case v12, v13 }

    package init() {}

    // MARK: For the client

    private static let largestFile = 1 << 20

    func configuration(proxy server: WebProxy.Server?) throws -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: try tls(), redirectConfiguration: .disallow,
            timeout: .init(
                connect: .seconds(max(1, connectTimeout.seconds)), read: .seconds(max(1, readTimeout.seconds)),
                write: .seconds(max(1, readTimeout.seconds))),
            proxy: server.map(Self.proxy), decompression: .disabled)
        // One failed connection is a failed request; whoever asks decides when to try again.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .http1Only
        if let pin {
            // Run for each new connection, before any request has it: the one place for checks of our own.
            configuration.http1_1ConnectionDebugInitializer = { pin.check($0) }
            configuration.http2ConnectionDebugInitializer = { pin.check($0) }
        }
        return configuration
    }

    private static func proxy(_ server: WebProxy.Server) -> HTTPClient.Configuration.Proxy {
        let authorization = server.credentials.map { text in
            HTTPClient.Authorization.basic(credentials: Base64.encode(Array(text.utf8), padded: true))
        }
        return .server(host: server.host, port: server.port, authorization: authorization)
    }

    private func tls() throws -> TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = oldestTLS == .v13 ? .tlsv13 : .tlsv12
        if pin != nil { tls.certificateVerification = .none }
        if let authorityFile {
            tls.certificateVerification = .fullVerification
            tls.trustRoots = .certificates(try Self.certificates(authorityFile))
        }
        if let files = clientCertificate {
            tls.certificateChain = try Self.certificates(files.certificate).map { .certificate($0) }
            var text = try AtomicFile.readPrivate(files.key, limit: Self.largestFile)
            defer { text.withUnsafeMutableBytes { explicitZero($0) } }
            guard let key = try? NIOSSLPrivateKey(bytes: text, format: .pem) else {
                throw HTTPFailure(
                    .settings, "\(files.key) holds no private key that can be read",
                    hint: "it is a PEM file, without a passphrase")
            }
            tls.privateKey = .privateKey(key)
        }
        return tls
    }

    private static func certificates(_ path: String) throws -> [NIOSSLCertificate] {
        let bytes = try AtomicFile.read(path, limit: largestFile)
        guard let certificates = try? NIOSSLCertificate.fromPEMBytes(bytes), !certificates.isEmpty else {
            throw HTTPFailure(
                .settings, "\(path) holds no certificate that can be read", hint: "it is a PEM file of certificates")
        }
        return certificates
    }
}
