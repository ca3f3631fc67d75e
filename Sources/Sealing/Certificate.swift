internal import COpenSSL
package import ResealCore

/// Who a certificate is for, and for how long.
package struct CertificateSubject: Sendable {
    package var commonName: String
    package var dnsNames: [String]
    package var ipAddresses: [String]
    package var from: Timestamp
    package var until: Timestamp

    package init(
        commonName: String, dnsNames: [String], ipAddresses: [String], from: Timestamp, until: Timestamp
    ) {
        self.commonName = commonName
        self.dnsNames = dnsNames
        self.ipAddresses = ipAddresses
        self.from = from
        self.until = until
    }

    /// OpenSSL's text form of the alternative names. The names' own rules leave no comma in them.
    fileprivate var alternatives: String? {
        let names = dnsNames.map { "DNS:\($0)" } + ipAddresses.map { "IP:\($0)" }
        return names.isEmpty ? nil : names.joined(separator: ",")
    }
}

/// A CA's certificate and key, to sign with.
package struct CertificateIssuer: Sendable {
    private let handle: KeyHandle
    private let pem: [UInt8]

    /// Throws ``SealingFailure/Kind/invalidKey`` when either cannot be read or they do not belong together.
    package init(certificatePEM: [UInt8], privateKeyPEM: SecretBytes) throws(SealingFailure) {
        let key = privateKeyPEM.withUnsafeBytes { reseal_pem_private_key($0.baseAddress, $0.count, nil, 0) }
        guard let key else {
            ERR_clear_error()
            throw SealingFailure(.invalidKey, "the issuer's private key cannot be read")
        }
        handle = try KeyHandle(adopting: key, "cannot read the issuer's key")
        pem = certificatePEM
        let certificate = try X509Handle(reading: certificatePEM)
        guard X509_check_private_key(certificate.raw, handle.raw) == 1 else {
            ERR_clear_error()
            throw SealingFailure(.invalidKey, "the issuer's certificate and private key do not belong together")
        }
    }

    fileprivate func sign(_ key: KeyPair, _ subject: CertificateSubject) throws(SealingFailure) -> String {
        let certificate = try X509Handle(reading: pem)
        return try KeyPair.certificate(key.handle, subject, certificate.raw, signer: handle)
    }
}

extension KeyPair {
    /// A certificate (RFC 5280) for this key, PEM; self-signed without an issuer.
    package func certificate(
        _ subject: CertificateSubject, issuer: CertificateIssuer? = nil
    ) throws(SealingFailure) -> String {
        if let issuer { return try issuer.sign(self, subject) }
        return try Self.certificate(handle, subject, nil, signer: handle)
    }

    /// A certification request (PKCS #10, RFC 2986) for this key, PEM; the times of `subject` are the authority's matter.
    package func certificateRequest(_ subject: CertificateSubject) throws(SealingFailure) -> String {
        let raw = reseal_make_request(handle.raw, subject.commonName, subject.alternatives)
        guard let raw else { throw .native("cannot make a certification request") }
        defer { X509_REQ_free(raw) }
        return try MemoryBIO(adopting: reseal_request_pem(raw)).text()
    }

    fileprivate static func certificate(
        _ key: KeyHandle, _ subject: CertificateSubject, _ issuer: OpaquePointer?, signer: KeyHandle
    ) throws(SealingFailure) -> String {
        let raw = reseal_make_certificate(
            key.raw, subject.commonName, subject.alternatives, Int(subject.from.milliseconds / 1000),
            Int(subject.until.milliseconds / 1000), issuer, signer.raw)
        let certificate = try X509Handle(adopting: raw)
        return try MemoryBIO(adopting: reseal_certificate_pem(certificate.raw)).text()
    }
}

/// Sole owner of one `X509`.
private struct X509Handle: ~Copyable {
    let raw: OpaquePointer

    init(adopting raw: OpaquePointer?) throws(SealingFailure) {
        guard let raw else { throw .native("cannot make a certificate") }
        self.raw = raw
    }

    init(reading pem: [UInt8]) throws(SealingFailure) {
        guard let raw = reseal_read_certificate(pem, pem.count) else {
            ERR_clear_error()
            throw SealingFailure(.invalidKey, "the issuer's certificate cannot be read")
        }
        self.raw = raw
    }

    deinit { X509_free(raw) }
}
