import ResealAge
import ResealCore
import ResealManifests
import ResealSealing
import TestSupport

/// One identity for all tests of a process.
enum Keys {
    static let identity = Result { try X25519Identity() }

    /// Values and their armors, to choose from: sealing takes longer than everything else that is tested with them.
    static let pool = Result {
        var random = SeededGenerator(seed: 1)
        return try (0..<400).map { _ in
            let value = RandomValue.next(&random)
            return (value: value, armor: String(decoding: try armor(value), as: UTF8.self))
        }
    }

    static func armor(_ value: [UInt8]) throws -> [UInt8] {
        Armor.encode(try Age.encrypt(SecretBytes(value), to: [try identity.get().recipient]))
    }

    static func open(_ file: SealedFile) throws(AgeFailure) -> SecretBytes {
        guard case .success(let identity) = identity else { throw AgeFailure(.noMatch, "there is no key") }
        return try file.open(with: [identity])
    }
}
