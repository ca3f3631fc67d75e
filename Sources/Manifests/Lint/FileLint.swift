package import ResealCore

/// What lint says of one file.
package struct LintedFile: Sendable {
    package var findings: [LintFinding] = []
    /// Findings that comments took away.
    package var ignored = 0
    /// False for what was not looked at: binary or excluded files.
    package var isText = true
}

/// Judges files one by one. May be used from any number of threads.
package struct FileLint: Sendable {
    package let config: LintConfig
    private let now: Timestamp

    package init(_ config: LintConfig, now: Timestamp) {
        self.config = config
        self.now = now
    }

    /// - Parameter valueFile: the content of another file of the same snapshot; `nil` where there is none.
    package func judge(_ file: ManifestFile, valueFile: @escaping (String) -> [UInt8]? = { _ in nil }) -> LintedFile {
        guard file.bytes.count <= config.options.maximumFileBytes else { return tooLarge(file.path, file.commit) }
        return file.bytes.withUnsafeBufferPointer { bytes in
            // As Git tells binary files; of those of age, a short one may have no zero.
            guard !bytes.prefix(8000).contains(0), !bytes.has("age-encryption.org/", at: 0) else {
                return LintedFile(isText: false)
            }
            return judge(file, bytes, valueFile)
        }
    }

    /// For a file that was not even read.
    package func tooLarge(_ path: String, _ commit: ObjectID?) -> LintedFile {
        guard let level = config.level(of: .fileTooLarge) else { return LintedFile(isText: false) }
        let message = "the file is larger than \(config.options.maximumFileBytes) bytes and was not looked at"
        let place = SourceSpan(file: path, commit: commit)
        return LintedFile(findings: [LintFinding(.fileTooLarge, level, message, at: place)], isText: false)
    }

    private func judge(
        _ file: ManifestFile, _ bytes: FileBytes, _ valueFile: @escaping (String) -> [UInt8]?
    ) -> LintedFile {
        let manifests = manifests(file, bytes, valueFile)
        var scanner = TextScanner(
            bytes, LintFileKind(path: file.path), config.options, structured: manifests?.structured ?? [])
        scanner.run()
        let raw = (manifests?.findings ?? []) + scanner.findings
        guard !raw.isEmpty || !scanner.directives.isEmpty else { return LintedFile() }
        let text = manifests?.text ?? Self.text(of: file)
        let comments = scanner.directives.compactMap { IgnoreComment(bytes, at: $0) }
        return settle(Self.distinct(raw), IgnoreComments(comments, text), text)
    }

    // MARK: Manifests

    private struct Manifests {
        let text: SourceText
        /// Documents whose names and values were judged.
        let structured: [Range<Int>]
        let findings: [RawFinding]
    }

    private func manifests(
        _ file: ManifestFile, _ bytes: FileBytes, _ valueFile: @escaping (String) -> [UInt8]?
    ) -> Manifests? {
        guard file.path.hasSuffix(".yaml") || file.path.hasSuffix(".yml"), Self.mentionsVersion(bytes) else {
            return nil
        }
        let limits = YAMLLimits()
        guard bytes.count <= limits.fileBytes else { return nil }
        let text = SourceText(
            file: file.path, commit: file.commit, bytes: file.bytes, maximumDefects: limits.diagnostics + 1)
        var log = DiagnosticLog(limit: limits.diagnostics)
        let reading = YAMLReader.read(text, limits: limits, knowsMarks: true, log: &log)
        let tree = reading.tree
        let roots = reading.documents.map(\.root).filter { ManifestLint.isManifest($0, tree) }
        var lint = ManifestLint(tree, path: file.path, options: config.options, now: now, valueFile: valueFile)
        for root in roots { lint.look(at: root) }
        let holdsRecipients = roots.contains { root in
            tree.value(root, "kind").map { tree.isText($0, "Recipients") } == true
        }
        return Manifests(
            text: text, structured: roots.map { Int(tree[$0].start)..<max(Int(tree[$0].start), Int(tree[$0].end)) },
            findings: lint.findings + (holdsRecipients ? RecipientsLint.findings(file) : []))
    }

    private static func mentionsVersion(_ bytes: FileBytes) -> Bool {
        var position = 0
        while position + 9 <= bytes.count {
            // The slash of `reseal/v1`, which is rare.
            if bytes[position] == UInt8(ascii: "/"), bytes.has("reseal/v1", at: position - 6) { return true }
            position += 1
        }
        return false
    }

    // MARK: Settling

    private static func text(of file: ManifestFile) -> SourceText {
        SourceText(
            file: file.path, commit: file.commit, bytes: file.bytes, maximumDefects: .max,
            tolerating: [.invalidUTF8, .control, .loneCarriageReturn, .lineSeparator, .bidirectional, .directives])
    }

    /// Of findings about the same text, the one that says most. Those about manifests' policy stand for themselves.
    private static func distinct(_ findings: [RawFinding]) -> [RawFinding] {
        let order: [LintRule] = [.privateKey, .unsealedMark, .knownToken, .plainSecret, .randomText]
        let ranked = findings.compactMap { finding in order.firstIndex(of: finding.rule).map { (finding, $0) } }
        var kept: [(finding: RawFinding, rank: Int)] = []
        for (finding, rank) in ranked.sorted(by: { $0.0.range.lowerBound < $1.0.range.lowerBound }) {
            if let last = kept.last, last.finding.range.overlaps(finding.range) {
                if rank < last.rank { kept[kept.count - 1] = (finding, rank) }
            } else {
                kept.append((finding, rank))
            }
        }
        return kept.map(\.finding) + findings.filter { !order.contains($0.rule) }
    }

    private func settle(_ raw: [RawFinding], _ comments: IgnoreComments, _ text: SourceText) -> LintedFile {
        var comments = comments
        var result = LintedFile()
        var settled: [(RawFinding, SourceSpan)] = []
        for finding in raw.sorted(by: { ($0.range.lowerBound, $0.rule.id) < ($1.range.lowerBound, $1.rule.id) }) {
            let span = text.span(at: finding.range.lowerBound)
            if comments.take(finding.rule, line: span.line) {
                result.ignored += 1
            } else {
                settled.append((finding, span))
            }
        }
        settled += comments.findings.map { ($0, text.span(at: $0.range.lowerBound)) }
        var counts: [String: Int] = [:]
        for (finding, span) in settled {
            guard let level = config.level(of: finding.rule) else { continue }
            let occurrence = counts["\(finding.rule.id) \(finding.message)", default: 0]
            counts["\(finding.rule.id) \(finding.message)"] = occurrence + 1
            result.findings.append(LintFinding(finding.rule, level, finding.message, at: span, occurrence: occurrence))
        }
        return result
    }
}
