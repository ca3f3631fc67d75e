import ResealCore

@testable import ResealManifests

/// Reads one file of manifests from its text.
func read(
    _ text: String, file: String = "manifests/a.yaml", limits: ManifestLimits = .standard
) -> ManifestReading { read(Array(text.utf8), file: file, limits: limits) }

func read(
    _ bytes: [UInt8], file: String = "manifests/a.yaml", limits: ManifestLimits = .standard
) -> ManifestReading { ManifestReader.read(ManifestFile(path: file, bytes: bytes), limits: limits) }

extension ManifestReading {
    var errors: [Diagnostic] { diagnostics.filter { $0.severity == .error } }
    /// `line:column code` of every finding, in the order of the report.
    var findings: [String] { diagnostics.map(\.place) }
    var codes: [String] { diagnostics.map(\.code) }
}

extension Diagnostic {
    var place: String { "\(span.map { "\($0.line):\($0.column)" } ?? "-") \(code)" }
}

/// A Secret of the given `spec`, whose lines need no indent.
func secret(_ spec: String, name: String = "orders-db") -> String {
    let lines = spec.split(separator: "\n", omittingEmptySubsequences: false).map { $0.isEmpty ? "" : "  \($0)" }
    return "apiVersion: reseal/v1\nkind: Secret\nmetadata:\n  name: \(name)\nspec:\n" + lines.joined(separator: "\n")
        + "\n"
}

/// Something else was found than what a test goes on with.
struct Unexpected: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

extension Manifest {
    var secretSpec: SecretSpec? {
        if case .secret(let spec) = spec { return spec }
        return nil
    }

    var leaves: [ValueLeaf] { secretSpec?.value?.leaves ?? [] }
}

extension ValueLeaf {
    /// Kind and text of a plain leaf, `sealed` of a sealed one.
    var shown: String {
        switch content {
        case .plain(let scalar): "\(scalar.kind) \(String(decoding: scalar.text, as: UTF8.self))"
        case .sealed: "sealed"
        }
    }
}

/// The leaves of a secret whose `spec` is `value:` and the given text, one `field: kind text` each.
func leaves(_ value: String) -> [String] {
    read(secret("value:\(value)")).manifests.first?.leaves.map { "\($0.field): \($0.shown)" } ?? []
}

/// Recipients whose identities nobody has.
enum Key {
    static let controller = "age1f84jnjr9qu63036m3mam4w7yx0svaek5v9z504mmxc5yhmkmrepse2jkr9"
    static let alice = "age1lt5fl4lk5qa9vqs38ja6jd29ff23klp3qaa8awya7jlql6scru5qy5wrnd"
    static let bob = "age1fey3zne0nk95znmk8wqh6k9pnpcl20mf25rx06wcymtmchk603rs75dpu7"
}

/// An armor of the right outline; no age file is in it.
let armor = """
    -----BEGIN AGE ENCRYPTED FILE-----
    YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBhYmMKZGVm
    -----END AGE ENCRYPTED FILE-----

    """

extension String {
    /// Every line with spaces in front, for the body of a block scalar.
    func indented(_ count: Int) -> String {
        split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.isEmpty ? "" : String(repeating: " ", count: count) + $0 }.joined(separator: "\n")
    }
}
