import ResealAge
import ResealCore
import ResealManifests
import Testing

/// Texts in which `A`, `B` … in angle brackets stand for recipients.
@Suite struct RecipientsEditorTests {
    private static let keys: [String: String] = Dictionary(
        uniqueKeysWithValues: ["C", "A", "B", "D"].map { ($0, (try? X25519Identity())?.recipient.description ?? "") })

    private static func filled(_ text: String) -> String {
        keys.reduce("apiVersion: reseal/v1\nkind: Recipients\nmetadata: {name: r}\nspec:\n  controller: <C>\n" + text) {
            $0.replacing("<\($1.key)>", with: $1.value)
        }
    }

    private static func editor(_ text: String) throws -> RecipientsEditor {
        let file = ManifestFile(path: "recipients.yaml", bytes: Array(text.utf8))
        let reading = ManifestReader.read(file)
        for case .recipients(let spec) in reading.manifests.map(\.spec) { return RecipientsEditor(file, spec: spec) }
        throw DiagnosticsFailure(reading.diagnostics)
    }

    private static func added(_ key: String, _ places: [RecipientsPlace], to text: String) throws -> RecipientsEdit {
        var editor = try editor(text)
        return try editor.add(keys[key] ?? key, to: places)
    }

    private static func removed(
        _ key: String, from places: Set<RecipientsPlace>? = nil, in text: String
    ) throws -> RecipientsEdit {
        var editor = try editor(text)
        return try editor.remove([keys[key] ?? key], from: places)
    }

    private func check(_ edit: RecipientsEdit, _ wanted: String, _ location: SourceLocation) {
        #expect(String(decoding: edit.bytes, as: UTF8.self) == Self.filled(wanted), sourceLocation: location)
    }

    // MARK: Adding

    static let additions: [(String, RecipientsPlace, String)] = [
        // Lists on one line.
        ("  groups: {sre: [<A>]}\n", .group("sre"), "  groups: {sre: [<A>, <D>]}\n"),
        (
            "  groups:\n    sre: [ <A>, <B> ]   # people\n", .group("sre"),
            "  groups:\n    sre: [ <A>, <B>, <D> ]   # people\n"
        ),
        ("  groups:\n    sre: [<A>,]\n", .group("sre"), "  groups:\n    sre: [<A>, <D>,]\n"),
        ("  rules:\n    - recipients: [] # nobody\n", .rule(1), "  rules:\n    - recipients: [<D>] # nobody\n"),
        (
            "  rules: [{recipients: []}, {recipients: [<A>]}]\n", .rule(2),
            "  rules: [{recipients: []}, {recipients: [<A>, <D>]}]\n"
        ),
        // Lists with an item on each line.
        (
            "  groups:\n    sre: [\n      <A>, # a\n      <B>  # b\n    ]\n", .group("sre"),
            "  groups:\n    sre: [\n      <A>, # a\n      <B>,  # b\n      <D>\n    ]\n"
        ),
        (
            "  groups:\n    sre: [\n      <A>, # a\n      <B>, # b\n    ]\n", .group("sre"),
            "  groups:\n    sre: [\n      <A>, # a\n      <B>, # b\n      <D>,\n    ]\n"
        ),
        // Block lists.
        (
            "  groups:\n    sre:\n      - <A> # a\n      # between\n      - <B> # b\n    # behind\n  rules: []\n",
            .group("sre"),
            "  groups:\n    sre:\n      - <A> # a\n      # between\n      - <B> # b\n      - <D>\n    # behind\n  rules: []\n"
        ),
        (
            "  groups:\n    sre:\n    - <A>\n    ops:\n    - <B>\n", .group("sre"),
            "  groups:\n    sre:\n    - <A>\n    - <D>\n    ops:\n    - <B>\n"
        ),
        (
            "  rules:\n  - recipients:\n    -   <A>\n    paths: [\"a/**\"]\n", .rule(1),
            "  rules:\n  - recipients:\n    -   <A>\n    - <D>\n    paths: [\"a/**\"]\n"
        ),
        ("  groups:\n    sre:\n      - <A>", .group("sre"), "  groups:\n    sre:\n      - <A>\n      - <D>"),
        // Groups that are not there.
        ("  groups: {sre: [<A>]}\n", .group("dora"), "  groups: {sre: [<A>], dora: [<D>]}\n"),
        (
            "  groups:\n    sre:\n      - <A> # a\n\n  rules: []\n", .group("dora"),
            "  groups:\n    sre:\n      - <A> # a\n    dora: [<D>]\n\n  rules: []\n"
        ),
        ("  groups: {}\n", .group("dora"), "  groups: {dora: [<D>]}\n"),
        ("  rules: [] # none\n# end\n", .group("dora"), "  rules: [] # none\n  groups:\n    dora: [<D>]\n# end\n"),
        ("  rules: []\n", .group("0day"), "  rules: []\n  groups:\n    \"0day\": [<D>]\n"),
        ("  rules: []\n", .group("true"), "  rules: []\n  groups:\n    \"true\": [<D>]\n"),
    ]

