import ResealCore
import ResealSealing
import TestSupport
import Testing

@testable import ResealVault

/// What Git last said: sources, applied resources, and what refers to what.
@Suite struct InventoryContract {
    @Test(arguments: StoreKind.all) func aSourceIsInsertedThenUpdated(_ kind: StoreKind) throws {
        let store = try StoreFixture(kind).store
        var source = Sample.source()
        source.id = try store.write { try $0.save(source) }
        #expect(source.id > 0)
        let second = try store.write { try $0.save(Sample.source()) }
        #expect(second != source.id)
        // It stays the same source for what was applied from it.
        try store.write { (transaction) throws in
            let set = try transaction.referenceSetID([])
            try transaction.save(Sample.applied(ResourceKey(.secret, "a"), source: source.id, set: set))
        }
        source.location = "https://example.org/x"
        source.path = "p"
        source.ref = "r"
        source.repositoryID = "id"
        source.commit = Sample.object(9)
        source.tree = nil
        source.appliedAt = Timestamp(milliseconds: 5)
        source.policy = [1, 2]
        #expect(try store.write { try $0.save(source) } == source.id)
        try store.read { (reader) throws in
            let sources = try reader.sources()
            #expect(sources.map(\.id) == [source.id, second].sorted())
            let kept = try #require(sources.first { $0.id == source.id })
            #expect(kept.location == source.location && kept.path == source.path && kept.ref == source.ref)
            #expect(kept.repositoryID == source.repositoryID && kept.commit == source.commit && kept.tree == nil)
            #expect(kept.appliedAt == source.appliedAt && kept.policy == source.policy)
            #expect(try reader.applied(ResourceKey(.secret, "a"))?.source == source.id)
        }
    }

