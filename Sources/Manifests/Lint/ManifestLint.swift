internal import ResealAge
internal import ResealCore

/// The rules about manifests. Documents with errors are looked at as far as they can be read.
struct ManifestLint {
    let tree: YAMLTree
    let path: String
    let options: LintOptions
    let now: Timestamp
    /// The content of a file of the same snapshot, by its path from the root of the repository.
    let valueFile: (String) -> [UInt8]?
    private(set) var findings: [RawFinding] = []

    init(
        _ tree: YAMLTree, path: String, options: LintOptions, now: Timestamp,
        valueFile: @escaping (String) -> [UInt8]?
    ) {
        self.tree = tree
        self.path = path
        self.options = options
        self.now = now
        self.valueFile = valueFile
    }

    static func isManifest(_ root: NodeID, _ tree: YAMLTree) -> Bool {
        tree[root].kind == .mapping && tree.value(root, "apiVersion").map { tree.isText($0, "reseal/v1") } == true
    }

    mutating func look(at root: NodeID) {
        let metadata = tree.value(root, "metadata")
        for key in ["labels", "annotations"] as [StaticString] {
            if let free = metadata.flatMap({ tree.value($0, key) }) { freeText(free) }
        }
        guard let kind = tree.value(root, "kind"), let spec = tree.value(root, "spec"), tree[spec].kind == .mapping
        else {
            return
        }
        if let free = tree.value(spec, "metadata") { freeText(free) }
        if let permissions = tree.value(spec, "permissions") { wildcards(permissions) }
        guard tree.isText(kind, "Secret") else { return }
        let isConfidential = tree.value(spec, "value").map { value($0, spec) } ?? false
        if isConfidential { rotation(spec, name: metadata.flatMap { tree.value($0, "name") } ?? kind) }
        expiry(spec)
    }

    // MARK: Values

    /// True if something in it is sealed, or stands elsewhere.
    private mutating func value(_ node: NodeID, _ spec: NodeID) -> Bool {
        switch tree[node].kind {
        case .sequence: return false
        case .scalar:
            return leaf(node, meaning: Self.whole(type: tree.value(spec, "type").map(tree.string) ?? "generic"))
        case .mapping:
            if let file = tree.value(node, "fromFile") {
                sealedFile(file)
                return true
            }
            return tree.value(node, "fromSOPS") != nil || fields(node)
        }
    }

    private mutating func fields(_ mapping: NodeID) -> Bool {
        var isConfidential = false
        for (key, value) in tree.entries(mapping) {
            let found: Bool
            switch tree[value].kind {
            case .mapping: found = fields(value)
            case .sequence: found = false
            case .scalar: found = leaf(value, meaning: tree.withText(key) { SecretNames.meaning(of: $0) })
            }
            isConfidential = found || isConfidential
        }
        return isConfidential
    }

    /// What a value is that has no fields: its type says so.
    private static func whole(type: String) -> SecretNames.Meaning? {
        let nouns = [
            "api-key": "api key", "database": "credential", "signing-key": "signing key", "oauth-token": "token",
        ]
        return nouns[type].map { SecretNames.Meaning(noun: $0, isLoose: false) }
    }

    private mutating func leaf(_ node: NodeID, meaning: SecretNames.Meaning?) -> Bool {
        if let mark = tree[node].mark {
            guard mark != .unopened, !tree[node].isArmor else { return true }
            add(.unsealedMark, "the value is marked to be sealed, and stands here in plain text", at: node)
            return true
        }
        if tree[node].isArmor {
            binding(tree.bytes(node), at: node)
            return true
        }
        guard let meaning, [.string, .binary, .integer].contains(tree[node].meaning),
            tree.withText(node, { PlainValue.isSecret($0, meaning, in: .secretValue) })
        else { return false }
        findings.append(tree.withText(node) { TextScanner.plain(meaning, $0, range(node)) })
        return false
    }

    private mutating func sealedFile(_ node: NodeID) {
        guard tree[node].kind == .scalar,
            let bytes = valueFile(RelativePath.resolve(tree.string(node), in: path))
        else { return }
        binding(bytes, at: node)
    }

    /// What is no age file, or has a damaged binding, is the business of validation.
    private mutating func binding(_ bytes: [UInt8], at node: NodeID) {
        guard let file = try? SealedFile(parsing: bytes),
            !file.header.stanzas.contains(where: { $0.type == Binding.stanzaType })
        else { return }
        add(.unboundValue, "the sealed value says neither where it belongs nor how old it is", at: node)
    }

    /// Mappings whose keys are free, outside of values.
    private mutating func freeText(_ mapping: NodeID) {
        for (key, value) in tree.entries(mapping) where tree[value].kind == .scalar {
            guard let meaning = tree.withText(key, { SecretNames.meaning(of: $0) }),
                tree.withText(value, { PlainValue.isSecret($0, meaning, in: .settings) })
            else { continue }
            findings.append(tree.withText(value) { TextScanner.plain(meaning, $0, range(value)) })
        }
    }

    // MARK: Policy

    private mutating func wildcards(_ permissions: NodeID) {
        for (key, list) in tree.entries(permissions) {
            for item in tree.items(list) where tree[item].kind == .scalar && tree.isText(item, "*") {
                let right = ["read", "write", "rotate", "delete", "generate", "revoke"].first { tree.string(key) == $0 }
                add(.wildcardPermission, "everyone (`*`) has the right to \(right ?? "use it")", at: item)
            }
        }
    }

    private mutating func rotation(_ spec: NodeID, name: NodeID) {
        let isConfig = tree.value(spec, "type").map { tree.isText($0, "config") } ?? false
        let every = tree.value(spec, "rotation").flatMap { tree.value($0, "every") }
        let renews = tree.value(spec, "autoRenew").map(tree.isTrue) ?? false
        guard every == nil, !isConfig, !renews else { return }
        add(
            .missingRotation, "the secret has no `rotation.every`: its value stays until somebody thinks of it",
            at: name)
    }

    private mutating func expiry(_ spec: NodeID) {
        guard let node = tree.value(spec, "expiresAt"), tree[node].kind == .scalar,
            let time = Timestamp(tree.string(node))
        else { return }
        if time <= now {
            add(.expired, "the value has expired", at: node)
        } else if time <= now.adding(options.expiringWithin), tree.value(spec, "autoRenew").map(tree.isTrue) != true {
            add(.expiringSoon, "the value expires within \(options.expiringWithin)", at: node)
        }
    }

    // MARK: Reporting

    private func range(_ node: NodeID) -> Range<Int> {
        Int(tree[node].start)..<max(Int(tree[node].start) + 1, Int(tree[node].end))
    }

    mutating func add(_ rule: LintRule, _ message: String, at node: NodeID) {
        findings.append(RawFinding(rule: rule, message: message, range: range(node)))
    }
}
