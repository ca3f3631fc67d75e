import ResealCore
import ResealSealing
import TestSupport
import Testing

@testable import ResealManifests

@Suite struct ReadingTests {
    private let tool: SOPSTool

    init() throws { tool = try SOPSTool() }

    @Test func everyTypeOfYAML() throws {
        let plain = """
            # about the host
            host: db.internal
            port: 5432
            ratio: 0.25
            big: 1e+21
            whole: 12.0
            on: true
            off: false
            nothing: null
            empty: ""
            day: 2024-02-29
            moment: 2001-12-14T21:59:43.10-05:00
            octal: 0o17
            quoted: "5432"
            binary: !!binary AAECAwT/
            noMap: {}
            noList: []
            infinite: -.inf
            nested:
              # inside
              list: [a, 1, [b, c], {d: e}]
            text: |
              one
              two
            "a.b": dotted
            name_unencrypted: plain
            number_unencrypted: 7
            """
        let sealed = try tool.encrypt(Array(plain.utf8), name: "t.yaml")
        #expect(
            try tool.open(sealed, name: "t.yaml") == [
                Leaf(["host"], .string, "db.internal"), Leaf(["port"], .integer, "5432"),
                Leaf(["ratio"], .number, "0.25"), Leaf(["big"], .number, "1e+21"), Leaf(["whole"], .integer, "12"),
                Leaf(["on"], .boolean, "true"), Leaf(["off"], .boolean, "false"), Leaf(["nothing"], .null, ""),
                Leaf(["empty"], .string, ""), Leaf(["day"], .string, "2024-02-29T00:00:00Z"),
                Leaf(["moment"], .string, "2001-12-14T21:59:43.1-05:00"), Leaf(["octal"], .integer, "15"),
                Leaf(["quoted"], .string, "5432"), Leaf(["binary"], .binary, [0, 1, 2, 3, 4, 255]),
                Leaf(["infinite"], .string, "-.inf"), Leaf(["nested", "list", "0"], .string, "a"),
                Leaf(["nested", "list", "1"], .integer, "1"), Leaf(["nested", "list", "2", "0"], .string, "b"),
                Leaf(["nested", "list", "2", "1"], .string, "c"), Leaf(["nested", "list", "3", "d"], .string, "e"),
                Leaf(["text"], .string, "one\ntwo\n"), Leaf(["a.b"], .string, "dotted"),
                Leaf(["name_unencrypted"], .string, "plain"), Leaf(["number_unencrypted"], .integer, "7"),
            ])
    }
}
