internal import Glibc
internal import ResealAge
internal import ResealCore
internal import ResealSealing

/// Passphrases for `reseal age`.
enum AgePassphrase {
    /// Asks twice, or makes one up and shows it.
    static func forEncryption(_ interaction: any KeyInteraction) throws -> SecretBytes {
        let first = try interaction.secret("Passphrase (leave empty to have a strong one made)")
        if first.isEmpty { return try generated() }
        guard try interaction.secret("Passphrase again").isEqual(to: first) else {
            throw AgeFailure(.passphrase, "the two passphrases differ", hint: "run the command again")
        }
        return first
    }

    /// Seven groups of four letters: 138 bits.
    private static func generated() throws -> SecretBytes {
        // Letters and digits that are not mistaken for each other.
        let alphabet = Array("abcdefghjkmnpqrstuvwxyz23456789".utf8)
        var letters: [UInt8] = []
        while letters.count < 28 {
            // There are 31 letters; the 32nd value is drawn again, so that all are equally likely.
            let draw = Int(try SystemRandom.bytes(1)[0] & 31)
            if draw < alphabet.count { letters.append(alphabet[draw]) }
        }
        var text: [UInt8] = []
        for (i, letter) in letters.enumerated() {
            if i > 0, i.isMultiple(of: 4) { text.append(UInt8(ascii: "-")) }
            text.append(letter)
        }
        letters.withUnsafeMutableBytes { explicitZero($0) }
        var message = Array("The passphrase is ".utf8) + text + [0x0a]
        _ = write(STDERR_FILENO, message, message.count)
        message.withUnsafeMutableBytes { explicitZero($0) }
        return SecretBytes(consuming: &text)
    }
}
