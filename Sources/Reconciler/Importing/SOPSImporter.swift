internal import Foundation
package import ResealAge
package import ResealCore
internal import ResealGit
internal import ResealManifests
internal import ResealSealing

/// Turns files of SOPS into manifests of a work tree.
package struct SOPSImporter {
    /// A scalar of more bytes gets a file of its own.
    private static let inlineBytes = 48 << 10

    let target: ImportTarget
    let identities: [any Identity]
    let options: ImportOptions
    private let now: Timestamp

    /// - Parameters:
    ///   - folder: the manifests' folder, from the root of the work tree.
    ///   - identities: open the files; none are needed to keep them.
    ///   - access: what sealing to the recipients of the manifests may do.
    /// - Throws: ``DiagnosticsFailure`` where the manifests that are there have errors.
    package init(
        root: String, folder: String, identities: [any Identity], access: KeyAccess = .unattended,
        options: ImportOptions, now: Timestamp
    ) throws {
        target = try ImportTarget(root: root, folder: folder, access: access)
        self.identities = identities
        self.options = options
        self.now = now
    }

    // MARK: Planning

    /// Opens and converts everything, and writes nothing.
    package func plan(_ paths: [String]) throws -> ImportPlan {
        var plan = ImportPlan()
        if options.keepsSOPS, target.requiresBinding {
            plan.warnings.append(
                Diagnostic(
                    .warning, code: "value.unbound",
                    "the Repository manifest says `requireBinding: true`, and values in SOPS files are not bound",
                    hint: "import without --keep-sops, or set `requireBinding: false`"))
        }
        var sources: [ImportSource] = []
        for path in paths {
            let found = try ImportSource.find(at: path)
            sources += found.sources
            plan.problems += found.problems
        }
        guard options.name == nil || sources.count == 1 && sources[0].file.documents.count == 1 else {
            throw ReconcileFailure(
                .importUsage, "--name is for one file with one document; here are \(sources.count) files",
                hint: "leave it out: secrets are named after their files")
        }
        for source in sources { convert(source, &plan) }
        refuseSameTargets(&plan)
        return plan
    }

    private func convert(_ source: ImportSource, _ plan: inout ImportPlan) {
        do {
            let opened = options.keepsSOPS ? nil : try source.file.open(with: identities)
            let count = source.file.documents.count
            for index in 0..<count {
                // An empty document between two others is none that could be a secret.
                if count > 1, source.file.documents[index].leaves().isEmpty { continue }
                plan.items.append(
                    try item(source, opened?[index], position: count > 1 ? index + 1 : nil))
            }
        } catch let failure as DiagnosticsFailure {
            plan.problems += failure.diagnostics
        } catch let failure as any UserFacingFailure {
            plan.problems.append(
                Diagnostic(
                    code: failure.code, failure.message, hint: failure.hint,
                    at: failure.span ?? SourceSpan(file: source.path)))
        } catch {
            plan.problems.append(
                Diagnostic(code: "sops.format", "the file cannot be imported", at: SourceSpan(file: source.path)))
        }
    }

    private func item(_ source: ImportSource, _ opened: SOPSNode<SOPSValue>?, position: Int?) throws -> ImportItem {
        let suffix = position.map { "-\($0)" } ?? ""
        if options.keepsSOPS { return try keeping(source, position: position, suffix: suffix) }
        let id = try self.id(source.stem + suffix, of: source)
        let path = join(target.folder, "\(id.name).yaml")
        if let item = try declared(id, source, path) { return item }
        guard let opened else { return ImportItem(source: source.path, name: id.name, manifest: path, state: .new) }
        return try sealing(opened, source, id, path: path)
    }

    /// A document becomes a manifest that holds its leaves, sealed anew.
    private func sealing(
        _ document: SOPSNode<SOPSValue>, _ source: ImportSource, _ id: SecretID, path: String
    ) throws -> ImportItem {
        let value = try SOPSPart().find(in: [document], source.file.format)
        let (repository, rules) = try target.sealingRules()
        let recipients = rules.recipients(path: path, name: id.name)
        let seal: (SecretBytes, FieldPath) throws -> [UInt8] = { bytes, field in
            let binding = Binding(
                repository: repository, organization: id.organization, secret: id.name, field: field, counter: 1,
                sealedAt: now, recipients: recipients)
            return try FieldSealer.seal(bytes, binding: binding, to: recipients)
        }
        var item = ImportItem(source: source.path, name: id.name, manifest: path, state: .new)
        if let largest = value.leaves().map(\.leaf.bytes.count).max(), largest > target.valueBytes {
            item.notes = ["a value has \(largest) bytes; raise `limits.valueBytes` in the Repository manifest"]
        }
        let origin = "Imported from \(source.path), written by SOPS \(source.file.metadata.version)."
        if case .leaf(let leaf) = value, leaf.isEncrypted, leaf.bytes.count > Self.inlineBytes {
            let file = String(path.dropLast(".yaml".count)) + ".age"
            let name = file.split(separator: "/").last.map(String.init) ?? file
            item.sealed = 1
            item.sealedValue = leaf.bytes
            item.files = [
                (file, try seal(leaf.bytes, .whole)),
                (path, SOPSManifestText.reference(toSealedFile: name, id: id, origin: origin)),
            ]
            return item
        }
        let (text, summary) = try SOPSManifestText.write(
            value, id: id, origin: origin, revealsComments: options.revealsComments, seal: seal)
        item.sealed = summary.sealed
        item.plain = summary.plain
        item.notes += Self.notes(summary)
        item.files = [(path, text)]
        return item
    }

    /// A manifest beside the SOPS file that refers to it.
    private func keeping(_ source: ImportSource, position: Int?, suffix: String) throws -> ImportItem {
        let full = absolute(source.path)
        let folder = absolute(join(target.root, target.folder))
        guard full.hasPrefix(folder + "/") else {
            throw ReconcileFailure(
                .importUsage, "\(source.path) does not lie below \(target.folder), where manifests could refer to it",
                hint: "move the SOPS files there first, or import without --keep-sops")
        }
        let relative = String(full.dropFirst(folder.count + 1))
        let stem = ImportSource.stem(of: relative) + suffix
        let id = try self.id(stem, of: source)
        let name = relative.split(separator: "/").last.map(String.init) ?? relative
        var path = join(target.folder, stem + ".yaml")
        if path == join(target.folder, relative) { path = join(target.folder, stem + ".secret.yaml") }
        if let item = try declared(id, source, path) { return item }
        var item = ImportItem(source: source.path, name: id.name, manifest: path, state: .new)
        item.files = [
            (
                path,
                SOPSManifestText.reference(
                    to: name, document: position, id: id, origin: "The value stays in a file of SOPS.")
            )
        ]
        return item
    }

    // MARK: Names and places

    private func id(_ stem: String, of source: ImportSource) throws -> SecretID {
        let wanted = options.name ?? ImportSource.name(from: stem)
        guard let wanted else {
            throw ReconcileFailure(
                .importUsage, "the name of \(source.path) cannot be made the name of a secret",
                hint: "give one with --name")
        }
        return try SecretID(validating: options.prefix + wanted, organization: options.organization)
    }

    /// What is there already is left alone, so that an import that was interrupted goes on where it stopped.
    private func declared(_ id: SecretID, _ source: ImportSource, _ path: String) throws -> ImportItem? {
        if let file = target.secrets[id] {
            var item = ImportItem(source: source.path, name: id.name, manifest: file, state: .declared)
            item.notes = ["\(id) is declared already"]
            return item
        }
        guard FileManager.default.fileExists(atPath: join(target.root, path)) else { return nil }
        throw FileFailure(
            .exists, "\(path) is there already, and declares something other than \(id)",
            hint: "move it away, or choose another name with --prefix or --name")
    }

    private func refuseSameTargets(_ plan: inout ImportPlan) {
        var first: [String: ImportItem] = [:]
        for item in plan.items {
            if let other = first[item.name] {
                plan.problems.append(
                    Diagnostic(
                        code: ReconcileFailure.Kind.importUsage.rawValue,
                        "\(other.source) and this file would both become the secret \(item.name)",
                        hint: "import them one by one, with --name or --prefix", at: SourceSpan(file: item.source)))
            }
            first[item.name] = item
        }
    }

    func join(_ folder: String, _ path: String) -> String { folder.isEmpty ? path : "\(folder)/\(path)" }

    private func absolute(_ path: String) -> String {
        URL(fileURLWithPath: path).standardizedFileURL.resolvingSymlinksInPath().path
    }

    private static func notes(_ summary: SOPSManifestText.Summary) -> [String] {
        var notes: [String] = []
        func list(_ fields: [String]) -> String {
            fields.prefix(3).map { $0.isEmpty ? "the value" : "`\($0)`" }.joined(separator: ", ")
                + (fields.count > 3 ? ", …" : "")
        }
        if !summary.lists.isEmpty { notes.append("\(list(summary.lists)): a list becomes fields 0, 1, 2 …") }
        if !summary.retyped.isEmpty { notes.append("\(list(summary.retyped)): a sealed number is text") }
        if summary.hiddenComments > 0 {
            notes.append(
                "\(summary.hiddenComments) encrypted comment(s) left out; --reveal-comments writes them in clear")
        }
        return notes
    }
}
