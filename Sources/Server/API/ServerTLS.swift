internal import HummingbirdCore
internal import HummingbirdTLS
internal import NIOCore
internal import NIOSSL

/// PEM files of a server.
package struct ServerCertificates: Sendable {
    /// The certificate chain.
    package var certificate: String
    package var key: String
    /// Authorities of clients' certificates; `nil` to ask for none.
    package var clientAuthority: String?

    package init(certificate: String, key: String, clientAuthority: String? = nil) {
        self.certificate = certificate
        self.key = key
        self.clientAuthority = clientAuthority
    }
}

/// TLS 1.3 around a server.
enum ServerTLS {
    /// - Parameter files: `nil` for plain HTTP.
    static func wrap(_ base: HTTPServerBuilder, _ files: ServerCertificates?) throws -> HTTPServerBuilder {
        guard let files else { return base }
        var tls = try configuration(files)
        if let authority = files.clientAuthority {
            guard let certificates = try? NIOSSLCertificate.fromPEMFile(authority), !certificates.isEmpty else {
                throw ServerFailure(
                    "cannot read the authority of client certificates \(authority)",
                    hint: "it is a PEM file of certificates that the server may read")
            }
            tls.trustRoots = .certificates(certificates)
            // Whoever has a token needs no certificate; but one that is shown has to be right.
            tls.certificateVerification = .optionalVerification
            tls.sendCANameList = true
        }
        return try .tls(base, tlsConfiguration: tls)
    }

    private static func configuration(_ files: ServerCertificates) throws -> TLSConfiguration {
        do {
            var tls = TLSConfiguration.makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMFile(files.certificate).map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: files.key, format: .pem)))
            tls.minimumTLSVersion = .tlsv13
            return tls
        } catch {
            throw ServerFailure(
                "cannot read the certificate \(files.certificate) with its key \(files.key)",
                hint: "both are PEM files that the server may read, and belong together")
        }
    }
}

extension Channel {
    /// The certificate that the other end showed and that was verified, in DER; `nil` without one, and without TLS.
    func clientCertificate() async -> [UInt8]? {
        guard let certificate = try? await nioSSL_peerCertificate().get() else { return nil }
        return try? certificate.toDERBytes()
    }
}
