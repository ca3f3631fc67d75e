internal import ArgumentParser

struct CompletionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion",
        abstract: "Print the completion script for a shell.",
        discussion: """
            EXAMPLES
              reseal completion bash > /etc/bash_completion.d/reseal
              reseal completion zsh > "${fpath[1]}/_reseal"
              reseal completion fish > ~/.config/fish/completions/reseal.fish
            """)

    @Argument(help: "bash, zsh or fish.")
    var shell: String

    func run() throws {
        guard let shell = CompletionShell(rawValue: shell) else { throw ValidationError("the shell is bash, zsh or fish") }
        Terminal.print(Reseal.completionScript(for: shell))
    }
}
