internal import COpenSSL
package import ResealCore

/// What the certificate of the other end says of it. Who signed it is for TLS to check.
package struct PeerCertificate: Sendable, Hashable {
    /// `nil` where there is none, or more than one.
    package let commonName: String?
    /// DNS names, mail addresses and URIs, in their order.
    package let alternativeNames: [String]
    /// False where the certificate is for other uses only, such as servers.
    package let isForClients: Bool
    package let isInTime: Bool

    /// Throws ``SealingFailure/Kind/invalidInput`` for what is no certificate (RFC 5280).
    package init(der: [UInt8], at now: Timestamp) throws(SealingFailure) {
        guard let raw = reseal_der_certificate(der, der.count) else {
            ERR_clear_error()
            throw SealingFailure(.invalidInput, "the certificate cannot be read")
        }
        defer {
            X509_free(raw)
            ERR_clear_error()
        }
        commonName = Self.commonName(raw)
        alternativeNames = Self.alternatives(raw)
        isForClients = reseal_is_for_clients(raw) == 1
        isInTime = reseal_is_valid_at(raw, Int(now.milliseconds / 1000)) == 1
    }

    private static func commonName(_ raw: OpaquePointer) -> String? {
        var text: UnsafeMutablePointer<UInt8>?
        let count = reseal_common_name(raw, &text)
        defer { reseal_free_text(text) }
        return count > 0 ? name(text, Int(count)) : nil
    }

    private static func alternatives(_ raw: OpaquePointer) -> [String] {
        let names = reseal_alternatives(raw)
        defer { GENERAL_NAMES_free(names) }
        return (0..<reseal_alternative_count(names)).compactMap { place in
            var count: Int32 = 0
            let text = reseal_alternative(names, place, &count)
            return name(text, Int(count))
        }
    }

    /// `nil` for what is no text, or has a zero byte in it: a name that two programs would read differently is none.
    private static func name(_ text: UnsafePointer<UInt8>?, _ count: Int) -> String? {
        let bytes = UnsafeBufferPointer(start: text, count: text == nil ? 0 : count)
        guard !bytes.isEmpty, !bytes.contains(0) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }
}
