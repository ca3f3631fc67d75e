internal import ResealCore
internal import ResealHTTP
internal import ResealManifests
internal import ResealServer

/// Identity providers whose tokens are taken for a login: list `jwt` of the section `api`.
enum IssuerSettings {
    private static let keys = ["name", "issuer", "audience", "jwks-url", "ca-file", "organization", "ttl"]
    static let standardTTL = TimeSpan(seconds: 900)
    private static let longestTTL = TimeSpan(seconds: 86_400)

    static func read(_ section: SettingsMapping) -> [TokenIssuer] {
        var issuers: [TokenIssuer] = []
        for entry in section.mappings("jwt", keys: keys) {
            let issuer = issuer(entry)
            if issuers.contains(where: { $0.name == issuer.name }) {
                entry.report("name", "two issuers have the same name", hint: "roles name them: rename one")
            }
            let isAmbiguous = issuers.contains {
                $0.issuer == issuer.issuer && !Set($0.audiences).isDisjoint(with: issuer.audiences)
            }
            if isAmbiguous {
                entry.report(
                    "audience", "two entries take the same tokens", hint: "give each of an issuer its own audience")
            }
            issuers.append(issuer)
        }
        return issuers
    }

    private static func issuer(_ entry: SettingsMapping) -> TokenIssuer {
        for key in ["name", "issuer", "audience"] where !entry.has(key) {
            entry.report(key, "an entry of `jwt` needs `\(key)`", hint: "docs/access.md has examples")
        }
        let name = entry.value("name", hint: "lower-case letters, digits and dashes, for example github") {
            ControllerSettings.isName($0) ? $0 : nil
        }
        let keysAddress = entry.value("jwks-url", hint: hint, address)
        // Only where it is asked for its keys, an issuer has to be an address.
        let issuer = entry.value("issuer", hint: hint) { text in
            keysAddress == nil ? address(text) : text.isEmpty ? nil : text
        }
        let organization = entry.value("organization", hint: "the name of an organization") {
            ResourceName.organizationProblem($0) == nil ? $0 : nil
        }
        return TokenIssuer(
            name: name ?? "", issuer: issuer ?? "",
            audiences: entry.list("audience", hint: "a text that is not empty") { $0.isEmpty ? nil : $0 } ?? [],
            keysAddress: keysAddress, authorityFile: entry.text("ca-file"),
            organization: organization ?? SecretID.defaultOrganization, ttl: ttl(entry, "ttl"))
    }

    /// How long a token lasts that is given for a login.
    static func ttl(_ section: SettingsMapping, _ key: String) -> TimeSpan {
        let ttl = section.span(key) ?? standardTTL
        if ttl.seconds < 1 || ttl > longestTTL {
            section.report(key, "`\(key)` is out of range", hint: "1s to \(longestTTL)")
        }
        return ttl
    }

    private static let hint = "an address like https://token.actions.githubusercontent.com"

    /// Keys that come over an open line prove nothing.
    private static func address(_ text: String) -> String? {
        guard let address = try? WebAddress(text), address.scheme == .https || address.isLoopback else { return nil }
        return text
    }
}
