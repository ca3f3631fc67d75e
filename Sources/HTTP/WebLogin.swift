internal import ResealCore
package import ResealSealing

/// A user or client with its password.
package struct WebLogin: Sendable {
    package let user: String
    package let password: SecretBytes

    package init(user: String, password: SecretBytes) {
        self.user = user
        self.password = password
    }

    /// The header `Authorization` by RFC 7617.
    package var basic: String { "Basic " + Self.base64(Array("\(user):".utf8), password) }

    /// The same for a client of OAuth: both parts are encoded first (RFC 6749, section 2.3.1).
    package var oauthBasic: String {
        let form = PercentEncoding.encode(password)
        return "Basic " + Self.base64(Array("\(PercentEncoding.encode(user)):".utf8), form)
    }

    private static func base64(_ head: [UInt8], _ tail: SecretBytes) -> String {
        let joined = SecretBytes(count: head.count + tail.count) { out in
            out.copyBytes(from: head)
            tail.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: out[head.count...]).copyMemory(from: $0) }
        }
        return joined.withUnsafeBytes { String(decoding: Base64.encode($0, padded: true), as: UTF8.self) }
    }
}
