internal import Foundation
internal import Glibc
internal import ResealCore

/// An unmistakable plaintext, and every form in which it could stand where it must not.
package struct Canary: Sendable {
    /// Where the plaintext goes in.
    package let channel: String
    /// Letters and digits only, so that no escape of JSON, YAML or a shell changes it.
    package let mark: String
    private let needles: [(form: String, bytes: [UInt8])]

    package init(_ channel: String) {
        self.channel = channel
        mark =
            "canary" + String(UInt64.random(in: 0 ... .max), radix: 36)
            + String(UInt64.random(in: 0 ... .max), radix: 36)
        needles = Self.forms(of: Array(mark.utf8))
    }

    /// For a secret that the program made up itself.
    package init(_ channel: String, madeUp text: String) {
        self.channel = channel
        mark = text
        needles = Self.forms(of: Array(text.utf8))
    }

    /// A value around the mark that JSON and YAML have to escape.
    package var value: String { "\(mark)\"\\\n\t'\(mark)" }

    private static func forms(of mark: [UInt8]) -> [(String, [UInt8])] {
        let hex = Hex.encode(mark)
        // In base64 the text depends on what stands before; the outer letters belong to neighbours in part.
        let base64 = (0..<3).map { offset -> (String, [UInt8]) in
            let text = Base64.encode([UInt8](repeating: 0x78, count: offset) + mark, padded: false)
            return ("base64", Array(text.utf8.dropFirst(4).dropLast(4)))
        }
        return [
            ("plain", mark), ("upper case", Array(String(decoding: mark, as: UTF8.self).uppercased().utf8)),
            ("reversed", Array(mark.reversed())), ("hex", Array(hex.utf8)), ("hex", Array(hex.uppercased().utf8)),
        ] + base64
    }

    /// The form in which the plaintext stands in `bytes`; `nil` if it does not.
    package func found(in bytes: UnsafeRawBufferPointer) -> String? {
        needles.first { Self.contains(bytes, $0.bytes) }?.form
    }

    /// As memmem, which Glibc's module does not export.
    private static func contains(_ bytes: UnsafeRawBufferPointer, _ needle: [UInt8]) -> Bool {
        guard let base = bytes.baseAddress else { return false }
        var place = 0
        while bytes.count - place >= needle.count,
            let hit = memchr(base + place, Int32(needle[0]), bytes.count - place - needle.count + 1)
        {
            if memcmp(hit, needle, needle.count) == 0 { return true }
            place = UnsafeRawPointer(hit) - base + 1
        }
        return false
    }
}

/// Looks for canaries in files and outputs.
package struct LeakScanner {
    private let canaries: [Canary]
    /// What was found: place, channel and form.
    package private(set) var leaks: [String] = []
    /// How many bytes were looked at.
    package private(set) var scanned = 0

    package init(_ canaries: [Canary]) { self.canaries = canaries }

    /// - Parameter allowed: channels whose plaintext belongs here.
    package mutating func scan(_ bytes: [UInt8], at place: String, allowing allowed: Set<String> = []) {
        scanned += bytes.count
        bytes.withUnsafeBytes { buffer in
            for canary in canaries where !allowed.contains(canary.channel) {
                if let form = canary.found(in: buffer) { leaks.append("\(canary.channel) (\(form)) in \(place)") }
            }
        }
    }

    /// Every file below a folder, with names and targets of links.
    ///
    /// - Parameter allowed: channels whose plaintext belongs into a file; `nil` leaves the file out.
    package mutating func scan(folder: String, allowing allowed: (String) -> Set<String>?) throws {
        let files = FileManager.default.subpaths(atPath: folder) ?? []
        for file in files {
            scan(Array(file.utf8), at: "the name \(file)")
            guard let channels = allowed(file) else { continue }
            let path = "\(folder)/\(file)"
            if let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path) {
                scan(Array(target.utf8), at: "the link \(file)")
            } else if let content = FileManager.default.contents(atPath: path) {
                scan(Array(content), at: file, allowing: channels)
            }
        }
    }

    /// Every object of a repository, unpacked, reachable or not.
    package mutating func scan(repository: String, allowing allowed: Set<String> = []) throws {
        let objects = try Command.check(
            "git", ["-C", repository, "cat-file", "--batch-all-objects", "--batch"],
            environment: GitFixture.environment
        ).stdout
        scan(objects, at: "the objects of \(repository)", allowing: allowed)
    }
}
