/// The hooks that reseal can install.
enum HookName: String, CaseIterable, Sendable {
    case preCommit = "pre-commit"
    case prePush = "pre-push"
}

/// The text of a hook: POSIX sh that runs what was there before, then `reseal hook run`.
struct HookScript {
    let name: HookName
    /// The manifests' folder; `nil` for the default.
    let folder: String?
    let isStrict: Bool

    /// What tells our hooks from others.
    static let mark = "# reseal-hook "
    static let chainedSuffix = ".before-reseal"

    var text: String {
        let options = (folder.map { " --path \(Self.quoted($0))" } ?? "") + (isStrict ? " --strict" : "")
        let command = "reseal hook run \(name.rawValue)\(options) -- \"$@\""
        return """
            #!/bin/sh
            \(Self.mark)\(name.rawValue)
            # Made by `reseal hook install`; `reseal hook uninstall` takes it away. The next install overwrites changes.
            \(name == .prePush ? Self.feed : "")if [ -x "$0\(Self.chainedSuffix)" ]; then
                \(name == .prePush ? "feed | " : "")"$0\(Self.chainedSuffix)" "$@" || exit
            fi
            if ! command -v reseal >/dev/null 2>&1; then
                echo "error: this repository is checked by reseal, which is not on PATH" >&2
                echo "  hint: install it, or remove the hook $0; --no-verify goes on without checks this once" >&2
                exit 1
            fi
            \(name == .prePush ? "feed | \(command)" : "exec \(command)")

            """
    }

    /// What git tells a pre-push hook on standard input is for two readers.
    private static let feed = """
        refs=$(cat)
        feed() {
            [ -z "$refs" ] || printf '%s\\n' "$refs"
        }

        """

    static func isOurs(_ bytes: [UInt8]) -> Bool {
        bytes.starts(with: "#!/bin/sh\n\(mark)".utf8)
    }

    private static func quoted(_ text: String) -> String { "'\(text.replacing("'", with: #"'\''"#))'" }
}
