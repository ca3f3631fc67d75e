import ResealCore
import TestSupport
import Testing

/// Everything that the vault was seen to hold, to be asked for again at the end.
struct Ledger {
    private struct Version: Hashable {
        let secret: String
        let number: Int64
    }
    private var values: [Version: String] = [:]
    /// Hashes of audit records by their sequence numbers.
    private var heads: [String: String] = [:]

    var valueCount: Int { values.count }
    var headCount: Int { heads.count }

    /// Notes what is current, and that what was seen before is still the same.
    mutating func note(_ user: Installation, _ comment: String) throws {
        let readings = try JSON(parsing: user.reseal(["get-many"] + FaultWorld.secrets).stdout).arrayValue ?? []
        #expect(readings.count == FaultWorld.secrets.count, "\(comment)")
        for reading in readings {
            let (version, value) = try Self.read(reading)
            #expect(values[version] == nil || values[version] == value, "\(comment): \(version) changed")
            values[version] = value
        }
        let status = try JSON(parsing: user.check("status", "--json").stdout)
        let head = try #require(status["audit_head"]?.stringValue, "\(comment)").split(separator: ":")
        heads[String(head[0])] = String(head[1])
    }

    /// Every value is readable as the version that it was, and every record stands where it stood.
    func expectAllIsThere(_ user: Installation, _ comment: String) throws {
        for (version, value) in values {
            let result = try user.reseal(["get", version.secret, "--version", "\(version.number)", "--json"])
            #expect(result.status == 0, "\(comment): \(version) is lost: \(result.errorText)")
            guard result.status == 0 else { continue }
            #expect(try Self.read(JSON(parsing: result.stdout)).value == value, "\(comment): \(version) changed")
        }
        let verified = try user.reseal(["audit", "verify"])
        #expect(verified.status == 0, "\(comment): \(verified.errorText)")
        var found: [String: String] = [:]
        for line in try user.check("audit", "list", "--json").text.split(separator: "\n") {
            let record = try JSON(parsing: Array(line.utf8))
            found[String(record["seq"]?.integerValue ?? 0)] = record["hash"]?.stringValue
        }
        for (sequence, hash) in heads {
            #expect(found[sequence] == hash, "\(comment): the audit record \(sequence) is another one")
        }
    }

    /// No text holds a value that the vault ever held.
    func expectNone(in text: String, _ comment: String) {
        for value in Set(values.values.flatMap(Self.passwords)) { #expect(!text.contains(value), "\(comment)") }
    }

    private static func read(_ reading: JSON) throws -> (version: Version, value: String) {
        let version = Version(
            secret: try #require(reading["name"]?.stringValue), number: try #require(reading["version"]?.integerValue))
        return (version, try #require(reading["value"]).canonical)
    }

    private static func passwords(_ value: String) -> [String] {
        (try? JSON(parsing: Array(value.utf8))["password"]?.stringValue).flatMap { $0 }.map { [$0] } ?? []
    }
}
