package import ResealCore
internal import Synchronization

/// What was told already, kept in a file so that a restart tells nothing twice. A file that is missing or damaged means
/// that nothing was: the worst that can come of it is a message too many.
package final class SentLog: Sendable {
    private struct Entry {
        var at: Timestamp
        /// Forgotten from then on.
        var until: Timestamp
    }

    private static let largestFile = 16 << 20
    private static let longestMemory = TimeSpan(seconds: 90 * 86_400)
    private let entries: Mutex<[String: Entry]>
    private let path: String

    package init(_ path: String) {
        self.path = path
        entries = Mutex(Self.read(path))
    }

    private static func read(_ path: String) -> [String: Entry] {
        guard let bytes = try? AtomicFile.read(path, limit: largestFile), let document = try? JSON(parsing: bytes)
        else { return [:] }
        return (document["sent"]?.objectValue ?? [:]).compactMapValues { value in
            guard let at = value["at"]?.stringValue.flatMap({ Timestamp($0) }),
                let until = value["until"]?.stringValue.flatMap({ Timestamp($0) })
            else { return nil }
            return Entry(at: at, until: until)
        }
    }

    /// True when the same was told less than `window` ago; `nil` for ever.
    package func knows(_ key: String, within window: TimeSpan?, now: Timestamp) -> Bool {
        entries.withLock { entries in
            guard let entry = entries[key] else { return false }
            return window.map { entry.at.adding($0) > now } ?? true
        }
    }

    /// - Parameter window: as for ``knows(_:within:now:)``. Throws ``FileFailure`` when it cannot be kept.
    package func note(_ key: String, within window: TimeSpan?, now: Timestamp) throws {
        // Written under the lock: of two that are noted at the same time, the older file must not come last.
        try entries.withLock { entries in
            entries[key] = Entry(at: now, until: now.adding(window ?? Self.longestMemory))
            entries = entries.filter { $0.value.until > now }
            let sent = entries.mapValues { entry -> JSON in
                ["at": .string(entry.at.description), "until": .string(entry.until.description)]
            }
            try AtomicFile.write(JSON.object(["version": 1, "sent": .object(sent)]).canonicalBytes, to: path)
        }
    }
}
