internal import ResealCore
internal import ResealSealing
internal import ResealVault

/// A key of an identity provider (RFC 7517).
struct IssuerKey: Sendable {
    let id: String?
    private let algorithm: SignatureAlgorithm?
    let key: VerificationKey

    /// `nil` for a key that is not for signatures, or of a kind that is not known here.
    init?(_ json: JSON) {
        func bytes(_ name: String) -> [UInt8]? { json[name]?.stringValue.flatMap { Base64URL.decode($0.utf8) } }
        guard (json["use"]?.stringValue ?? "sig") == "sig" else { return nil }
        if let uses = json["key_ops"]?.arrayValue, !uses.contains("verify") { return nil }
        let made: VerificationKey? =
            switch (json["kty"]?.stringValue, json["crv"]?.stringValue) {
            case ("RSA", _):
                bytes("n").flatMap { n in
                    bytes("e").flatMap { try? VerificationKey(rsaModulus: n, exponent: $0) }
                }
            case ("EC", let name?):
                VerificationKey.Curve(rawValue: name).flatMap { curve in
                    bytes("x").flatMap { x in bytes("y").flatMap { try? VerificationKey(curve, x: x, y: $0) } }
                }
            case ("OKP", "Ed25519"): bytes("x").flatMap { try? VerificationKey(ed25519: $0) }
            default: nil
            }
        guard let made else { return nil }
        key = made
        id = json["kid"]?.stringValue
        if let name = json["alg"]?.stringValue {
            guard let algorithm = SignatureAlgorithm(rawValue: name) else { return nil }
            self.algorithm = algorithm
        } else {
            algorithm = nil
        }
    }

    func fits(_ token: JSONWebToken) -> Bool {
        key.fits(token.algorithm) && (algorithm ?? token.algorithm) == token.algorithm
            && (token.keyID == nil || token.keyID == id)
    }
}

/// What is known of an issuer's keys, and when to ask for them again. Pure: whoever holds it does the asking.
struct IssuerKeys: Sendable {
    enum Step: Sendable {
        case use([IssuerKey])
        case fetch
        case refuse(LoginFailure.Kind)
    }

    /// Keys that were taken back are good for so long at most, while the issuer can be reached.
    static let freshness = TimeSpan(seconds: 600)
    /// How long keys are good while he cannot.
    static let memory = TimeSpan(seconds: 86_400)
    /// Between two questions: tokens with invented keys must not become a flood for the issuer.
    static let pause = TimeSpan(seconds: 5)
    private static let mostKeys = 100

    private var keys: [IssuerKey] = []
    private var fetchedAt: Timestamp?
    private var askedAt: Timestamp?

    /// - Parameter mayFetch: false when the issuer was asked just now.
    func step(for token: JSONWebToken, at now: Timestamp, mayFetch: Bool = true) -> Step {
        let isUsable = fetchedAt.map { now < $0.adding(Self.memory) } ?? false
        let isFresh = fetchedAt.map { now < $0.adding(Self.freshness) } ?? false
        let fitting = isUsable ? keys.filter { $0.fits(token) } : []
        // Without a name for it, a key has to be the only one that could be meant.
        let found = token.keyID == nil && fitting.count > 1 ? [] : fitting
        if !found.isEmpty, isFresh { return .use(found) }
        if mayFetch, askedAt.map({ now >= $0.adding(Self.pause) }) ?? true { return .fetch }
        if !found.isEmpty { return .use(found) }
        return .refuse(isUsable ? .unknownKey : .keysUnavailable)
    }

    mutating func noteQuestion(at now: Timestamp) { askedAt = now }

    /// Takes a set of keys (RFC 7517, section 5). One that holds no key at all is no answer.
    mutating func noteAnswer(_ document: JSON, at now: Timestamp) {
        guard let items = document["keys"]?.arrayValue, items.count <= Self.mostKeys else { return }
        let found = items.compactMap { IssuerKey($0) }
        guard !found.isEmpty else { return }
        (keys, fetchedAt) = (found, now)
    }
}
