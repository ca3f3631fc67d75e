package import ResealCore

/// What a repository asks of lint: `.reseal-lint.yaml` at its root.
package struct LintConfig: Sendable, Hashable {
    package static let fileName = ".reseal-lint.yaml"
    package static let fileBytes = 1 << 16

    /// `nil`: the rule is off. Rules that are not in here have their default.
    var levels: [LintRule: LintLevel?] = [:]
    package private(set) var exclude: [Glob] = []
    package private(set) var options = LintOptions()

    package init() {}

    package func level(of rule: LintRule) -> LintLevel? { levels[rule] ?? rule.defaultLevel }

    package func excludes(_ path: String) -> Bool { exclude.contains { $0.matches(path) } }

    /// Reads the file. Throws ``DiagnosticsFailure`` with everything that is wrong with it.
    package init(_ file: ManifestFile) throws(DiagnosticsFailure) {
        var reader = LintConfigReader(file)
        reader.read()
        guard reader.log.errors == 0 else { throw DiagnosticsFailure(reader.log.diagnostics) }
        self = reader.config
    }

    mutating func set(_ rule: LintRule, _ level: LintLevel?) { levels[rule] = .some(level) }
    mutating func add(_ glob: Glob) { exclude.append(glob) }
    mutating func update(_ body: (inout LintOptions) -> Void) { body(&options) }
}

/// The numbers that rules go by.
package struct LintOptions: Sendable, Hashable {
    /// Bits for each character at which text counts as random.
    package var entropy = 4.0
    /// Shorter text is never called random.
    package var minimumLength = 24
    /// How long before `expiresAt` a value counts as expiring.
    package var expiringWithin = TimeSpan(seconds: 30 * 86_400)
    package var maximumFileBytes = 2 << 20

    package init() {}
}
