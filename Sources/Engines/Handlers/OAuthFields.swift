package import ResealCore
internal import ResealSealing
package import ResealVault

/// The fields of a value that holds tokens, whether they are written `refresh_token`, `refreshToken` or `refresh-token`.
package struct OAuthFields {
    private let value: SecretValue

    package init(_ value: SecretValue) { self.value = value }

    package enum Name: String, CaseIterable {
        case accessToken = "access_token"
        case refreshToken = "refresh_token"
        case expiresAt = "expires_at"
        case scope = "scope"
        case tokenType = "token_type"
        case idToken = "id_token"
    }

    package func leaf(_ name: Name) -> SecretValue.Leaf? {
        value.leaves.first { $0.path.count == 1 && Self.plain($0.path[0]) == Self.plain(name.rawValue) }
    }

    /// When the access token stops being valid, as the value says.
    package var expiry: Timestamp? {
        guard let text = leaf(.expiresAt)?.bytes.revealText() else { return nil }
        return Timestamp(text) ?? Int64(text).map { Timestamp(seconds: $0) }
    }

    /// `leaf` with other content, or a new one written as the refresh token is.
    func replacing(_ name: Name, with text: String) -> SecretValue.Leaf {
        SecretValue.Leaf(path: leaf(name)?.path ?? [spelled(name)], bytes: SecretBytes(utf8: text))
    }

    private func spelled(_ name: Name) -> String {
        let words = name.rawValue.split(separator: "_").map(String.init)
        guard let model = leaf(.refreshToken)?.path[0] else { return name.rawValue }
        if model.contains("-") { return words.joined(separator: "-") }
        if model.contains("_") { return name.rawValue }
        return words[0] + words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    private static func plain(_ text: String) -> String { text.lowercased().filter { $0 != "_" && $0 != "-" } }

    /// True for a field that need not be sealed.
    package static func isPublic(_ path: [String]) -> Bool {
        path.count == 1
            && [.expiresAt, .scope, .tokenType].contains { (name: Name) in
                plain(path[0]) == plain(name.rawValue)
            }
    }
}
