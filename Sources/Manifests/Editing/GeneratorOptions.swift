package import ResealCore

/// A generator that is asked for on the command line, by the rules of `rotation.generate` in a manifest.
package enum GeneratorOptions {
    /// The words that `kind` may be.
    package static let kinds: [String] =
        if case .variants(let rule) = ManifestSchema.generate { rule.variants.map(\.name) } else { [] }

    /// - Parameter options: `kind` and what else the manifest would say.
    /// - Throws: ``DiagnosticsFailure`` for unknown, missing and bad options, without a place.
    package static func read(_ options: [String: JSON]) throws -> GeneratorSpec {
        let document: JSON = [
            "apiVersion": .string(ManifestSchema.apiVersion), "kind": .string(ResourceKind.secret.rawValue),
            "metadata": ["name": "options"], "spec": ["rotation": ["generate": .object(options)]],
        ]
        let reading = ManifestReader.read(ManifestFile(path: "", bytes: document.canonicalBytes))
        guard !reading.hasErrors, case .secret(let spec)? = reading.manifests.first?.spec,
            let generate = spec.rotation?.generate
        else {
            throw DiagnosticsFailure(
                reading.diagnostics.filter { $0.severity == .error }.map {
                    Diagnostic(code: "usage", $0.message, hint: $0.hint)
                })
        }
        return generate
    }
}
