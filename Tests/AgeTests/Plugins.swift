import Foundation
import TestSupport

@testable import ResealAge
@testable import ResealSealing

/// The plugin of the folder `Plugin`, built and installed under the names of all its manners.
final class Plugins: Sendable {
    private static let names = [
        "honest", "quantum", "asking", "around", "stubborn", "foreign", "scrypt", "doubling", "chatty", "vague",
        "empty",
        "longkey", "refusing", "dying", "babbling", "silent", "flooding", "deaf",
    ]
    private static let installed = Result {
        // What is kept for all tests is released by nobody.
        atexit {
            if let plugins = try? Plugins.all() { try? FileManager.default.removeItem(atPath: plugins.folder.path) }
        }
        return try Plugins()
    }

    static func all() throws -> Plugins { try installed.get() }

    /// The folder to put into PATH.
    let folder: TemporaryFolder

    private init() throws {
        folder = try TemporaryFolder()
        let source = "\(#filePath.dropLast("Plugins.swift".count))Plugin/plugin.c"
        try Command.check("cc", ["-O1", "-o", folder.file("program"), source])
        for name in Self.names {
            try Command.check("ln", ["-s", "program", folder.file("age-plugin-\(name)")])
        }
    }

    /// Everything is allowed, unless `policy` says otherwise. Impatient access gives up on silent plugins soon.
    func access(
        _ user: any KeyInteraction = NoInteraction(), _ policy: PluginPolicy = .all, isImpatient: Bool = false
    ) -> KeyAccess {
        var policy = policy
        policy.searchPath = [folder.path]
        policy.limits.grace = .milliseconds(50)
        if isImpatient { (policy.limits.silence, policy.limits.notice) = (.milliseconds(300), .milliseconds(50)) }
        return KeyAccess(interaction: user, plugins: policy)
    }

    /// `age1NAME1…` of some bytes.
    static func recipient(_ name: String) -> String { text("age1\(name)", [1, 2, 3, 4, 5]) }

    /// `AGE-PLUGIN-NAME-1…` of some bytes.
    static func identity(_ name: String) -> String { text("AGE-PLUGIN-\(name.uppercased())-", [6, 7, 8]) }

    private static func text(_ start: String, _ data: [UInt8]) -> String {
        let start = Array(start.utf8)
        return start.withUnsafeBytes { start in
            var text = [UInt8](repeating: 0, count: Bech32.encodedCount(prefix: start, bytes: data.count))
            text.withUnsafeMutableBytes { text in
                data.withUnsafeBytes { Bech32.encode($0, prefix: start, into: text) }
            }
            return String(decoding: text, as: UTF8.self)
        }
    }
}
