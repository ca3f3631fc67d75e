import ResealCore
import ResealSealing
import TestSupport
import Testing

@testable import ResealVault

/// Records and heads as rows; the chain itself is above the store.
@Suite struct AuditContract {
    private func list(_ store: any Store, _ filter: AuditFilter = AuditFilter()) throws -> [AuditRecord] {
        try store.read { (reader) throws in
            var records: [AuditRecord] = []
            try reader.forEachAuditRecord(filter) { records.append($0) }
            return records
        }
    }

    @Test(arguments: StoreKind.all) func everyFieldOfARecordIsKept(_ kind: StoreKind) throws {
        let fixture = try StoreFixture(kind)
        var bare = Sample.audit(2)
        (bare.version, bare.commit, bare.subject, bare.detail) = (nil, nil, "", "")
        bare.result = .refused
        bare.action = .apply
        try fixture.store.write { (transaction) throws in
            for record in [Sample.audit(1), bare] { try transaction.append(record) }
        }
        let kept = try list(try fixture.reopened())
        #expect(kept.map(\.hash) == [Sample.audit(1), bare].map(\.hash))
        for (wanted, found) in zip([Sample.audit(1), bare], kept) {
            #expect(found.members == wanted.members)
            #expect(found.hashInput(after: AuditTrail.genesis) == wanted.hashInput(after: AuditTrail.genesis))
        }
        #expect(try fixture.store.read { try $0.lastAuditRecord()?.sequence } == 2)
    }

    @Test(arguments: StoreKind.all) func aSequenceNumberIsGivenOnce(_ kind: StoreKind) throws {
        let store = try StoreFixture(kind).store
        try store.write { try $0.append(Sample.audit(1)) }
        #expect(throws: VaultFailure(.storage, "")) { try store.write { try $0.append(Sample.audit(1)) } }
        #expect(try list(store).count == 1)
    }

    @Test(arguments: StoreKind.all) func theNewestHeadTakesThePlaceOfTheOneBefore(_ kind: StoreKind) throws {
        let store = try StoreFixture(kind).store
        #expect(try store.read { try $0.auditHeads() }.isEmpty)
        for sequence in [1, 2, 999, 1000, 1001, 2500, 2501] as [Int64] {
            try store.write { try $0.save(Sample.head(sequence)) }
            let heads = try store.read { try $0.auditHeads() }
            #expect(heads.map(\.sequence) == [sequence])
            #expect(heads[0].text == Sample.head(sequence).text && heads[0].serial == sequence * 2)
            #expect(heads[0].at == Sample.start && heads[0].signature == Sample.head(sequence).signature)
        }
    }

    @Test(arguments: StoreKind.all) func filtersNarrowTheList(_ kind: StoreKind) throws {
        let store = try StoreFixture(kind).store
        let actions: [AuditAction] = [.secretRead, .secretWrite, .apply, .auditRead]
        let subjects = ["Secret.default/prod/db", "Secret.default/db", "Secret.acme/prod/db", "Role.default/db", ""]
        let principals = ["user:alice", "user:bob"].compactMap { Principal($0) }
        try store.write { (transaction) throws in
            for sequence in 1...40 as ClosedRange<Int64> {
                var record = Sample.audit(sequence)
                record.action = actions[Int(sequence) % 4]
                record.subject = subjects[Int(sequence) % 5]
                record.principal = principals[Int(sequence) % 2]
                record.result = AuditResult.allCases[Int(sequence) % 3]
                try transaction.append(record)
            }
        }
        let all = try list(store)
        #expect(all.map(\.sequence) == Array(1...40))
        func expect(_ filter: AuditFilter, _ isWanted: (AuditRecord) -> Bool) throws {
            let wanted = all.filter(isWanted).map(\.sequence)
            #expect(try list(store, filter).map(\.sequence) == wanted)
            #expect(!wanted.isEmpty && wanted.count < 40)
        }
        try expect(AuditFilter(action: "vault.secret.read")) { $0.action == .secretRead }
        try expect(AuditFilter(action: "vault.secret")) { [.secretRead, .secretWrite].contains($0.action) }
        try expect(AuditFilter(action: "vault")) { [.secretRead, .secretWrite].contains($0.action) }
        try expect(AuditFilter(subject: "Secret.default/db")) { $0.subject == "Secret.default/db" }
        // A name means exactly that name, in any organization and kind.
        try expect(AuditFilter(subject: "db")) { ["Secret.default/db", "Role.default/db"].contains($0.subject) }
        try expect(AuditFilter(subject: "prod/db")) { $0.subject.hasSuffix("/prod/db") }
        try expect(AuditFilter(principal: "user:bob")) { $0.principal.description == "user:bob" }
        try expect(AuditFilter(result: .refused)) { $0.result == .refused }
        let since = Timestamp(milliseconds: Sample.start.milliseconds + 10)
        let until = Timestamp(milliseconds: Sample.start.milliseconds + 20)
        try expect(AuditFilter(since: since)) { $0.sequence >= 10 }
        try expect(AuditFilter(until: until)) { $0.sequence < 20 }
        try expect(AuditFilter(limit: 7)) { $0.sequence > 33 }
        var between = AuditFilter(limit: 2, after: 5)
        between.before = 9
        try expect(between) { [7, 8].contains($0.sequence) }
        try expect(AuditFilter(action: "vault.secret", principal: "user:bob", since: since, limit: 3)) { record in
            [29, 33, 37].contains(record.sequence)
        }
        for text in ["vault.secre", "vault.secret.", "%", "b", "prod", "/db", "default/db", "user:ali"] {
            #expect(try list(store, AuditFilter(action: text)).isEmpty)
            #expect(try list(store, AuditFilter(subject: text)).isEmpty)
            #expect(try list(store, AuditFilter(principal: text)).isEmpty)
        }
        #expect(try list(store, AuditFilter(limit: 0)).isEmpty)
    }
}
