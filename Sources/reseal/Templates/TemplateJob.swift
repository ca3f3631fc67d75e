internal import ResealCore
internal import ResealManifests

/// One template, the file that is made of it, and what runs when the file has changed.
struct TemplateJob: Sendable {
    let input: String
    let output: OutputFile
    /// Program and arguments, without a shell; empty for nothing.
    let hook: [String]

    var mark: HookMark { HookMark(of: output.path) }

    /// Throws ``UsageFailure`` for two that write the same file, and one that writes over its template.
    static func requireDistinct(_ jobs: [TemplateJob]) throws {
        for (index, job) in jobs.enumerated() {
            let others = jobs[..<index].map(\.output.path) + jobs.map(\.input)
            guard let other = others.first(where: { $0 == job.output.path || FileProbe.isSame($0, job.output.path) })
            else { continue }
            throw UsageFailure(
                "\(job.output.path) would be written over \(other == job.output.path ? "another one" : other)",
                hint: "choose another file for one of them")
        }
    }
}

/// What `--config` names.
struct TemplateSettings {
    private static let keys = ["templates", "interval"]
    private static let entryKeys = ["in", "out", "mode", "owner", "hook"]

    private(set) var jobs: [TemplateJob] = []
    private(set) var interval: TimeSpan?

    /// Throws ``DiagnosticsFailure`` with everything that is wrong with the file.
    static func load(_ path: String) throws -> TemplateSettings {
        let bytes = try AtomicFile.read(path, limit: SettingsFile.maximumBytes)
        let folder = FileProbe.folder(of: path)
        return try SettingsFile.read(bytes, name: path, keys: keys) { TemplateSettings($0, folder: folder) }
    }

    private init(_ file: SettingsMapping, folder: String) {
        interval = file.span("interval")
        if let interval, interval.seconds < 1 {
            file.report("interval", "`interval` is too short", hint: "1s is the shortest")
        }
        if !file.has("templates") {
            file.report("templates", "there is no list `templates`", hint: "docs/workloads.md has an example")
        }
        for entry in file.mappings("templates", keys: Self.entryKeys) {
            for key in ["in", "out"] where !entry.has(key) {
                entry.report(key, "a template needs `\(key)`", hint: "the path of a file")
            }
            let mode = entry.value("mode", hint: Self.modeHint) { OutputFile.mode($0) }
            let owner = entry.value("owner", hint: Self.ownerHint) { FileOwner($0) }
            guard let input = entry.text("in"), let output = entry.text("out") else { continue }
            func path(_ text: String) -> String { text.hasPrefix("/") ? text : "\(folder)/\(text)" }
            jobs.append(
                TemplateJob(
                    input: path(input), output: OutputFile(path: path(output), mode: mode ?? 0o600, owner: owner),
                    hook: entry.list("hook") ?? []))
        }
    }

    static let modeHint = "three or four octal digits, such as 0640; not writable by everyone"
    static let ownerHint = "write USER, USER:GROUP or :GROUP of this machine"
}
