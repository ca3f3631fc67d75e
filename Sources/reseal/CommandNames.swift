internal import ArgumentParser
internal import ResealCore

/// The names of commands, for a better word than "unexpected argument" when one is misspelt.
enum CommandNames {
    /// Follows the words down to the command that they name. Throws when one names no command.
    static func check(_ words: some Sequence<String>) throws(UsageFailure) {
        var command: any ParsableCommand.Type = Reseal.self
        for word in words {
            let subcommands = command.configuration.subcommands
            guard !subcommands.isEmpty, !word.hasPrefix("-"), word != "help" else { return }
            guard let next = subcommands.first(where: { Self.names(of: $0).contains(word) }) else {
                let names = subcommands.filter { $0.configuration.shouldDisplay }.map { $0._commandName }
                let nearest = NearestName.suggestion(for: word, in: names)
                throw UsageFailure(
                    "there is no command `\(path(to: command, word.prefix(40)))`",
                    hint: nearest.map { "did you mean `\(path(to: command, $0))`?" }
                        ?? "`\(path(to: command, "--help"))` lists the commands")
            }
            command = next
        }
    }

    private static func names(of command: any ParsableCommand.Type) -> [String] {
        [command._commandName] + command.configuration.aliases
    }

    private static func path(to command: any ParsableCommand.Type, _ word: some StringProtocol) -> String {
        command == Reseal.self ? "reseal \(word)" : "reseal \(command._commandName) \(word)"
    }
}
