package import ResealCore
internal import ResealEngines
internal import ResealGit
package import ResealManifests
internal import ResealSealing

extension ManifestSealer {
    /// How a fresh value is to be made.
    package struct Generation: Sendable {
        /// `nil`: by the manifest's own `rotation.generate`.
        package var generator: GeneratorSpec?
        /// `nil`: as the generator says, else the only field there is.
        package var field: FieldPath?
        /// Seal also where a handler would have to take the value to another system first.
        package var ignoresHandler = false

        package init(generator: GeneratorSpec? = nil, field: FieldPath? = nil, ignoresHandler: Bool = false) {
            self.generator = generator
            self.field = field
            self.ignoresHandler = ignoresHandler
        }
    }

    /// Makes a fresh value, seals it in place, and writes what is public of it beside it, all in one step.
    ///
    /// - Throws: ``EngineFailure`` where only the controller can make the value.
    package func generate(_ generation: Generation, into id: SecretID, at now: Timestamp) throws -> [SealedLeaf] {
        let ground = try SealingGround(tree, folder: folder, access: access, mentioning: id)
        let found = try ground.secret(id)
        let rules = try ground.rules()
        return try seal(try found.freshValues(generation, now: now), into: found, rules, at: now)
    }
}

extension FoundSecret {
    func freshValues(_ generation: ManifestSealer.Generation, now: Timestamp) throws -> ManifestSealer.Values {
        guard let generator = generation.generator ?? spec.rotation?.generate else {
            throw ReconcileFailure(
                .noGenerator, "the manifest of \(id) does not say how its value is made",
                hint: "add rotation.generate, or say it here, for example --kind password --length 40")
        }
        if spec.rotation?.handler != nil, !generation.ignoresHandler {
            throw EngineFailure(
                .needsController,
                "the value of \(id) has to take effect in another system too, which its handler tells",
                hint: "let the controller rotate it; --ignore-handler seals a value that you set there by hand")
        }
        let field = try generation.field ?? generator.field ?? onlyField()
        let made = try SecretGenerator.generate(generator.kind, now: now)
        try requireRoom(for: generator, field)
        return ManifestSealer.Values(sealed: [(field, made.secret)], plain: made.publicParts(generator))
    }

    /// The field that a generator without `field` fills.
    private func onlyField() throws -> FieldPath {
        guard let value = spec.value, !value.isScalar else { return .whole }
        let sealed = value.leaves.filter(\.isSealed)
        if sealed.count == 1 { return sealed[0].field }
        if value.leaves.count == 1 { return value.leaves[0].field }
        let names = (sealed.isEmpty ? value.leaves : sealed).prefix(6).map { "`\($0.field)`" }.joined(separator: ", ")
        throw ReconcileFailure(
            .noGenerator, "the value of \(id) has several fields, and nothing says which one is to be made",
            hint: names.isEmpty ? "name it with --field" : "name it with --field: \(names)")
    }

    /// What belongs to the value needs fields of its own.
    private func requireRoom(for generator: GeneratorSpec, _ field: FieldPath) throws {
        let companions = generator.publicFields
        if generator.lacksCertificateField {
            throw ReconcileFailure(
                .noGenerator, "the certificate that belongs to the new key of \(id) has no field to go to",
                hint: "set `certificateField` or `csrField` in rotation.generate, or --certificate-field or --csr-field"
            )
        }
        guard !companions.isEmpty else { return }
        guard field != .whole, !companions.contains(field) else {
            throw ReconcileFailure(
                .noGenerator, "the value of \(id) needs a field for the key beside the one for its public part",
                hint: "set `field` in rotation.generate, or --field")
        }
        if case .file? = spec.value?.source {
            throw ReconcileFailure(
                .noGenerator, "the value of \(id) is a file, which has no field for the public part",
                hint: "leave the fields for public parts out, or make the value a mapping")
        }
    }
}
