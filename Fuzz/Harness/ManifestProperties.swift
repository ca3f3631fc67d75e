internal import ResealAge
internal import ResealCore
internal import ResealManifests

/// Manifests: reading is deterministic and bounded, an edit of nothing changes nothing, and an edit of a leaf is made
/// once and for all.
enum ManifestProperties {
    private static let armor = Array(
        "-----BEGIN AGE ENCRYPTED FILE-----\nYWdlLWVuY3J5cHRpb24ub3JnL3Yx\n-----END AGE ENCRYPTED FILE-----\n".utf8)

    static func check(_ bytes: [UInt8]) {
        let file = ManifestFile(path: "manifests/fuzz.yaml", bytes: bytes)
        let reading = ManifestReader.read(file)
        let again = ManifestReader.read(file)
        demand(reading.diagnostics == again.diagnostics, "findings differ between two readings")
        demand(
            reading.manifests.map(\.publicForm) == again.manifests.map(\.publicForm),
            "manifests differ between two readings")
        let errors = reading.diagnostics.count { $0.severity == .error }
        demand(errors <= 101 && reading.diagnostics.count - errors <= 101, "more findings than the limit")
        demand(reading.diagnostics.allSatisfy { $0.span != nil }, "a finding without a place")
        demand(
            !reading.hasErrors || !reading.isComplete || !reading.rejected.isEmpty,
            "errors in a file that declares nothing")
        if let edited = try? ManifestEditor.apply([], to: file) {
            demand(edited == bytes, "an edit of nothing changed a byte")
        }
        for manifest in reading.manifests.prefix(2) { check(manifest, in: file) }
        checkRules(reading)
    }

    private static func check(_ manifest: Manifest, in file: ManifestFile) {
        demand(
            (try? JSON(parsing: manifest.publicForm))?.canonicalBytes == manifest.publicForm,
            "a form that is not canonical")
        guard case .secret(let spec) = manifest.spec else { return }
        for leaf in spec.value?.leaves.prefix(3) ?? [] {
            if case .sealed(let bytes) = leaf.content, let sealed = try? SealedFile(parsing: bytes) {
                _ = try? Binding.find(in: sealed.header.stanzas)
            }
            let edit = ManifestEdit(manifest.key.secretID, leaf.field, .sealed(armor))
            guard let once = try? ManifestEditor.apply([edit], to: file) else { continue }
            let twice = try? ManifestEditor.apply([edit], to: ManifestFile(path: file.path, bytes: once))
            demand(twice == once, "the same edit twice is not the same as once")
        }
    }

    private static func checkRules(_ reading: ManifestReading) {
        for manifest in reading.manifests {
            guard case .recipients(let spec) = manifest.spec, let rules = try? RecipientRules(spec) else { continue }
            let audience = rules.audience(path: "manifests/a/b.yaml", name: "prod/orders-db")
            demand(audience.contains(rules.controller.fingerprint), "the controller is not among the recipients")
        }
    }
}
