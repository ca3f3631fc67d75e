import ResealCore
import TestSupport
import Testing

@testable import ResealManifests

/// Replacing leaves of random files changes these leaves and nothing else. A failure names the seed that repeats it.
@Suite struct EditorPropertyTests {
    /// What the leaves of a file say, by document and field.
    private func contents(_ bytes: [UInt8]) -> [String: String] {
        var found: [String: String] = [:]
        for manifest in read(bytes).manifests {
            for leaf in manifest.leaves {
                var text = leaf.shown
                if case .sealed(let armor) = leaf.content { text = sealed(armor) }
                found["\(manifest.key.name) \(leaf.field)"] = text
            }
        }
        return found
    }

    /// Line breaks behind an armor mean nothing.
    private func sealed(_ armor: [UInt8]) -> String {
        let end = (armor.lastIndex { $0 != 0x0a } ?? -1) + 1
        return "sealed " + String(decoding: armor[..<end], as: UTF8.self)
    }

    /// Everything but values, and the shape of these.
    private func frames(_ bytes: [UInt8]) -> [String] {
        read(bytes).manifests.map { manifest in
            let form = try? JSON(parsing: manifest.publicForm)
            var spec = form?["spec"]?.objectValue ?? [:]
            spec["value"] = nil
            return "\(manifest.key) \(manifest.documentIndex) \(JSON.object(spec).canonical)"
        }
    }

    private struct Leaf {
        let secret: SecretID
        let leaf: ValueLeaf
    }

    private func leaves(of bytes: [UInt8]) -> [Leaf] {
        read(bytes).manifests.flatMap { manifest in
            manifest.leaves.map { Leaf(secret: manifest.key.secretID, leaf: $0) }
        }
    }

    @Test(arguments: 0..<4)
    func oneLeafChangesAndNothingElse(batch: Int) throws {
        var edited = 0
        for seed in (batch * 500)..<((batch + 1) * 500) {
            var generator = ManifestGenerator(seed: Seeds.offset + UInt64(seed))
            let bytes = generator.file()
            let before = read(bytes)
            let shown = "seed \(seed)\n" + String(decoding: bytes, as: UTF8.self)
            #expect(before.errors == [], "\(shown)")
            let all = leaves(of: bytes)
            guard !all.isEmpty else { continue }
            let chosen = generator.random.pick(all)
            let content: ManifestEdit.Content =
                generator.random.chance(60)
                ? .sealed(Array(generator.armorText().utf8)) : .plain(generator.plainText())
            let edit = ManifestEdit(chosen.secret, chosen.leaf.field, content)
            guard let after = try apply([edit], bytes, shown) else { continue }
            edited += 1
            check([(chosen, edit)], bytes, after, shown)
            checkSurroundings(chosen.leaf.byteRange, bytes, after, shown)
            #expect(try apply([edit], after, shown) == after, "\(shown)")
        }
        #expect(edited > 400)
    }

    @Test(arguments: 0..<4)
    func severalLeavesChangeTogether(batch: Int) throws {
        var edited = 0
        for seed in (batch * 150)..<((batch + 1) * 150) {
            var generator = ManifestGenerator(seed: Seeds.offset + UInt64(seed) + 1_000_000)
            let bytes = generator.file()
            let shown = "seed \(seed)\n" + String(decoding: bytes, as: UTF8.self)
            let all = leaves(of: bytes)
            let chosen = all.filter { _ in generator.random.chance(60) }.shuffled(using: &generator.random)
            let pairs = chosen.map { leaf in
                let armor = Array(generator.armorText().utf8)
                return (leaf, ManifestEdit(leaf.secret, leaf.leaf.field, .sealed(armor)))
            }
            guard !pairs.isEmpty, let after = try apply(pairs.map(\.1), bytes, shown) else { continue }
            edited += 1
            check(pairs, bytes, after, shown)
        }
        #expect(edited > 100)
    }

    /// `nil` where the file has anchors, and the edit would reach further than its leaf.
    private func apply(_ edits: [ManifestEdit], _ bytes: [UInt8], _ shown: String) throws -> [UInt8]? {
        do throws(ManifestFailure) {
            return try ManifestEditor.apply(edits, to: ManifestFile(path: "a.yaml", bytes: bytes))
        } catch {
            #expect(error == .unsafe && bytes.contains(UInt8(ascii: "&")), "\(error)\n\(edits.map(\.field))\n\(shown)")
            return nil
        }
    }

    private func check(_ edits: [(Leaf, ManifestEdit)], _ before: [UInt8], _ after: [UInt8], _ shown: String) {
        var expected = contents(before)
        for (leaf, edit) in edits {
            let key = "\(leaf.secret.name) \(edit.field)"
            switch edit.content {
            case .plain(let text): expected[key] = "string \(text)"
            case .sealed(let armor): expected[key] = sealed(armor)
            case .original, .marked: Issue.record("no edit of these tests")
            }
        }
        #expect(contents(after) == expected, "\(shown)\n=>\n\(String(decoding: after, as: UTF8.self))")
        #expect(frames(after) == frames(before), "\(shown)")
        let errors = read(after).errors
        #expect(errors == [], "\(shown)\n=>\n\(String(decoding: after, as: UTF8.self))")
    }

