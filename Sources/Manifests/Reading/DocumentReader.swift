internal import ResealCore

/// Turns one YAML document into a manifest.
struct DocumentReader {
    private let document: YAMLDocument
    private let limits: ManifestLimits
    private let marks: SealMarkPolicy
    private var check: SchemaCheck
    /// What the document declares, as soon as that is known.
    private(set) var key: ResourceKey?

    init(
        tree: YAMLTree, text: SourceText, document: YAMLDocument, limits: ManifestLimits, marks: SealMarkPolicy,
        log: DiagnosticLog
    ) {
        self.document = document
        self.limits = limits
        self.marks = marks
        let organization =
            tree.value(document.root, "metadata").flatMap { tree.value($0, "organization") }.map(tree.string)
            ?? SecretID.defaultOrganization
        check = SchemaCheck(tree: tree, text: text, organization: organization, log: log)
    }

    var log: DiagnosticLog { check.log }
    private var tree: YAMLTree { check.tree }

    /// Nothing but comments between two `---`, or a document of SOPS: those lie among manifests, which refer to them.
    var isEmpty: Bool {
        tree[document.root].kind == .scalar && tree[document.root].meaning == .null || isSOPS
    }

    /// Whoever gives a manifest such metadata takes it out of the repository's resources, which a plan shows.
    private var isSOPS: Bool {
        guard tree[document.root].kind == .mapping, let sops = tree.value(document.root, "sops"),
            tree[sops].kind == .mapping, tree.value(sops, "mac") != nil, tree.value(sops, "lastmodified") != nil
        else { return false }
        return tree.value(document.root, "apiVersion").map { tree.isText($0, "reseal/v1") } != true
    }

    /// `nil` if the document is empty or has errors.
    mutating func read() -> Manifest? {
        if isEmpty { return nil }
        let before = check.log.errors
        guard let kind = envelope() else { return nil }
        let root = document.root
        check.object(root, ManifestSchema.document(kind), .none)
        let spec = tree.value(root, "spec")
        let value = kind == .secret ? readValue(spec) : nil
        guard let key, let spec, check.log.errors == before, !document.isFaulty else { return nil }
        let reader = SpecReader(tree: tree, text: check.text)
        guard let typed = typed(kind, spec, value, reader) else { return nil }
        DocumentRules.apply(typed, spec: spec, check: &check)
        guard check.log.errors == before else { return nil }
        return manifest(key, typed, spec, reader)
    }

    private func manifest(_ key: ResourceKey, _ typed: ManifestSpec, _ spec: NodeID, _ reader: SpecReader) -> Manifest?
    {
        guard let metadata = tree.value(document.root, "metadata"), let name = tree.value(metadata, "name") else {
            return nil
        }
        let hidden = key.kind == .secret ? tree.value(spec, "value") : nil
        return Manifest(
            key: key, documentIndex: document.index, span: reader.span(name),
            labels: reader.dictionary(metadata, "labels"), spec: typed,
            publicForm: PublicForm.write(tree, metadata: metadata, spec: spec, hidden: hidden),
            references: check.references)
    }

    /// Finds out which kind the document is; sets ``key`` when the name is good too.
    private mutating func envelope() -> ResourceKind? {
        let root = document.root
        guard tree[root].kind == .mapping else {
            check.report(
                "manifest.not-a-mapping", "a manifest is a mapping, not \(tree.typeName(root))",
                hint: "it begins with apiVersion: \(ManifestSchema.apiVersion)", at: root)
            return nil
        }
        guard let version = tree.value(root, "apiVersion") else {
            check.report(
                "manifest.api-version", "the key `apiVersion` is missing",
                hint: "apiVersion: \(ManifestSchema.apiVersion)", at: root)
            return nil
        }
        guard tree.isText(version, "reseal/v1") else {
            check.report(
                "manifest.api-version", "this is not a manifest of version \(ManifestSchema.apiVersion)",
                hint: "apiVersion: \(ManifestSchema.apiVersion); other documents belong outside of the manifest folder",
                at: version)
            return nil
        }
        guard let kind = kind(root) else { return nil }
        if let metadata = tree.value(root, "metadata"), let name = tree.value(metadata, "name"),
            tree[name].kind == .scalar, ResourceName.problem(tree.string(name)) == nil
        {
            key = ResourceKey(kind, tree.string(name), organization: check.organization)
        }
        return kind
    }

    private mutating func kind(_ root: NodeID) -> ResourceKind? {
        let names = ResourceKind.allCases.map(\.rawValue)
        guard let node = tree.value(root, "kind") else {
            check.report(
                "manifest.kind", "the key `kind` is missing", hint: "one of \(names.joined(separator: ", "))", at: root)
            return nil
        }
        if tree[node].kind == .scalar, let kind = ResourceKind(rawValue: tree.string(node)) { return kind }
        let suggestion = NearestName.suggestion(for: tree.string(node), in: names).map { "did you mean \($0)?" }
        check.report(
            "manifest.kind", "unknown kind", hint: suggestion ?? "one of \(names.joined(separator: ", "))", at: node)
        return nil
    }

    private mutating func readValue(_ spec: NodeID?) -> ValueSpec? {
        guard let spec, tree[spec].kind == .mapping else { return nil }
        guard let entry = tree.entries(spec).first(where: { tree.isText($0.key, "value") }) else {
            check.warn(
                "manifest.no-value", "the secret has no value yet",
                hint: "reseal seal \(key?.name ?? "NAME")", at: spec)
            return nil
        }
        if tree[entry.value].kind == .scalar, tree[entry.value].meaning == .null {
            check.warn(
                "manifest.no-value", "the secret has no value yet",
                hint: "reseal seal \(key?.name ?? "NAME")", at: entry.key)
            return nil
        }
        return ValueReader.read(entry.value, name: entry.key, limits: limits, marks: marks, check: &check)
    }

    private func typed(
        _ kind: ResourceKind, _ spec: NodeID, _ value: ValueSpec?, _ reader: SpecReader
    ) -> ManifestSpec? {
        switch kind {
        case .secret: .secret(reader.secret(spec, value: value))
        case .dynamicSecret: reader.dynamicSecret(spec).map(ManifestSpec.dynamicSecret)
        case .role: .role(reader.role(spec))
        case .repository: .repository(reader.repository(spec))
        case .recipients: .recipients(reader.recipients(spec))
        case .connection: .connection(reader.connection(spec))
        case .notifier: reader.notifier(spec).map(ManifestSpec.notifier)
        case .syncTarget, .alertRule, .backupPolicy: .generic
        }
    }
}
