internal import Glibc

/// Which plugins may be run. A plugin is a program that gets hold of file keys, so none is run because some text names
/// it: whoever parses keys has to say where the text comes from.
package struct PluginPolicy: Sendable {
    private enum Names {
        case all
        case only(Set<String>)
    }

    /// No plugin: for texts that others may write, as in a repository.
    package static let none = PluginPolicy(.only([]))
    /// Every plugin that is installed: for texts that the user gave on the command line or in his own files.
    package static let all = PluginPolicy(.all)
    /// The plugins of a list that the user keeps, for texts that others may write.
    package static func only(_ names: [String]) -> PluginPolicy {
        PluginPolicy(.only(Set(names.map { $0.lowercased() })))
    }

    private let names: Names
    /// The folders where programs are looked for; `nil` stands for those of PATH.
    package var searchPath: [String]?
    package var limits = PluginLimits()

    /// True for what can stand in a list of names.
    package static func isName(_ text: String) -> Bool {
        PluginName(text).map { !$0.description.hasPrefix("age-plugin-") } ?? false
    }

    private init(_ names: Names) { self.names = names }

    /// Throws ``AgeFailure/Kind/pluginForbidden``.
    func check(_ name: PluginName) throws(AgeFailure) {
        guard case .only(let allowed) = names, !allowed.contains(name.description) else { return }
        throw AgeFailure(
            .pluginForbidden, "the plugin `\(name)` may not be run here",
            hint:
                "if you trust it, list `\(name)` under `age-plugins` in your own config.yaml; a repository cannot allow it"
        )
    }

    /// The path of the plugin's program. Relative folders in PATH, the empty one among them, are passed over: they
    /// would make the working directory say what is run.
    ///
    /// Throws ``AgeFailure/Kind/pluginMissing``.
    func locate(_ name: PluginName) throws(AgeFailure) -> String {
        let folders =
            searchPath ?? (getenv("PATH").map { String(cString: $0) } ?? "").split(separator: ":").map(String.init)
        for folder in folders where folder.hasPrefix("/") {
            let path = "\(folder)/\(name.program)"
            var info = stat()
            if stat(path, &info) == 0, info.st_mode & S_IFMT == S_IFREG, access(path, X_OK) == 0 { return path }
        }
        throw AgeFailure(
            .pluginMissing, "the program `\(name.program)` is not installed",
            hint: "install the plugin, in a folder of PATH")
    }
}

/// What is waited and read for.
package struct PluginLimits: Sendable {
    /// How long a plugin may say nothing, not counting the time that the user takes to answer it.
    package var silence = Duration.seconds(120)
    /// When the user is told that a plugin is waited for.
    package var notice = Duration.seconds(5)
    /// How long a plugin may take to clean up when all is said, before it is told to stop, and then once more before it
    /// is stopped.
    package var grace = Duration.seconds(2)
    /// The largest message.
    package var messageBytes = 256 << 10
    /// The most messages in one conversation.
    package var messages = 4096
}
