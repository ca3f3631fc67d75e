internal import ResealSealing
internal import ResealVault

extension Applier {
    /// Has hand-made fields wait for their way into Git.
    func adopt(_ fields: [FieldState], of secret: SecretRecord) throws {
        var secret = secret
        try giveTypesOfGit(to: fields, of: &secret)
        try transaction.adopt(fields, of: secret)
    }

    /// What is sealed has no type but text and bytes. A number that was brought back from a time when the field stood in
    /// plain text would differ from its own ciphertext for ever.
    private func giveTypesOfGit(to fields: [FieldState], of secret: inout SecretRecord) throws {
        let names = Set(fields.map(\.field))
        let shape = RotationSubject(secret)?.shape ?? [:]
        var value = try transaction.openValue(of: secret, version: secret.currentVersion)
        let typed = value.leaves.filter { leaf in
            let field = SecretValue.text(of: leaf.path)
            return names.contains(field) && leaf.isTyped && shape[field] != false
        }
        guard !typed.isEmpty else { return }
        for leaf in typed { value = try value.retyped(leaf) }
        let origin = try transaction.version(secret.currentVersion, of: secret).origin
        try transaction.addVersion(value, to: &secret, ValueWrite(origin: origin, author: context.principal))
        try transaction.store.update(secret)
    }
}

extension SecretValue.Leaf {
    /// Neither text nor bytes.
    var isTyped: Bool { type != .string && type != .binary }
}

extension SecretValue {
    fileprivate func retyped(_ leaf: Leaf) throws -> SecretValue {
        let text = Leaf(path: leaf.path, type: .string, bytes: leaf.bytes)
        return leaf.path.isEmpty ? SecretValue(scalar: leaf.bytes) : try setting(text)
    }
}
