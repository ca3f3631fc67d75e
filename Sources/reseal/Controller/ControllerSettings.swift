internal import ResealCore
internal import ResealGit
internal import ResealManifests
internal import ResealReconciler
internal import ResealVault

/// What `reseal run` does, from one YAML file and the command line.
struct ControllerSettings {
    /// Besides those of ``GitSettings``, which stand at the top for all sources or for the only one.
    static let keys =
        [
            "sources", "interval", "jitter-percent", "retry", "longest-retry", "listen", "tls-certificate", "tls-key",
            "webhook-secret-file", "plan-token-file", "write-back", "commit-status", "log-format", "access", "api",
        ] + AuditSettings.keys
    private static let sourceKeys =
        GitSettings.keys + [
            "name", "interval", "webhook-secret-file", "plan-token-file", "write-back", "commit-status", "suspend",
        ]
    private static let writeBackKeys = ["author-name", "author-email", "signing-key", "review"]

    /// How new values are committed.
    struct WriteBack {
        var name: String
        var email: String
        var signingKey: String?
        /// `nil` to push to the branch that is applied from.
        var review: Review?
    }

    /// Where commits wait for people.
    struct Review {
        var branch: String
        var pushOptions: [String]
    }

    struct Source {
        var name: String
        var git: GitSettings
        var timing: LoopTiming
        var webhookSecretFile: String?
        /// What CI proves itself by; `nil` where it may ask for nothing.
        var planTokenFile: String?
        /// `nil` where somebody else commits new values.
        var writeBack: WriteBack?
        var isSuspended = false
        /// `nil` where the Git host is told nothing.
        var commitStatus: CommitStatusSettings?
    }

    struct Listen: Equatable {
        var host: String
        var port: Int
        var tls: TLSFiles?
    }

    struct TLSFiles: Equatable {
        var certificate: String
        var key: String
    }

    enum LogFormat: String, CaseIterable { case json, text }

    var sources: [Source] = []
    var listen: Listen?
    var logFormat: LogFormat?
    /// Permissions for secrets that no manifest describes.
    var access: [AccessRule] = []
    /// `nil` where the API is not served.
    var api: APISettings?
    /// Who reads the audit trail, and where it goes.
    var audit = AuditSettings()

    init() {}

    /// Throws ``DiagnosticsFailure`` with everything that is wrong with the file.
    static func load(_ path: String) throws -> ControllerSettings {
        let bytes = try AtomicFile.read(path, limit: SettingsFile.maximumBytes)
        let folder = FileProbe.folder(of: path)
        let settings = try SettingsFile.read(bytes, name: path, keys: GitSettings.keys + keys) {
            ControllerSettings($0, path: path, folder: folder)
        }
        for source in settings.sources { try source.git.requireGuardedTrust(path, in: folder) }
        return settings
    }

    private init(_ file: SettingsMapping, path: String, folder: String) {
        var git = GitSettings()
        git.read(file, folder: folder)
        let timing = Self.timing(file, Self.retries(file))
        let secretFile = file.text("webhook-secret-file")
        let tokenFile = file.text("plan-token-file")
        logFormat = file.value("log-format", hint: "json or text") { LogFormat(rawValue: $0) }
        let writeBack = Self.writeBack(file)
        readListen(file)
        access = AccessSettings(file, name: path).rules
        api = APISettings(file)
        audit = AuditSettings(file)
        if file.has("sources") {
            if file.has("repo") {
                file.report(
                    "repo", "`repo` and `sources` both say what to read", hint: "put the repository into `sources`")
            }
            for entry in file.mappings("sources", keys: Self.sourceKeys) {
                var source = Source(
                    name: entry.text("name") ?? "", git: git, timing: Self.timing(entry, timing),
                    webhookSecretFile: entry.text("webhook-secret-file") ?? secretFile,
                    planTokenFile: entry.text("plan-token-file") ?? tokenFile,
                    writeBack: Self.writeBack(entry) ?? writeBack, isSuspended: entry.flag("suspend") ?? false)
                source.git.read(entry, folder: folder)
                source.commitStatus = CommitStatusSettings(entry, source: source.name)
                add(source, from: entry)
            }
        } else if file.has("repo") {
            sources = [
                Source(
                    name: "default", git: git, timing: timing, webhookSecretFile: secretFile,
                    planTokenFile: tokenFile, writeBack: writeBack,
                    commitStatus: CommitStatusSettings(file, source: nil))
            ]
            Self.checkReview(sources[0], file)
        }
    }

    private static func timing(_ file: SettingsMapping, _ base: LoopTiming) -> LoopTiming {
        var timing = base
        if let interval = file.span("interval") {
            timing.interval = interval
            if interval.seconds < 1 { file.report("interval", "`interval` is too short", hint: "1s is the shortest") }
        }
        return timing
    }

