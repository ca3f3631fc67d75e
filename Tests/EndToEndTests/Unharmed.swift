import Foundation
import ResealCore
import TestSupport
import Testing

/// What one run took.
struct Cost {
    let result: Command.Result
    let seconds: Double
    /// Resident memory at its peak.
    let mebibytes: Int
}

extension Installation {
    /// Runs a command with its time and memory measured.
    func measure(_ line: [String], variables: [String: String?] = [:]) throws -> Cost {
        let script = """
            import resource, subprocess, sys
            status = subprocess.run(sys.argv[2:]).returncode
            with open(sys.argv[1], "w") as file:
                file.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024))
            sys.exit(status if status >= 0 else 128 - status)
            """
        let report = folder.file("peak")
        let start = ContinuousClock.now
        let result = try reseal(line, variables: variables, wrapper: ["python3", "-c", script, report])
        let elapsed = (ContinuousClock.now - start).components
        return Cost(
            result: result, seconds: Double(elapsed.seconds) + Double(elapsed.attoseconds) / 1e18,
            mebibytes: Int(try String(contentsOfFile: report, encoding: .utf8)) ?? .max)
    }

    /// Runs commands that must fail with a message that says what to do, within bounds, and change nothing but that
    /// their refusal may stand in the audit trail.
    ///
    /// - Parameter place: what the message begins with.
    func expectRefusals(
        _ lines: [[String]], exits status: Int32 = 1, code: String, place: String? = nil,
        variables: [String: String?] = [:], sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let before = try comparableState(versionsOf: ["prod/note"]) + serial()
        for line in lines {
            let cost = try measure(line, variables: variables)
            let story =
                "reseal \(line.joined(separator: " ")): \(cost.result.text.prefix(500)) / \(cost.result.errorText.prefix(2000))"
            #expect(cost.result.status == status, "\(story)", sourceLocation: sourceLocation)
            #expect(cost.result.errorText.contains("error: "), "\(story)", sourceLocation: sourceLocation)
            #expect(cost.result.errorText.contains("[\(code)]"), "\(story)", sourceLocation: sourceLocation)
            if let place { #expect(cost.result.errorText.contains(place), "\(story)", sourceLocation: sourceLocation) }
            #expect(cost.result.errorText.utf8.count < 64 << 10, "a flood of text", sourceLocation: sourceLocation)
            #expect(cost.seconds < 20, "\(story)", sourceLocation: sourceLocation)
            #expect(cost.mebibytes < 600, "\(story)", sourceLocation: sourceLocation)
        }
        #expect(try comparableState(versionsOf: ["prod/note"]) + serial() == before, sourceLocation: sourceLocation)
        try expect("audit", "verify", prints: ["is whole"], sourceLocation: sourceLocation)
    }
}
