internal import ResealCore
internal import ResealVault

/// The file that a running controller leaves for `reseal status`.
struct ControllerReport {
    let document: JSON

    /// `nil` where no controller runs: it removes its file at the end, and one that was killed is found out by its lock.
    init?(_ home: VaultHome) {
        guard VaultLock.isHeld(home, for: .controlling),
            let bytes = try? AtomicFile.read(home.controllerPath, limit: 16 << 20),
            let document = try? JSON(parsing: bytes)
        else { return nil }
        self.document = document
    }

    var sources: [JSON] { document["sources"]?.arrayValue ?? [] }
    var pid: Int64? { document["pid"]?.integerValue }

    /// For people: the process, and each source with what is wrong with it.
    var lines: [String] {
        let started = document["started_at"]?.stringValue ?? ""
        return ["Controller running, process \(pid ?? 0), since \(started)"] + sources.flatMap(Self.lines)
    }

    private static func lines(_ source: JSON) -> [String] {
        func text(_ key: String) -> String? { source[key]?.stringValue.map(SafeText.line) }
        let conditions = (source["conditions"]?.arrayValue ?? []).filter { $0["status"]?.stringValue == "True" }
        let words = conditions.compactMap { $0["type"]?.stringValue }
        let state = source["suspended"]?.boolValue == true ? ["Suspended"] + words : words
        var lines = [
            "  \(text("name") ?? "")  \(state.isEmpty ? "not ready" : state.joined(separator: ", "))"
                + (text("last_applied_revision").map { ", at \($0)" } ?? "")
                + (text("next_due").map { ", next \($0)" } ?? "")
        ]
        if let error = source["error"], let message = error["message"]?.stringValue {
            lines.append("    \(SafeText.line(message)) [\(error["code"]?.stringValue ?? "")]")
            if let hint = error["hint"]?.stringValue { lines.append("    hint: \(SafeText.line(hint))") }
        }
        return lines
    }
}
