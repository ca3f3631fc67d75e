internal import ResealCore
internal import ResealSealing
internal import ResealVault

/// A signed JSON Web Token (RFC 7519) in its compact form, taken apart. Nothing of it is true before its signature was
/// checked.
struct JSONWebToken: Sendable {
    /// Longer ones are refused unread.
    private static let longest = 16 << 10

    let algorithm: SignatureAlgorithm
    let keyID: String?
    let claims: [String: JSON]
    private let signed: [UInt8]
    private let signature: [UInt8]

    /// Throws ``LoginFailure``; tokens without a signature, and with one by a shared secret, are no better than none.
    init(_ text: String) throws(LoginFailure) {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard text.utf8.count <= Self.longest, parts.count == 3, let header = Self.object(parts[0]),
            let claims = Self.object(parts[1]), let signature = Base64URL.decode(parts[2])
        else { throw LoginFailure(.malformed) }
        guard let name = header["alg"]?.stringValue, let algorithm = SignatureAlgorithm(rawValue: name) else {
            throw LoginFailure(.algorithm)
        }
        // What must be understood is not understood here.
        guard header["crit"] == nil, header["kid"].map({ $0.stringValue != nil }) ?? true else {
            throw LoginFailure(.malformed)
        }
        self.algorithm = algorithm
        keyID = header["kid"]?.stringValue
        self.claims = claims
        self.signature = signature
        signed = Array(parts[0]) + [UInt8(ascii: ".")] + Array(parts[1])
    }

    private static func object(_ part: Substring.UTF8View) -> [String: JSON]? {
        guard let bytes = Base64URL.decode(part), let json = try? JSON(parsing: bytes, maximumDepth: 16) else {
            return nil
        }
        return json.objectValue
    }

    func isSigned(by key: VerificationKey) -> Bool { key.isValid(signature, for: signed, algorithm) }

    var issuer: String? { claims["iss"]?.stringValue }
    var subject: String? { claims["sub"]?.stringValue }
    var audiences: [String] { Self.texts(claims["aud"]) }

    // MARK: Times

    /// By how much the clocks of issuer and vault may differ.
    private static let leeway = TimeSpan(seconds: 60)

    /// Throws where the token's time is over, has not come yet, or has no end.
    func checkTimes(at now: Timestamp) throws(LoginFailure) {
        guard let end = try time("exp"), now < end else { throw LoginFailure(.expired) }
        for name in ["nbf", "iat"] {
            if let begin = try time(name), begin > now.adding(Self.leeway) { throw LoginFailure(.notYetValid) }
        }
    }

    private func time(_ name: String) throws(LoginFailure) -> Timestamp? {
        switch claims[name] {
        case nil: return nil
        case .integer(let seconds) where seconds >= 0: return Timestamp(seconds: seconds)
        case .number(let seconds) where (0...1e12).contains(seconds): return Timestamp(seconds: Int64(seconds))
        default: throw LoginFailure(.malformed)
        }
    }

    // MARK: Claims

    /// Every claim that is a text, a number or a truth value, or a list of these; what is nested has no form that a role
    /// could ask for.
    var texts: [String: [String]] { claims.mapValues(Self.texts).filter { !$0.value.isEmpty } }

    private static func texts(_ value: JSON?) -> [String] {
        switch value {
        case .string(let text): [text]
        case .integer(let number): [String(number)]
        case .bool(let flag): [flag ? "true" : "false"]
        case .array(let items): items.flatMap { $0.arrayValue == nil ? texts($0) : [] }
        default: []
        }
    }
}

/// Base64 for addresses (RFC 4648, section 5), without padding.
enum Base64URL {
    static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard !text.contains(where: { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "/") }) else { return nil }
        let standard = text.map { byte in
            switch byte {
            case UInt8(ascii: "-"): UInt8(ascii: "+")
            case UInt8(ascii: "_"): UInt8(ascii: "/")
            default: byte
            }
        }
        return Base64.decode(standard, padded: false)
    }
}
