import ResealCore
import ResealSealing
import TestSupport
import Testing

@testable import ResealManifests

@Suite struct SelectionTests {
    private let tool: SOPSTool

    init() throws { tool = try SOPSTool() }

    private static let commented = """
        # top
        plain: one
        # secret: here
        token: two

        # a paragraph
        # secret: of two lines
        # and a third
        group:
            inner: three
            # not about it
            other: four
            list:
                - five
                # within
                - six

        after: seven # secret: on the line
        # foot

        many:
            - a
            # secret: an element
            - b
            - c
            - x: 1
              # secret: in a mapping
              y: 2
              z: 3
            # secret: before a mapping
            - x: 4
              y: 5
        deep:
            deeper:
                # secret: down here
                deepest: eight
                # the end of deepest
            # secret: the end of deeper
        last: nine
        # secret: the very end
        """

    @Test(arguments: ["encrypted_comment_regex: secret", "unencrypted_comment_regex: ^ secret"], ["", "\r"])
    func comments(rule: String, carriageReturn: String) throws {
        let plain = Self.commented.replacing("\n", with: carriageReturn + "\n")
        let sealed = try tool.encrypt(Array(plain.utf8), name: "t.yaml", rule: rule)
        let leaves = try tool.open(sealed, name: "t.yaml")
        #expect(
            leaves.map { String(decoding: $0.bytes, as: UTF8.self) } == [
                "one", "two", "three", "four", "five", "six", "seven", "a", "b", "c", "1", "2", "3", "4", "5", "eight",
                "nine",
            ])
        let text = String(decoding: sealed, as: UTF8.self)
        #expect(text.contains("ENC[") && text.contains("one") == rule.hasPrefix("encrypted"))
    }

    @Test func commentsAreKeptInTheirOrder() throws {
        for rule in ["", "encrypted_regex: nothing"] {
            let sealed = try tool.encrypt(Array(Self.commented.utf8), name: "t.yaml", rule: rule)
            let opened = try tool.read(sealed, name: "t.yaml").open(with: [tool.identity])
            var found: [String] = []
            func collect(_ node: SOPSNode<SOPSValue>) {
                func note(_ value: SOPSValue) {
                    #expect(value.kind == .comment)
                    #expect(value.isEncrypted == rule.isEmpty)
                    found.append(
                        String(decoding: value.bytes.revealBytes(), as: UTF8.self).trimmingPrefix(" ").description)
                }
                switch node {
                case .leaf: break
                case .mapping(let entries):
                    for entry in entries {
                        switch entry {
                        case .comment(let value): note(value)
                        case .value(_, _, let node): collect(node)
                        }
                    }
                case .list(let items):
                    for item in items {
                        switch item {
                        case .comment(let value): note(value)
                        case .value(let node): collect(node)
                        }
                    }
                }
            }
            opened.forEach(collect)
            let wanted = Self.commented.split(separator: "\n").compactMap { line in
                line.firstRange(of: "# ").map { String(line[$0.upperBound...]) }
            }
            #expect(found == wanted)
        }
    }

    /// The real SOPS says which keys each pattern selects.
    @Test(arguments: [
        "^a", "a$", "^(abc|x)$", "[b-d]+", "[^a-z]", "\\d{2,3}$", "\\.", "a.c", "(?i)ABC", "(?i)[^b]c$", "^$", "ab?c",
        "ab*c",
        "ab+c", "(ab){2}", "a{,2}", "a{2", "\\bdot\\b", "\\Bot", "^\\w+$", "\\W", "[[:upper:]]", "[[:^alpha:]]",
        "\\pL\\pN", "\\p{Lu}",
        "\\P{L}", "[\\d_]", "\\x41", "\\x{1F511}", "\\Qa.c\\E", "(?:a|b)c", "(?P<name>a)b", "(?s).", "(?-s:.)",
        "^(a|b|c|d)*$",
        "[]a]", "[a-]", "a|", "", "(|x)y", "\\101", "[\\n\\t]", "(?i)straße", "^.{5}$", "é", "(?i)É", "x*?y",
        "[^\\D\\s]", "\\A-",
        "(a*)*$", "k", "(?i)k",
    ])
    func patternsSelectTheSameKeys(pattern: String) throws {
        let keys = [
            "a", "abc", "ABC", "ac", "abbc", "abab", "a.c", "axc", "dot", "a dot b", "dots", "x", "y", "xy", "12",
            "a123", "_",
            "Key", "\u{212a}", "é", "É", "straße", "STRASSE", "🔑", "A", "-", "]", "a{2", "a{,2}", "12345", "tab\there",
            "d_e", "bc", "",
        ]
        let lines = keys.map { "\(String(decoding: YAMLText.quoted(Array($0.utf8)), as: UTF8.self)): value" }
        let path = try tool.folder.write(lines.joined(separator: "\n"), to: "p.yaml")
        let result = try tool.run(["encrypt", "--age", tool.recipient, "--encrypted-regex", pattern, path])
        try #require(result.status == 0, "\(result.errorText)")
        // Without a pattern, SOPS falls back on its suffix.
        let file = try tool.read(result.stdout, name: "p.yaml")
        var encrypted: [String] = []
        for (path, leaf) in file.documents[0].leaves() {
            if case .string(let text) = leaf.content, SOPSCiphertext.begins(text) { encrypted.append(path[0]) }
        }
        if pattern.isEmpty { return #expect(encrypted == keys) }
        let found = try LinearPattern(pattern)
        #expect(keys.filter(found.matches) == encrypted)
    }

    /// The real SOPS never matches with these.
    @Test(arguments: [
        "(a", "a)", "[a", "a**", "a*{2}", "*a", "a{2}{3}", "a{3,2}", "a{1001}", "(?<=a)b", "(?!a)", "\\1", "\\8", "\\c",
        "a\\",
        "[z-a]", "[[:nope:]]", "(?P<>a)", "(?z)", "\\x{110000}", "\\xg1", "\\p{Nope}", "?", "|*",
    ])
    func whatIsNoPattern(pattern: String) throws {
        #expect(throws: ManifestFailure(.pattern, "")) { try LinearPattern(pattern) }
        let path = try tool.folder.write("a: b", to: "p.yaml")
        let result = try tool.run(["encrypt", "--age", tool.recipient, "--encrypted-regex", pattern, path])
        #expect(!String(decoding: result.stdout, as: UTF8.self).contains("a: ENC"))
    }

    @Test func hostilePatternsTakeNoLongerThanOthers() throws {
        let pattern = try LinearPattern("^(a+)+(a|a)*(a?){50}$")
        let start = ContinuousClock.now
        #expect(!pattern.matches(String(repeating: "a", count: 1000) + "!"))
        #expect(ContinuousClock.now - start < .seconds(10))
        #expect(throws: ManifestFailure(.pattern, "")) { try LinearPattern("((a{1000}){1000}){1000}") }
        #expect(throws: ManifestFailure(.pattern, "")) {
            try LinearPattern(String(repeating: "(", count: 1000) + String(repeating: ")", count: 1000))
        }
        #expect(throws: ManifestFailure(.pattern, "")) { try LinearPattern(String(repeating: "a", count: 5000)) }
    }

    @Test func patternsOverALargeDocumentAreBounded() throws {
        let pattern = "^b" + String(repeating: "(a?){30}", count: 30)
        let keys = (0..<4000).map { "k\($0)" + String(repeating: "a", count: 100) + ": \"\"" }
        let sealed = String(
            decoding: try tool.encrypt(Array("x: word".utf8), name: "t.yaml", rule: "encrypted_regex: ^z"),
            as: UTF8.self)
        let text = sealed.replacing("x: word", with: keys.joined(separator: "\n"))
            .replacing("encrypted_regex: ^z", with: "encrypted_regex: \(pattern)")
        #expect(throws: ManifestFailure(.pattern, "")) { try tool.open(Array(text.utf8), name: "t.yaml") }
    }
}
