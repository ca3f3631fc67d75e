internal import HummingbirdCore
internal import HummingbirdTLS
internal import NIOSSL

/// TLS 1.3 around a server.
enum ServerTLS {
    /// - Parameter files: PEM files of certificate chain and private key; `nil` for plain HTTP.
    static func wrap(
        _ base: HTTPServerBuilder, _ files: (certificate: String, key: String)?
    ) throws -> HTTPServerBuilder {
        guard let files else { return base }
        do {
            var tls = TLSConfiguration.makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMFile(files.certificate).map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: files.key, format: .pem)))
            tls.minimumTLSVersion = .tlsv13
            return try .tls(base, tlsConfiguration: tls)
        } catch {
            throw ServerFailure(
                "cannot read the certificate \(files.certificate) with its key \(files.key)",
                hint: "both are PEM files that the server may read, and belong together")
        }
    }
}
