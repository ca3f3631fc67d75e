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
    /// What was told of the version before, encrypted as its value is.
    private let text = Mutex<[UInt8]?>(nil)

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
    /// - Parameter make: makes the same text of the same version each time.
    func text(before tail: [UInt8], _ make: () throws -> SecretBytes) throws -> SecretBytes {
        if let sealed = text.withLock({ $0 }) { return try value.open(sealed, before: tail) }
        let fresh = try make()
        if fresh.count <= Self.largest.text {
            let sealed = try value.seal(fresh)
            text.withLock { $0 = sealed }
        }
        return SecretBytes.joined([fresh, SecretBytes(tail)])
    }
}
