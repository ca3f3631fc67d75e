package import ResealCore
internal import ResealSealing

/// What an import would write, or has written, for one SOPS document.
package struct ImportItem: Sendable {
    package enum State: String, Sendable {
        case new
        /// The secret is declared already; nothing is written.
        case declared
    }

    /// The SOPS file.
    package let source: String
    package let name: String
    /// From the root of the work tree.
    package let manifest: String
    package let state: State
    package var sealed = 0
    package var plain = 0
    /// What differs from the SOPS document.
    package var notes: [String] = []
    /// Files to write, from the root of the work tree, in this order.
    var files: [(path: String, bytes: [UInt8])] = []
    /// The value of a sealed file among them, to tell a leftover of an earlier run from somebody's file.
    var sealedValue: SecretBytes?
}

/// Everything that an import would do.
package struct ImportPlan: Sendable {
    package internal(set) var items: [ImportItem] = []
    package internal(set) var problems: [Diagnostic] = []
    package internal(set) var warnings: [Diagnostic] = []
    package var new: [ImportItem] { items.filter { $0.state == .new } }
}

/// How secrets are named and written.
package struct ImportOptions: Sendable {
    package var organization = SecretID.defaultOrganization
    /// In front of each name.
    package var prefix = ""
    /// For the only document of the only file.
    package var name: String?
    /// Manifests refer to the SOPS files instead of holding their values.
    package var keepsSOPS = false
    package var revealsComments = false

    package init() {}
}
