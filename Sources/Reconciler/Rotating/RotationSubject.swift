package import ResealCore
package import ResealManifests
internal import ResealSealing
package import ResealVault

/// A secret together with what its manifest says about rotation.
package struct RotationSubject: Sendable {
    package let record: SecretRecord
    /// What decides about rotation and expiry; everything else has its default.
    package let spec: SecretSpec
    package let labels: [String: String]
    /// Which fields Git holds, by their text, and whether each is sealed there.
    let shape: [String: Bool]

    package var id: SecretID { record.id }
    package var rotation: RotationSpec? { spec.rotation }

    /// `nil` for a secret that no manifest describes.
    package init?(_ record: SecretRecord) {
        var known = RotationSpecs()
        self.init(record, &known)
    }

    /// The same for one of many.
    init?(_ record: SecretRecord, _ known: inout RotationSpecs) {
        guard !record.spec.isEmpty, let form = try? JSON(parsing: record.spec), let stored = form["spec"]?.objectValue,
            let spec = known.spec(stored, of: record.id.organization)
        else { return nil }
        self.record = record
        self.spec = spec
        labels = (form["metadata"]?["labels"]?.objectValue ?? [:]).compactMapValues(\.stringValue)
        shape = Self.shape(stored["value"], below: [])
    }

    /// The fields of the value of a stored manifest, and whether each is sealed.
    static func shape(ofValueIn spec: [UInt8]) -> [String: Bool] {
        shape((try? JSON(parsing: spec))?["spec"]?["value"], below: [])
    }

    /// The shape that the public form of a manifest gives a value. One that stands in a file has none.
    private static func shape(_ node: JSON?, below path: [String]) -> [String: Bool] {
        switch node {
        case .string(let word)?: return [SecretValue.text(of: path): word == "sealed"]
        case .object(let members)?:
            return members.reduce(into: [:]) { result, member in
                result.merge(shape(member.value, below: path + [member.key])) { $1 }
            }
        default: return [:]
        }
    }

    /// The field that a new value is for.
    ///
    /// - Parameter wanted: what the caller asks for; else the manifest decides, else the only sealed field.
    func field(_ wanted: FieldPath?, in current: SecretValue?) throws -> FieldPath {
        if let named = wanted ?? rotation?.generate?.field { return named }
        guard let current, !current.isScalar else { return .whole }
        let sealed = current.leaves.filter { shape[SecretValue.text(of: $0.path)] == true }
        if sealed.count == 1 { return FieldPath(sealed[0].path) }
        if current.leaves.count == 1 { return FieldPath(current.leaves[0].path) }
        throw ReconcileFailure(
            .noGenerator, "the value of \(id) has several fields, and nothing says which one is rotated",
            hint: "set `field` in rotation.generate, or name it with --field")
    }

    /// The fields whose age counts; empty for all.
    var agingFields: Set<String> {
        if let field = rotation?.generate?.field { return [field.description] }
        let sealed = shape.filter(\.value).map(\.key)
        return sealed.count == 1 ? Set(sealed) : []
    }

    package var isRotatable: Bool { rotation?.generate != nil || isIssued }

    /// True where a server makes the new value.
    var isIssued: Bool { if case .oauth? = rotation?.handler { true } else { false } }
}

/// What manifests say of rotation. Most secrets of a repository say one of a few things, and each is read once.
struct RotationSpecs {
    private static let keys: Set<String> = ["type", "rotation", "keepPrevious", "expiresAt", "autoRenew"]
    private static let limit = 1000

    private var known: [JSON: SecretSpec?] = [:]

    /// - Parameter stored: the spec in its public form.
    fileprivate mutating func spec(_ stored: [String: JSON], of organization: String) -> SecretSpec? {
        let form: [String: JSON] = ["spec": .object(stored.filter { Self.keys.contains($0.key) })]
        let key: JSON = .array([.string(organization), .object(form)])
        if let spec = known[key] { return spec }
        if known.count >= Self.limit { known = [:] }
        let manifest = StoredManifest.read(form, as: ResourceKey(.secret, "any", organization: organization))
        let spec: SecretSpec? = if case .secret(let spec)? = manifest?.spec { spec } else { nil }
        known[key] = .some(spec)
        return spec
    }
}
