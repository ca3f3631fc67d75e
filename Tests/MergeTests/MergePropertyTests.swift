import ResealCore
import ResealSealing
import TestSupport
import Testing

@testable import ResealManifests
@testable import ResealReconciler

/// Random changes of random files: nothing that only one side changed is lost, no armor is cut, and what comes out can be
/// read.
@Suite struct MergePropertyTests {
    /// A file that is changed by its lines: documents with entries, each of a few lines.
    private struct Model: Equatable {
        /// Text of an entry by its key, in the order of the file.
        var entries: [(key: String, text: String)]

        static func == (a: Model, b: Model) -> Bool { a.text == b.text }

        /// Entries of one document share what stands in front of the `/` of their keys.
        var text: String {
            var text = ""
            var document = ""
            for (key, entry) in entries {
                let name = String(key.prefix { $0 != "/" })
                if name != document {
                    text += "\(document.isEmpty ? "" : "---\n")apiVersion: reseal/v1\nkind: Secret\n"
                    text += "metadata: {name: \(name)}\nspec:\n  value:\n"
                    document = name
                }
                text += entry
            }
            return text
        }
    }

    private static let armors = Result {
        let texts = try Texts()
        return try (0..<40).map { try texts.sealed("value \($0)", Int64($0 + 1)) }
    }

    private func entry(_ key: String, _ random: inout SeededGenerator) throws -> String {
        let field = key.drop { $0 != "/" }.dropFirst()
        let comment = Int.random(in: 0..<4, using: &random) == 0 ? "    # about \(field) \(random.next() % 9)\n" : ""
        switch Int.random(in: 0..<6, using: &random) {
        case 0: return comment + "    \(field): plain\(random.next() % 1000)\n"
        case 1: return comment + "    \(field): 'quoted # \(random.next() % 1000)' # comment\n"
        case 2: return comment + "    \(field):\n      inner: \(random.next() % 1000)\n      other: x\n"
        case 3: return comment + "    \(field): >-\n      folded \(random.next() % 1000)\n\n      text\n\n"
        default:
            let armor = try Self.armors.get()[Int.random(in: 0..<40, using: &random)]
            return comment + "    \(field): \(Texts.block(armor, indent: 8))\n"
        }
    }

    private func random(_ random: inout SeededGenerator) throws -> Model {
        var entries: [(key: String, text: String)] = []
        for document in 0..<Int.random(in: 1...3, using: &random) {
            for field in 0..<Int.random(in: 2...6, using: &random) {
                let key = "d\(document)/f\(field)"
                entries.append((key, try entry(key, &random)))
            }
        }
        return Model(entries: entries)
    }

    /// Changes some entries among `keys`, removes others, and adds one.
    private func edited(
        _ base: Model, _ keys: Set<String>, _ side: String, _ random: inout SeededGenerator
    ) throws -> Model {
        var model = base
        for index in model.entries.indices.reversed() where keys.contains(model.entries[index].key) {
            let key = model.entries[index].key
            switch Int.random(in: 0..<6, using: &random) {
            // The first of a document stays, so that the document does.
            case 0 where !key.hasSuffix("/f0"): model.entries.remove(at: index)
            case 1:
                let new = String(key.prefix { $0 != "/" }) + "/\(side)\(random.next() % 1_000_000)"
                model.entries.insert((new, try entry(new, &random)), at: index + 1)
            default: model.entries[index].text = try entry(key, &random)
            }
        }
        return model
    }

    private func leaves(_ text: String) throws -> MergeLeaves {
        let file = ManifestFile(path: "", bytes: Array(text.utf8))
        return MergeLeaves(try ParsedFile(file, limits: .standard))
    }

    @Test(arguments: 0..<12) func changesOfDifferentFieldsAreBroughtTogether(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        for _ in 0..<60 {
            let base = try self.random(&random)
            let mine = Set(base.entries.map(\.key).filter { _ in Bool.random(using: &random) })
            let ours = try edited(base, mine, "o", &random)
            let theirs = try edited(base, Set(base.entries.map(\.key)).subtracting(mine), "t", &random)
            let outcome = try Texts.merge(base.text, ours.text, theirs.text)
            let merged = try #require(outcome.merged, "\(outcome.conflicts?.text ?? "")\nof\n\(base.text)")
            // Both orders say the same.
            let other = try #require(try Texts.merge(base.text, theirs.text, ours.text).merged)
            #expect(try leaves(merged).leaves == leaves(other).leaves)
            let found = try leaves(merged)
            #expect(try found.isMerge(base: leaves(base.text), ours: leaves(ours.text), theirs: leaves(theirs.text)))
            // Every line comes from one of the two, and no line of either is lost that is not in the base.
            let lines = Set(merged.split(separator: "\n"))
            let old = Set(base.text.split(separator: "\n"))
            for side in [ours, theirs] {
                #expect(Set(side.text.split(separator: "\n")).subtracting(old).isSubset(of: lines))
            }
        }
    }

    @Test(arguments: 0..<12) func anyTwoChangesKeepArmorsWhole(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(1000 + seed))
        var conflicts = 0
        for round in 0..<60 {
            let base = try self.random(&random)
            let keys = Set(base.entries.map(\.key))
            let ours = try edited(base, keys.filter { _ in Bool.random(using: &random) }, "o", &random)
            let theirs = try edited(base, keys.filter { _ in Bool.random(using: &random) }, "t", &random)
            // Broken files are merged by lines.
            let end = round % 4 == 3 ? "broken: [\n" : ""
            let outcome = try Texts.merge(base.text + end, ours.text + end, theirs.text + end)
            let whole = Set(try [base, ours, theirs].flatMap { try armors($0.text) })
            guard let conflict = outcome.conflicts else {
                #expect(try Set(armors(#require(outcome.merged))).isSubset(of: whole))
                continue
            }
            conflicts += 1
            #expect(try Set(armors(conflict.text)).isSubset(of: whole))
            let marked = try Marked(conflict.text)
            for side in [marked.ours, marked.theirs] where end.isEmpty { _ = try leaves(side) }
        }
        #expect(conflicts > 5)
    }

    /// All armors of a text, which end before anything else begins.
    private func armors(_ text: String) throws -> [[Substring]] {
        var found: [[Substring]] = []
        var current: [Substring]?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let bare = line.drop { $0 == " " }
            if bare.hasPrefix("-----BEGIN") {
                #expect(current == nil)
                current = []
            }
            current?.append(bare)
            guard bare.hasPrefix("-----END"), let armor = current else { continue }
            found.append(armor)
            current = nil
        }
        #expect(current == nil)
        return found
    }

    /// Bytes of any kind do no harm.
    @Test func anything() throws {
        var random = SeededGenerator(seed: 7)
        let pieces = [
            "---\n", "a: ", "b:\n", "  - x\n", "{", "}", "|\n", "  ", "\n", "# c\n", "\r\n", "'", "\"", "&a ", "*a",
            "...\n",
            "-----BEGIN AGE ENCRYPTED FILE-----\n", "-----END AGE ENCRYPTED FILE-----\n", "\u{1}age x\n", "\t", "é",
            "<<<<<<< x\n", "kind: Secret\n", "metadata: {name: a}\n", "apiVersion: reseal/v1\n", "%YAML 1.1\n",
            "\u{feff}",
        ]
        func text() -> String {
            (0..<Int.random(in: 0...12, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
                .joined()
        }
        for _ in 0..<4000 {
            let sides = (text(), text(), text())
            let outcome = try Texts.merge(sides.0, sides.1, sides.2)
            if sides.0 == sides.2 { #expect(outcome.merged == sides.1) }
        }
    }
}
