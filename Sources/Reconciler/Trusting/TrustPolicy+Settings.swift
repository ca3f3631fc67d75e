internal import ResealCore
internal import ResealGit
package import ResealManifests

extension TrustPolicy {
    /// Reads the section `trust` of the settings. Throws ``DiagnosticsFailure`` with everything that is wrong.
    ///
    /// - Parameter folder: where relative names of files begin.
    package init(_ node: SettingsNode, folder: String) throws {
        var reader = TrustSettingsReader(folder: folder)
        let policy = reader.policy(node)
        guard reader.diagnostics.isEmpty else { throw DiagnosticsFailure(reader.diagnostics) }
        self = policy
    }
}

private struct TrustSettingsReader {
    let folder: String
    var diagnostics: [Diagnostic] = []

    private static let keys = [
        "require-signatures", "allowed-signers", "openpgp-keyring", "revoked-keys", "trusted-root", "paths",
        "protected", "rewritten-history",
    ]

    mutating func policy(_ node: SettingsNode) -> TrustPolicy {
        var policy = TrustPolicy(trust: .init())
        let values = mapping(node, keys: Self.keys)
        policy.requiresSignatures = flag(values["require-signatures"]) ?? true
        policy.trust.allowedSigners = file(values["allowed-signers"])
        policy.trust.openPGPKeyring = file(values["openpgp-keyring"])
        policy.trust.revokedKeys = file(values["revoked-keys"])
        policy.trustedRoot = commit(values["trusted-root"])
        policy.paths = list(values["paths"]).compactMap { rule($0) }
        policy.protected = values["protected"].map { protected($0) }
        policy.allowsRewrittenHistory = choice(values["rewritten-history"], of: ["refuse", "allow"]) == "allow"
        if policy.trust.allowedSigners == nil, policy.trust.openPGPKeyring == nil {
            report(
                "`trust` names nobody who may sign", "add `allowed-signers` or `openpgp-keyring`", at: node.span)
        }
        return policy
    }

    private mutating func rule(_ node: SettingsNode) -> TrustPolicy.PathRule? {
        let values = mapping(node, keys: ["path", "signers"])
        guard let path = values["path"] else {
            report("a rule for paths needs a `path`", "for example `path: \"manifests/prod/**\"`", at: node.span)
            return nil
        }
        let signers = list(values["signers"]).compactMap { signer($0) }
        return glob(path).map { TrustPolicy.PathRule(pattern: $0, signers: signers) }
    }

    private mutating func protected(_ node: SettingsNode) -> TrustPolicy.Protected {
        var protected = TrustPolicy.Protected()
        let values = mapping(node, keys: ["kinds", "paths", "signers"])
        for item in list(values["kinds"]) {
            let all = ResourceKind.allCases.map(\.rawValue)
            if let kind = choice(item, of: all).flatMap(ResourceKind.init(rawValue:)) { protected.kinds.insert(kind) }
        }
        protected.paths = list(values["paths"]).compactMap { glob($0) }
        if let count = choice(values["signers"], of: ["1", "2"]) { protected.signers = count == "1" ? 1 : 2 }
        return protected
    }

    // MARK: Values

    private mutating func signer(_ node: SettingsNode) -> Glob? {
        guard let text = scalar(node) else { return nil }
        guard text.lowercased().hasPrefix("openpgp:") else { return glob(node) }
        let digits = text.dropFirst("openpgp:".count).filter { $0 != " " }.uppercased()
        guard digits.utf8.count >= 40, digits.allSatisfy({ $0.isHexDigit }) else {
            report(
                "an OpenPGP signer is `openpgp:` and the key's whole fingerprint",
                "`gpg --fingerprint` prints it", at: node.span)
            return nil
        }
        return Glob("openpgp:\(digits)")
    }

    private mutating func glob(_ node: SettingsNode) -> Glob? {
        guard let text = scalar(node) else { return nil }
        if let problem = Glob.problem(text) {
            report("the pattern \(problem)", "`*`, `?` and `**` are wildcards", at: node.span)
        }
        return Glob(text)
    }

    private mutating func file(_ node: SettingsNode?) -> String? {
        guard let node, let text = scalar(node), !text.isEmpty else { return nil }
        return text.hasPrefix("/") ? text : "\(folder)/\(text)"
    }

    private mutating func commit(_ node: SettingsNode?) -> ObjectID? {
        guard let node, let text = scalar(node) else { return nil }
        let id = ObjectID(hex: text)
        if id == nil {
            report("`trusted-root` is the whole id of a commit", "`git rev-parse COMMIT` prints it", at: node.span)
        }
        return id
    }

    private mutating func flag(_ node: SettingsNode?) -> Bool? {
        choice(node, of: ["true", "false"]).map { $0 == "true" }
    }

    private mutating func choice(_ node: SettingsNode?, of words: [String]) -> String? {
        guard let node, let text = scalar(node) else { return nil }
        if words.contains(text) { return text }
        report("this is no value that is known here", "write one of \(words.joined(separator: ", "))", at: node.span)
        return nil
    }

    // MARK: Forms

    private static let advice = "docs/git.md has an example of the section"

    private mutating func scalar(_ node: SettingsNode) -> String? {
        if case .scalar(let text) = node.content { return text }
        report("one value is expected here", Self.advice, at: node.span)
        return nil
    }

    private mutating func list(_ node: SettingsNode?) -> [SettingsNode] {
        guard let node else { return [] }
        if case .list(let items) = node.content { return items }
        report("a list is expected here", Self.advice, at: node.span)
        return []
    }

    private mutating func mapping(_ node: SettingsNode, keys: [String]) -> [String: SettingsNode] {
        guard case .mapping(let entries) = node.content else {
            report("a mapping is expected here", "known: \(keys.joined(separator: ", "))", at: node.span)
            return [:]
        }
        for (key, value) in entries where !keys.contains(key) {
            let nearest = NearestName.suggestion(for: key, in: keys)
            report(
                "an unknown setting of `trust`",
                nearest.map { "did you mean `\($0)`?" } ?? "known: \(keys.joined(separator: ", "))", at: value.span)
        }
        return Dictionary(entries.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
    }

    private mutating func report(_ message: String, _ hint: String, at span: SourceSpan) {
        diagnostics.append(Diagnostic(code: "config.trust", message, hint: hint, at: span))
    }
}
