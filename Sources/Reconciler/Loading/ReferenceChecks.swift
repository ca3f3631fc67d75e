internal import ResealCore
internal import ResealManifests
internal import ResealVault

/// Finds references that lead nowhere, among the manifests that were read and from those that were not.
struct ReferenceChecks {
    private let set: ConvertedSet
    private let surroundings: Surroundings
    private let places: SourcePlaces
    private let declared: Set<ResourceKey>
    private var findings: [Diagnostic] = []
    /// One search for a similar name serves all that refer to the same thing.
    private var hints: [ResourceKey: String] = [:]
    private var exactSpans = 0
    /// The file that was read last for exact places.
    private var reread: (path: String, manifests: [Manifest])?

    /// Reading a file once more for each of a hundred thousand findings would take longer than anything else.
    private static let maximumExactSpans = 100

    /// - Parameter removed: resources that the files held before and hold no longer.
    static func run(
        _ set: ConvertedSet, _ surroundings: Surroundings, _ places: SourcePlaces, removed: [ResourceKey]
    ) throws -> [Diagnostic] {
        var checks = ReferenceChecks(set, surroundings, places)
        try checks.checkReferences()
        try checks.checkReferrers(to: removed)
        return checks.findings
    }

    private init(_ set: ConvertedSet, _ surroundings: Surroundings, _ places: SourcePlaces) {
        self.set = set
        self.surroundings = surroundings
        self.places = places
        declared = Set(set.manifests.map(\.resource.key)).union(set.rejected)
    }

    private mutating func checkReferences() throws {
        var targets: Set<ResourceKey> = []
        for manifest in set.manifests {
            for case .resource(let key) in manifest.resource.references where !declared.contains(key) {
                targets.insert(key)
            }
        }
        targets.subtract(try surroundings.positions(Array(targets)).keys)
        guard !targets.isEmpty else { return }
        for manifest in set.manifests {
            for case .resource(let key) in manifest.resource.references where targets.contains(key) {
                try report(key, in: manifest.resource)
            }
        }
    }

    private mutating func checkReferrers(to removed: [ResourceKey]) throws {
        for key in removed where !declared.contains(key) {
            for referrer in try surroundings.referrers(.resource(key)) {
                findings.append(
                    Diagnostic(
                        code: "manifest.dangling-reference",
                        "\(referrer.key) refers to \(key), which this commit removes",
                        hint: "remove the reference too, or keep \(key)", at: places.span(referrer.position)))
            }
        }
    }

    private mutating func report(_ key: ResourceKey, in resource: DesiredResource) throws {
        var span = places.span(resource.position)
        if exactSpans < Self.maximumExactSpans {
            exactSpans += 1
            span = try exactSpan(of: key, in: resource) ?? span
        }
        // Where the name of a Secret belongs, somebody may have put a secret.
        let shown = key.kind == .secret ? "of this name" : "`\(key.name)`"
        findings.append(
            Diagnostic(
                code: "manifest.dangling-reference", "there is no \(key.kind.rawValue) \(shown)",
                hint: try hint(key), at: span))
    }

    /// Where a reference stands. Positions of references are not kept for all manifests; the file is read once more.
    private mutating func exactSpan(of key: ResourceKey, in resource: DesiredResource) throws -> SourceSpan? {
        if reread?.path != resource.position.path {
            reread = (resource.position.path, try places.manifests(in: resource.position.path))
        }
        let manifest = reread?.manifests.first { $0.key == resource.key }
        return manifest?.references.first { $0.target == .resource(key) }?.span
    }

    private mutating func hint(_ key: ResourceKey) throws -> String {
        if let known = hints[key] { return known }
        let names =
            declared.filter { $0.kind == key.kind && $0.organization == key.organization }.map(\.name)
            + (try surroundings.names(key.kind, key.organization))
        let nearest = NearestName.suggestion(for: key.name, in: names.sorted())
        let hint =
            nearest.map { "did you mean `\($0)`?" }
            ?? "declare it in a manifest of kind \(key.kind.rawValue) in organization \(key.organization)"
        hints[key] = hint
        return hint
    }
}

/// Turns positions into places of the commit that is read.
struct SourcePlaces {
    let snapshot: any Snapshot
    let commit: ObjectID?
    let limits: ManifestLimits

    func span(_ position: SourcePosition) -> SourceSpan {
        var span = position.span
        span.commit = commit
        return span
    }

    /// What a file holds; nothing where it cannot be read.
    func manifests(in path: String) throws -> [Manifest] {
        guard let file = try snapshot.file(at: path),
            let bytes = try? snapshot.read(file, limitBytes: limits.yaml.fileBytes)
        else { return [] }
        return ManifestReader.read(ManifestFile(path: path, bytes: bytes, commit: commit), limits: limits).manifests
    }
}
