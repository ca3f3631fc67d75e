import Foundation
import ResealCore
import ResealGit
import TestSupport

/// The program as it was built beside these tests.
func builtProgram() throws -> String {
    let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let program = "\((own as NSString).deletingLastPathComponent)/reseal"
    guard access(program, X_OK) == 0 else { throw Command.Failure(description: "\(program) was not built") }
    return program
}

func runner() throws -> TransportRunner { TransportRunner(executable: try builtProgram()) }

/// A program that starts reseal with a shell line run before it.
func runner(after line: String, in folder: TemporaryFolder) throws -> TransportRunner {
    let script = "\(folder.path)/wrapper"
    try Data("#!/bin/sh\n\(line)\nexec '\(try builtProgram())' \"$@\"\n".utf8).write(to: URL(fileURLWithPath: script))
    chmod(script, 0o755)
    return TransportRunner(executable: script)
}

extension GitMirror {
    @discardableResult
    func fetch(_ credentials: GitCredentials = GitCredentials(), within seconds: Int64 = 30) throws -> GitRepository {
        try fetch(credentials: credentials, deadline: TimeSpan(seconds: seconds), transport: runner())
    }
}
