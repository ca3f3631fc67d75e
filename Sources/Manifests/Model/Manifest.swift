package import ResealCore

/// The bytes of one file of the repository.
package struct ManifestFile: Sendable {
    /// From the root of the repository.
    package let path: String
    package let bytes: [UInt8]
    /// The commit that the file was read at; `nil` for a file of a work tree.
    package let commit: ObjectID?

    package init(path: String, bytes: [UInt8], commit: ObjectID? = nil) {
        self.path = path
        self.bytes = bytes
        self.commit = commit
    }
}

/// One valid document: a resource as Git wants it.
package struct Manifest: Sendable {
    package let key: ResourceKey
    /// Position among the documents of its file, from 0.
    package let documentIndex: Int
    /// The place of `metadata.name`.
    package let span: SourceSpan
    package let labels: [String: String]
    package let spec: ManifestSpec
    /// Canonical JSON of `metadata.labels`, `metadata.annotations` and `spec`: sorted keys, no white space. The content
    /// of a secret's `spec.value` is replaced by its shape, so the bytes may be shown, logged and compared.
    package let publicForm: [UInt8]
    /// What else must exist for this resource to work.
    package let references: [ManifestReference]
}

/// The `spec` of a manifest. Kinds whose feature reads it as JSON are `generic`; see ``Manifest/publicForm``.
package enum ManifestSpec: Sendable {
    case secret(SecretSpec)
    case dynamicSecret(DynamicSecretSpec)
    case role(RoleSpec)
    case repository(RepositorySpec)
    case recipients(RecipientsSpec)
    case connection(ConnectionSpec)
    case notifier(NotifierSpec)
    case generic
}

/// A mention of something outside of the document.
package struct ManifestReference: Sendable, Hashable {
    package enum Target: Sendable, Hashable {
        case resource(ResourceKey)
        /// A file, by its path from the root of the repository.
        case file(String)
    }
    package let target: Target
    package let span: SourceSpan
    /// The key that holds the mention, such as `connection`.
    package let what: String
}

/// Everything that a file says.
package struct ManifestReading: Sendable {
    package var manifests: [Manifest] = []
    package var diagnostics: [Diagnostic] = []
    /// Resources that the file declares with errors. They exist, so references to them do not dangle.
    package var rejected: [ResourceKey] = []
    /// False when a document could not be read at all, so that what it declares is unknown.
    package var isComplete = true

    package var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }
}

/// What to do about changes that were made in the vault and not in Git.
package enum DriftPolicy: String, Sendable, CaseIterable, Codable {
    /// Set the vault back to what Git says.
    case revert
    /// Only tell.
    case report
    /// Bring the vault's value into Git; needs write-back.
    case adopt
}
