internal import Dispatch
internal import Foundation
internal import ResealAge
internal import ResealCore
internal import ResealManifests
internal import ResealSealing

/// A work tree whose values are all sealed for the controller alone, under rules that name a second recipient: what a
/// team has when somebody joins it.
struct RekeySample {
    let count: Int
    let valuesPerFile: Int
    let folder: String

    /// Writes `repo`, `key.txt` (the controller's identity), and `recipient.txt` and `newcomer.txt` with the two keys.
    func write() throws {
        let identity = try X25519Identity()
        let newcomer = try X25519Identity().recipient
        let manifests = "\(folder)/repo/manifests"
        try FileManager.default.createDirectory(atPath: manifests, withIntermediateDirectories: true)
        try AtomicFile.write(try identity.revealText().revealBytes() + [0x0a], to: "\(folder)/key.txt")
        try AtomicFile.write("\(identity.recipient)\n", to: "\(folder)/recipient.txt")
        try AtomicFile.write("\(newcomer)\n", to: "\(folder)/newcomer.txt")
        try Self.put(Self.rules(identity.recipient, newcomer), "\(manifests)/recipients.yaml")
        try Self.put(
            "apiVersion: reseal/v1\nkind: Repository\nmetadata: {name: repository}\nspec: {id: \(SampleRepository.repositoryID)}\n",
            "\(manifests)/repository.yaml")
        for start in stride(from: 0, to: count, by: valuesPerFile) {
            let documents = try (start..<min(start + valuesPerFile, count)).map { try manifest($0, identity.recipient) }
            let team = "\(manifests)/team-\(start / max(valuesPerFile, 100))"
            try FileManager.default.createDirectory(atPath: team, withIntermediateDirectories: true)
            try Self.put(documents.joined(separator: "---\n"), "\(team)/secrets-\(start).yaml")
        }
    }

    private static func rules(_ controller: X25519Recipient, _ newcomer: X25519Recipient) -> String {
        """
        apiVersion: reseal/v1
        kind: Recipients
        metadata: {name: recipients}
        spec:
          controller: \(controller)
          rules:
            - paths: ["manifests/team-*/**"]
              recipients: [\(newcomer)]

        """
    }

    private func manifest(_ index: Int, _ recipient: X25519Recipient) throws -> String {
        let name = SampleRepository.name(index)
        let binding = Binding(
            repository: SampleRepository.repositoryID, organization: SecretID.defaultOrganization, secret: name,
            field: FieldPath(["password"]), counter: 1, sealedAt: Timestamp(seconds: 1_790_000_000),
            recipients: [recipient])
        let value = SecretBytes(try SystemRandom.bytes(24).map { UInt8(ascii: "a") + $0 % 26 })
        let armor = String(decoding: try FieldSealer.seal(value, binding: binding, to: [recipient]), as: UTF8.self)
        let sealed = armor.split(separator: "\n").map { "      \($0)" }.joined(separator: "\n")
        return """
            apiVersion: reseal/v1
            kind: Secret
            metadata:
              name: \(name)
            spec:
              type: database
              description: Database of service \(index)
              value:
                host: db-\(index).internal
                username: service
                password: |
            \(sealed)
              permissions:
                read: [role:backend]

            """
    }

    private static func put(_ text: String, _ path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }
}

/// The time that the primitives alone take to open `count` values with one identity and to seal them for two
/// recipients, on all cores, with no code of ours around them.
struct RekeyFloor {
    private static let recipients = 2
    let count: Int

    func report() throws {
        let ours = try X25519PrivateKey()
        let theirs = try X25519PrivateKey()
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let start = DispatchTime.now().uptimeNanoseconds
        DispatchQueue.concurrentPerform(iterations: cores) { core in
            for _ in stride(from: core, to: count, by: cores) {
                let sealed = try? Self.reseal(ours, theirs)
                precondition(sealed?.count == 24 + AEAD.tagBytes)
            }
        }
        print(String(format: "%.4f", Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9))
    }

    private static let header = [UInt8](repeating: 3, count: 600)
    private static let nonce = [UInt8](repeating: 0, count: 12)
    private static let fixedKey = SecretBytes([UInt8](repeating: 4, count: 32))
    private static let wrapped = try? AEAD.chaCha20Poly1305.seal(
        SecretBytes([UInt8](repeating: 1, count: 16)), key: fixedKey, nonce: nonce)
    private static let payload = try? AEAD.chaCha20Poly1305.seal(
        SecretBytes([UInt8](repeating: 2, count: 24)), key: fixedKey, nonce: nonce)

    private static func reseal(_ ours: X25519PrivateKey, _ theirs: X25519PrivateKey) throws -> [UInt8] {
        // Open: one agreement, three HKDF, one HMAC, two openings.
        let shared = try ours.sharedSecret(with: theirs.publicKey)
        _ = try KDF.hkdf(shared, salt: ours.publicKey + theirs.publicKey, info: "age-encryption.org/v1/X25519")
        _ = try AEAD.chaCha20Poly1305.open(wrapped ?? [], key: fixedKey, nonce: nonce)
        _ = try HMAC.code(header, key: try KDF.hkdf(shared, info: "header"))
        _ = try KDF.hkdf(shared, salt: nonce, info: "payload")
        let plaintext = try AEAD.chaCha20Poly1305.open(payload ?? [], key: fixedKey, nonce: nonce)
        // Seal: for each recipient a new key pair, an agreement, an HKDF and a wrapping; then as above.
        let fileKey = try SystemRandom.secret(16)
        for _ in 0..<recipients {
            let ephemeral = try X25519PrivateKey()
            let agreed = try ephemeral.sharedSecret(with: theirs.publicKey)
            let key = try KDF.hkdf(
                agreed, salt: ephemeral.publicKey + theirs.publicKey, info: "age-encryption.org/v1/X25519")
            _ = try AEAD.chaCha20Poly1305.seal(fileKey, key: key, nonce: nonce)
        }
        _ = try HMAC.code(header, key: try KDF.hkdf(fileKey, info: "header"))
        let key = try KDF.hkdf(fileKey, salt: try SystemRandom.bytes(16), info: "payload")
        return try AEAD.chaCha20Poly1305.seal(plaintext, key: key, nonce: nonce)
    }
}
