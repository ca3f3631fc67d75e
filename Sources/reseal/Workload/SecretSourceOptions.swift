internal import ArgumentParser
internal import ResealCore

/// Which vault, server or agent a program's values come from.
struct SecretSourceOptions: ParsableArguments {
    @OptionGroup var secrets: SecretsOptions
    @OptionGroup var organization: OrganizationOption

    func source() throws -> any SecretSource {
        if let remote = try secrets.openRemote(organization.organization) { return RemoteSecretSource(secrets: remote) }
        return LocalSecretSource(by: try secrets.vault.context(), open: secrets.vault.opener())
    }
}

/// How often values are looked at again.
struct IntervalOption: ParsableArguments {
    @Option(help: ArgumentHelp("Time between two looks for new versions. Default: 30s.", valueName: "time"))
    var interval: String?

    func span() throws -> TimeSpan {
        guard let interval else { return TimeSpan(seconds: 30) }
        guard let span = TimeSpan(interval), span.seconds > 0 else {
            throw UsageFailure("`\(interval)` is no time for --interval", hint: "write for example 30s or 5m")
        }
        return span
    }
}