    /// The bytes in front of the scalar, those behind its last line, and what follows it on that line are still there.
    private func checkSurroundings(_ range: Range<Int>, _ before: [UInt8], _ after: [UInt8], _ shown: String) {
        let blanks: Set<UInt8> = [0x20, 0x09, 0x0a, 0x0d]
        var end = range.upperBound
        while end > range.lowerBound, blanks.contains(before[end - 1]) { end -= 1 }
        var lineEnd = before[end...].firstIndex(of: 0x0a) ?? before.count
        if lineEnd > end, before[lineEnd - 1] == 0x0d { lineEnd -= 1 }
        let behind = before[lineEnd...]
        #expect(after.starts(with: before[..<range.lowerBound]), "\(shown)")
        #expect(after.suffix(behind.count).elementsEqual(behind), "\(shown)")
        let middle = after[range.lowerBound..<max(range.lowerBound, after.count - behind.count)]
        #expect(end == lineEnd || middle.firstRange(of: before[end..<lineEnd]) != nil, "\(shown)")
        let comments = before[range.lowerBound..<lineEnd].prefix { $0 != 0x0a && $0 != 0x0d }
        if let sign = comments.first, sign == UInt8(ascii: "|") || sign == UInt8(ascii: ">"),
            let hash = comments.firstIndex(of: UInt8(ascii: "#"))
        {
            #expect(middle.firstRange(of: comments[hash...]) != nil, "\(shown)")
        }
    }

    /// Fields that are not there yet are added without touching what is.
    @Test(arguments: 0..<4)
    func missingFieldsAreAdded(batch: Int) throws {
        var edited = 0
        for seed in (batch * 150)..<((batch + 1) * 150) {
            var generator = ManifestGenerator(seed: Seeds.offset + UInt64(seed) + 2_000_000)
            let bytes = generator.file()
            let shown = "seed \(seed)\n" + String(decoding: bytes, as: UTF8.self)
            guard let secret = read(bytes).manifests.first, secret.secretSpec?.value?.isScalar == false else {
                continue
            }
            let field = FieldPath(
                generator.random.pick([["new"], ["new", "deep"], ["a b", "ключ", "x"], ["-", "true"]]))
            let edit = ManifestEdit(secret.key.secretID, field, .sealed(Array(generator.armorText().utf8)))
            guard let after = try apply([edit], bytes, shown) else { continue }
            edited += 1
            check([(Leaf(secret: secret.key.secretID, leaf: secret.leaves[0]), edit)], bytes, after, shown)
            let prefix = zip(bytes, after).prefix { $0 == $1 }.count
            let suffix = zip(bytes.reversed(), after.reversed()).prefix { $0 == $1 }.count
            #expect(prefix + suffix >= bytes.count, "\(shown)\n=>\n\(String(decoding: after, as: UTF8.self))")
        }
        #expect(edited > 50)
    }

    /// PyYAML reads the same texts out of the files, before and after an edit.
    @Test func anotherReaderAgrees() throws {
        var files: [[UInt8]] = []
        for seed in 0..<120 {
            var generator = ManifestGenerator(seed: Seeds.offset + UInt64(seed) + 3_000_000)
            let bytes = generator.file()
            files.append(bytes)
            guard let leaf = leaves(of: bytes).randomElement(using: &generator.random) else { continue }
            let content = ManifestEdit.Content.plain(generator.plainText())
            let edit = ManifestEdit(leaf.secret, leaf.leaf.field, content)
            if let after = try apply([edit], bytes, "seed \(seed)") { files.append(after) }
        }
        let texts = files.map { JSON.string(String(decoding: $0, as: UTF8.self)) }
        let script = #filePath.replacing("EditorPropertyTests.swift", with: "Scripts/yaml_texts.py")
        let answer = try Command.check("python3", [script], stdin: JSON.array(texts).canonicalBytes)
        let theirs = try JSON(parsing: answer.stdout).arrayValue ?? []
        #expect(theirs.count == files.count && files.count > 200)
        for (file, found) in zip(files, theirs) {
            #expect(found == .array(documents(of: file)), "\(String(decoding: file, as: UTF8.self))")
        }
    }

    /// Every scalar as text.
    private func documents(of bytes: [UInt8]) -> [JSON] {
        let text = SourceText(file: "a", commit: nil, bytes: bytes, maximumDefects: 1)
        var log = DiagnosticLog(limit: 10)
        let reading = YAMLReader.read(text, limits: YAMLLimits(), log: &log)
        return reading.documents.map { json($0.root, reading.tree) }
    }

    private func json(_ node: NodeID, _ tree: YAMLTree) -> JSON {
        switch tree[node].kind {
        case .scalar: .string(tree.string(node))
        case .sequence: .array(tree.items(node).map { json($0, tree) })
        case .mapping:
            .object(
                Dictionary(tree.entries(node).map { (tree.string($0.key), json($0.value, tree)) }) { first, _ in first }
            )
        }
    }
}
