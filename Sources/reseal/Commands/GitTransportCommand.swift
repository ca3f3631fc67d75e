internal import ArgumentParser
internal import ResealGit

/// The child process in which Git talks to servers; started by reseal itself.
struct GitTransportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: TransportRunner.subcommand, abstract: "Fetches one repository for a parent process.",
        shouldDisplay: false)

    func run() throws {
        let status = GitTransportWorker.run()
        if status != 0 { throw ExitCode(status) }
    }
}
