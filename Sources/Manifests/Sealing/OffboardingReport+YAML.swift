internal import ResealCore

extension OffboardingReport {
    /// The folder of reports, from the root of the repository: outside of the manifests, which say what the vault holds.
    package static let folder = ".reseal/offboarding"

    /// Where a report belongs, from the root of the repository.
    package var path: String { "\(Self.folder)/\(fingerprint).yaml" }

    private static let kind = "Offboarding"

    // MARK: Writing

    /// The report as YAML: the same report is always the same bytes.
    package var yaml: [UInt8] {
        var text = """
            # What \(Self.comment(label)) could open until it was taken out of the rules. Written by `reseal offboard`; holds no secret.
            # A value is done when a new one was sealed after the newest version named here, or when `done` says why
            # that is not needed. `reseal offboard --status` tells how far it is.
            apiVersion: \(ManifestSchema.apiVersion)
            kind: \(Self.kind)
            fingerprint: "\(fingerprint)"

            """
        if let recipient { text += "recipient: \(Self.quote(recipient))\n" }
        if let name { text += "name: \(Self.quote(name))\n" }
        text += "since: \(since)\nvalues:\(values.isEmpty ? " []" : "")\n"
        for value in values { text += Self.lines(of: value) }
        return Array(text.utf8)
    }

    private static func lines(of value: Value) -> String {
        var text = ""
        switch value.subject {
        case .field(let id, let field):
            text += "  - secret: \(id.name)\n"
            if id.organization != SecretID.defaultOrganization { text += "    organization: \(id.organization)\n" }
            if field != .whole { text += "    field: \(quote(field.description))\n" }
        case .file(let path): text += "  - file: \(quote(path))\n"
        }
        text += "    basis: \(value.basis.rawValue)\n    versions:\(value.versions.isEmpty ? " []" : "")\n"
        for version in value.versions {
            let commit = version.commit.map { "commit: \"\($0)\", " } ?? ""
            text += "      - {\(commit)file: \(quote(version.file)), counter: \(version.counter)}\n"
        }
        if let done = value.acknowledgement {
            let reason = done.reason.map { ", reason: \(quote($0))" } ?? ""
            text += "    done: {claim: \(done.claim.rawValue), at: \(done.at), by: \(quote(done.by))\(reason)}\n"
        }
        return text
    }

