internal import ArgumentParser
internal import ResealCore

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

    @Argument(help: "bash, zsh or fish.", completion: .list(["bash", "zsh", "fish"]))
    var shell: String

    func run() throws {
        guard let shell = CompletionShell(rawValue: shell) else {
            let known = CompletionShell.allCases.map(\.rawValue)
            let nearest = NearestName.suggestion(for: shell, in: known).map { "did you mean `\($0)`?" }
            throw UsageFailure(
                "there is no completion for `\(shell)`", hint: nearest ?? "one of \(known.joined(separator: ", "))")
        }
        Terminal.print(Reseal.completionScript(for: shell))
    }
}
