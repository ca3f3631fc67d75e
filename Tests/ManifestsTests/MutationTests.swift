import ResealCore
import Testing

@testable import ResealManifests

/// Files that something has damaged: read twice they say the same, and nothing ends the process. A failure names the
/// seed that repeats it.
@Suite struct MutationTests {
    private static let tokens = [
        "---\n", "...\n", "- ", ": ", "? ", "*a", "&a ", "!!binary ", "!x ", "|\n", ">-\n", "\"", "'", "{", "}", "[",
        "]", ",", "#", "%TAG ",
        "<<: ", "\t", "\r", "\r\n", "\u{0}", "\u{feff}", "\u{2028}", "é", "~", "0x", "null", "value:", "spec:",
        "kind: Secret\n", "fromFile: ",
        "-----BEGIN AGE ENCRYPTED FILE-----\n", "-----END AGE ENCRYPTED FILE-----\n", "    ",
    ].map { Array($0.utf8) }

    private func damage(_ bytes: [UInt8], _ other: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<random.number(1...4) where !bytes.isEmpty {
            let place = random.number(0...bytes.count - 1)
            let end = min(bytes.count, place + random.number(0...20))
            switch random.number(0...6) {
            case 0: bytes[place] ^= 1 << UInt8(random.number(0...7))
            case 1: bytes[place] = UInt8(random.number(0...255))
            case 2: bytes.removeSubrange(place..<end)
            case 3: bytes.insert(contentsOf: bytes[place..<end], at: random.number(0...bytes.count))
            case 4: bytes.insert(contentsOf: random.pick(Self.tokens), at: place)
            case 5: bytes = Array(bytes[..<place])
            default: bytes = bytes[..<place] + other.suffix(random.number(0...other.count))
            }
        }
        return bytes
    }

    @Test(arguments: 0..<4)
    func damagedFilesAreReadAlike(batch: Int) {
        var valid = 0
        for seed in (batch * 400)..<((batch + 1) * 400) {
            var generator = ManifestGenerator(seed: Seeds.offset + UInt64(seed) + 4_000_000)
            let original =
                generator.random.chance(40) ? Array(generator.random.pick(Samples.all).text.utf8) : generator.file()
            let bytes = damage(original, generator.file(), &generator.random)
            let (first, second) = (read(bytes), read(bytes))
            #expect(
                first.findings == second.findings
                    && first.manifests.map(\.publicForm) == second.manifests.map(\.publicForm), "seed \(seed)")
            #expect(
                first.diagnostics.count <= 101
                    && first.diagnostics == first.diagnostics.sorted(by: Diagnostic.reportOrder), "seed \(seed)")
            let lines = bytes.count { $0 == 0x0a } + 1
            for span in first.diagnostics.map(\.span) + first.manifests.map(\.span) {
                #expect(
                    (1...lines).contains(span?.line ?? 0) && (1...bytes.count + 1).contains(span?.column ?? 0),
                    "seed \(seed)")
            }
            // What was declared with errors is known, or the reading says that it is not whole.
            #expect(
                !first.hasErrors || !first.rejected.isEmpty || !first.isComplete, "seed \(seed): \(first.diagnostics)")
            if !first.hasErrors { valid += 1 }
            edit(bytes, first, &generator, seed)
        }
        #expect(valid > 20)
    }

    /// Whatever can be edited keeps its promise, valid in other ways or not.
    private func edit(_ bytes: [UInt8], _ reading: ManifestReading, _ generator: inout ManifestGenerator, _ seed: Int) {
        guard let manifest = reading.manifests.first(where: { !$0.leaves.isEmpty }) else { return }
        let field = generator.random.pick(manifest.leaves).field
        let armor = Array(generator.armorText().utf8)
        let edit = ManifestEdit(manifest.key.secretID, field, .sealed(armor))
        guard let after = try? ManifestEditor.apply([edit], to: ManifestFile(path: "a.yaml", bytes: bytes)) else {
            return
        }
        let changed = read(after).manifests.first { $0.key == manifest.key }
        guard case .sealed(let found)? = changed?.secretSpec?.value?.leaf(field)?.content else {
            Issue.record("seed \(seed): the field is not sealed")
            return
        }
        #expect(found == armor || found + [0x0a] == armor, "seed \(seed)")
        #expect(changed?.leaves.map(\.field) == manifest.leaves.map(\.field), "seed \(seed)")
    }
}
