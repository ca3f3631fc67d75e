package import ResealCore

/// The creation rules of a `.sops.yaml`, as far as they say who may open what.
package struct SOPSConfig: Sendable {
    package struct Rule: Sendable {
        /// Over paths from the file's folder; `nil` for every file.
        package let pathRegex: String?
        package let recipients: [String]
    }

    package let rules: [Rule]
    /// What is wrong with the file, and what in it has no effect here.
    package let diagnostics: [Diagnostic]

    /// Reads the file. Never throws: what is wrong with it stands among the diagnostics.
    package init(_ file: ManifestFile) {
        let reader = SOPSConfigReader(file)
        rules = reader.rules
        diagnostics = reader.diagnostics
    }
}

private struct SOPSConfigReader {
    private(set) var rules: [SOPSConfig.Rule] = []
    private(set) var diagnostics: [Diagnostic] = []
    private let tree: YAMLTree
    private let text: SourceText

    init(_ file: ManifestFile) {
        let limits = YAMLLimits()
        text = SourceText(
            file: file.path, commit: file.commit, bytes: file.bytes, maximumDefects: limits.diagnostics)
        var log = DiagnosticLog(limit: limits.diagnostics)
        let reading = YAMLReader.read(text, limits: limits, log: &log)
        tree = reading.tree
        diagnostics = log.diagnostics
        guard log.errors == 0 else { return }
        if let root = reading.documents.first?.root, tree[root].kind == .mapping {
            readRoot(root)
        } else {
            report(.error, "a .sops.yaml is a mapping with `creation_rules`", at: nil)
        }
    }

    // MARK: Reading

    private static let rootKeys = ["creation_rules", "destination_rules", "stores"]
    private static let foreignKeys: [(name: String, title: String)] = [
        ("pgp", "PGP"), ("kms", "AWS KMS"), ("gcp_kms", "GCP KMS"), ("azure_keyvault", "Azure Key Vault"),
        ("hc_vault_transit_uri", "HashiCorp Vault"), ("hc_vault", "HashiCorp Vault"), ("hckms", "Huawei Cloud KMS"),
    ]
    private static let ruleKeys =
        ["path_regex", "age", "aws_profile", "key_groups", "shamir_threshold", "mac_only_encrypted"]
        + SOPSSelection.keys + foreignKeys.map(\.name)
    private static let groupKeys = ["age", "merge"] + foreignKeys.map(\.name)

    private mutating func readRoot(_ root: NodeID) {
        // Further keys are common: they hold anchors. Only what looks like a slip is worth a word.
        for (key, _) in tree.entries(root) where !Self.rootKeys.contains(tree.string(key)) {
            if NearestName.suggestion(for: tree.string(key), in: Self.rootKeys) != nil {
                reportUnknown(key, among: Self.rootKeys)
            }
        }
        guard let list = tree.value(root, "creation_rules"), tree[list].kind == .sequence, tree[list].count > 0 else {
            return report(
                .warning, "there are no `creation_rules`, so they give nothing to anybody",
                at: tree.value(root, "creation_rules"))
        }
        for rule in tree.items(list) { readRule(rule) }
    }

    private mutating func readRule(_ rule: NodeID) {
        guard tree[rule].kind == .mapping else { return report(.error, "a creation rule is a mapping", at: rule) }
        for (key, _) in tree.entries(rule) where !Self.ruleKeys.contains(tree.string(key)) {
            reportUnknown(key, among: Self.ruleKeys)
        }
        var pathRegex: String?
        if let node = tree.value(rule, "path_regex") {
            guard let found = regex(node) else { return }
            pathRegex = found.isEmpty ? nil : found
        }
        let errors = diagnostics.count { $0.severity == .error }
        let recipients = recipients(of: rule)
        guard errors == diagnostics.count(where: { $0.severity == .error }) else { return }
        if recipients.isEmpty {
            report(
                .warning, "the rule names no age recipient: what it is for, the controller alone can open",
                hint: "add `age:` to the rule", at: rule)
        }
        rules.append(SOPSConfig.Rule(pathRegex: pathRegex, recipients: recipients))
    }

    private mutating func regex(_ node: NodeID) -> String? {
        let text = tree.string(node)
        if let problem = StringFormat.fieldName.problem(text) {
            report(.error, "`path_regex` \(problem)", at: node)
            return nil
        }
        do throws(ManifestFailure) {
            return try LinearPattern(text).source
        } catch {
            report(.error, "`path_regex`: \(error.message)", hint: error.hint, at: node)
            return nil
        }
    }

