internal import ArgumentParser
internal import ResealCore
internal import ResealReconciler

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Check the controller's configuration.",
        subcommands: [ConfigCheckCommand.self])
}

struct ConfigCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Read the configuration and say what is wrong with it, or what it means.",
        discussion: """
            Contacts nobody and changes nothing. All mistakes are reported together, with their places.

            EXAMPLES
              reseal config check
              reseal config check --config /etc/reseal/config.yaml --json
            """)

    @OptionGroup var location: HomeOption
    @OptionGroup var config: ConfigFileOption

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let settings = try config.load(location.vaultHome, allowsServing: true)
        let suspensions = Suspensions(location.vaultHome)
        for source in settings.sources { _ = try CheckedSource(source) }
        try settings.audit.checkFiles()
        let document = settings.sources.map { source -> JSON in
            [
                "name": .string(source.name), "repo": source.git["repo"].map(JSON.string) ?? .null,
                "ref": .string(source.git.ref), "path": .string((try? source.git.folder()) ?? ""),
                "interval": .string(source.timing.interval.description),
                "webhook": .bool(source.webhookSecretFile != nil), "plans": .bool(source.planTokenFile != nil),
                "suspended": .bool(source.isSuspended || suspensions.contains(source.name)),
            ]
        }
        if json {
            Terminal.print(JSON.object(["sources": .array(document), "listen": listen(settings)]).canonical)
            return
        }
        for source in settings.sources {
            Terminal.print(
                SafeText.line(
                    "\(source.name): \(source.git["repo"] ?? "") \(source.git.ref), every \(source.timing.interval)"))
        }
        Terminal.print(settings.listen.map { "listening at \($0.host):\($0.port)" } ?? "not listening")
    }

    private func listen(_ settings: ControllerSettings) -> JSON {
        guard let listen = settings.listen else { return .null }
        return [
            "host": .string(listen.host), "port": .integer(Int64(listen.port)), "tls": .bool(listen.tls != nil),
        ]
    }
}

/// Checks what is only looked at when a source is used: its place, times, and the files that it names.
private struct CheckedSource {
    init(_ source: ControllerSettings.Source) throws {
        _ = try source.git.location()
        _ = try source.git.folder()
        _ = try source.git.credentials()
        if source.git.hasIdentity { _ = try source.git.identities() }
        for case let file? in [source.webhookSecretFile, source.planTokenFile] {
            _ = try ValueInput.firstLine(ofFile: file)
        }
        _ = try source.commitStatus?.token()
    }
}