    private static func quote(_ text: String) -> String {
        var out: [UInt8] = []
        // Of what YAML does not take as it is, JSON's quotes leave these alone.
        let safe = text.unicodeScalars.map { scalar -> Unicode.Scalar in
            (0x7f..<0xa0).contains(scalar.value) || [0x2028, 0x2029, 0xfeff].contains(scalar.value)
                || (0x202a...0x202e).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
                || (0xfffe...0xffff).contains(scalar.value) ? "?" : scalar
        }
        JSON.quote(String(String.UnicodeScalarView(safe)).utf8, to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    private static func comment(_ text: String) -> String {
        String(String.UnicodeScalarView(quote(text).unicodeScalars.filter { $0 != "\"" && $0 != "\\" }))
    }

    // MARK: Reading

    /// A repository of 100,000 secrets with some versions each has a long report.
    private static let limits: YAMLLimits = {
        var limits = YAMLLimits()
        limits.fileBytes = maximumBytes
        limits.nodes = 8_000_000
        limits.documents = 1
        limits.depth = 8
        return limits
    }()

    /// The largest report that is read, in bytes.
    package static let maximumBytes = 128 << 20

    /// Throws ``DiagnosticsFailure`` with every error of the file.
    package init(_ file: ManifestFile) throws {
        let text = SourceText(file: file.path, commit: file.commit, bytes: file.bytes, maximumDefects: 10)
        var log = DiagnosticLog(limit: 50)
        let yaml = YAMLReader.read(text, limits: Self.limits, log: &log)
        guard let root = yaml.documents.first?.root, yaml.isComplete else {
            log.add(
                Diagnostic(code: "offboarding.unreadable", "the file is no report", at: SourceSpan(file: file.path)))
            throw DiagnosticsFailure(log.diagnostics)
        }
        var check = SchemaCheck(tree: yaml.tree, text: text, organization: SecretID.defaultOrganization, log: log)
        check.object(root, Self.shape, .none)
        guard check.log.errors == 0 else { throw DiagnosticsFailure(check.log.diagnostics) }
        let reader = SpecReader(tree: yaml.tree, text: text)
        var values: [Value] = []
        for node in yaml.tree.items(yaml.tree.value(root, "values") ?? .none) {
            guard let value = Self.value(node, reader) else {
                throw DiagnosticsFailure([
                    Diagnostic(
                        code: "offboarding.unreadable", "the value names neither a secret nor a file, or both",
                        hint: "restore the report from Git", at: reader.span(node))
                ])
            }
            values.append(value)
        }
        self.init(
            fingerprint: reader.string(root, "fingerprint") ?? "", recipient: reader.string(root, "recipient"),
            name: reader.string(root, "name"), since: reader.time(root, "since") ?? Timestamp(milliseconds: 0),
            values: values)
    }

    private static func value(_ node: NodeID, _ reader: SpecReader) -> Value? {
        let subject: Subject
        switch (reader.string(node, "secret"), reader.string(node, "file")) {
        case (let name?, nil):
            guard let field = FieldPath(reader.string(node, "field") ?? "") else { return nil }
            let organization = reader.string(node, "organization") ?? SecretID.defaultOrganization
            subject = .field(SecretID(name, organization: organization), field)
        case (nil, let path?): subject = .file(path)
        default: return nil
        }
        let versions = reader.tree.items(reader.node(node, "versions") ?? .none).map { node in
            Version(
                commit: reader.string(node, "commit").flatMap { ObjectID(hex: $0) },
                file: reader.string(node, "file") ?? "", counter: Int64(reader.integer(node, "counter") ?? 0))
        }
        let done = reader.node(node, "done").flatMap { done -> Acknowledgement? in
            guard let claim = reader.word(done, "claim", as: Acknowledgement.Claim.self),
                let at = reader.time(done, "at")
            else { return nil }
            return Acknowledgement(
                claim, at: at, by: reader.string(done, "by") ?? "", reason: reader.string(done, "reason"))
        }
        return Value(
            subject, reader.word(node, "basis", as: Basis.self) ?? .rules, versions, acknowledgement: done)
    }

    private static let hex = StringFormat("hexadecimal digits", characters: "0-9a-f", bytes: 16...64)

    private static let shape = ObjectRule([
        Field("apiVersion", .oneOf(ManifestSchema.apiVersion), "The version of the format.", required: true),
        Field("kind", .oneOf(kind), "What the file is.", required: true),
        Field("fingerprint", .format(hex), "Of the recipient.", required: true),
        Field("recipient", .text(8192), "Its whole text."),
        Field("name", .text(), "What it was called."),
        Field("since", .format(.timestamp), "When it was taken out of the rules.", required: true),
        Field(
            "values", .list(.object(valueFields), count: 0...10_000_000, unique: false), "What it could open.",
            required: true),
    ])

    private static let valueFields = [
        Field("secret", .format(.resourceName), "The secret's name."),
        Field("organization", .format(.resourceName), "The secret's organization."),
        Field("field", .text(4096), "The field of the value."),
        Field("file", .text(4096), "A sealed file that belongs to no secret."),
        Field("basis", .oneOf("binding", "rules", "document"), "How it is known.", required: true),
        Field(
            "versions",
            .list(
                .object([
                    Field("commit", .format(hex), "Where it came into the history."),
                    Field("file", .text(4096), "The file that held it.", required: true),
                    Field(
                        "counter", .integer(0...Binding.maximumCounter), "Of its binding; 0 for none.", required: true),
                ]), count: 0...10_000_000, unique: false), "What could be opened.", required: true),
        Field(
            "done",
            .object([
                Field("claim", .oneOf("rotated", "retired"), "What became of the credential.", required: true),
                Field("at", .format(.timestamp), "When that was said.", required: true),
                Field("by", .text(), "Who said it.", required: true),
                Field("reason", .text(4096), "Why it needs no new value."),
            ]), "Why the value needs no new one."),
    ]
}
