internal import Glibc

/// The parsers of input that nobody has checked yet, and what has to hold for whatever they are given.
enum Target: String, CaseIterable {
    case age
    case keys
    case manifest
    case sops
    case pattern
    case json

    static let chosen = getenv("RESEAL_FUZZ_TARGET").flatMap { Target(rawValue: String(cString: $0)) }

    func run(_ bytes: [UInt8]) {
        switch self {
        case .age: AgeProperties.check(bytes)
        case .keys: KeyProperties.check(bytes)
        case .manifest: ManifestProperties.check(bytes)
        case .sops: SOPSProperties.check(bytes)
        case .pattern: PatternProperties.check(bytes)
        case .json: JSONProperties.check(bytes)
        }
    }
}

/// Ends the process, which libFuzzer takes for a finding, unless `condition` holds.
func demand(_ condition: Bool, _ what: StaticString) {
    if !condition { fatalError("\(what)") }
}
