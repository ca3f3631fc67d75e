internal import Glibc
internal import ResealCore

/// A program of the system: `ssh-keygen`, `gpgv` and `git`, which are run to their end, and `ssh`, which is talked to.
///
/// It gets its input on standard input, few variables, no descriptor that it was not given, and limits of time and
/// output; it is killed when it passes one.
struct GitProgram {
    struct Result {
        /// The exit status; 128 and the signal's number for a program that a signal ended.
        let status: Int32
        let output: [UInt8]
        let error: [UInt8]

        var text: String { String(decoding: output, as: UTF8.self) }

        /// What it said on standard error, as one line fit for messages.
        var complaint: String {
            let text = GitText.cleaned(String(String(decoding: error, as: UTF8.self).prefix(400)))
            return text.split(separator: " ").joined(separator: " ")
        }
    }

    let name: String
    private let path: String

    static let maximumOutputBytes = 1 << 20

    /// Looks the program up in the absolute folders of PATH. Throws ``GitFailure/Kind/toolMissing``.
    init(_ name: String, hint: String) throws(GitFailure) {
        let folders = getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"
        let found = folders.split(separator: ":").filter { $0.hasPrefix("/") }.map { "\($0)/\(name)" }
            .first { (path: String) in access(path, X_OK) == 0 }
        guard let found else {
            throw GitFailure(.toolMissing, "the program `\(name)` is not installed", hint: hint)
        }
        self.name = name
        path = found
    }

    /// The variables of this process among `names`, each as `NAME=VALUE`.
    static func inherited(_ names: [String]) -> [String] {
        names.compactMap { name in getenv(name).map { "\(name)=\(String(cString: $0))" } }
    }

    /// Runs it and waits. Every exit status is a result; a program that cannot be started, does not end in time or says
    /// too much is a failure.
    ///
    /// - Parameters:
    ///   - variables: besides PATH, HOME and LC_ALL, each as `NAME=VALUE`.
    ///   - extra: a descriptor that it gets as number 3.
    ///   - inOwnGroup: false for a program that is to be killed together with this process's group.
    func run(
        _ arguments: [String], input: [UInt8] = [], variables: [String] = [],
        within span: TimeSpan = TimeSpan(seconds: 30), extra: Int32 = -1, inOwnGroup: Bool = true
    ) throws(GitFailure) -> Result {
        let child = try start(arguments, variables: variables, extra: extra, inOwnGroup: inOwnGroup)
        return try child.communicate(input, until: Deadline(in: span), span: span)
    }

    /// As ``run(_:input:variables:within:extra:inOwnGroup:)``, for a program that is talked to.
    func start(
        _ arguments: [String], variables: [String] = [], extra: Int32 = -1, inOwnGroup: Bool = true
    ) throws(GitFailure) -> ProgramChild {
        try ProgramChild(
            name: name, path: path, arguments: arguments,
            variables: Self.inherited(["PATH", "HOME"]) + ["LC_ALL=C"] + variables, extra: extra,
            inOwnGroup: inOwnGroup)
    }
}
