import Foundation
import ResealCore
import TestSupport
import Testing

/// One hit of a place where debug builds can be told to die.
struct Fault: CustomStringConvertible {
    let name: String
    let hit: Int

    /// The form of `RESEAL_FAULT`.
    var description: String { "\(name):\(hit)" }

    /// The first, the second and the last hit of every place that a command passes, in a copy of `user`.
    static func all(
        of line: [String], stdin: String = "", in user: Installation, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> [Fault] {
        let probe = try Installation(copying: user)
        let result = try probe.reseal(line, stdin: Array(stdin.utf8), variables: ["RESEAL_FAULT": "list"])
        #expect(result.status == 0, "\(result.errorText)", sourceLocation: sourceLocation)
        var hits: [String: Int] = [:]
        for text in result.errorText.split(separator: "\n") where text.hasPrefix("fault-point ") {
            hits[String(text.dropFirst("fault-point ".count)), default: 0] += 1
        }
        #expect(!hits.isEmpty, "no fault point was passed", sourceLocation: sourceLocation)
        return hits.sorted { $0.key < $1.key }.flatMap { name, count in
            Set([1, min(2, count), count]).sorted().map { Fault(name: name, hit: $0) }
        }
    }
}

/// What a second run of a command does when the first one took effect before it died.
enum SecondRun {
    /// The same state.
    case isIdempotent
    /// The same effect once more, as a new version.
    case repeats
    /// It is refused with this exit status.
    case mayBeRefused(Int32)
}

/// Kills a command at each of its fault points, each time in a fresh copy of `user`.
///
/// - Parameter secrets: whose versions are compared, besides all secrets and values.
func survive(
    _ line: [String], stdin: String = "", in user: Installation, watching secrets: [String],
    again: SecondRun = .isIdempotent, sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let before = try user.comparableState(versionsOf: secrets)
    let whole = try Installation(copying: user)
    _ = try whole.reseal(line, stdin: Array(stdin.utf8))
    let after = try whole.comparableState(versionsOf: secrets)
    for fault in try Fault.all(of: line, stdin: stdin, in: user, sourceLocation: sourceLocation) {
        let copy = try Installation(copying: user)
        try copy.die(at: fault, line, stdin: stdin, sourceLocation: sourceLocation)
        let state = try copy.comparableState(versionsOf: secrets)
        #expect(state == before || state == after, "between two states after \(fault)", sourceLocation: sourceLocation)
        let second = try copy.reseal(line, stdin: Array(stdin.utf8))
        let tookEffect = state == after && before != after
        switch again {
        case .mayBeRefused(let status) where tookEffect:
            #expect(second.status == status, "\(fault): \(second.errorText)", sourceLocation: sourceLocation)
        case .repeats where tookEffect:
            #expect(second.status == 0, "\(fault): \(second.errorText)", sourceLocation: sourceLocation)
        default:
            #expect(second.status == 0, "\(fault): \(second.errorText)", sourceLocation: sourceLocation)
            let final = try copy.comparableState(versionsOf: secrets)
            #expect(final == after, "another state after \(fault) and one more run", sourceLocation: sourceLocation)
        }
        // Whatever breaks the chain stays in it, so one look at the end tells of the death too.
        try copy.expect("audit", "verify", prints: ["is whole"], sourceLocation: sourceLocation)
    }
}

extension Installation {
    /// Runs a command that is killed at a fault point.
    func die(
        at fault: Fault, _ line: [String], stdin: String = "", sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let result = try reseal(line, stdin: Array(stdin.utf8), variables: ["RESEAL_FAULT": fault.description])
        #expect(result.status == 128 + SIGKILL, "\(fault): \(result.errorText)", sourceLocation: sourceLocation)
    }

    /// All secrets, current values, and the versions of some, without anything that differs from run to run.
    func comparableState(versionsOf secrets: [String]) throws -> String {
        let list = try JSON(parsing: try check("list", "--deleted", "--json").stdout)
        let active = (list.arrayValue ?? []).filter { $0["active"] == true && $0["version"] != 0 }
            .compactMap { $0["name"]?.stringValue }
        var parts = [list]
        if !active.isEmpty {
            let names = active.joined(separator: "\n")
            parts.append(try JSON(parsing: try check("get-many", "-", stdin: names).stdout))
        }
        let known = Set((list.arrayValue ?? []).compactMap { $0["name"]?.stringValue })
        for secret in secrets where known.contains(secret) {
            parts.append(try JSON(parsing: try check("versions", secret, "--json").stdout))
        }
        return parts.map { Self.withoutTimes($0).canonical }.joined(separator: "\n")
    }

    private static func withoutTimes(_ json: JSON) -> JSON {
        switch json {
        case .array(let items): .array(items.map(withoutTimes))
        case .object(let members):
            .object(
                Dictionary(
                    uniqueKeysWithValues: members.map { key, value in
                        let isTime = key.hasSuffix("_at") || key == "kept_until"
                        return (key, isTime && value != .null ? .string("a time") : withoutTimes(value))
                    }))
        default: json
        }
    }
}
