import ResealCore
import TestSupport

/// Another implementation of JSON Schema: `python3` with `jsonschema` and `PyYAML`.
enum SchemaJudge {
    struct Answer {
        let draft: String
        let verdicts: [Bool]
    }

    /// Checks the schema itself, then each document (YAML) by it.
    static func verdicts(_ schema: JSON, _ documents: [String]) throws -> Answer {
        let request: JSON = ["schema": schema, "documents": .array(documents.map(JSON.string))]
        let script = #filePath.replacing("Support/SchemaJudge.swift", with: "Scripts/schema_verdicts.py")
        let result = try Command.check(
            "python3", [script], stdin: request.canonicalBytes, timeout: .seconds(300))
        let answer = try JSON(parsing: result.stdout)
        return Answer(
            draft: answer["draft"]?.stringValue ?? "",
            verdicts: (answer["verdicts"]?.arrayValue ?? []).compactMap(\.boolValue))
    }
}
