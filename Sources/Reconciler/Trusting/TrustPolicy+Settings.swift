internal import ResealCore
internal import ResealGit
package import ResealManifests

extension TrustPolicy {
    package static let settingsKeys = [
        "require-signatures", "allowed-signers", "openpgp-keyring", "revoked-keys", "trusted-root", "paths",
        "protected", "rewritten-history",
    ]

    /// Reads the section `trust` of a file of settings, and reports there what is wrong.
    ///
    /// - Parameters:
    ///   - section: has no other keys than ``settingsKeys``.
    ///   - folder: where relative names of files begin.
    package init(_ section: SettingsMapping, folder: String) {
        func file(_ key: String) -> String? {
            section.text(key).flatMap { $0.isEmpty ? nil : $0.hasPrefix("/") ? $0 : "\(folder)/\($0)" }
        }
        trust = SignatureTrust(
            allowedSigners: file("allowed-signers"), revokedKeys: file("revoked-keys"),
            openPGPKeyring: file("openpgp-keyring"))
        requiresSignatures = section.flag("require-signatures") ?? true
        trustedRoot = section.value("trusted-root", hint: "the whole id of a commit; `git rev-parse COMMIT` prints it")
        {
            ObjectID(hex: $0)
        }
        paths = section.mappings("paths", keys: ["path", "signers"]).compactMap { PathRule($0) }
        protected = section.mapping("protected", keys: ["kinds", "paths", "signers"]).map { Protected($0) }
        allowsRewrittenHistory = section.choice("rewritten-history", of: ["refuse", "allow"]) == "allow"
        if trust.allowedSigners == nil, trust.openPGPKeyring == nil {
            section.report(
                "allowed-signers", "`trust` names nobody who may sign",
                hint: "add `allowed-signers` or `openpgp-keyring`")
        }
    }

    private static let globHint = "a pattern of paths, such as `manifests/prod/**`"

    fileprivate static func glob(_ text: String) -> Glob? { Glob.problem(text) == nil ? Glob(text) : nil }

    fileprivate static func globs(_ section: SettingsMapping, _ key: String) -> [Glob] {
        section.list(key, hint: globHint) { glob($0) } ?? []
    }

    /// A pattern of principals, or `openpgp:` and the whole fingerprint of a key.
    fileprivate static func signer(_ text: String) -> Glob? {
        guard text.lowercased().hasPrefix("openpgp:") else { return glob(text) }
        let digits = text.dropFirst("openpgp:".count).filter { $0 != " " }.uppercased()
        return digits.utf8.count >= 40 && digits.allSatisfy(\.isHexDigit) ? Glob("openpgp:\(digits)") : nil
    }
}

extension TrustPolicy.PathRule {
    fileprivate init?(_ section: SettingsMapping) {
        guard section.has("path") else {
            section.report("path", "a rule for paths needs a `path`", hint: "for example `path: \"manifests/prod/**\"`")
            return nil
        }
        signers =
            section.list("signers", hint: "a pattern of principals, or `openpgp:` and a whole fingerprint") {
                TrustPolicy.signer($0)
            } ?? []
        guard let pattern = TrustPolicy.globs(section, "path").first else { return nil }
        self.pattern = pattern
    }
}

extension TrustPolicy.Protected {
    fileprivate init(_ section: SettingsMapping) {
        let known = ResourceKind.allCases.map(\.rawValue).joined(separator: ", ")
        kinds = Set(section.list("kinds", hint: "one of \(known)") { ResourceKind(rawValue: $0) } ?? [])
        paths = TrustPolicy.globs(section, "paths")
        signers = section.integer("signers", in: 1...2) ?? 2
    }
}
