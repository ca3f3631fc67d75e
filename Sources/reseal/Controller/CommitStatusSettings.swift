internal import ResealCore
internal import ResealHTTP
internal import ResealManifests
internal import ResealNotify
internal import ResealSealing

/// Where a source's Git host is told how its commits stand.
struct CommitStatusSettings: Sendable {
    private static let keys = ["kind", "api", "repository", "token-file", "ca-file", "proxy", "context"]

    let host: CommitStatusHost
    private let tokenFile: String

    /// `nil` without a section `commit-status`, or when it is wrong and was reported.
    init?(_ file: SettingsMapping, source: String?) {
        guard let section = file.mapping("commit-status", keys: Self.keys) else { return nil }
        for key in ["kind", "api", "repository", "token-file"] where !section.has(key) {
            section.report(key, "`commit-status` needs `\(key)`", hint: "docs/controller.md has an example")
        }
        let kinds = CommitStatusHost.Kind.allCases.map(\.rawValue)
        let kind = section.choice("kind", of: kinds).flatMap { CommitStatusHost.Kind(rawValue: $0) }
        let api = section.value("api", hint: "write the API's address, for example https://api.github.com") {
            Self.address($0)
        }
        let repository = section.value("repository", hint: "write OWNER/NAME") { Self.isPath($0) ? $0 : nil }
        var settings = WebSettings()
        settings.authorityFile = section.text("ca-file")
        if let proxy = section.value("proxy", hint: "write http://HOST:PORT, or none", { WebProxy(setting: $0) }) {
            settings.proxy = proxy
        }
        guard let kind, let api, let repository, let tokenFile = section.text("token-file") else { return nil }
        self.tokenFile = tokenFile
        host = CommitStatusHost(
            kind: kind, api: api, repository: repository, settings: settings,
            context: section.text("context") ?? ["reseal", source].compactMap { $0 }.joined(separator: "/"))
    }

    private static func address(_ text: String) -> WebAddress? {
        guard let address = try? WebAddress(text), address.scheme == .https || address.isLoopback else { return nil }
        return address
    }

    /// Segments of letters, digits, `.`, `_` and `-`, two or more as GitLab's groups are nested.
    private static func isPath(_ text: String) -> Bool {
        let segments = text.split(separator: "/", omittingEmptySubsequences: false)
        return segments.count >= 2
            && segments.allSatisfy { segment in
                !segment.isEmpty && !segment.allSatisfy { $0 == "." }
                    && segment.utf8.allSatisfy { byte in
                        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                            || [45, 46, 95].contains(byte)
                    }
            }
    }

    /// Read anew each time, so that it may be rotated.
    func token() throws -> SecretBytes { try ValueInput.firstLine(ofFile: tokenFile) }

    func post(_ status: CommitStatus) async throws { try await host.post(status, token: try token()) }
}