    @Test(arguments: additions.indices)
    func addingChangesNothingElse(index: Int) throws {
        let (before, place, after) = Self.additions[index]
        let edit = try Self.added("D", [place], to: Self.filled(before))
        check(edit, after, #_sourceLocation)
        #expect(edit.places == [place])
    }

    @Test(arguments: additions.indices)
    func lineBreaksOfOtherSystemsStay(index: Int) throws {
        let (before, place, after) = Self.additions[index]
        let edit = try Self.added("D", [place], to: Self.filled(before).replacing("\n", with: "\r\n"))
        // A file without a line break of its own begins with the header's.
        #expect(String(decoding: edit.bytes, as: UTF8.self) == Self.filled(after).replacing("\n", with: "\r\n"))
    }

    @Test func aGroupGoesIntoARuleInQuotes() throws {
        let edit = try Self.added(
            "group:sre", [.rule(1)], to: Self.filled("  groups: {sre: [<A>]}\n  rules: [{recipients: []}]\n"))
        check(edit, "  groups: {sre: [<A>]}\n  rules: [{recipients: [\"group:sre\"]}]\n", #_sourceLocation)
    }

    @Test func severalListsAtOnce() throws {
        let edit = try Self.added(
            "D", [.group("new"), .rule(1), .rule(2)],
            to: Self.filled("  rules:\n    - recipients: []\n    - recipients: [<D>]\n"))
        check(
            edit, "  rules:\n    - recipients: [<D>]\n    - recipients: [<D>]\n  groups:\n    new: [<D>]\n",
            #_sourceLocation)
        #expect(edit.places == [.group("new"), .rule(1)])
    }

    @Test func whoIsThereAlreadyChangesNothing() throws {
        let text = Self.filled("  groups: {sre: [<D>]}\n")
        let edit = try Self.added("D", [.group("sre")], to: text)
        #expect(edit.places.isEmpty)
        #expect(edit.bytes == Array(text.utf8))
    }

    @Test func aRuleThatIsNotThereIsRefused() {
        for number in [0, 2, -1, Int.max] {
            let error = #expect(throws: ManifestFailure.self) {
                try Self.added("D", [.rule(number)], to: Self.filled("  rules: [{recipients: []}]\n"))
            }
            #expect(error?.kind == .noSuchPlace)
        }
    }

    @Test(arguments: [
        "  groups:\n    sre: &x [<A>]\n    ops: *x\n",
        "  groups: &g\n    ops: [<A>]\n    sre: &s [<A>]\n  rules: [{recipients: *s}]\n",
    ])
    func whatAnAliasSharesIsLeftAlone(text: String) {
        let places: [RecipientsPlace] = text.contains("ops: *x") ? [.group("ops")] : [.rule(1)]
        let error = #expect(throws: ManifestFailure.self) { try Self.added("D", places, to: Self.filled(text)) }
        #expect(error?.kind == .unsafe)
        // The anchor's own list would change the alias as well.
        let second = #expect(throws: ManifestFailure.self) {
            try Self.added("D", [.group("sre")], to: Self.filled(text))
        }
        #expect(second?.kind == .unsafe)
    }

    @Test func tooManyMembersAreRefusedInWords() throws {
        let many = try (0..<256).map { _ in try X25519Identity().recipient.description }
        let error = #expect(throws: ManifestFailure.self) {
            try Self.added(
                "D", [.group("sre")], to: Self.filled("  groups: {sre: [\(many.joined(separator: ", "))]}\n"))
        }
        #expect(error?.kind == .unreadable)
        #expect(error?.message.contains("at most 256 items") == true)
    }

    // MARK: Removing

