import ResealCore
import Testing

@testable import ResealManifests

/// The schema that editors use, judged by another implementation.
@Suite struct JSONSchemaTests {
    private func judge(_ documents: [String]) throws -> SchemaJudge.Answer {
        try SchemaJudge.verdicts(JSONSchema.document(), documents)
    }

    @Test func samplesAreValidByTheSchemaToo() throws {
        let answer = try judge(Samples.all.map(\.text))
        #expect(answer.draft == "http://json-schema.org/draft-07/schema#")
        #expect(answer.verdicts == Samples.all.map { _ in true })
    }

    /// Every mistake of shape is one by the schema as well.
    @Test func mistakesAreFoundByTheSchemaToo() throws {
        let mutations = Samples.all.flatMap(Mutator.mutations)
        let verdicts = try judge(mutations.map(\.text)).verdicts
        #expect(verdicts.count == mutations.count && mutations.count > 1000)
        for (mutation, isValid) in zip(mutations, verdicts) { #expect(!isValid, "\(mutation)") }
    }

    @Test func envelopesGetTheSameVerdict() throws {
        let good = "apiVersion: reseal/v1\nkind: Role\nmetadata: {name: a}\nspec: {}\n"
        let documents = [
            good, good.replacing("reseal/v1", with: "reseal/v2"), good.replacing("Role", with: "Rolle"),
            good.replacing("kind: Role\n", with: ""), good.replacing("apiVersion: reseal/v1\n", with: ""),
            good.replacing("metadata: {name: a}\n", with: ""), good.replacing("spec: {}\n", with: ""),
            good + "status: {}\n",
            "- a\n", "text\n", "[]\n", "{}\n", good.replacing("{name: a}", with: "[a]"),
            good.replacing("{name: a}", with: "{name: a, organization: B}"), good.replacing("{}", with: "[]"),
        ]
        let ours = documents.map { !read($0).hasErrors }
        #expect(ours == [true] + Array(repeating: false, count: documents.count - 1))
        #expect(try judge(documents).verdicts == ours)
    }

    /// Shapes of `spec.value`, the one part that no shape describes to the validator.
    @Test func valuesGetTheSameVerdict() throws {
        let good = [
            " x", " 5", " 1.5", " true", " ~", "", " ''", " {a: 1}", " {a: {b: {c: x}}}", " {a: ~}",
            " {'pass word': x}",
            " {fromFile: x.age}", " {fromFile: a/b.age}", " {fromSOPS: x.yaml}", " {fromSOPS: x.yaml, key: a.b}",
            " {fromfile: x}", " {'1': x}",
        ]
        let bad = [
            " [a]", " {}", " {a: []}", " {a: {}}", " {a: {b: [1]}}", " {'': x}", " {\"a\\tb\": x}", " {fromFile: /x}",
            " {fromFile: ../x}", " {fromFile: [x]}", " {fromFile: x, other: y}", " {fromSOPS: x, kee: y}",
            " {fromFile: ~}",
            " {a: {fromFile: x}}", " {fromSOPS: x, key: [a]}", " {key: x, fromSOPS: ..}",
            " {\(String(repeating: "k", count: 129)): x}",
        ]
        let documents = (good + bad).map { secret("value:\($0)") }
        let ours = documents.map { !read($0).hasErrors }
        #expect(ours == good.map { _ in true } + bad.map { _ in false })
        #expect(try judge(documents).verdicts == ours)
    }

    /// Hints of editors come from descriptions and defaults: every property has the former.
    @Test func everyPropertyIsDescribed() {
        var count = 0
        func visit(_ schema: JSON) {
            for (_, property) in schema["properties"]?.objectValue ?? [:] where property.objectValue != nil {
                if property["const"] == nil { count += 1 }
                #expect(
                    property["description"]?.stringValue?.isEmpty == false || property["const"] != nil,
                    "\(property.canonical)")
            }
            if let members = schema.objectValue { for (_, member) in members { visit(member) } }
            for item in schema.arrayValue ?? [] { visit(item) }
        }
        visit(JSONSchema.document()["definitions"] ?? .null)
        #expect(count > 150)
    }
}