    private static func retries(_ file: SettingsMapping) -> LoopTiming {
        var timing = LoopTiming()
        if let percent = file.integer("jitter-percent", in: 0...50) { timing.jitter = Double(percent) / 100 }
        if let first = file.span("retry") { timing.firstRetry = TimeSpan(seconds: max(1, first.seconds)) }
        if let longest = file.span("longest-retry") { timing.longestRetry = longest }
        if timing.longestRetry < timing.firstRetry {
            file.report(
                "longest-retry", "the longest wait is shorter than the first one", hint: "raise `longest-retry`")
        }
        return timing
    }

    private static func writeBack(_ file: SettingsMapping) -> WriteBack? {
        guard let section = file.mapping("write-back", keys: writeBackKeys) else { return nil }
        for key in ["author-name", "author-email"] where !section.has(key) {
            section.report(key, "`write-back` needs `\(key)`", hint: "commits of rotated values carry it")
        }
        return WriteBack(
            name: section.text("author-name") ?? "", email: section.text("author-email") ?? "",
            signingKey: section.text("signing-key"), review: review(section))
    }

    private static func review(_ file: SettingsMapping) -> Review? {
        guard let section = file.mapping("review", keys: ["branch", "push-options"]) else { return nil }
        let branch = section.value("branch", hint: "for example `branch: reseal/write-back`") { name in
            GitPush.isBranch(name) && !name.hasPrefix("refs/") ? name : nil
        }
        if !section.has("branch") {
            section.report("branch", "`review` needs `branch`", hint: "for example `branch: reseal/write-back`")
        }
        let options =
            section.list("push-options", hint: "one line of text, for example merge_request.create") {
                GitPush.isOption($0) ? $0 : nil
            } ?? []
        return branch.map { Review(branch: $0, pushOptions: options) }
    }

    private mutating func add(_ source: Source, from entry: SettingsMapping) {
        if !Self.isName(source.name) {
            entry.report(
                "name", "a source needs a name of lower-case letters, digits and dashes",
                hint: "for example `name: prod`")
        } else if sources.contains(where: { $0.name == source.name }) {
            entry.report("name", "two sources have the same name", hint: "rename one of them")
        }
        // The vault knows a repository that moved by its folder.
        if let folder = try? source.git.folder(), sources.contains(where: { (try? $0.git.folder()) == folder }) {
            entry.report(
                "path", "two sources of one vault have the same folder", hint: "give each its own `path`")
        }
        Self.checkReview(source, entry)
        if !entry.has("repo") {
            entry.report("repo", "the source names no repository", hint: "add `repo:` with a folder or a URL")
        }
        sources.append(source)
    }

    private static func checkReview(_ source: Source, _ entry: SettingsMapping) {
        guard let branch = source.writeBack?.review?.branch,
            [branch, "refs/heads/\(branch)"].contains(source.git.ref)
        else { return }
        entry.report("write-back", "`review` names the branch that is applied from", hint: "name a branch of its own")
    }

    static func isName(_ text: String) -> Bool {
        (1...63).contains(text.utf8.count)
            && text.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
    }

    // MARK: Listening

    private mutating func readListen(_ file: SettingsMapping) {
        listen = file.value("listen", hint: "write HOST:PORT, for example 127.0.0.1:9464") { Self.address($0) }
        // Also where there is nowhere to listen, a lone certificate is a mistake.
        let tls = Self.tlsFiles(file)
        listen?.tls = tls
        if let listen, listen.tls == nil, !Self.isLoopback(listen.host) {
            file.report(
                "listen", "`listen` is open to other machines without TLS",
                hint: "add `tls-certificate` and `tls-key`, or listen at 127.0.0.1 behind a proxy")
        }
    }

    /// The pair that belongs together; `nil` where there is none, or one of it is missing, which is reported.
    static func tlsFiles(_ file: SettingsMapping) -> TLSFiles? {
        switch (file.text("tls-certificate"), file.text("tls-key")) {
        case (let certificate?, let key?): return TLSFiles(certificate: certificate, key: key)
        case (nil, nil): break
        case (_?, nil):
            file.report("tls-certificate", "a certificate needs its private key", hint: "add `tls-key`")
        case (nil, _?):
            file.report("tls-key", "a private key needs its certificate", hint: "add `tls-certificate`")
        }
        return nil
    }

    static func address(_ text: String) -> Listen? {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard !host.isEmpty else { return nil }
        return Listen(host: String(host), port: Int(port))
    }

    static func isLoopback(_ host: String) -> Bool { Loopback.isHost(host) }
}
