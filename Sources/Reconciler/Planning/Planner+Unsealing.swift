internal import ResealCore
internal import ResealSealing
internal import ResealVault

// Text that takes the place of a sealed value is planned alike whether it is that value or not. Otherwise a plan would
// tell everyone who may propose a change whether a guess is right.
extension Planner {
    /// The fields that Git holds in plain text and had sealed when it was applied.
    func unsealedFields(
        _ resource: DesiredResource, _ desired: DesiredSecret, _ observed: SecretRecord
    ) -> Set<String> {
        guard let value = desired.value, value.fields.contains(where: { $0.counter == 0 }),
            observed.fields.contains(where: { $0.highestCounter > 0 })
        else { return [] }
        let known = Dictionary(observed.fields.present.map { ($0.field, $0) }, uniquingKeysWith: { $1 })
        let plain = value.fields.indices.filter { index in
            value.fields[index].counter == 0 && !value.unboundFields.contains(Int32(index))
                && (known[value.fields[index].field]?.highestCounter ?? 0) > 0
        }
        guard !plain.isEmpty else { return [] }
        let names = plain.map { value.fields[$0].field }
        // What the vault holds may have been made there since; then the manifest tells what stood in Git.
        let sealed: Set<String> =
            observed.specDigest == resource.specDigest ? [] : Self.sealedFields(observed.spec)
        return Set(names.filter { (known[$0]?.counter ?? 0) > 0 || sealed.contains($0) })
    }

    private static func sealedFields(_ spec: [UInt8]) -> Set<String> {
        Set(RotationSubject.shape(ofValueIn: spec).filter(\.value).map(\.key))
    }
}

extension [FieldChange] {
    /// With these fields as changed, whatever they say.
    func showing(changed names: Set<String>) -> [FieldChange] {
        names.isEmpty
            ? self
            : map { FieldChange(field: $0.field, kind: names.contains($0.field) ? .changed : $0.kind) }
    }
}
