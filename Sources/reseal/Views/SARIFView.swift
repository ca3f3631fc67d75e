internal import ResealCore
internal import ResealManifests
internal import ResealReconciler

/// SARIF 2.1.0, which forges and editors read.
enum SARIFView {
    static func render(_ report: LintReport) -> String {
        let document: JSON = [
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
            "runs": [
                [
                    "tool": ["driver": driver], "columnKind": "unicodeCodePoints",
                    "results": .array(report.findings.map(result)),
                ]
            ],
        ]
        return document.pretty()
    }

    private static var driver: JSON {
        [
            "name": "reseal", "semanticVersion": .string(ResealVersion.current),
            "rules": .array(LintRule.allCases.map(rule)),
        ]
    }

    private static func rule(_ rule: LintRule) -> JSON {
        var properties: [String: JSON] = ["tags": rule.securitySeverity == nil ? ["maintainability"] : ["security"]]
        if let severity = rule.securitySeverity { properties["security-severity"] = .string(severity) }
        return [
            "id": .string(rule.id), "shortDescription": ["text": .string(rule.summary)],
            "help": ["text": .string(rule.remedy)],
            "defaultConfiguration": ["level": .string(rule.defaultLevel.rawValue)], "properties": .object(properties),
        ]
    }

    private static func result(_ finding: LintFinding) -> JSON {
        let region: JSON = [
            "startLine": .integer(Int64(finding.span.line)), "startColumn": .integer(Int64(finding.span.column)),
        ]
        return [
            "ruleId": .string(finding.rule.id),
            "ruleIndex": .integer(Int64(LintRule.allCases.firstIndex(of: finding.rule) ?? 0)),
            "level": .string(finding.level.rawValue),
            "message": ["text": .string("\(finding.message); \(finding.rule.remedy)")],
            "locations": [
                [
                    "physicalLocation": [
                        "artifactLocation": [
                            "uri": .string(address(finding.span.file)), "uriBaseId": "%SRCROOT%",
                        ],
                        "region": region,
                    ]
                ]
            ],
            "partialFingerprints": ["resealFinding/v1": .string(finding.fingerprint)],
        ]
    }

    /// A relative reference of RFC 3986.
    private static func address(_ path: String) -> String {
        var out = ""
        for byte in path.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"), UInt8(ascii: "/"):
                out.unicodeScalars.append(Unicode.Scalar(byte))
            default: out += "%" + Hex.encode([byte]).uppercased()
            }
        }
        return out
    }
}
