internal import Foundation
package import ResealCore

/// A repository made with the `git` program, cut off from the configuration of the machine.
package struct GitFixture: Sendable {
    package let folder: TemporaryFolder
    package let path: String

    package init(bare: Bool = false, named name: String = "repository") throws {
        folder = try TemporaryFolder()
        path = "\(folder.path)/\(name)"
        try Command.check(
            "git", ["init", "--quiet", "--initial-branch=main"] + (bare ? ["--bare"] : []) + [path],
            environment: Self.environment)
    }

    /// A repository that is at `path` or will be; `folder` holds it.
    package init(at path: String, in folder: TemporaryFolder) {
        self.folder = folder
        self.path = path
    }

    /// No configuration but the repository's own, a fixed author and time.
    package static let environment: [String: String] = [
        "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
        "HOME": "/nonexistent", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
        "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org", "GIT_AUTHOR_DATE": "1700000000 +0000",
        "GIT_COMMITTER_NAME": "Ben", "GIT_COMMITTER_EMAIL": "ben@example.org",
        "GIT_COMMITTER_DATE": "1700000100 +0000", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C",
    ]

    @discardableResult
    package func git(_ arguments: String..., stdin: [UInt8] = []) throws -> String {
        try Command.check("git", arguments, stdin: stdin, environment: Self.environment, directory: path).text
    }

    /// Writes a file of the work tree, with the folders above it.
    package func write(_ file: String, _ text: String) throws {
        let url = URL(fileURLWithPath: "\(path)/\(file)")
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    package func remove(_ file: String) throws { try FileManager.default.removeItem(atPath: "\(path)/\(file)") }

    /// Commits everything that differs, or an empty commit.
    @discardableResult
    package func commit(_ message: String = "change") throws -> ObjectID {
        try git("add", "--all")
        try git("commit", "--quiet", "--allow-empty", "--message", message)
        return try id("HEAD")
    }

    package func id(_ revision: String) throws -> ObjectID {
        let text = try git("rev-parse", "--verify", revision)
        guard let id = ObjectID(hex: text) else { throw Command.Failure(description: "not an id: \(text)") }
        return id
    }

    /// Feeds `git fast-import`, the quick way to a large repository.
    package func fastImport(_ stream: String) throws {
        try Command.check(
            "git", ["fast-import", "--quiet", "--force"], stdin: Array(stream.utf8), environment: Self.environment,
            directory: path, timeout: .seconds(120))
    }
}
