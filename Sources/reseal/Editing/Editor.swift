internal import CEditor
internal import Glibc
internal import ResealCore

/// The user's editor, told to leave nothing behind as far as it can be told.
struct Editor {
    enum Ending: Equatable {
        case well
        case status(Int32)
        case signal(Int32)
    }

    /// How to call it, without the file.
    let command: EditorCommand
    let habits: EditorHabits

    /// `$VISUAL`, else `$EDITOR`, else the first of those that systems have.
    static func find(_ environment: [String: String]) throws(EditFailure) -> Editor {
        for name in ["VISUAL", "EDITOR"] {
            guard let line = environment[name], line.contains(where: { !$0.isWhitespace }) else { continue }
            guard let command = EditorCommand(line, environment) else {
                throw EditFailure(
                    .noEditor, "the editor that $\(name) names is not installed",
                    hint: "set \(name) to an editor that is, for example `export \(name)=nano`")
            }
            return Editor(command: command, habits: EditorHabits(of: command.resolved))
        }
        for name in ["editor", "vim", "vi", "nano", "emacs"] {
            if let command = EditorCommand(name, environment) {
                return Editor(command: command, habits: EditorHabits(of: command.resolved))
            }
        }
        throw EditFailure(.noEditor, "there is no editor", hint: "install one, and name it in VISUAL or EDITOR")
    }

    /// Edits a file, and comes back when the editor has ended. Files that the editor makes on the side go into `folder`.
    func edit(_ file: String, in folder: String, _ environment: [String: String]) throws(EditFailure) -> Ending {
        var variables = environment.filter { !$0.key.hasPrefix("RESEAL_") }
        for name in ["TMPDIR", "TMP", "TEMP"] { variables[name] = folder }
        for (name, value) in habits.variables(folder) { variables[name] = value }
        let words = command.words(adding: habits.options + [file])
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        var settings: [UnsafeMutablePointer<CChar>?] = variables.map { strdup("\($0)=\($1)") } + [nil]
        defer { for text in arguments + settings { free(text) } }

        // Control-C and Control-\ at the terminal are the editor's business.
        let dispositions = [SIGINT, SIGQUIT].map { ($0, signal($0, SIG_IGN)) }
        var screen = termios()
        let hasScreen = tcgetattr(STDIN_FILENO, &screen) == 0
        defer { for (number, before) in dispositions { signal(number, before) } }
        let child = reseal_start_editor(command.program, &arguments, &settings)
        guard child > 0 else {
            throw EditFailure(.editor, "cannot start the editor: \(String(cString: strerror(errno)))")
        }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        let ending: Ending =
            status & 0x7f != 0 ? .signal(status & 0x7f) : status == 0 ? .well : .status(status >> 8 & 0xff)
        if case .signal = ending, hasScreen { tcsetattr(STDIN_FILENO, TCSADRAIN, &screen) }
        return ending
    }
}

/// A command line such as `code --wait`, as people write it into `$EDITOR`.
struct EditorCommand {
    /// The path of what is executed.
    let program: String
    /// The path of the editor itself, links followed; `nil` where a shell has to find it.
    let resolved: String?
    private let words: [String]
    private let isForShell: Bool

    /// What a shell acts on. Without any of these, words are all there is.
    private static let specials = Set("|&;<>()$`\\\"'*?[]#~=%{}!\n")

    /// `nil` if there is no such program.
    init?(_ line: String, _ environment: [String: String]) {
        isForShell = line.contains(where: Self.specials.contains)
        guard !isForShell else {
            (program, resolved, words) = ("/bin/sh", nil, ["sh", "-c", "\(line) \"$@\"", "editor"])
            return
        }
        words = line.split(whereSeparator: \.isWhitespace).map(String.init)
        guard let name = words.first, let found = Self.find(name, environment["PATH"] ?? "/usr/bin:/bin") else {
            return nil
        }
        program = found
        resolved = FileProbe.absolute(found)
    }

    func words(adding more: [String]) -> [String] { words + more }

    private static func find(_ name: String, _ path: String) -> String? {
        let candidates = name.contains("/") ? [name] : path.split(separator: ":").map { "\($0)/\(name)" }
        return candidates.first { candidate in
            var info = stat()
            return stat(candidate, &info) == 0 && info.st_mode & S_IFMT == S_IFREG && access(candidate, X_OK) == 0
        }
    }
}
