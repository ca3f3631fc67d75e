internal import Glibc

/// Programs that this package built, for tests that run them.
package enum BuiltProduct {
    /// The path of the `reseal` command, which stands beside the test bundle.
    package static func reseal() throws -> String { try path("reseal") }

    /// The path of the executable product `name`.
    package static func path(_ name: String) throws -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        let runner = String(decoding: buffer.prefix(max(0, count)).map(UInt8.init(bitPattern:)), as: UTF8.self)
        let folder = runner[..<(runner.lastIndex(of: "/") ?? runner.startIndex)]
        let path = "\(folder)/\(name)"
        guard access(path, X_OK) == 0 else {
            throw Command.Failure(
                description: "\(path) is not built; let the test target depend on the executable target `\(name)`")
        }
        return path
    }
}
