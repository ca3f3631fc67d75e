internal import ResealCore

/// Bounds on what a manifest file may hold.
package struct ManifestLimits: Sendable, Hashable {
    package var yaml = YAMLLimits()
    /// Bytes of one leaf of a value, armor included.
    package var valueBytes = 2 << 20
    /// Leaves of one value.
    package var fields = 1000

    package init() {}
    package static let standard = ManifestLimits()
}

/// Reads manifests. Never throws and never stops at the first error: everything that is wrong is reported together.
/// May be called from any number of threads at once.
package enum ManifestReader {
    package static func read(
        _ file: ManifestFile, limits: ManifestLimits = .standard, marks: SealMarkPolicy = .refused
    ) -> ManifestReading {
        guard file.bytes.count <= limits.yaml.fileBytes else {
            let problem = Diagnostic(
                code: "yaml.too-large", "the file is larger than \(limits.yaml.fileBytes) bytes",
                hint: "split it, or raise limits.fileBytes of the Repository",
                at: SourceSpan(file: file.path, commit: file.commit))
            return ManifestReading(diagnostics: [problem], isComplete: false)
        }
        let text = SourceText(
            file: file.path, commit: file.commit, bytes: file.bytes, maximumDefects: limits.yaml.diagnostics + 1)
        var log = DiagnosticLog(limit: limits.yaml.diagnostics)
        let yaml = YAMLReader.read(text, limits: limits.yaml, knowsMarks: true, log: &log)
        var reading = ManifestReading(isComplete: yaml.isComplete)
        for document in yaml.documents {
            guard !log.isFull else {
                reading.isComplete = false
                break
            }
            var reader = DocumentReader(
                tree: yaml.tree, text: text, document: document, limits: limits, marks: marks, log: log)
            if let manifest = reader.read() {
                reading.manifests.append(manifest)
            } else if let key = reader.key {
                reading.rejected.append(key)
            } else if !reader.isEmpty || document.isFaulty {
                reading.isComplete = false
            }
            log = reader.log
        }
        reading.diagnostics = log.diagnostics.sorted(by: Diagnostic.reportOrder)
        return reading
    }
}
