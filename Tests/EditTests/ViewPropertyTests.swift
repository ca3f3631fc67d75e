import ResealAge
import ResealCore
import ResealSealing
import TestSupport
import Testing

@testable import ResealManifests

/// What must hold for any file: thousands of random ones, in every style of YAML.
@Suite struct ViewPropertyTests {
    private static let chunk: UInt64 = 250

    @Test(arguments: 0..<UInt64(8))
    func aView(part: UInt64) throws {
        var changed = 0
        for seed in part * Self.chunk..<(part + 1) * Self.chunk {
            let manifest = try RandomManifest(seed: seed)
            let view = try view(Array(manifest.text.utf8))
            #expect(view.unopened.isEmpty)
            try showsEveryValueAndChangesNothingElse(view, manifest, "seed \(seed)")
            try comesBackInTheSameBytes(view, manifest, "seed \(seed)")
            changed += try sealsWhatWasTypedAndKeepsTheRest(view, manifest, seed)
            if seed % 4 == 0 { try sealsAllThatIsMarked(view, manifest, "seed \(seed)") }
        }
        #expect(changed > 200)
    }

    private func view(_ bytes: [UInt8]) throws -> ManifestView {
        try ManifestView(of: ManifestFile(path: "manifests/x.yaml", bytes: bytes)) { (file) throws(AgeFailure) in
            try Keys.open(file)
        }
    }

    private func showsEveryValueAndChangesNothingElse(
        _ view: ManifestView, _ manifest: RandomManifest, _ seed: Comment
    ) throws {
        let shown = view.text.revealBytes()
        let leaves = Leaves.of(shown)
        #expect(leaves.filter { $0.value.mark != nil }.count == manifest.values.count, seed)
        for (name, value) in manifest.values {
            let leaf = try #require(leaves[name], seed)
            guard case .plain(let scalar) = leaf.content else { throw Unexpected("\(name) is not shown") }
            #expect(scalar.text == value && leaf.mark != .unopened, seed)
        }
        // In front of a tag, a colon needs a space.
        guard !manifest.isTight else { return }
        let before = Skeleton.of(Array(manifest.text.utf8)) { $0.isSealed }
        #expect(before == Skeleton.of(shown) { $0.mark != nil }, seed)
    }

    private func comesBackInTheSameBytes(_ view: ManifestView, _ manifest: RandomManifest, _ seed: Comment) throws {
        let edited = try EditedManifests(view.text.revealBytes(), of: view)
        #expect(edited.requests.isEmpty && edited.exposures.isEmpty && edited.removed.isEmpty, seed)
        #expect(try edited.bytes(sealing: []) == Array(manifest.text.utf8), seed)
    }

    /// Values are changed the way people do it, among changes of comments, plain leaves and line breaks.
    private func sealsWhatWasTypedAndKeepsTheRest(
        _ view: ManifestView, _ manifest: RandomManifest, _ seed: UInt64
    ) throws -> Int {
        let armors = Leaves.sealed(in: Array(manifest.text.utf8))
        let shown = view.text.revealBytes()
        var edit = RandomEdit(shown, Leaves.of(shown), seed: seed)
        edit.run()
        let edited = try EditedManifests(edit.bytes, of: view)
        #expect(Set(edited.requests.map(\.leaf)) == Set(edit.typed.keys), "seed \(seed)")
        let result = try edited.bytes(sealing: edited.requests.map { try Keys.armor($0.value.revealBytes()) })

        if !manifest.isTight {
            let typed = Skeleton.of(edit.bytes) { $0.mark != nil }
            #expect(typed == Skeleton.of(result) { $0.isSealed }, "seed \(seed)")
        }
        let sealed = Leaves.sealed(in: result)
        #expect(sealed.count == manifest.values.count + edit.added.count, "seed \(seed)")
        for (name, armor) in sealed {
            if let typed = edit.typed[name] {
                #expect(try Keys.open(try SealedFile(parsing: armor)).revealBytes() == typed, "\(name), seed \(seed)")
            } else {
                #expect(Leaves.trimmed(armor) == Leaves.trimmed(armors[name] ?? []), "\(name), seed \(seed)")
            }
        }
        return edited.requests.count
    }

    private func sealsAllThatIsMarked(_ view: ManifestView, _ manifest: RandomManifest, _ seed: Comment) throws {
        let marked = view.text.revealBytes()
        let edits = try manifest.values.map { name, value in
            ManifestEdit(name.secret, name.field, .sealed(try Keys.armor(value)))
        }
        let result = try ManifestEditor.apply(
            edits, to: ManifestFile(path: "x", bytes: marked), limits: ManifestView.limits)
        #expect(Leaves.sealed(in: result).count == edits.count, seed)
        #expect(Skeleton.of(marked) { $0.mark != nil } == Skeleton.of(result) { $0.isSealed }, seed)
    }
}
