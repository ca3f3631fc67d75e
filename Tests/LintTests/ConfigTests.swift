import ResealCore
import ResealManifests
import Testing

@Suite struct ConfigTests {
    private func config(_ text: String) throws -> LintConfig {
        try LintConfig(ManifestFile(path: ".reseal-lint.yaml", bytes: Array(text.utf8)))
    }

    private func problems(_ text: String) throws -> [String] {
        do {
            _ = try config(text)
            return []
        } catch let failure as DiagnosticsFailure {
            return failure.diagnostics.map {
                "\($0.span?.description ?? "") \($0.code) \($0.message)" + ($0.hint.map { "; \($0)" } ?? "")
            }
        }
    }

    @Test func levelsPatternsAndNumbers() throws {
        let config = try config(
            """
            rules:
              plain-secret: note
              random-text: "off"
              unbound-value: off
            exclude: ["vendor/**", "*.lock"]
            entropy: {threshold: 3.5, minimumLength: 20}
            expiringWithin: 14d
            maximumFileBytes: 1000
            """)
        #expect(config.level(of: .plainSecret) == .note)
        #expect(config.level(of: .randomText) == nil && config.level(of: .unboundValue) == nil)
        #expect(config.level(of: .knownToken) == .error)
        #expect(config.excludes("vendor/a/b.c") && config.excludes("x.lock") && !config.excludes("a/x.lock"))
        #expect(config.options.entropy == 3.5 && config.options.minimumLength == 20)
        #expect(config.options.expiringWithin == TimeSpan("14d") && config.options.maximumFileBytes == 1000)
        for empty in ["", "# nothing\n", "---\n"] { #expect(try self.config(empty) == LintConfig()) }
    }

    @Test func mistakesHaveAPlaceAndAHint() throws {
        let found = try problems(
            """
            ruls: {}
            rules:
              plain-secrets: off
              expired: fatal
            exclude: ["a[b]", {x: y}]
            entropy: {treshold: 3, minimumLength: 5}
            expiringWithin: soon
            maximumFileBytes: many
            """)
        let expected = [
            "1:1 config.unknown-key unknown setting `ruls`; did you mean `rules`?",
            "3:3 config.unknown-key unknown rule `plain-secrets`; did you mean `plain-secret`?",
            "4:12 config.bad-value `expired` is wrong; one of off, note, warning, error",
            "5:11 config.bad-value an item of `exclude` is wrong; a pattern without brackets and backslashes, for example \"tests/fixtures/**\"",
            "5:19 config.not-a-scalar `exclude` takes a list of single values",
            "6:11 config.unknown-key unknown setting `treshold`; did you mean `threshold`?",
            "6:39 config.bad-value `minimumLength` is wrong; write a number from 16 to 256",
            "7:17 config.bad-value `expiringWithin` is wrong; write a length of time, for example 90s, 5m or 1h",
            "8:19 config.bad-value `maximumFileBytes` is wrong; write a number from 1 to 67108864",
        ].map { ".reseal-lint.yaml:" + $0 }
        #expect(found == expected, "\(found)")
        #expect(try problems("- a").map { $0.split(separator: " ")[1] } == ["config.not-a-mapping"])
        #expect(try problems("exclude: {a: b}").map { $0.split(separator: " ")[1] } == ["config.not-a-list"])
        #expect(try problems("a: [").first?.contains("yaml.syntax") == true)
        #expect(try problems("rules: {}\nrules: {}").first?.contains("yaml.duplicate-key") == true)
    }

    @Test func settingsChangeWhatIsFound() throws {
        #expect(FileLint.rules("password: hunter2", config: try config("rules: {plain-secret: off}")) == [])
        let finding = FileLint.findings("password: hunter2", config: try config("rules: {plain-secret: note}"))
        #expect(finding.map(\.level) == [.note])
        #expect(FileLint.rules("salt: \(Sample.random)", config: try config("entropy: {threshold: 6}")) == [])
        #expect(FileLint.rules("salt: \(Sample.random)", config: try config("entropy: {minimumLength: 41}")) == [])
    }
}

@Suite struct IgnoreTests {
    private func places(_ text: String, file: String = "a.yaml") -> [String] {
        FileLint.findings(text, file: file).map { "\($0.span.line) \($0.rule.id)" }
    }

    @Test(arguments: [
        "password: hunter2 # reseal-lint: ignore plain-secret -- a fixture",
        "# reseal-lint: ignore plain-secret -- a fixture\npassword: hunter2",
        "# reseal-lint: ignore random-text, plain-secret -- a fixture\npassword: hunter2",
        "# reseal-lint: ignore plain-secret -- a\n# reseal-lint: ignore known-token -- b\npassword: hunter2 # \(Sample.githubToken)",
    ])
    func aReasonedCommentTakesAFindingAway(text: String) { #expect(places(text) == [], "\(places(text))") }

    @Test func commentsOfOtherLanguages() {
        for (comment, file) in [("//", "a.ts"), ("--", "a.sql"), (";", "a.ini"), ("/*", "a.c"), ("%", "a.tex")] {
            let end = comment == "/*" ? " */" : ""
            let text = "\(comment) reseal-lint: ignore known-token -- revoked\(end)\nx \(Sample.githubToken)\n"
            #expect(places(text, file: file) == [], "\(comment)")
        }
        let html = "<!-- reseal-lint: ignore known-token -- revoked -->\n<p>\(Sample.githubToken)</p>\n"
        #expect(places(html, file: "a.html") == [])
    }

    @Test func itReachesNoFurtherThanTheNextLine() {
        let comment = "# reseal-lint: ignore plain-secret -- a fixture\n"
        #expect(places(comment + "\npassword: hunter2") == ["3 plain-secret", "1 unused-ignore"])
        #expect(places("a: b " + comment + "password: hunter2") == ["2 plain-secret", "1 unused-ignore"])
        #expect(places(comment + "password: hunter2\npassword: hunter3") == ["3 plain-secret"])
    }

    @Test(arguments: [
        "ignore plain-secret", "ignore plain-secret --", "ignore plain-secret -- ", "ignore plain-secret no reason",
        "ignore -- reason", "ignore plain-sceret -- reason", "ignore unused-ignore -- reason", "disable", "",
    ])
    func aCommentThatSaysNotEnoughIgnoresNothing(words: String) {
        let text = "# reseal-lint: \(words)\npassword: hunter2"
        #expect(Set(places(text)) == ["2 plain-secret", "1 invalid-ignore"], "\(places(text))")
    }

    @Test func aHintForAMisspeltRule() {
        let finding = FileLint.findings("# reseal-lint: ignore plain-sceret -- x\n").first
        #expect(finding?.message == "the comment names an unknown rule; did you mean `plain-secret`?")
    }

    @Test func textThatIsNoCommentIsNoDirective() { #expect(places("see reseal-lint: ignore x\n", file: "a.md") == []) }

    @Test func whatIsOffMayStillBeIgnored() throws {
        let config = try LintConfig(ManifestFile(path: "x", bytes: Array("rules: {plain-secret: off}".utf8)))
        let text = "# reseal-lint: ignore plain-secret -- a fixture\npassword: hunter2\n"
        #expect(FileLint.rules(text, config: config) == [])
    }
}
