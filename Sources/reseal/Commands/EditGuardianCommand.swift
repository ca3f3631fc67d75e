internal import ArgumentParser

/// The child process that wipes decrypted text when an editing session is over; started by reseal itself.
struct EditGuardianCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: Guardian.subcommand, abstract: "Wipes the folder of an editing session when it is over.",
        shouldDisplay: false)

    @Argument var folder: String

    func run() throws {
        let status = Guardian.watch(folder)
        if status != 0 { throw ExitCode(status) }
    }
}
