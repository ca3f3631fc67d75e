import ResealCore
import Testing

@testable import ResealManifests

/// What stands in a wrong place may be a secret: no message repeats it.
@Suite struct NoEchoTests {
    private static let canary = "hunter2-Tr0ub4dor"

    private static let specs = [
        // In the place of something else.
        "permissions: CANARY", "permissions: [CANARY]", "permissions: {read: CANARY}", "permissions: {read: [CANARY]}",
        "permissions: {read: [role:CANARY x]}", "rotation: CANARY", "rotation: {every: CANARY}",
        "rotation: {window: {cron: CANARY}}",
        "rotation: {generate: CANARY}", "rotation: {generate: {kind: CANARY}}",
        "rotation: {handler: {exec: {command: a CANARY}}}",
        "type: CANARY", "expiresAt: CANARY", "autoRenew: CANARY", "driftPolicy: CANARY", "service: CANARY x",
        "sync: CANARY",
        "sync: [a, CANARY!]", "value: [CANARY]", "value: {a: [CANARY]}", "value: {fromFile: /CANARY}",
        "value: {fromFile: [CANARY]}",
        "value: {fromSOPS: ../CANARY}", "metadata: [CANARY]", "metadata: {a: [CANARY]}", "CANARY", "[CANARY]",
        // As a key.
        "value: {a: {}, CANARY}\nx: 1", "permissions: {CANARY}", "permissions: {CANARY: }", "permissions: {? CANARY }",
        "CANARY:",
        "rotation: {CANARY, CANARY}", "value: {CANARY, CANARY}", "metadata: {CANARY}", "metadata: {CANARY: ~}",
        "permissions: {CANARY and more: x}", "value: {fromFile: x, CANARY}",
        "permissions: {\"CANARY\\n\": x}", "permissions: {CANARYCANARYCANARY: x}",
        // In front of the value that YAML sees.
        "value: *CANARY", "value: {password: *CANARY}", "value: &CANARY", "value: {password: &CANARY }",
        "value: !CANARY",
        "value: !CANARY x", "value: !!CANARY x", "value: !CANARY!x y", "value: |CANARY", "value: >CANARY",
        "value: %CANARY",
        "value: @CANARY", "value: `CANARY`", "value: \"CANARY", "value: 'CANARY", "value: {CANARY",
        "value: \"\\CANARY\"",
        "value: a: CANARY", "value: - CANARY", "value: {a: !!int CANARY}", "value: {a: !!binary CANARY}",
        "value: {a: !!bool CANARY}",
        "value:\n  a: b\n CANARY", "value: x\n CANARY: y", "value: |\n  a\n CANARY", "value: \"a\" CANARY",
        "value: [a] CANARY",
        "value:\n\tCANARY: x", "value: &a [*a, CANARY]", "value: *CANARY\nb: &CANARY x",
        // Sealed by halves.
        "value: |\n  -----BEGIN AGE ENCRYPTED FILE-----\n  CANARY\n", "value: {password: CANARY}\ntype: nonsense",
    ]

    @Test(arguments: specs)
    func noMessageRepeatsIt(_ spec: String) {
        let reading = read(secret(spec.replacing("CANARY", with: Self.canary)))
        #expect(reading.hasErrors)
        for diagnostic in reading.diagnostics {
            #expect(!diagnostic.description.contains("hunter2"), "\(diagnostic)")
            #expect(!diagnostic.description.contains("Tr0ub4dor"), "\(diagnostic)")
        }
    }

    @Test(arguments: [
        "kind: CANARY\napiVersion: reseal/v1", "apiVersion: CANARY",
        "kind: Secret\napiVersion: reseal/v1\nmetadata: CANARY",
        "kind: Secret\napiVersion: reseal/v1\nmetadata: {name: CANARY}\nspec: {}",
        "kind: Secret\napiVersion: reseal/v1\nmetadata: {name: a, organization: CANARY!}\nspec: {}",
        "kind: Secret\napiVersion: reseal/v1\nmetadata: {name: a, labels: [CANARY]}\nspec: {}",
        "kind: Secret\napiVersion: reseal/v1\nmetadata: {name: a, labels: {CANARY}}\nspec: {}", "CANARY", "- CANARY",
        "[CANARY",
        "kind: Recipients\napiVersion: reseal/v1\nmetadata: {name: a}\nspec: {controller: CANARY}",
        "kind: Recipients\napiVersion: reseal/v1\nmetadata: {name: a}\nspec: {controller: AGE-SECRET-KEY-1CANARY}",
        "kind: Role\napiVersion: reseal/v1\nmetadata: {name: a}\nspec: {members: [CANARY]}",
        "kind: Connection\napiVersion: reseal/v1\nmetadata: {name: a}\nspec: {engine: CANARY}",
        "kind: Connection\napiVersion: reseal/v1\nmetadata: {name: a}\nspec: {engine: ssh, endpoint: CANARY x, credentialsFrom: CANARY}",
        "kind: Connection\napiVersion: reseal/v1\nmetadata: {name: a}\nspec: {engine: ssh, endpoint: a, password: CANARY, credentialsFrom: {secret: CANARY}}",
    ])
    func norInOtherDocuments(_ document: String) {
        let reading = read(document.replacing("CANARY", with: Self.canary))
        #expect(reading.hasErrors)
        #expect(!reading.diagnostics.map(\.description).joined().contains("hunter2"))
    }

    /// Keys that are plainly keys are named, or nobody could find them in a long file.
    @Test func keysAreNamedWhereTheyLookLikeKeys() {
        let messages = read(secret("descripton:\nunheardOf: x\nvalue: {a-b.c: [x]}\nmetadata: {tier: []}")).diagnostics
            .map(\.message)
        #expect(
            messages == [
                "unknown key `descripton`", "unknown key `unheardOf`",
                "`a-b.c` is a list; a value has scalars and mappings only",
                "`tier` must be a string, a number, or true or false, not a list",
            ])
    }

    @Test func whatIsShownActsOnNoTerminal() {
        let odd = "a\u{1b}[2Kb`c\nd\u{202e}e\u{200b}f\u{9b}g\u{2028}h\u{e000}i"
        #expect(quoted(odd) == "`a?[2Kb?c?d?e?f?g?h?i`")
        #expect(quoted("ключ é 🔑") == "`ключ é 🔑`")
        #expect(quoted(String(repeating: "x", count: 61)) == "`" + String(repeating: "x", count: 60) + "…`")
        #expect(quoted(String(repeating: "x", count: 60)) == "`" + String(repeating: "x", count: 60) + "`")
    }
}
