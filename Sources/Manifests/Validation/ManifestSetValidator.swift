package import ResealCore

/// What exists beside the manifests that are validated: an incremental run parses only the files that changed.
package struct ManifestSurroundings: Sendable {
    /// Where a resource outside of the set is declared; `nil` if it is not.
    package var place: @Sendable (ResourceKey) -> SourceSpan?
    /// Names of the resources of a kind and organization outside of the set, for hints.
    package var names: @Sendable (ResourceKind, _ organization: String) -> [String]
    /// Whether a file exists, by its path from the root of the repository.
    package var hasFile: @Sendable (String) -> Bool

    package init(
        place: @escaping @Sendable (ResourceKey) -> SourceSpan?,
        names: @escaping @Sendable (ResourceKind, _ organization: String) -> [String],
        hasFile: @escaping @Sendable (String) -> Bool
    ) {
        self.place = place
        self.names = names
        self.hasFile = hasFile
    }

    /// Nothing outside of the set, apart from files that `hasFile` knows.
    package static func nothing(hasFile: @escaping @Sendable (String) -> Bool) -> ManifestSurroundings {
        ManifestSurroundings(place: { _ in nil }, names: { _, _ in [] }, hasFile: hasFile)
    }
}

/// Checks what no single file can tell: names declared twice, references that lead nowhere, and the one Repository.
package struct ManifestSetValidator {
    private let manifests: [Manifest]
    private let rejected: Set<ResourceKey>
    private let isComplete: Bool
    private let surroundings: ManifestSurroundings
    private var declared: [ResourceKey: SourceSpan] = [:]
    private var diagnostics: [Diagnostic] = []

    /// All errors, in the order of files.
    ///
    /// With `isComplete: false` some document could not be read; what it declares is unknown, so references are not
    /// judged. `rejected` are the resources that are declared with errors.
    package static func validate(
        _ manifests: [Manifest], rejected: [ResourceKey] = [], isComplete: Bool = true,
        surroundings: ManifestSurroundings
    ) -> [Diagnostic] {
        var validator = ManifestSetValidator(
            manifests: manifests, rejected: Set(rejected), isComplete: isComplete, surroundings: surroundings)
        validator.checkDuplicates()
        validator.checkSingletons()
        if isComplete { validator.checkReferences() }
        return validator.diagnostics.sorted(by: Diagnostic.reportOrder)
    }

    private init(
        manifests: [Manifest], rejected: Set<ResourceKey>, isComplete: Bool, surroundings: ManifestSurroundings
    ) {
        // By place, so that "declared first" does not depend on the order in which files were read.
        self.manifests = manifests.sorted { $0.span < $1.span }
        self.rejected = rejected
        self.isComplete = isComplete
        self.surroundings = surroundings
        declared.reserveCapacity(manifests.count)
    }

    private mutating func checkDuplicates() {
        for manifest in manifests {
            guard let first = declared[manifest.key] ?? surroundings.place(manifest.key) else {
                declared[manifest.key] = manifest.span
                continue
            }
            if declared[manifest.key] == nil { declared[manifest.key] = manifest.span }
            diagnostics.append(
                Diagnostic(
                    code: "manifest.duplicate", "\(manifest.key) is declared twice",
                    hint: "the other one is at \(first)",
                    at: manifest.span))
        }
    }

    /// One Repository and one Recipients for the whole repository, whatever their names.
    private mutating func checkSingletons() {
        for kind in [ResourceKind.repository, .recipients] {
            let all = manifests.filter { $0.key.kind == kind }
            for extra in all.dropFirst() {
                diagnostics.append(
                    Diagnostic(
                        code: "manifest.singleton", "a repository has only one \(kind.rawValue)",
                        hint: "the other one is at \(all[0].span)", at: extra.span))
            }
            let others = surroundings.names(kind, SecretID.defaultOrganization)
            guard kind == .repository, all.isEmpty, others.isEmpty, !rejected.contains(where: { $0.kind == kind }),
                isComplete
            else { continue }
            diagnostics.append(
                Diagnostic(
                    code: "manifest.no-repository", "no manifest of kind Repository",
                    hint: "`reseal init` writes one, with a random id"))
        }
    }

    private mutating func checkReferences() {
        for manifest in manifests {
            for reference in manifest.references {
                switch reference.target {
                case .resource(let key): check(key, reference)
                case .file(let path):
                    guard !surroundings.hasFile(path) else { continue }
                    diagnostics.append(
                        Diagnostic(
                            code: "manifest.missing-file", "there is no file \(quoted(path))",
                            hint: "paths are relative to the folder of the manifest", at: reference.span))
                }
            }
        }
    }

    private mutating func check(_ key: ResourceKey, _ reference: ManifestReference) {
        guard declared[key] == nil, !rejected.contains(key), surroundings.place(key) == nil else { return }
        let known =
            declared.keys.filter { $0.kind == key.kind && $0.organization == key.organization }.map(\.name)
            + surroundings.names(key.kind, key.organization)
        let suggestion = NearestName.suggestion(for: key.name, in: known.sorted()).map { "did you mean \(quoted($0))?" }
        let elsewhere = declared.keys.first { $0.kind == key.kind && $0.name == key.name }
        diagnostics.append(
            Diagnostic(
                code: "manifest.dangling-reference",
                "`\(reference.what)` names the \(key.kind.rawValue) \(quoted(key.name)), which is not declared",
                hint: suggestion ?? elsewhere.map {
                    "it belongs to organization \(quoted($0.organization)), not \(quoted(key.organization))"
                }
                    ?? "add a manifest of kind \(key.kind.rawValue)", at: reference.span))
    }
}
