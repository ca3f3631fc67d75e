internal import ResealCore
package import ResealSealing

/// Someone for whom a file key can be wrapped.
///
/// Kinds that live elsewhere (SSH keys, plugins, hybrid keys) conform without any change here.
package protocol Recipient: Sendable {
    /// Wraps a file key of 16 bytes. Most kinds return one stanza.
    func wrap(_ fileKey: SecretBytes) throws(AgeFailure) -> [Stanza]
}

/// A recipient that has a text of its own, by which people list it in files, manifests and options.
package protocol ListedRecipient: Recipient, CustomStringConvertible {
    /// The type of the stanza that it makes; `nil` where only sealing shows it.
    var stanzaType: String? { get }
}

extension ListedRecipient {
    /// The first 16 hexadecimal digits of SHA-256 of the text: names the recipient where its whole text is too long.
    package var fingerprint: String { Hex.encode(SHA256.hash(Array(description.utf8)).prefix(8)) }
}

/// A recipient that limits with which others it may share a file.
///
/// All recipients of a file must have equal labels; those that do not conform have none. A post-quantum kind has one
/// fixed label, so that it is never weakened by a classical one; a kind that must stand alone has a random label.
package protocol LabeledRecipient: Recipient {
    /// As ``Recipient/wrap(_:)``, with the labels of this wrapping.
    func wrapWithLabels(_ fileKey: SecretBytes) throws(AgeFailure) -> (stanzas: [Stanza], labels: Set<String>)
}

extension LabeledRecipient {
    package func wrap(_ fileKey: SecretBytes) throws(AgeFailure) -> [Stanza] { try wrapWithLabels(fileKey).stanzas }
}

/// Someone who may be able to unwrap a file key.
package protocol Identity: Sendable {
    /// Looks through all stanzas of a header for one of its own.
    ///
    /// - Returns: the file key, not yet confirmed by the header's MAC; `nil` if no stanza is for this identity, so that
    ///   the next one may try.
    /// - Throws: ``AgeFailure/Kind/header`` for a stanza of its type that is malformed. That ends the attempt.
    func unwrap(_ stanzas: [Stanza]) throws(AgeFailure) -> SecretBytes?
}

/// An identity that knows the recipients whose files it opens.
package protocol RecipientDeriving: Identity {
    /// Throws what unlocking the identity throws, if it is locked with a passphrase.
    func recipients() throws(AgeFailure) -> [any Recipient]
}
