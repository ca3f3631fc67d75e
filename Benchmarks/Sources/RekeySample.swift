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

/// The time that age alone needs to open every value of a ``RekeySample`` and to seal it for the two recipients, on all
/// cores. Nothing is read from disk, parsed as YAML, judged, armored or written.
struct RekeyFloor {
    let folder: String

    func report() throws {
        let key = try AtomicFile.read("\(folder)/key.txt", limit: 1000)
        let identity = try X25519Identity(SecretBytes(key.filter { $0 != 0x0a }))
        let newcomer = String(decoding: try AtomicFile.read("\(folder)/newcomer.txt", limit: 1000), as: UTF8.self)
        let recipients: [any Recipient] = [
            identity.recipient, try X25519Recipient(newcomer.trimmingCharacters(in: .newlines)),
        ]
        let files = try sealedValues()
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let seconds = measure {
            DispatchQueue.concurrentPerform(iterations: cores) { core in
                for index in stride(from: core, to: files.count, by: cores) {
                    let sealed = try? Self.reseal(files[index], identity, recipients)
                    precondition(sealed?.isEmpty == false, "a value of the floor cannot be resealed")
                }
            }
        }
        print(String(format: "%d %.4f", files.count, seconds))
    }

    private static func reseal(
        _ file: [UInt8], _ identity: X25519Identity, _ recipients: [any Recipient]
    ) throws -> [UInt8] {
        let sealed = try SealedFile(parsing: file)
        let notes = sealed.header.stanzas.filter { $0.type == Binding.stanzaType }
        return try Age.encrypt(try sealed.open(with: [identity]), to: recipients, extraStanzas: notes)
    }

    /// Every value of the work tree, without armor.
    private func sealedValues() throws -> [[UInt8]] {
        let top = "\(folder)/repo/manifests"
        let paths = FileManager.default.enumerator(atPath: top)?.compactMap { $0 as? String } ?? []
        return try paths.filter { $0.hasSuffix(".yaml") }.sorted().flatMap { path in
            let bytes = try AtomicFile.read("\(top)/\(path)", limit: 64 << 20)
            return try ManifestReader.read(ManifestFile(path: path, bytes: bytes)).manifests.flatMap { manifest in
                guard case .secret(let spec) = manifest.spec else { return [[UInt8]]() }
                return try (spec.value?.leaves ?? []).compactMap { leaf in
                    if case .sealed(let armor) = leaf.content { try Armor.decode(armor) } else { nil }
                }
            }
        }
    }
}
