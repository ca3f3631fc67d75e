import ResealCore
import Testing

@testable import ResealReconciler
@testable import reseal

/// A plan that comes back from a controller is shown like one that was made here.
@Suite struct PlanReadingTests {
    @Test(arguments: [true, false]) func theViewsAreTheSame(keyless: Bool) throws {
        var prepared = World.everything().prepared(
            keyless: keyless,
            warnings: [
                Diagnostic(
                    .warning, code: "value.unbound", "no place", hint: "seal it",
                    at: SourceSpan(file: "manifests/a.yaml", line: 3, column: 5))
            ])
        let view = PlanJSONView()
        let read = try Plan(reading: view.document(prepared))
        for limit in [3, Int.max] {
            let text = PlanTextView(style: Style(isColoured: false), listLimit: limit)
            #expect(text.render(read) == text.render(prepared.plan))
        }
        #expect(PlanMarkdownView().render(read) == PlanMarkdownView().render(prepared.plan))
        #expect(read.isKeyless == keyless && read.id == prepared.plan.id)
        prepared.plan.guards = []
        #expect(try Plan(reading: view.document(prepared)).guards.isEmpty)
    }

    @Test func whatIsNoPlanIsRefused() throws {
        let document = PlanJSONView().document(World.everything().prepared())
        #expect(throws: ReconcileFailure(.planUnreadable, "")) { try Plan(reading: [:]) }
        let members = document.objectValue ?? [:]
        for key in ["format_version", "base", "source", "timestamp", "plan_id", "resource_changes", "checks"] {
            var broken = members
            broken[key] = "x"
            if key == "plan_id" { broken[key] = 1 }
            #expect(throws: ReconcileFailure(.planUnreadable, ""), "\(key)") { try Plan(reading: .object(broken)) }
        }
        var newer = members
        newer["format_version"] = "2.0"
        #expect(throws: ReconcileFailure(.planUnreadable, "")) { try Plan(reading: .object(newer)) }
        // What a newer minor version adds is left alone.
        newer["format_version"] = "1.9"
        newer["something_new"] = [1, 2]
        #expect(try Plan(reading: .object(newer)).changes.isEmpty == false)
    }
}
