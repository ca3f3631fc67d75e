package import ResealCore

/// What a repository asks of lint: `.reseal-lint.yaml` at its root.
package struct LintConfig: Sendable, Hashable {
    package static let fileName = ".reseal-lint.yaml"

    /// `nil`: the rule is off. Rules that are not in here have their default.
    private var levels: [LintRule: LintLevel?] = [:]
    private var exclude: [Glob] = []
    package private(set) var options = LintOptions()

    package init() {}

    package func level(of rule: LintRule) -> LintLevel? { levels[rule] ?? rule.defaultLevel }

    package func excludes(_ path: String) -> Bool { exclude.contains { $0.matches(path) } }
}

extension LintConfig {
    private static let keys = ["rules", "exclude", "entropy", "expiringWithin", "maximumFileBytes"]

    /// Reads the file. Throws ``DiagnosticsFailure`` with everything that is wrong with it.
    package init(_ file: ManifestFile) throws(DiagnosticsFailure) {
        self = try SettingsFile.read(file.bytes, name: file.path, commit: file.commit, keys: Self.keys) {
            LintConfig($0)
        }
    }

    private init(_ file: SettingsMapping) {
        self.init()
        if let rules = file.mapping("rules", keys: LintRule.allCases.map(\.id), of: "rule") {
            for rule in LintRule.allCases { readLevel(of: rule, rules) }
        }
        let hint = "a pattern without brackets and backslashes, for example \"tests/fixtures/**\""
        exclude = file.list("exclude", hint: hint) { Glob.problem($0) == nil ? Glob($0) : nil } ?? []
        if let entropy = file.mapping("entropy", keys: ["threshold", "minimumLength"]) {
            let bits = entropy.value("threshold", hint: "a number of bits from 1 to 6") { text in
                Double(text).flatMap { (1...6).contains($0) ? $0 : nil }
            }
            options.entropy = bits ?? options.entropy
            options.minimumLength = entropy.integer("minimumLength", in: 16...256) ?? options.minimumLength
        }
        options.expiringWithin = file.span("expiringWithin") ?? options.expiringWithin
        options.maximumFileBytes = file.integer("maximumFileBytes", in: 1...64 << 20) ?? options.maximumFileBytes
    }

    private mutating func readLevel(of rule: LintRule, _ rules: SettingsMapping) {
        let word = rules.choice(rule.id, of: ["off", "note", "warning", "error"])
        if let word { levels[rule] = .some(LintLevel(rawValue: word)) }
    }
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
