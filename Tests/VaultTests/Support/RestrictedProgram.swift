import Foundation
import TestSupport

/// Runs the built `reseal` as an ordinary user or without room on the disk, whoever runs the tests.
enum RestrictedProgram {
    /// - Parameters:
    ///   - fileBytes: no file may grow beyond this; writing more fails as on a full disk.
    ///   - asNobody: gives up the rights of the superuser, if the test has them.
    static func run(
        _ arguments: [String], stdin: String = "", fileBytes: Int? = nil, asNobody: Bool = false
    ) throws -> Command.Result {
        let settings = [fileBytes.map(String.init) ?? "", asNobody ? "nobody" : ""]
        return try Command.run(
            "python3", ["-c", script] + settings + [BuiltProduct.reseal()] + arguments, stdin: Array(stdin.utf8))
    }

    /// The program is opened first, since the ordinary user may not reach the folder that it stands in. Python ignores
    /// SIGXFSZ, and so does what it executes.
    private static let script = """
        import os, resource, sys
        program = os.open(sys.argv[3], os.O_RDONLY)
        if sys.argv[1]:
            resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
        if sys.argv[2] and os.geteuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        os.execve(program, sys.argv[3:], os.environ)
        """
}
