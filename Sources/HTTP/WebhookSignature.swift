package import ResealCore
package import ResealSealing

/// Signatures of what is sent, by the Standard Webhooks: HMAC-SHA-256 of `id.timestamp.body`.
package struct WebhookSignature: Sendable {
    private static let prefix = "whsec_"
    private static let shortestKey = 16
    private let key: SecretBytes

    /// - Parameter text: the key as it is kept: `whsec_` with base64, or any other bytes as they are. Throws
    ///   ``HTTPFailure`` for one that is too short.
    package init(key text: SecretBytes) throws {
        let mark = Array(Self.prefix.utf8)
        var decoded: SecretBytes?
        if text.withUnsafeBytes({ $0.starts(with: mark) }) {
            decoded = text.withUnsafeBytes { bytes in
                Base64.decode(bytes.dropFirst(mark.count), padded: true).map { bytes in
                    var bytes = bytes
                    return SecretBytes(consuming: &bytes)
                }
            }
        } else {
            decoded = text
        }
        guard let decoded, decoded.count >= Self.shortestKey else {
            throw HTTPFailure(
                .settings, "a key that signs requests is no base64 behind `whsec_`, or shorter than 16 bytes",
                hint: "take a random one, for example from `openssl rand -hex 32`")
        }
        key = decoded
    }

    /// The headers of one request. The receiver drops what it has seen before by the id, and what is old by the time.
    package func headers(
        id: String, at time: Timestamp, body: SecretBytes
    ) throws -> [(name: String, value: String)] {
        let seconds = String(time.milliseconds / 1000)
        let code = try HMAC.code(Array("\(id).\(seconds).".utf8), then: body, key: key)
        return [
            ("webhook-id", id), ("webhook-timestamp", seconds),
            ("webhook-signature", "v1,\(Base64.encode(code.bytes, padded: true))"),
        ]
    }
}
