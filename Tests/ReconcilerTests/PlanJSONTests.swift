import Foundation
import ResealCore
import ResealManifests
import ResealSealing
import ResealVault
import TestSupport
import Testing

@testable import ResealReconciler
@testable import reseal

/// The plan for programs.
@Suite struct PlanJSONTests {
    private static let docs = #filePath.replacing("Tests/ReconcilerTests/PlanJSONTests.swift", with: "docs")

    private static func findings(_ documents: [JSON]) throws -> [[String]] {
        let schema = try JSON(parsing: Array(Data(contentsOf: URL(fileURLWithPath: "\(docs)/plan-format.schema.json"))))
        let request: JSON = ["schema": schema, "documents": .array(documents)]
        let script = #filePath.replacing("PlanJSONTests.swift", with: "Scripts/plan_schema.py")
        let answer = try JSON(parsing: Command.check("python3", [script], stdin: request.canonicalBytes).stdout)
        return (answer.arrayValue ?? []).map { ($0.arrayValue ?? []).compactMap(\.stringValue) }
    }

    @Test func everyPlanFitsTheSchema() throws {
        var workTree = World.everything().prepared()
        workTree.plan.head = nil
        var first = World.everything().prepared()
        first.plan.base = nil
        let warning = Diagnostic(.warning, code: "value.unbound", "text", hint: nil, at: SourceSpan(file: "x"))
        let plans = [
            World.everything().prepared(warnings: [warning]), World.everything().prepared(keyless: true), workTree,
            first,
            World().prepared(), World().prepared(keyless: true),
        ]
        let documents = try plans.map { try JSON(parsing: Array(PlanJSONView().render($0).utf8)) }
        #expect(try Self.findings(documents) == plans.map { _ in [] })
        // The check itself would notice something.
        var broken = try #require(documents[0].objectValue)
        broken["extra"] = true
        broken["plan_id"] = "short"
        #expect(try Self.findings([.object(broken)])[0].count == 2)
    }

    private func changes(_ world: World) -> [String: JSON] {
        let list = PlanJSONView().document(world.prepared())["resource_changes"]?.arrayValue ?? []
        return Dictionary(uniqueKeysWithValues: list.map { ($0["name"]?.stringValue ?? "", $0) })
    }

    @Test func actionsAreTerraforms() throws {
        let changes = changes(.everything())
        let actions = changes.mapValues { $0["change"]?["actions"]?.arrayValue?.compactMap(\.stringValue).joined() }
        #expect(actions["new"] == "create" && actions["back"] == "create" && actions["credentials"] == "create")
        #expect(actions["changed"] == "update" && actions["updated"] == "update" && actions["reverted"] == "update")
        #expect(actions["made-by-hand"] == "update" && actions["backend"] == "update")
        #expect(actions["protected"] == "delete")
        #expect(actions["reported"] == nil && actions["deleted"] == nil)
    }

    /// `before` is what was applied, with the fields of then; leaves are null, and the mask says so.
    @Test func leavesAreNullAndMasked() throws {
        let change = try #require(changes(.everything())["changed"]?["change"])
        #expect(change["before"]?["spec"]?["value"] == ["host": .null, "old": .null, "a": .null])
        #expect(change["before_sensitive"] == ["spec": ["value": ["host": true, "old": true, "a": true]]])
        #expect(change["after"]?["spec"]?["value"] == ["host": .null, "new": .null, "a": .null])
        #expect(change["after_sensitive"] == ["spec": ["value": ["host": true, "new": true, "a": true]]])
        #expect(change["after_unknown"] == [:])
        let fields = try #require(changes(.everything())["changed"]?["value_change"])
        #expect(fields == ["host": "unchanged", "old": "removed", "new": "added", "a": "changed"])
    }