    static let removals: [(String, String)] = [
        ("  groups: {sre: [<A>, <D>]}\n", "  groups: {sre: [<A>]}\n"),
        ("  groups: {sre: [<D>, <A>]}\n", "  groups: {sre: [<A>]}\n"),
        ("  groups: {sre: [<A>,   <D>, <B>]}\n", "  groups: {sre: [<A>,   <B>]}\n"),
        ("  groups: {sre: [ <A>, <D> ]}\n", "  groups: {sre: [ <A> ]}\n"),
        ("  groups: {sre: [<A>, <D>,]}\n", "  groups: {sre: [<A>, ]}\n"),
        ("  rules: [{recipients: [<D>]}] # x\n", "  rules: [{recipients: []}] # x\n"),
        (
            "  groups:\n    sre: [\n      <A>, # a\n      <D>, # d\n      <B>  # b\n    ]\n",
            "  groups:\n    sre: [\n      <A>, # a\n      <B>  # b\n    ]\n"
        ),
        (
            "  groups:\n    sre: [\n      <A>, # a\n      <D>  # d\n    ]\n",
            "  groups:\n    sre: [\n      <A>, # a\n    ]\n"
        ),
        ("  groups:\n    sre: [<A>, # a\n      <D>]\n", "  groups:\n    sre: [<A>, # a\n      ]\n"),
        (
            "  groups:\n    sre:\n      # a stays\n      - <A> # a\n      # on d\n      - <D> # d\n      - <B>\n",
            "  groups:\n    sre:\n      # a stays\n      - <A> # a\n      # on d\n      - <B>\n"
        ),
        ("  groups:\n    sre:\n    - <A>\n    - <D>", "  groups:\n    sre:\n    - <A>"),
        (
            "  rules:\n    - recipients: # who\n        - <D> # d\n      paths: [x]\n",
            "  rules:\n    - recipients: [] # who\n      paths: [x]\n"
        ),
        ("  rules:\n    - recipients:\n        - <D>", "  rules:\n    - recipients: []"),
        // A group without members is not valid, so it goes.
        (
            "  groups:\n    dora: [<D>] # d\n    sre: [<A>]\n  rules: [{recipients: [\"group:dora\", \"group:sre\"]}]\n",
            "  groups:\n    sre: [<A>]\n  rules: [{recipients: [\"group:sre\"]}]\n"
        ),
        (
            "  groups:\n    dora:\n      - <D>\n  rules:\n    - recipients:\n        - group:dora\n    - recipients: [<A>, 'group:dora']\n",
            "  groups: {}\n  rules:\n    - recipients: []\n    - recipients: [<A>]\n"
        ),
        ("  groups: {dora: [<D>], sre: [<A>]}\n", "  groups: {sre: [<A>]}\n"),
        ("  groups: {dora: [<D>]}\n", "  groups: {}\n"),
        // Everywhere at once.
        (
            "  groups:\n    sre: [<A>, <D>]\n  rules:\n    - recipients: [<D>, \"group:sre\"]\n    - recipients:\n      - <B>\n      - <D>\n",
            "  groups:\n    sre: [<A>]\n  rules:\n    - recipients: [\"group:sre\"]\n    - recipients:\n      - <B>\n"
        ),
        ("  groups: {sre: [<A>]}\n", "  groups: {sre: [<A>]}\n"),
    ]

    @Test(arguments: removals.indices)
    func removingChangesNothingElse(index: Int) throws {
        let (before, after) = Self.removals[index]
        check(try Self.removed("D", in: Self.filled(before)), after, #_sourceLocation)
        let edit = try Self.removed("D", in: Self.filled(before).replacing("\n", with: "\r\n"))
        #expect(String(decoding: edit.bytes, as: UTF8.self) == Self.filled(after).replacing("\n", with: "\r\n"))
    }

    @Test func removingFromSomeListsLeavesTheOthers() throws {
        let text = Self.filled("  groups: {sre: [<A>, <D>], ops: [<D>, <B>]}\n  rules: [{recipients: [<D>]}]\n")
        let edit = try Self.removed("D", from: [.group("ops")], in: text)
        check(edit, "  groups: {sre: [<A>, <D>], ops: [<B>]}\n  rules: [{recipients: [<D>]}]\n", #_sourceLocation)
        #expect(edit.places == [.group("ops")])
    }

    @Test func emptiedGroupsAreNamed() throws {
        let edit = try Self.removed("D", in: Self.filled("  groups: {x: [<D>], y: [<D>], z: [<A>]}\n"))
        #expect(edit.emptiedGroups == ["x", "y"])
    }

    // MARK: Both

    @Test(arguments: additions.indices)
    func removingUndoesAdding(index: Int) throws {
        let (before, place, _) = Self.additions[index]
        let text = Self.filled(before)
        let added = try Self.added("D", [place], to: text)
        let removed = try Self.removed("D", in: String(decoding: added.bytes, as: UTF8.self))
        // An added comma in front of a comment stays; so does a `groups` that was made.
        let rest = String(decoding: removed.bytes, as: UTF8.self)
            .replacing(",  # b", with: "  # b").replacing("  groups: {}\n", with: "").replacing(", ]", with: ",]")
        #expect(rest == text.replacing("  groups: {}\n", with: ""))
    }

    @Test func otherDocumentsOfTheFileStay() throws {
        let other = "---\napiVersion: reseal/v1\nkind: Secret\nmetadata: {name: x}\nspec: {value: 'A'} # keep\n"
        let text = Self.filled("  groups: {sre: [<A>]}\n") + other
        let edit = try Self.added("D", [.group("sre")], to: text)
        #expect(String(decoding: edit.bytes, as: UTF8.self) == Self.filled("  groups: {sre: [<A>, <D>]}\n") + other)
    }

    @Test func aFileWithErrorsIsNotEdited() throws {
        let text =
            Self.filled("  groups: {sre: [<A>]}\n")
            + "---\napiVersion: reseal/v1\nkind: Secret\nmetadata: {name: x}\nspec: {valu: 1}\n"
        let error = #expect(throws: ManifestFailure.self) { try Self.added("D", [.group("sre")], to: text) }
        #expect(error?.kind == .unreadable)
        #expect(error?.span?.line == 11)
    }
}
