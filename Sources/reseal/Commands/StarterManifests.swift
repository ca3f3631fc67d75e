internal import ResealAge
internal import ResealCore
internal import ResealSealing

/// The first two manifests of a new repository.
enum StarterManifests {
    static func write(to folder: String, recipient text: String) throws {
        let recipient = try RecipientFile.recipient(text, access: .unattended)
        let id = Hex.encode(try SystemRandom.bytes(16))
        let repository = """
            apiVersion: reseal/v1
            kind: Repository
            metadata:
              name: repository
            spec:
              # Sealed values are bound to this id. It never changes.
              id: \(id)
              requireBinding: true

            """
        let recipients = """
            apiVersion: reseal/v1
            kind: Recipients
            metadata:
              name: recipients
            spec:
              # Whoever holds this key's identity applies the repository; it can open every value.
              controller: \(recipient.description)
              rules: []

            """
        try AtomicFile.createPrivateFolder(folder)
        for (name, content) in [("repository.yaml", repository), ("recipients.yaml", recipients)] {
            try AtomicFile.write(content, to: "\(folder)/\(name)", mode: 0o644, replacing: false)
            Terminal.note("wrote \(folder)/\(name)")
        }
    }
}
