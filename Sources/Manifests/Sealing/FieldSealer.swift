package import ResealAge
package import ResealSealing
internal import ResealCore

/// Seals values of secrets, which takes public keys only.
package enum FieldSealer {
    /// Seals `plaintext` under a fresh file key, bound to its place.
    ///
    /// - Returns: an armored age file that any age program opens.
    /// - Throws: ``ManifestFailure/Kind/sealing`` unless `binding` names exactly the recipients; ``AgeFailure`` if
    ///   sealing itself fails.
    package static func seal(
        _ plaintext: SecretBytes, binding: Binding, to recipients: [any ListedRecipient]
    ) throws -> [UInt8] {
        guard !recipients.isEmpty, Set(recipients.map(\.fingerprint)) == Set(binding.recipients),
            Set(recipients.map(\.fingerprint)).count == recipients.count
        else { throw ManifestFailure(.sealing, "the binding does not name the recipients of the value") }
        return Armor.encode(try Age.encrypt(plaintext, to: recipients, extraStanzas: [binding.stanza]))
    }
}