    @Test func beforeAndAfterAreThereWhereTheResourceIs() throws {
        let changes = changes(.everything()).compactMapValues { $0["change"] }
        for name in ["new", "back", "credentials"] {
            #expect(changes[name]?["before"] == .null && changes[name]?["before_sensitive"] == false, "\(name)")
        }
        #expect(changes["protected"]?["after"] == .null && changes["protected"]?["after_sensitive"] == false)
        #expect(changes["protected"]?["before"]?["spec"]?["deletionProtection"] == true)
        #expect(changes["updated"]?["before"]?["spec"]?["description"] == "text")
        #expect(changes["updated"]?["after"]?["spec"]?["description"] == "other")
        #expect(changes["made-by-hand"]?["before"] == [:])
        #expect(changes["backend"]?["before"]?["spec"]?["members"] == ["user:alice"])
    }

    @Test func scalarsAndValueFilesAreMaskedToo() throws {
        var world = World()
        world.git("scalar")
        #expect(changes(world)["scalar"]?["change"]?["after"]?["spec"]?["value"] == ["": .null])
        let spec = Array(#"{"metadata":{},"spec":{"value":"sealed"}}"#.utf8)
        let key = ResourceKey(.secret, "scalar")
        world.desired[key] = world.desired[key]?.with(spec: spec)
        let change = try #require(changes(world)["scalar"]?["change"])
        #expect(change["after"] == ["metadata": [:], "spec": ["value": .null]])
        #expect(change["after_sensitive"] == ["spec": ["value": true]])
    }

    @Test func noFormatShowsAValue() throws {
        let prepared = World.everything().prepared()
        let texts = [
            PlanJSONView().render(prepared), PlanMarkdownView().render(prepared.plan),
            PlanTextView(style: Style(isColoured: false), listLimit: .max).render(prepared.plan),
        ]
        for text in texts { #expect(text.contains("changed") && !text.contains("canary")) }
    }

    @Test func whatCanBeAppliedIsTold() {
        func flags(_ prepared: PreparedPlan) -> [Bool?] {
            let document = PlanJSONView().document(prepared)
            return [document["applyable"]?.boolValue, document["complete"]?.boolValue]
        }
        var world = World()
        world.git("new")
        #expect(flags(world.prepared()) == [true, true])
        #expect(flags(world.prepared(keyless: true)) == [false, false])
        #expect(flags(World.everything().prepared()) == [false, true])
        var workTree = world.prepared()
        workTree.plan.head = nil
        #expect(flags(workTree) == [false, true])
    }

    // MARK: The documentation

    /// The example in docs/plan-format.md is what the program prints.
    @Test func theDocumentedExampleIsReal() throws {
        let example = try PlanExample.document()
        let text = try String(contentsOfFile: "\(Self.docs)/plan-format.md", encoding: .utf8)
        let start = try #require(text.range(of: "```json\n"))
        let end = try #require(text.range(of: "\n```", range: start.upperBound..<text.endIndex))
        let documented = try JSON(parsing: Array(text[start.upperBound..<end.lowerBound].utf8))
        #expect(try Self.findings([documented]) == [[]])
        var members = try #require(documented.objectValue)
        // The one thing that each release changes.
        members["reseal_version"] = .string(ResealVersion.current)
        #expect(.object(members) == example, "docs/plan-format.md should show:\n\(example.pretty())")
    }

    /// Whatever the program can say is described.
    @Test func everyWordIsDocumented() throws {
        let schema = try String(contentsOfFile: "\(Self.docs)/plan-format.schema.json", encoding: .utf8)
        let guide = try String(contentsOfFile: "\(Self.docs)/plan-and-apply.md", encoding: .utf8)
        let shown = ChangeAction.allCases.map(\.rawValue) + RiskNote.allCases.map(\.rawValue)
        let named = AccessAction.grantable.map(\.rawValue) + ResourceKind.allCases.map(\.rawValue)
        #expect(shown.filter { !guide.contains("`\($0)`") } == [])
        #expect((shown + named).filter { !schema.contains("\"\($0)\"") } == [])
    }
}
