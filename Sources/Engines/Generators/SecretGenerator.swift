package import ResealCore
package import ResealManifests
package import ResealSealing

/// A fresh value, and what belongs to it that is public.
package struct GeneratedValue: Sendable {
    package let secret: SecretBytes
    /// The public key of a pair, as text.
    package var publicText: String?
    /// A certificate, PEM.
    package var certificate: String?
    /// A request for a certificate, PEM.
    package var certificateRequest: String?

    /// What is public, with the fields that `generator` has for it.
    package func publicParts(_ generator: GeneratorSpec) -> [(field: FieldPath, text: String)] {
        let parts = [
            (generator.publicField, publicText), (generator.certificateField, certificate),
            (generator.csrField, certificateRequest),
        ]
        return parts.compactMap { field, text in
            guard let field, let text else { return nil }
            return (field, text)
        }
    }
}

/// Makes fresh values by the `rotation.generate` of a manifest.
package enum SecretGenerator {
    /// Throws ``EngineFailure`` where the rules cannot be met here.
    ///
    /// - Parameter issuer: the CA that a manifest names; only who can read its key has it.
    package static func generate(
        _ kind: GeneratorSpec.Kind, now: Timestamp, issuer: CertificateIssuer? = nil
    ) throws -> GeneratedValue {
        switch kind {
        case .password(let length, let symbols, let exclude):
            return GeneratedValue(
                secret: try PasswordRules(length: length, symbols: symbols, exclude: exclude).generate())
        case .bytes(let length, let encoding):
            return GeneratedValue(secret: try bytes(length, encoding))
        case .uuid:
            return GeneratedValue(secret: try uuid())
        case .passphrase(let words, let separator):
            return GeneratedValue(secret: try Passphrase.generate(words: words, separator: separator))
        case .ssh(let algorithm, let bits, let comment):
            let key = try KeyPair(try Self.algorithm(algorithm, bits: bits, curve: KeyPair.Curve.p256.rawValue))
            return GeneratedValue(
                secret: try key.openSSHPrivate(comment: comment), publicText: try key.openSSHPublic(comment: comment))
        case .key(let kind, let bits, let curve):
            let key = try KeyPair(try algorithm(kind.rawValue, bits: bits, curve: curve))
            return GeneratedValue(secret: try key.privatePEM(), publicText: try key.publicPEM())
        case .x509(let request):
            return try certificate(request, now: now, issuer)
        }
    }

    private static func certificate(
        _ request: GeneratorSpec.CertificateRequest, now: Timestamp, _ issuer: CertificateIssuer?
    ) throws -> GeneratedValue {
        guard request.issuer == nil || issuer != nil else {
            throw EngineFailure(
                .needsController, "a certificate signed by a CA needs the CA's key, which only the controller can read",
                hint: "let its rotation make it, or leave `issuer` out for a self-signed one")
        }
        let key = try KeyPair(try algorithm(request.key.rawValue, bits: request.bits, curve: request.curve))
        let subject = CertificateSubject(
            commonName: request.commonName, dnsNames: request.dnsNames, ipAddresses: request.ipAddresses,
            from: now.subtracting(clockSkew), until: now.adding(request.validity))
        return GeneratedValue(
            secret: try key.privatePEM(), publicText: try key.publicPEM(),
            certificate: try key.certificate(subject, issuer: issuer),
            certificateRequest: try key.certificateRequest(subject))
    }

    /// Clients whose clocks are a little late accept a new certificate too.
    private static let clockSkew = TimeSpan(seconds: 300)

    /// The schema lets no other words through.
    private static func algorithm(
        _ name: String, bits: Int, curve: String
    ) throws(EngineFailure) -> KeyPair.Algorithm {
        switch name {
        case "rsa": return .rsa(bits: bits)
        case "ec", "ecdsa": return .ec(KeyPair.Curve(rawValue: curve) ?? .p256)
        case "ed25519": return .ed25519
        default: throw EngineFailure(.impossible, "there is no key algorithm `\(name)`")
        }
    }

    private static func bytes(_ length: Int, _ encoding: String) throws(SealingFailure) -> SecretBytes {
        switch encoding {
        case "raw": try SystemRandom.secret(length)
        case "hex": try RandomText.encoded(bytes: length) { Array(Hex.encode($0).utf8) }
        case "base64url":
            try RandomText.encoded(bytes: length) { Base64.encode($0, padded: false).map(urlSafe) }
        default: try RandomText.encoded(bytes: length) { Base64.encode($0, padded: true) }
        }
    }

    /// RFC 4648, section 5.
    private static func urlSafe(_ letter: UInt8) -> UInt8 {
        switch letter {
        case UInt8(ascii: "+"): UInt8(ascii: "-")
        case UInt8(ascii: "/"): UInt8(ascii: "_")
        default: letter
        }
    }

    /// RFC 9562, version 4.
    private static func uuid() throws(SealingFailure) -> SecretBytes {
        try RandomText.encoded(bytes: 16) { raw in
            var bytes = Array(raw)
            bytes[6] = bytes[6] & 0x0f | 0x40
            bytes[8] = bytes[8] & 0x3f | 0x80
            var text = Array(Hex.encode(bytes).utf8)
            for place in [20, 16, 12, 8] { text.insert(UInt8(ascii: "-"), at: place) }
            return text
        }
    }
}

/// Words that can be spoken: each is one of 65,536 of alternating consonants and vowels (arXiv 0901.4016), so a phrase
/// of `n` words has 16 `n` bits.
enum Passphrase {
    private static let consonants = Array("bdfghjklmnprstvz".utf8)
    private static let vowels = Array("aiou".utf8)

    static func generate(words: Int, separator: String) throws(SealingFailure) -> SecretBytes {
        try RandomText.encoded(bytes: 2 * words) { raw in
            var text: [UInt8] = []
            text.reserveCapacity(words * (5 + separator.utf8.count))
            for word in 0..<words {
                if word > 0 { text.append(contentsOf: separator.utf8) }
                let bits = UInt16(raw[2 * word]) << 8 | UInt16(raw[2 * word + 1])
                text.append(consonants[Int(bits >> 12)])
                text.append(vowels[Int(bits >> 10 & 3)])
                text.append(consonants[Int(bits >> 6 & 15)])
                text.append(vowels[Int(bits >> 4 & 3)])
                text.append(consonants[Int(bits & 15)])
            }
            return text
        }
    }
}
