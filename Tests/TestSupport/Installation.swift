internal import Foundation
internal import ResealCore
internal import Synchronization

/// One user with a vault, an identity and a repository, who runs `reseal` in a clean environment.
///
/// Everything lies below one folder that is gone with the object: `vault`, `repository`, `key.txt`, `user` (HOME),
/// `tmp` (TMPDIR) and `work`, where programs start.
package final class Installation: Sendable {
    package let folder: TemporaryFolder
    package let repository: GitFixture
    private let program: String
    private let log = Mutex<[Run]>([])

    /// One run of `reseal`, as it was recorded.
    package struct Run: Sendable {
        package let arguments: [String]
        package let result: Command.Result
    }

    /// An identity and a repository with a branch that has no commit. No vault.
    package init() throws {
        folder = try TemporaryFolder()
        program = try BuiltProduct.reseal()
        for name in ["user", "tmp", "work", "repository"] {
            try FileManager.default.createDirectory(atPath: folder.file(name), withIntermediateDirectories: false)
        }
        repository = GitFixture(at: folder.file("repository"), in: folder)
        try repository.git("init", "--quiet", "--template=", "--initial-branch=main")
        try check("keygen", "-o", identity)
    }

    /// A copy of everything that `other` has, at another place.
    package init(copying other: Installation) throws {
        folder = try TemporaryFolder()
        program = other.program
        repository = GitFixture(at: folder.file("repository"), in: folder)
        try Command.check("cp", ["-a", "\(other.folder.path)/.", folder.path])
        let config = "\(home)/config.yaml"
        guard let settings = try? String(contentsOfFile: config, encoding: .utf8) else { return }
        try Data(settings.replacing(other.folder.path, with: folder.path).utf8).write(to: URL(fileURLWithPath: config))
    }

    package var home: String { folder.file("vault") }
    package var identity: String { folder.file("key.txt") }
    package var work: String { folder.file("work") }

    /// No variable of the test's own environment but PATH.
    package var environment: [String: String] {
        [
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "HOME": folder.file("user"),
            "TMPDIR": folder.file("tmp"), "LC_ALL": "C.UTF-8", "SWIFT_BACKTRACE": "enable=no", "RESEAL_HOME": home,
        ]
    }

    /// Every run so far.
    package var runs: [Run] { log.withLock { $0 } }

    /// The identity's public key.
    package func recipient() throws -> String { try check("keygen", "-y", identity).text }

    // MARK: Running

    /// Runs `reseal` and waits for it.
    ///
    /// - Parameters:
    ///   - variables: added to ``environment``; `nil` removes one.
    ///   - wrapper: words before the program, of a command that runs it.
    @discardableResult
    package func reseal(
        _ arguments: [String], stdin: [UInt8] = [], variables: [String: String?] = [:], directory: String? = nil,
        wrapper: [String] = [], timeout: Duration = .seconds(60)
    ) throws -> Command.Result {
        let line = wrapper + [program] + arguments
        let result = try Command.run(
            line[0], Array(line.dropFirst()), stdin: stdin, environment: environment(with: variables),
            directory: directory ?? work, timeout: timeout)
        log.withLock { $0.append(Run(arguments: arguments, result: result)) }
        return result
    }

    /// As above, for runs that must succeed.
    @discardableResult
    package func check(
        _ arguments: String..., stdin: String = "", variables: [String: String?] = [:], directory: String? = nil
    ) throws -> Command.Result {
        let result = try reseal(arguments, stdin: Array(stdin.utf8), variables: variables, directory: directory)
        guard result.status == 0 else {
            throw Command.Failure(
                description: "`reseal \(arguments.joined(separator: " "))` ended with status \(result.status): "
                    + result.text + result.errorText)
        }
        return result
    }

    /// Runs `reseal` at a terminal of its own.
    package func atTerminal(
        _ arguments: [String], dialogue: [PseudoTerminal.Step] = [], variables: [String: String?] = [:]
    ) throws -> PseudoTerminal.Result {
        // `env -i` gives the program nothing of the environment that the terminal's helper needs.
        let settings = environment(with: variables).map { "\($0)=\($1)" }
        let line = ["-i", "-C", work] + settings + [program] + arguments
        return try PseudoTerminal.run(try Command.find("env"), line, dialogue: dialogue)
    }

    /// Starts `reseal` and leaves it running.
    ///
    /// - Parameter streams: the folder whose files `1` and `2` get what it says; by default that is ``folder``.
    package func start(
        _ arguments: [String], variables: [String: String?] = [:], wrapper: [String] = [], streams: String? = nil
    ) throws -> RunningProcess {
        let line = wrapper + [program] + arguments
        return try RunningProcess(
            line[0], Array(line.dropFirst()), environment: environment(with: variables),
            streams: streams ?? folder.path)
    }

    private func environment(with variables: [String: String?]) -> [String: String] {
        var environment = environment
        for (name, value) in variables { environment[name] = value }
        return environment
    }
}
