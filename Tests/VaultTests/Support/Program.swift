import Foundation
import Glibc
import ResealCore
import TestSupport
import Testing

@testable import ResealVault

/// The built `reseal` with a vault of its own.
struct Program {
    let folder: TemporaryFolder
    let home: VaultHome

    init() throws {
        folder = try TemporaryFolder()
        home = VaultHome(path: folder.file("home"))
    }

    /// Runs a command on this vault, or on a copy of it.
    ///
    /// - Parameter fault: where the process is killed; see `FaultPoint`.
    @discardableResult
    func run(
        _ arguments: [String], stdin: String = "", fault: String? = nil, home other: VaultHome? = nil
    ) throws -> Command.Result {
        var environment = ProcessInfo.processInfo.environment
        environment["RESEAL_HOME"] = (other ?? home).path
        environment["RESEAL_FAULT"] = fault
        environment["SWIFT_BACKTRACE"] = "enable=no"
        return try Command.run(BuiltProduct.reseal(), arguments, stdin: Array(stdin.utf8), environment: environment)
    }

    /// As ``run(_:stdin:fault:home:)`` for what must succeed; its standard output.
    @discardableResult
    func check(_ arguments: [String], stdin: String = "", home other: VaultHome? = nil) throws -> String {
        var environment = ProcessInfo.processInfo.environment
        environment["RESEAL_HOME"] = (other ?? home).path
        return try Command.check(
            BuiltProduct.reseal(), arguments, stdin: Array(stdin.utf8), environment: environment
        ).text
    }

    /// Every fault point that a command passes, each as often as it is passed: `name:1`, `name:2` and so on.
    func faultPoints(of arguments: [String], stdin: String = "", home other: VaultHome) throws -> [String] {
        var environment = ProcessInfo.processInfo.environment
        environment["RESEAL_HOME"] = other.path
        environment["RESEAL_FAULT"] = "list"
        let result = try Command.run(
            BuiltProduct.reseal(), arguments, stdin: Array(stdin.utf8), environment: environment)
        var counts: [Substring: Int] = [:]
        return result.errorText.split(separator: "\n").compactMap { line in
            guard line.hasPrefix("fault-point ") else { return nil }
            let name = line.dropFirst("fault-point ".count)
            counts[name, default: 0] += 1
            return "\(name):\(counts[name, default: 0])"
        }
    }

    func copy(_ name: String = "copy") throws -> VaultHome {
        let copy = VaultHome(path: folder.file(name))
        try Folder.copy(home.path, to: copy.path)
        return copy
    }
}
