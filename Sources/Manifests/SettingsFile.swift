internal import ResealCore

/// A small YAML file of settings: one mapping from known keys to scalars. Shares the manifests' reader, so its errors
/// have places and hints too.
package enum SettingsFile {
    /// Throws ``DiagnosticsFailure`` for bad YAML, unknown or duplicate keys, and values that are not scalars.
    package static func read(_ bytes: [UInt8], name: String, keys: [String]) throws -> [String: String] {
        let limits = YAMLLimits()
        guard bytes.count <= limits.fileBytes else {
            throw DiagnosticsFailure([
                Diagnostic(
                    code: "yaml.too-large", "the file is larger than \(limits.fileBytes) bytes",
                    at: SourceSpan(file: name))
            ])
        }
        let text = SourceText(file: name, commit: nil, bytes: bytes, maximumDefects: 51)
        var log = DiagnosticLog(limit: 50)
        let reading = YAMLReader.read(text, limits: limits, log: &log)
        var settings: [String: String] = [:]
        for document in reading.documents where reading.tree[document.root].kind == .mapping {
            for (key, value) in reading.tree.entries(document.root) {
                let word = reading.tree.string(key)
                let place = text.span(at: Int(reading.tree[key].start))
                if !keys.contains(word) {
                    let nearest = NearestName.suggestion(for: word, in: keys)
                    log.add(
                        Diagnostic(
                            code: "config.unknown-key", "unknown setting \(quoted(word))",
                            hint: nearest.map { "did you mean `\($0)`?" } ?? "known: \(keys.joined(separator: ", "))",
                            at: place))
                } else if reading.tree[value].kind != .scalar {
                    log.add(Diagnostic(code: "config.not-a-scalar", "`\(word)` takes one value", at: place))
                } else {
                    settings[word] = reading.tree.string(value)
                }
            }
        }
        guard log.errors == 0 else { throw DiagnosticsFailure(log.diagnostics) }
        return settings
    }
}