    /// Key groups take the place of the keys beside them.
    private mutating func recipients(of rule: NodeID) -> [String] {
        if let groups = tree.value(rule, "key_groups"), tree[groups].kind == .sequence, tree[groups].count > 0 {
            guard tree[groups].count == 1 else {
                report(
                    .error, "the rule has \(tree[groups].count) key groups, of which several are needed together",
                    hint: "Reseal opens a value with one identity: put the recipients into one group", at: groups)
                return []
            }
            return unique(tree.items(groups).flatMap { group($0, depth: 16) })
        }
        return unique(keys(of: rule))
    }

    private mutating func group(_ group: NodeID, depth: Int) -> [String] {
        guard tree[group].kind == .mapping, depth > 0 else {
            report(.error, "a key group is a mapping", at: group)
            return []
        }
        for (key, _) in tree.entries(group) where !Self.groupKeys.contains(tree.string(key)) {
            reportUnknown(key, among: Self.groupKeys)
        }
        var merged: [String] = []
        if let others = tree.value(group, "merge"), tree[others].kind == .sequence {
            for other in tree.items(others) { merged += self.group(other, depth: depth - 1) }
        }
        return merged + keys(of: group)
    }

    /// One text with commas, or a list of such texts.
    private mutating func keys(of mapping: NodeID) -> [String] {
        let foreign = Self.foreignKeys.filter { kind in
            let entry = tree.entries(mapping).first { tree.string($0.key) == kind.name }
            return entry.map { tree[$0.value].count > 0 && tree[$0.value].meaning != .null } ?? false
        }
        if !foreign.isEmpty {
            let titles = foreign.map(\.title).joined(separator: ", ")
            report(
                .warning,
                "the rule names keys of \(titles), for which Reseal cannot seal: who has only those opens nothing",
                hint: "add an age recipient for each of them", at: mapping)
        }
        guard let node = tree.value(mapping, "age") else { return [] }
        let texts = tree[node].kind == .sequence ? tree.items(node).map { $0 } : [node]
        return texts.flatMap { recipients(in: $0) }
    }

    private mutating func recipients(in node: NodeID) -> [String] {
        guard tree[node].kind == .scalar else {
            report(.error, "`age` is a text, or a list of texts", at: node)
            return []
        }
        let words = tree.string(node).split(separator: ",").map { word in
            String(word.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
        }
        return words.filter { word in
            guard !word.isEmpty else { return false }
            guard let problem = StringFormat.recipient.problem(word) else { return true }
            report(.error, "a recipient \(problem)", hint: "an age recipient begins with age1", at: node)
            return false
        }
    }

    private func unique(_ texts: [String]) -> [String] {
        texts.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    // MARK: Reporting

    private mutating func reportUnknown(_ key: NodeID, among known: [String]) {
        let word = tree.string(key)
        let nearest = NearestName.suggestion(for: word, in: known).map { "did you mean `\($0)`?" }
        report(
            .warning, "unknown key \(quoted(word)), which SOPS passes over without a word",
            hint: nearest ?? "known keys: \(known.joined(separator: ", "))", at: key)
    }

    private mutating func report(
        _ severity: Diagnostic.Severity, _ message: String, hint: String? = nil, at node: NodeID?
    ) {
        let place = node.map { Int(tree[$0].start) } ?? text.start
        diagnostics.append(
            Diagnostic(severity, code: "sops.config", message, hint: hint, at: text.span(at: place)))
    }
}

extension Manifest {
    /// A Recipients manifest with the creation rules of the `.sops.yaml` that it names behind its own. They become part
    /// of its public form, so that a change of that file is a change of the manifest.
    package func taking(_ config: SOPSConfig) -> Manifest {
        guard case .recipients(var recipients) = spec, let path = recipients.sopsConfig?.path,
            let form = try? JSON(parsing: publicForm), var members = form.objectValue,
            var body = members["spec"]?.objectValue
        else { return self }
        let folder = path.split(separator: "/").dropLast().joined(separator: "/")
        var rules = body["rules"]?.arrayValue ?? []
        for rule in config.rules {
            var members: [String: JSON] = ["recipients": .array(rule.recipients.map(JSON.string))]
            // A rule for every file is one for every file that SOPS would apply it to.
            if rule.pathRegex != nil || !folder.isEmpty {
                members["pathRegex"] = .string(rule.pathRegex ?? ".*")
                if !folder.isEmpty { members["below"] = .string(folder) }
            }
            rules.append(.object(members))
            let pattern = members["pathRegex"]?.stringValue.map {
                RecipientsSpec.PathPattern(regex: $0, folder: folder)
            }
            recipients.rules.append(
                RecipientsSpec.Rule(paths: [], names: [], pathPattern: pattern, recipients: rule.recipients))
        }
        body["rules"] = .array(rules)
        members["spec"] = .object(body)
        return Manifest(
            key: key, documentIndex: documentIndex, span: span, labels: labels, spec: .recipients(recipients),
            publicForm: JSON.object(members).canonicalBytes, references: references)
    }
}
