import ResealCore
import TestSupport
import Testing

@testable import ResealManifests
@testable import ResealReconciler

/// What comes out of two changes of one file.
@Suite struct FileMergeTests {
    let texts: Texts

    init() throws { texts = try Texts() }

    // MARK: Brought together

    @Test func neighbouringFields() throws {
        let (one, two, user) = try (texts.sealed("one"), texts.sealed("two", 2), texts.sealed("u", 2, field: "user"))
        let old = try texts.sealed("old", field: "user")
        let base = Texts.secret("a", ["user": old, "password": one])
        let ours = Texts.secret("a", ["user": user, "password": one])
        let theirs = Texts.secret("a", ["user": old, "password": two])
        #expect(try Texts.merge(base, ours, theirs).merged == Texts.secret("a", ["user": user, "password": two]))
    }

    @Test func plainFieldsOnNeighbouringLines() throws {
        let base = Texts.secret("a", ["host": "h", "port": "1", "user": "u"])
        let ours = Texts.secret("a", ["host": "h2", "port": "1", "user": "u"])
        let theirs = Texts.secret("a", ["host": "h", "port": "2", "user": "u"])
        #expect(
            try Texts.merge(base, ours, theirs).merged == Texts.secret("a", ["host": "h2", "port": "2", "user": "u"]))
    }

    @Test func fieldsAddedInTheSamePlace() throws {
        let base = Texts.secret("a", ["host": "h"])
        let ours = Texts.secret("a", ["host": "h", "mine": "1"])
        let theirs = Texts.secret("a", ["host": "h", "yours": "2"])
        let both = Texts.secret("a", ["host": "h", "mine": "1", "yours": "2"])
        #expect(try Texts.merge(base, ours, theirs).merged == both)
        #expect(try Texts.merge(base, theirs, ours).merged?.contains("    yours: 2\n    mine: 1\n") == true)
    }

    @Test func aFieldRemovedAndAnotherChanged() throws {
        let base = try Texts.secret("a", ["host": "h", "password": texts.sealed("one"), "user": "u"])
        let ours = Texts.secret("a", ["host": "h", "user": "u"])
        let theirs = base.replacing("host: h", with: "host: h2").replacing("user: u", with: "user: u2")
        #expect(
            try Texts.merge(base, ours, theirs).merged == Texts.secret("a", ["host": "h2", "user": "u2"]))
    }

    @Test func documentsAddedAtTheEnd() throws {
        let base = Texts.secret("a", ["host": "h"])
        let ours = base + "---\n# mine\n" + Texts.secret("b", ["x": "1"])
        let theirs = base + "---\n" + Texts.secret("c", ["x": "1"])
        #expect(try Texts.merge(base, ours, theirs).merged == ours + "---\n" + Texts.secret("c", ["x": "1"]))
    }

    @Test func filesThatBothMade() throws {
        let (ours, theirs) = (Texts.secret("a", ["x": "1"]), Texts.secret("b", ["x": "1"]))
        #expect(try Texts.merge("", ours, theirs).merged == ours + "---\n" + theirs)
        let more = Texts.secret("a", ["x": "1", "y": "2"])
        #expect(try Texts.merge("", ours, more).merged == more)
    }

    @Test func aDocumentRemovedAndAnotherChanged() throws {
        let (a, b) = (Texts.secret("a", ["x": "1"]), Texts.secret("b", ["x": "1"]))
        let changed = Texts.secret("b", ["x": "2"])
        #expect(try Texts.merge(a + "---\n" + b, b, a + "---\n" + changed).merged == changed)
    }

    @Test func commentsAndOrder() throws {
        let base = "# first\n" + Texts.secret("a", ["host": "h", "port": "1"]) + "# last\n"
        let ours = base.replacing("# first", with: "# The first line.").replacing("# last", with: "# The end.")
        let theirs = base.replacing("    host: h\n    port: 1\n", with: "    # moved\n    port: 1\n    host: h3\n")
        let expected =
            "# The first line.\n"
            + Texts.secret("a", ["port": "1", "host": "h3"]).replacing("    port", with: "    # moved\n    port")
            + "# The end.\n"
        #expect(try Texts.merge(base, ours, theirs).merged == expected)
        #expect(try Texts.merge(base, theirs, ours).merged == expected)
    }

    @Test func linesOfOneText() throws {
        let base = Texts.secret(
            "a", ["x": "1"], more: "rotation:\n    notify:\n      - one\n      - two\n      - three")
        let ours = base.replacing("- one", with: "- uno")
        let theirs = base.replacing("- three", with: "- tre")
        #expect(try Texts.merge(base, ours, theirs).merged == ours.replacing("- three", with: "- tre"))
    }

    @Test(arguments: [true, false]) func lineEnds(isOurs: Bool) throws {
        let base = Texts.secret("a", ["host": "h", "port": "1"])
        let converted = base.replacing("\n", with: "\r\n")
        let changed = base.replacing("port: 1", with: "port: 2").dropLast()
        let expected = converted.replacing("port: 1", with: "port: 2").dropLast(1)
        let merged =
            try isOurs
            ? Texts.merge(base, converted, String(changed)) : Texts.merge(base, String(changed), converted)
        #expect(merged.merged == String(expected))
        // Both had them from the beginning.
        let ours = converted.replacing("host: h", with: "host: h2")
        let theirs = converted.replacing("port: 1", with: "port: 2")
        #expect(try Texts.merge(converted, ours, theirs).merged == ours.replacing("port: 1", with: "port: 2"))
    }

    // MARK: What bindings tell

    @Test func theSameValueResealedOnBothSides() throws {
        let base = try Texts.secret("a", ["password": texts.sealed("v", 3, givenAt: 2)])
        let ours = try Texts.secret("a", ["password": texts.sealed("v", 4, givenAt: 2, for: 3)])
        let theirs = try Texts.secret("a", ["password": texts.sealed("v", 5, givenAt: 2, for: 3)])
        #expect(try Texts.merge(base, ours, theirs).merged == theirs)
        #expect(try Texts.merge(base, theirs, ours).merged == theirs)
        // For other people, or one of them with a new value: a person has to decide.
        let others = try Texts.secret("a", ["password": texts.sealed("v", 5, givenAt: 2, for: 1)])
        #expect(try Texts.merge(base, ours, others).conflicts != nil)
        let given = try Texts.secret("a", ["password": texts.sealed("w", 4, for: 3)])
        #expect(try Texts.merge(base, ours, given).conflicts != nil)
    }

    // MARK: Conflicts

    @Test func twoValuesOfOneField() throws {
        let one = try texts.sealed("one")
        let (two, three) = try (texts.sealed("two", 2), texts.sealed("three", 2))
        func file(_ armor: String, host: String) -> String { Texts.secret("a", ["password": armor, "host": host]) }
        let conflict = try #require(
            try Texts.merge(file(one, host: "h"), file(two, host: "h"), file(three, host: "h2")).conflicts)
        #expect(conflict.paths == [["Secret default a", "spec", "value", "password"]])
        let marked = try Marked(conflict.text)
        #expect(marked.ours == file(two, host: "h2") && marked.theirs == file(three, host: "h2"))
        #expect(
            conflict.text.contains(
                "<<<<<<< ours\n    password: \(Texts.block(two, indent: 6))\n=======\n    password: "
                    + "\(Texts.block(three, indent: 6))\n>>>>>>> theirs\n    host: h2\n"))
    }

    @Test func markersAreAsWideAsAsked() throws {
        let (a, b, c) = (Texts.secret("a", ["x": "1"]), Texts.secret("a", ["x": "2"]), Texts.secret("a", ["x": "3"]))
        let conflict = try #require(try Texts.merge(a, b, c, width: 12).conflicts)
        let marked = try Marked(conflict.text, width: 12)
        #expect(marked.ours == b && marked.theirs == c)
    }

    @Test func changedHereAndRemovedThere() throws {
        let base = Texts.secret("a", ["x": "1", "y": "1"])
        let (ours, theirs) = (Texts.secret("a", ["x": "1"]), Texts.secret("a", ["x": "1", "y": "2"]))
        let conflict = try #require(try Texts.merge(base, ours, theirs).conflicts)
        let marked = try Marked(conflict.text)
        #expect(marked.ours == ours && marked.theirs == theirs)
        // A whole document.
        let other = Texts.secret("b", ["x": "1"])
        let documents = try #require(
            try Texts.merge(base + "---\n" + other, base, base + "---\n" + Texts.secret("b", ["x": "2"])).conflicts)
        #expect(documents.paths == [["Secret default b"]])
        #expect(try Marked(documents.text).ours == base)
    }

    /// Each side is a manifest, but not what the two make together.
    @Test func twoChangesThatMakeNoManifest() throws {
        let base = Texts.secret("a", ["x": "1"])
        let file = "value:\n    fromFile: a.age"
        let ours = base.replacing("value:\n    x: 1", with: file)
        let theirs = base.replacing("    x: 1", with: "    x: 1\n    y: 2")
        let conflict = try #require(try Texts.merge(base, ours, theirs).conflicts)
        let marked = try Marked(conflict.text)
        #expect(marked.ours.contains(file) && marked.theirs.contains("y: 2"))
        for side in [marked.ours, marked.theirs] {
            #expect(!ManifestReader.read(ManifestFile(path: "", bytes: Array(side.utf8))).hasErrors)
        }
    }

    // MARK: What is no manifest

    @Test func anyText() throws {
        #expect(try Texts.merge("a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n").merged == "A\nb\nC\n")
        let conflict = try #require(try Texts.merge("a\n", "b\n", "c\n").conflicts)
        #expect(try Marked(conflict.text).ours == "b\n" && conflict.paths == [])
        #expect(try Texts.merge("", "", "").merged == "")
    }

    @Test func aBrokenManifestStillHasWholeArmors() throws {
        let armors = try ["one", "two", "three"].map { try texts.sealed($0) }
        let files = armors.map { Texts.secret("a", ["password": $0, "host": "h"]) + "broken: [\n" }
        let conflict = try #require(try Texts.merge(files[0], files[1], files[2]).conflicts)
        let marked = try Marked(conflict.text)
        #expect(marked.ours == files[1] && marked.theirs == files[2] && marked.count == 1)
        // The markers of an earlier conflict are no manifest either.
        let again = try Texts.merge(conflict.text, conflict.text, conflict.text.replacing("host: h", with: "host: i"))
        #expect(again.merged == conflict.text.replacing("host: h", with: "host: i"))
    }

    @Test func valueFiles() throws {
        let armors = try ["one", "two", "three"].map { try texts.sealed($0) }
        let conflict = try #require(try Texts.merge(armors[0], armors[1], armors[2]).conflicts)
        #expect(try Marked(conflict.text).ours == armors[1] && Marked(conflict.text).theirs == armors[2])
        let binary = try FileMerge(markerWidth: 7).run(.init(base: [0, 1], ours: [0, 2], theirs: [0, 3]))
        guard case .binary = binary else { return #expect(Bool(false), "merged what is no text") }
        #expect(try Texts.merge("x\u{0}", "x\u{0}", "y").merged == "y")
    }
}
