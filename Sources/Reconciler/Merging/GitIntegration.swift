internal import ResealCore
package import ResealGit

/// Lets `git diff` and `git merge` know what sealed values are: the drivers in Git's configuration, and the attributes
/// that say for which files they are.
package struct GitIntegration {
    /// One setting or line, and whether it is there.
    package struct Item: Sendable, Equatable {
        package let name: String
        package let wanted: String
        /// `nil` if it is not there.
        package let found: String?

        package var isInPlace: Bool { found == wanted }
    }

    private static let attributesFile = ".gitattributes"
    private static let maximumAttributesBytes = 1 << 20
    private let configuration: GitConfiguration
    private let tree: WorkTree
    private let folder: String
    private let settings: [(key: String, value: String)]

    /// - Parameters:
    ///   - root: the top of the work tree.
    ///   - folder: that of the manifests, to which the attributes are confined.
    ///   - program: how a shell starts this program.
    ///   - diffOptions: for `git textconv`, in a shell's words.
    package init(
        _ configuration: GitConfiguration, root: String, folder: String, program: String, diffOptions: String
    ) {
        self.configuration = configuration
        tree = WorkTree(root: root)
        self.folder = folder
        settings = [
            ("diff.reseal.textconv", "\(program) git textconv\(diffOptions)"),
            ("diff.reseal.cachetextconv", "true"),
            ("merge.reseal.name", "merge manifests field by field"),
            ("merge.reseal.driver", "\(program) git merge-driver -L %L -- %O %A %B %P"),
            // Ancestors that conflict among themselves must not put markers into what both sides began with.
            ("merge.reseal.recursive", "binary"),
        ]
    }

    private static let lines = ["yaml", "yml", "age"].map { "*.\($0) diff=reseal merge=reseal" }
    private var attributesPath: String { folder.isEmpty ? Self.attributesFile : "\(folder)/\(Self.attributesFile)" }

    package func status() throws -> [Item] {
        let present = try attributes().map(Self.lines(of:)) ?? []
        return try settings.map { Item(name: $0.key, wanted: $0.value, found: try configuration.value($0.key)) }
            + Self.lines.map { line in
                Item(name: attributesPath, wanted: line, found: present.contains { $0 == line } ? line : nil)
            }
    }

    /// Adds what is missing.
    package func install() throws {
        for (key, value) in settings where try configuration.value(key) != value { try configuration.set(key, value) }
        let before = try attributes()
        let present = before.map(Self.lines(of:)) ?? []
        let missing = Self.lines.filter { !present.contains($0) }
        guard !missing.isEmpty else { return }
        let added = Array(missing.map { "\($0)\n" }.joined().utf8)
        guard let before else { return try tree.create(attributesPath, holding: added) }
        let isOpen = !before.isEmpty && before.last != 0x0a
        try write(before + (isOpen ? [0x0a] : []) + added, over: before)
    }

    /// Takes away what ``install()`` adds, and nothing else.
    package func uninstall() throws {
        for (key, _) in settings { try configuration.remove(key) }
        guard let before = try attributes() else { return }
        let kept = before.split(separator: 0x0a, omittingEmptySubsequences: false).filter { line in
            !Self.lines.contains(String(decoding: line, as: UTF8.self))
        }
        let after = Array(kept.joined(separator: [0x0a]))
        guard after != before else { return }
        if after.isEmpty { return try tree.remove(attributesPath, holding: before) }
        try write(after, over: before)
    }

    /// `nil` if there is no such file.
    private func attributes() throws -> [UInt8]? {
        guard try tree.names(in: folder).contains(Self.attributesFile) else { return nil }
        return try tree.read(attributesPath, limitBytes: Self.maximumAttributesBytes)
    }

    private static func lines(of bytes: [UInt8]) -> [String] {
        bytes.split(separator: 0x0a).map { line in
            String(decoding: line.last == 0x0d ? line.dropLast() : line, as: UTF8.self)
        }
    }

    private func write(_ after: [UInt8], over before: [UInt8]) throws {
        try tree.replaceAll([FileReplacement(path: attributesPath, before: before, after: after)])
    }
}
