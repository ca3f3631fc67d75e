internal import ResealCore
internal import ResealSealing
internal import Synchronization

/// All that a read of a version needs, but for the caller and the time.
final class KnownVersion: Sendable {
    let id: SecretID
    let rules: AccessRules
    let version: KVVersion
    let value: UnlockedValue
    /// As the audit trail names the secret.
    let subject: String
    /// What was told of the version last, and in which form.
    private let told = Mutex<(form: String, text: KeptText)?>(nil)

    /// Bytes of a value and of a text that are remembered, and members of the roles that decide about it, at most.
    private static let largest = (value: 4096, text: 8192, members: 256)

    init(_ id: SecretID, _ rules: AccessRules, _ version: KVVersion, _ value: UnlockedValue) {
        self.id = id
        self.rules = rules
        self.version = version
        self.value = value
        subject = ResourceKey(id).description
    }

    var isSmall: Bool {
        value.ciphertext.count <= Self.largest.value
            && rules.roles.values.reduce(0) { $0 + $1.members.count } <= Self.largest.members
    }

    /// The text that `make` makes of the value, with `tail` behind it. Where it was made before, that is opened again, which
    /// takes a part of the time.
    ///
    /// - Parameters:
    ///   - form: names what `make` makes.
    ///   - make: makes the same text of the same version each time.
    func text(_ form: String, before tail: [UInt8], _ make: () throws -> SecretBytes) throws -> SecretBytes {
        let last = told.withLock { $0 }
        if let last, last.form == form, let text = try? last.text.open(before: tail) { return text }
        let fresh = try make()
        // The answer does not depend on whether it can be kept.
        if fresh.count <= Self.largest.text, let kept = try? KeptText(fresh) { told.withLock { $0 = (form, kept) } }
        return SecretBytes.joined([fresh, SecretBytes(tail)])
    }
}

/// A text that lies in memory encrypted, under a key that has no other use.
struct KeptText: Sendable {
    private let key: SecretBytes
    private let sealed: [UInt8]
    private static let nonce = [UInt8](repeating: 0, count: AEAD.nonceBytes)

    init(_ text: SecretBytes) throws {
        key = try SystemRandom.secret(AEAD.keyBytes)
        sealed = try AEAD.aes256GCM.seal(text, key: key, nonce: Self.nonce)
    }

    /// The text with `tail` behind it.
    func open(before tail: [UInt8]) throws -> SecretBytes {
        let count = sealed.count - AEAD.tagBytes
        return try SecretBytes(count: count + tail.count) { out in
            UnsafeMutableRawBufferPointer(rebasing: out[count...]).copyBytes(from: tail)
            try sealed.withUnsafeBytes { sealed in
                try AEAD.aes256GCM.open(
                    sealed, key: key, nonce: Self.nonce, into: UnsafeMutableRawBufferPointer(rebasing: out[..<count]))
            }
        }
    }
}
