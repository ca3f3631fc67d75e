package import ResealAge
package import ResealSealing
internal import ResealCore

/// Seals values of secrets, which takes public keys only.
package enum FieldSealer {
    /// Seals `plaintext` under a fresh file key, bound to its place.
    ///
    /// - Parameter isArmored: text, as a manifest holds it; otherwise binary, for a file of its own.
    /// - Returns: an age file that any age program opens.
    /// - Throws: ``ManifestFailure/Kind/sealing`` unless `binding` names exactly the recipients, and can be read back;
    ///   ``AgeFailure`` if sealing itself fails.
    package static func seal(
        _ plaintext: SecretBytes, binding: Binding, to recipients: [any ListedRecipient], isArmored: Bool = true
    ) throws -> [UInt8] {
        guard !recipients.isEmpty, Set(recipients.map(\.fingerprint)) == Set(binding.recipients),
            Set(recipients.map(\.fingerprint)).count == recipients.count
        else { throw ManifestFailure(.sealing, "the binding does not name the recipients of the value") }
        let stanza = binding.stanza
        guard binding.counter <= Binding.maximumCounter, stanza.body.count <= Binding.maximumBodyBytes else {
            throw ManifestFailure(
                .sealing, "the binding of the value would be too large to be read",
                hint: "use fewer recipients; for a counter that is too high, remove the field and seal it anew")
        }
        let file = try Age.encrypt(plaintext, to: recipients, extraStanzas: [stanza])
        return isArmored ? Armor.encode(file) : file
    }
}