    @Test(arguments: StoreKind.all) func appliedResourcesAreFoundByKeyPathAndKind(_ kind: StoreKind) throws {
        let store = try StoreFixture(kind).store
        let (one, two) = try store.write { (transaction) throws in
            (try transaction.save(Sample.source()), try transaction.save(Sample.source()))
        }
        try store.write { (transaction) throws in
            let set = try transaction.referenceSetID([])
            for (key, source, path) in [
                (ResourceKey(.secret, "b"), one, "x.yaml"), (ResourceKey(.secret, "a"), one, "x.yaml"),
                (ResourceKey(.role, "a"), one, "y.yaml"), (ResourceKey(.secret, "c"), two, "x.yaml"),
                (ResourceKey(.secret, "a", organization: "acme"), one, "z.yaml"),
            ] {
                try transaction.save(Sample.applied(key, source: source, path: path, set: set))
            }
        }
        try store.read { (reader) throws in
            let kept = try #require(try reader.applied(ResourceKey(.secret, "b")))
            let wanted = Sample.applied(ResourceKey(.secret, "b"), source: one, path: "x.yaml", set: kept.referenceSet)
            #expect(kept.key == wanted.key && kept.position == wanted.position && kept.spec == wanted.spec)
            #expect(kept.specDigest == wanted.specDigest && kept.fingerprint == wanted.fingerprint)
            #expect(try reader.applied(ResourceKey(.role, "b")) == nil)
            #expect(Set(try reader.applied(source: one, path: "x.yaml").map(\.key.name)) == ["a", "b"])
            #expect(try reader.applied(source: two, path: "y.yaml").isEmpty)
            #expect(
                try reader.applied(kind: .secret, source: one).map(\.key.description)
                    == ["Secret.acme/a", "Secret.default/a", "Secret.default/b"])
            var all: [String] = []
            try reader.forEachApplied(source: one) { all.append($0.key.description) }
            #expect(all == ["Role.default/a", "Secret.acme/a", "Secret.default/a", "Secret.default/b"])
            #expect(try reader.appliedSecretCount(source: one) == 3)
            #expect(try reader.appliedNames(kind: .secret, organization: "default") == ["a", "b", "c"])
        }
    }

    @Test(arguments: StoreKind.all) func anAppliedResourceIsReplacedAndRemoved(_ kind: StoreKind) throws {
        let store = try StoreFixture(kind).store
        let key = ResourceKey(.secret, "a")
        let source = try store.write { try $0.save(Sample.source()) }
        try store.write { (transaction) throws in
            let set = try transaction.referenceSetID([])
            try transaction.save(Sample.applied(key, source: source, set: set))
            var changed = Sample.applied(key, source: source, path: "new.yaml", set: set)
            changed.fingerprint = nil
            changed.position.blob = nil
            changed.spec = []
            try transaction.save(changed)
        }
        try store.read { (reader) throws in
            let kept = try #require(try reader.applied(key))
            #expect(kept.position.path == "new.yaml" && kept.position.blob == nil)
            #expect(kept.fingerprint == nil && kept.spec.isEmpty)
            #expect(try reader.appliedSecretCount(source: source) == 1)
        }
        try store.write { (transaction) throws in
            try transaction.removeApplied(key)
            try transaction.removeApplied(ResourceKey(.secret, "never-there"))
        }
        #expect(try store.read { try $0.applied(key) } == nil)
    }

    @Test(arguments: StoreKind.all) func equalReferenceSetsShareOneID(_ kind: StoreKind) throws {
        let fixture = try StoreFixture(kind)
        let role = ReferenceTarget.resource(ResourceKey(.role, "sre"))
        let file = ReferenceTarget.file("values/a.age")
        let other = ReferenceTarget.resource(ResourceKey(.connection, "a/b", organization: "acme"))
        let ids = try fixture.store.write { (transaction) throws in
            try [[], [role], [role, file], [file, role], [role, role], [file, role, other], []].map(
                transaction.referenceSetID)
        }
        #expect(ids[0] == ids[6] && ids[2] == ids[3] && ids[1] == ids[4])
        #expect(Set(ids).count == 4)
        // Also in later transactions, and by other connections.
        #expect(try fixture.reopened().write { try $0.referenceSetID([file, role]) } == ids[2])
        try fixture.store.read { (reader) throws in
            #expect(try reader.referenceSet(ids[0]).isEmpty)
            #expect(try reader.referenceSet(ids[5]).sorted() == [other, role, file].sorted())
            #expect(try reader.referenceSet(9999).isEmpty)
        }
    }

    @Test(arguments: StoreKind.all) func referrersAreFoundByWhatTheyReferTo(_ kind: StoreKind) throws {
        let store = try StoreFixture(kind).store
        let role = ReferenceTarget.resource(ResourceKey(.role, "sre"))
        let file = ReferenceTarget.file("values/a.age")
        let (one, two) = try store.write { (transaction) throws in
            (try transaction.save(Sample.source()), try transaction.save(Sample.source()))
        }
        try store.write { (transaction) throws in
            for (name, source, targets) in [
                ("a", one, [role]), ("b", one, [role, file]), ("c", two, [role]), ("d", one, []),
            ] {
                let set = try transaction.referenceSetID(targets)
                try transaction.save(Sample.applied(ResourceKey(.secret, name), source: source, set: set))
            }
        }
        try store.read { (reader) throws in
            #expect(try reader.referrers(to: role, source: one).map(\.key.name) == ["a", "b"])
            #expect(try reader.referrers(to: file, source: one).map(\.key.name) == ["b"])
            #expect(try reader.referrers(to: role, source: two).map(\.key.name) == ["c"])
            #expect(try reader.referrers(to: .file("none"), source: one).isEmpty)
        }
        try store.write { try $0.removeApplied(ResourceKey(.secret, "a")) }
        #expect(try store.read { try $0.referrers(to: role, source: one).map(\.key.name) } == ["b"])
    }

    @Test func referenceTargetsReadTheirText() {
        for target in [
            ReferenceTarget.resource(ResourceKey(.role, "a/b", organization: "acme")), .file("x/y.age"),
            .file("Role.a/b"),
        ] {
            #expect(ReferenceTarget(text: target.text) == target)
        }
        for text in ["", "Role", "Role.a", "Nothing.a/b", "file"] { #expect(ReferenceTarget(text: text) == nil) }
    }
}
