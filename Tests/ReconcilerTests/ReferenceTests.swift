import ResealCore
import ResealVault
import Testing

@testable import ResealReconciler

/// References that lead nowhere and names that are declared twice, in whichever file the change was.
@Suite struct ReferenceTests {
    private let bench: Workbench
    private let core: VaultCore

    init() throws {
        bench = try Workbench()
        core = try bench.newVault()
        try bench.apply(
            try bench.commit(
                bench.basics.merging([
                    "manifests/roles.yaml": Text.role("backend", ["user:alice"]),
                    "manifests/a.yaml": Text.secret("a", [:], "permissions: {read: ['role:backend']}"),
                ]) { $1 }), to: core)
    }

    private func errors(_ files: [String: String?]) throws -> [Diagnostic] {
        let head = try bench.commit(files)
        do {
            _ = try bench.plan(head, for: core)
            return []
        } catch let failure as DiagnosticsFailure {
            return failure.errors
        }
    }

    @Test func aDuplicateInANewFileNamesTheOldPlace() throws {
        let found = try errors(["manifests/z.yaml": "# first line\n" + Text.secret("a")])
        #expect(found.map(\.code) == ["manifest.duplicate"])
        #expect(found.first?.span?.file == "manifests/z.yaml" && found.first?.span?.line == 5)
        #expect(found.first?.message.contains("manifests/a.yaml:4:9") == true)
    }

    @Test func aDuplicateMayBeResolvedAnywhere() throws {
        _ = try errors(["manifests/z.yaml": Text.secret("a")])
        #expect(try errors(["manifests/a.yaml": nil]) == [])
    }

    @Test func aRemovedTargetIsReportedWhereItIsNamed() throws {
        let found = try errors(["manifests/roles.yaml": nil])
        #expect(found.map(\.code) == ["manifest.dangling-reference"])
        #expect(found.first?.span?.file == "manifests/a.yaml")
        #expect(found.first?.message.contains("Role.default/backend") == true)
    }

    @Test func aTargetMayMove() throws {
        #expect(
            try errors(["manifests/roles.yaml": nil, "manifests/new.yaml": Text.role("backend", ["user:bob"])]) == [])
    }

    @Test func aMistypedNameIsSuggested() throws {
        let found = try errors(["manifests/b.yaml": Text.secret("b", [:], "permissions: {read: ['role:backnd']}")])
        #expect(found.first?.hint == "did you mean `backend`?")
        #expect(found.first?.span?.line == 6)
    }

    @Test func aTargetWithErrorsDoesNotDangle() throws {
        let found = try errors(["manifests/roles.yaml": Text.document("Role", "backend", ["members: nobody"])])
        #expect(!found.isEmpty && !found.map(\.code).contains("manifest.dangling-reference"))
    }

    /// The cost follows the number of findings: the first are told to the column, the others by their manifest.
    @Test(.timeLimit(.minutes(1))) func manyReferencesToOneMissingTarget() throws {
        let documents = (0..<600).map { Text.secret("s\($0)", [:], "permissions: {read: ['role:nobody-\($0 % 3)']}") }
        let found = try errors(["manifests/many.yaml": documents.joined(separator: "---\n")])
        #expect(found.count == 600)
        #expect(found.count { $0.span?.column != 9 } == 100)
    }

    /// Warnings, however many, stop nothing.
    @Test func aFileMayHoldManySecretsWithoutAValue() throws {
        let documents = (0..<150).map { Text.secret("s\($0)") }
        let head = try bench.commit(["manifests/many.yaml": documents.joined(separator: "---\n")])
        let plan = try bench.plan(head, for: core)
        #expect(plan.count(.create) == 150)
        #expect(plan.warnings.map(\.code).suffix(2) == ["manifest.no-value", "yaml.too-many-warnings"])
    }
}
