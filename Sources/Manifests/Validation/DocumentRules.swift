internal import ResealCore

/// Rules between the keys of one document, which no shape can say.
enum DocumentRules {
    static func apply(_ spec: ManifestSpec, spec node: NodeID, check: inout SchemaCheck) {
        switch spec {
        case .secret(let secret): rotation(secret, node, &check); plainSecrets(secret, node, &check)
        case .dynamicSecret(let dynamic):
            guard dynamic.ttl > dynamic.maxTTL else { return }
            check.report(
                "manifest.conflict", "`ttl` is longer than `maxTTL`", at: check.tree.value(node, "ttl") ?? node)
        case .recipients(let recipients): groups(recipients, node, &check)
        default: break
        }
    }

    private static func rotation(_ secret: SecretSpec, _ node: NodeID, _ check: inout SchemaCheck) {
        let tree = check.tree
        let rotation = tree.value(node, "rotation")
        let inner = rotation.flatMap { tree.value($0, "keepPrevious") }
        if let outer = tree.value(node, "keepPrevious"), let inner,
            TimeSpan(tree.string(outer)) != TimeSpan(tree.string(inner))
        {
            check.report(
                "manifest.conflict", "`keepPrevious` is given twice, with different times", hint: "keep one of the two",
                at: inner)
        }
        if secret.autoRenew, secret.rotation?.generate == nil, secret.rotation?.handler == nil {
            check.warn(
                "manifest.no-generator", "`autoRenew` has nothing that makes a new value",
                hint: "add rotation.generate, or remove autoRenew", at: tree.value(node, "autoRenew") ?? node)
        }
        if secret.value?.isScalar == true, let generate = rotation.flatMap({ tree.value($0, "generate") }),
            let field = tree.value(generate, "field")
        {
            check.report(
                "manifest.conflict", "the value is one scalar, it has no field to generate",
                hint: "remove `field`, or make the value a mapping", at: field)
        }
    }

    /// Fields whose names say that they are confidential should not stand in Git unsealed.
    private static func plainSecrets(_ secret: SecretSpec, _ node: NodeID, _ check: inout SchemaCheck) {
        for leaf in secret.value?.leaves ?? [] where leaf.mark == nil {
            guard case .plain(let scalar) = leaf.content, [.string, .binary].contains(scalar.kind),
                !scalar.text.isEmpty, soundsConfidential(leaf.field, secret.type) || holdsPrivateKey(scalar.text)
            else { continue }
            let name = leaf.field.segments.isEmpty ? "value" : leaf.field.description
            // A hint is there to be copied, so nothing of the file may stand in it that a shell acts on.
            let option =
                leaf.field.segments.isEmpty
                ? "" : name.utf8.allSatisfy(plainCharacters.contains) ? " --field \(name)" : " --field FIELD"
            check.log.add(
                Diagnostic(
                    .warning, code: "manifest.plain-secret", "\(quoted(name)) stands in Git unencrypted",
                    hint: "reseal seal NAME\(option); a value that was ever pushed has to be changed as well",
                    at: leaf.span))
        }
    }

    private static let plainCharacters = ASCIISet("A-Za-z0-9._-")
    private static let confidential = [
        "password", "passwd", "passphrase", "secret", "token", "privatekey", "apikey", "secretkey", "signingkey",
        "credential", "credentials",
    ]

    /// Private keys of age, and of everything that writes PEM.
    private static func holdsPrivateKey(_ text: [UInt8]) -> Bool {
        guard text.count >= 40 else { return false }
        let start = text.prefix(200)
        return ["AGE-SECRET-KEY-", " PRIVATE KEY-----", "-----BEGIN PRIVATE KEY"].contains {
            start.firstRange(of: $0.utf8) != nil
        }
    }

    static func soundsConfidential(_ field: FieldPath, _ type: SecretType) -> Bool {
        guard let last = field.segments.last else { return type != .config && type != .generic }
        let letters = last.lowercased().utf8.filter(alphanumeric.contains)
        return confidential.contains { letters.suffix($0.utf8.count).elementsEqual($0.utf8) }
    }

    /// The words are ASCII, so of other letters it does not matter what they are.
    private static let alphanumeric = ASCIISet("a-z0-9")

    private static func groups(_ recipients: RecipientsSpec, _ node: NodeID, _ check: inout SchemaCheck) {
        let tree = check.tree
        if let config = recipients.sopsConfig, let mention = tree.value(node, "fromSOPSConfig") {
            check.refer(toFile: config.path, at: mention)
        }
        guard let rules = tree.value(node, "rules") else { return }
        for rule in tree.items(rules) {
            if let folder = tree.value(rule, "below"), tree.value(rule, "pathRegex") == nil {
                check.report("manifest.conflict", "`below` is for `pathRegex`, which is missing", at: folder)
            }
            guard let list = tree.value(rule, "recipients") else { continue }
            for item in tree.items(list) {
                let text = tree.string(item)
                let name = String(text.dropFirst(6))
                guard text.hasPrefix("group:"), recipients.groups[name] == nil else { continue }
                let hint = NearestName.suggestion(for: name, in: recipients.groups.keys.sorted())
                check.report(
                    "manifest.unknown-group", "there is no group \(quoted(name))",
                    hint: hint.map { "did you mean group:\($0)?" } ?? "define it under spec.groups", at: item)
            }
        }
    }
}
