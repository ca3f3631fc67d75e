internal import ResealCore
internal import ResealSealing
internal import ResealVault

/// Logins by tokens of identity providers: `auth/jwt/login`.
struct TokenLogin: Sendable {
    static let path = "auth/jwt/login"
    private let issuers: [(settings: TokenIssuer, keys: IssuerKeySource)]
    private let clock: WallClock

    init(_ issuers: [TokenIssuer], _ clock: WallClock) {
        self.issuers = issuers.map { ($0, IssuerKeySource($0, clock)) }
        self.clock = clock
    }

    /// Who shows that token. Throws ``LoginFailure``.
    func verify(_ text: String, role: String?) async throws(LoginFailure) -> Login {
        let token = try JSONWebToken(text)
        let ofIssuer = issuers.filter { $0.settings.issuer == token.issuer }
        guard !ofIssuer.isEmpty else { throw LoginFailure(.unknownIssuer) }
        let audiences = Set(token.audiences)
        guard let (issuer, keys) = ofIssuer.first(where: { !audiences.isDisjoint(with: $0.settings.audiences) }) else {
            throw LoginFailure(.audience)
        }
        try token.checkTimes(at: clock.now())
        guard try await keys.candidates(for: token).contains(where: { token.isSigned(by: $0.key) }) else {
            throw LoginFailure(.signature)
        }
        guard let subject = token.subject, !subject.isEmpty,
            let principal = LoginName.principal("jwt/\(issuer.name)", subject)
        else { throw LoginFailure(.malformed) }
        let identity = TokenIdentity(.claims(provider: issuer.name, token.texts), role: role)
        return Login(
            principal, organization: issuer.organization, identity: identity, ttl: issuer.ttl,
            means: "jwt of \(issuer.name)")
    }
}

/// The principals of those who log in.
enum LoginName {
    /// `service:FOLDER/NAME`. Letters that a principal may not have become `+` and two digits, and a name that is too
    /// long its digest, so that two names never become one.
    static func principal(_ folder: String, _ name: String) -> Principal? {
        let escaped = name.utf8.map { byte in
            isPlain(byte) ? String(UnicodeScalar(byte)) : "+" + Hex.encode([byte]).uppercased()
        }
        let text = "service:\(folder)/\(escaped.joined())"
        return Principal(text) ?? Principal("service:\(folder)/++\(Digest256(hashing: Array(name.utf8)))")
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"),
            UInt8(ascii: "@"), UInt8(ascii: "/"):
            true
        default: false
        }
    }
}
