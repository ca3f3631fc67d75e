internal import ResealCore
internal import ResealSealing

/// The format in which OpenSSH keeps private keys (PROTOCOL.key): the public half readable, the private one perhaps
/// encrypted.
struct OpenSSHContainer: Sendable {
    static let firstLine = "-----BEGIN OPENSSH PRIVATE KEY-----"
    private static let lastLine = "-----END OPENSSH PRIVATE KEY-----"
    private static let magic: StaticString = "openssh-key-v1\0"
    /// Some minute and a half.
    private static let maximumRounds = 10_000

    let publicKey: SSHPublicKey
    private let bytes: SecretBytes
    private let cipher: FileCipher?
    private let salt: [UInt8]
    private let rounds: Int
    /// Where the private half stands in `bytes`, with the tag behind it.
    private let privatePart: Range<Int>

    /// Throws ``AgeFailure/Kind/identity``.
    init(_ text: SecretBytes) throws(AgeFailure) {
        bytes = try Self.decode(text)
        let parsed: Parsed
        do { parsed = try bytes.withUnsafeBytes(Self.parse) } catch let failure as AgeFailure { throw failure } catch {
            throw Self.malformed
        }
        do throws(AgeFailure) { publicKey = try SSHPublicKey(wire: parsed.publicKey) } catch {
            throw AgeFailure(.identity, error.message, hint: error.hint)
        }
        (cipher, salt, rounds, privatePart) = (parsed.cipher, parsed.salt, parsed.rounds, parsed.privatePart)
    }

    var isEncrypted: Bool { cipher != nil }

    /// Throws ``AgeFailure/Kind/passphrase`` for a wrong passphrase, and ``AgeFailure/Kind/identity`` for a damaged file.
    func privateKey(passphrase: SecretBytes? = nil) throws(AgeFailure) -> AsymmetricPrivateKey {
        let text = try privateText(passphrase)
        do { return try text.withUnsafeBytes(Self.parsePrivate) } catch let failure as AgeFailure {
            throw failure
        } catch {
            throw Self.malformed
        }
    }

    // MARK: Outside

    private struct Parsed {
        var cipher: FileCipher?
        var salt: [UInt8] = []
        var rounds = 0
        var publicKey: [UInt8]
        var privatePart: Range<Int>
    }

    private static func decode(_ text: SecretBytes) throws(AgeFailure) -> SecretBytes {
        var letters: [UInt8] = []
        letters.reserveCapacity(text.count)
        var isComplete = false
        text.withUnsafeBytes { text in
            for line in text.split(separator: 0x0a).dropFirst() {
                let line = line.last == 0x0d ? line.dropLast() : line
                isComplete = line.elementsEqual(lastLine.utf8)
                if isComplete { return }
                letters += line
            }
        }
        defer { letters.withUnsafeMutableBytes { explicitZero($0) } }
        guard isComplete, var bytes = Base64.decode(letters, padded: true) else { throw malformed }
        return SecretBytes(consuming: &bytes)
    }

    private static func parse(_ bytes: UnsafeRawBufferPointer) throws -> Parsed {
        guard bytes.starts(with: magic) else { throw malformed }
        var reader = SSHReader(bytes.dropping(magic.utf8CodeUnitCount))
        let (cipherName, derivation) = (try reader.name(), try reader.name())
        var options = SSHReader(try reader.string())
        guard try reader.uint32() == 1 else { throw malformed }
        let publicKey = Array(try reader.string())
        let count = try reader.uint32()
        let start = bytes.count - reader.rest.count
        var parsed = Parsed(publicKey: publicKey, privatePart: start..<bytes.count)
        if (cipherName, derivation) != ("none", "none") {
            guard let cipher = FileCipher.named(cipherName), derivation == "bcrypt" else {
                throw AgeFailure(
                    .identity,
                    "the SSH key is encrypted with `\(cipherName)` and `\(derivation)`, which is not supported",
                    hint: "change it with `ssh-keygen -p -Z aes256-ctr -f FILE`")
            }
            parsed.cipher = cipher
            parsed.salt = Array(try options.string())
            parsed.rounds = try options.uint32()
        }
        try options.end()
        let rounds = parsed.cipher == nil ? 0...0 : 1...maximumRounds
        guard reader.rest.count == count + (parsed.cipher?.tagBytes ?? 0), rounds.contains(parsed.rounds) else {
            throw malformed
        }
        return parsed
    }

    // MARK: Inside

    private func privateText(_ passphrase: SecretBytes?) throws(AgeFailure) -> SecretBytes {
        guard let cipher else { return bytes.slice(privatePart) }
        do throws(SealingFailure) {
            let keys = try KDF.bcryptPBKDF(
                passphrase ?? SecretBytes([]), salt: salt, rounds: rounds, count: cipher.keyBytes + cipher.ivBytes)
            let text = try bytes.withUnsafeBytes { (bytes) throws(SealingFailure) in
                try cipher.decrypt(UnsafeRawBufferPointer(rebasing: bytes[privatePart]), keys: keys)
            }
            // Two equal numbers stand in front; a wrong key makes them differ.
            if text.withUnsafeBytes({ $0.prefix(4).elementsEqual($0.dropFirst(4).prefix(4)) }) { return text }
        } catch { if error.kind == .native { throw AgeFailure(.native, error.message) } }
        throw AgeFailure(
            .passphrase, "the passphrase of the SSH key is wrong", hint: "try again; letter case and spaces count")
    }

    private static func parsePrivate(_ text: UnsafeRawBufferPointer) throws -> AsymmetricPrivateKey {
        var reader = SSHReader(text)
        guard try reader.uint32() == reader.uint32() else { throw malformed }
        let key: AsymmetricPrivateKey
        switch try reader.name() {
        case SSHEd25519Recipient.stanzaType: key = .ed25519(try ed25519(&reader))
        case SSHRSARecipient.stanzaType: key = .rsa(try rsa(&reader))
        default: throw malformed
        }
        _ = try reader.string()  // The comment.
        guard reader.rest.enumerated().allSatisfy({ $1 == UInt8(truncatingIfNeeded: $0 + 1) }) else { throw malformed }
        return key
    }

    private static func ed25519(_ reader: inout SSHReader) throws -> Ed25519PrivateKey {
        let publicKey = Array(try reader.string())
        let halves = try reader.string()
        guard halves.count == 64, halves.dropping(32).elementsEqual(publicKey) else { throw malformed }
        let key = try Ed25519PrivateKey(SecretBytes(copying: UnsafeRawBufferPointer(rebasing: halves[..<32])))
        guard key.publicKey.bytes == publicKey else { throw malformed }
        return key
    }

    private static func rsa(_ reader: inout SSHReader) throws -> RSAPrivateKey {
        let modulus = Array(try reader.number())
        let publicKey = try RSAPublicKey(modulus: modulus, exponent: Array(reader.number()))
        let exponent = SecretBytes(copying: try reader.number())
        let coefficient = SecretBytes(copying: try reader.number())
        let primes = (SecretBytes(copying: try reader.number()), SecretBytes(copying: try reader.number()))
        return try RSAPrivateKey(
            publicKey, privateExponent: exponent, prime1: primes.0, prime2: primes.1, coefficient: coefficient)
    }

    private static var malformed: AgeFailure {
        AgeFailure(
            .identity, "the SSH private key is damaged", hint: "`ssh-keygen -y -f FILE` shows whether ssh can read it")
    }
}
