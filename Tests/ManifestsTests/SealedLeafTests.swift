import ResealAge
import ResealCore
import ResealSealing
import Testing

@testable import ResealManifests

/// A leaf is sealed if its text is an armor, whatever the YAML around it looks like.
@Suite struct SealedLeafTests {
    private func content(_ value: String, crlf: Bool = false) -> (leaves: [String], bytes: [UInt8]?, codes: [String]) {
        let text = secret("value:\(value)")
        let reading = read(crlf ? text.replacing("\n", with: "\r\n") : text)
        let leaves = reading.manifests.first?.leaves ?? []
        var bytes: [UInt8]?
        if case .sealed(let armor)? = leaves.first?.content { bytes = armor }
        return (leaves.map { "\($0.field): \($0.shown)" }, bytes, reading.codes)
    }

    private static let quoted = "\"" + armor.replacing("\n", with: "\\n") + "\""

    @Test(arguments: [
        " |\n" + armor.indented(2), " |\n" + armor.indented(8), " |-\n" + armor.indented(2),
        " |+\n" + armor.indented(2),
        " |2\n" + armor.indented(2), "   |   # sealed on Monday\n" + armor.indented(4), " \(quoted)",
        " |\n\n\n" + armor.indented(2), " |\n" + armor.replacing("-----\n", with: "-----  \n").indented(2),
        " |+\n" + armor.indented(2) + "\n\n\n", " !!str |\n" + armor.indented(2), " &a |\n" + armor.indented(2),
        "\n  |\n" + armor.indented(4), " \"\\\n    " + armor.replacing("\n", with: "\\n\\\n    ") + "\"",
        " '" + armor.replacing("\n", with: "\n\n    ") + "'",
    ])
    func styles(_ value: String) {
        for crlf in [false, true] {
            let found = content(value, crlf: crlf)
            #expect(found.leaves == [": sealed"] && found.codes == [], "CRLF: \(crlf)")
            let text = String(decoding: found.bytes ?? [], as: UTF8.self)
            let lines = text.split(whereSeparator: \.isNewline).map { $0.trimming() }
            #expect(lines == armor.split(separator: "\n").map(String.init))
        }
    }

    @Test func withoutAFinalNewline() {
        let text = secret("value:\n  password: |\n" + armor.indented(4))
        let trimmed = String(text.reversed().drop { $0 == "\n" }.reversed())
        #expect(read(trimmed).manifests.first?.leaves.map(\.shown) == ["sealed"])
        #expect(read(trimmed.replacing("\n", with: "\r\n")).manifests.first?.leaves.map(\.shown) == ["sealed"])
    }

    @Test func leavesOfAMappingAreToldApart() {
        let found = content(
            "\n  host: db\n  password: |\n" + armor.indented(4) + "  nested:\n    key: \(Self.quoted)\n    n: 5\n")
        #expect(found.leaves == ["host: string db", "password: sealed", "nested.key: sealed", "nested.n: integer 5"])
        #expect(found.codes == [])
    }

    @Test func theRangeOfALeafIsThatOfItsScalar() throws {
        let text = secret("value:\n  é: |  # x\n" + armor.indented(4) + "  b: 'it''s' # y\n  c: \"q\"\n")
        let leaves = try #require(read(text).manifests.first?.leaves)
        let bytes = Array(text.utf8)
        let scalars = leaves.map { String(decoding: bytes[$0.byteRange], as: UTF8.self) }
        #expect(
            scalars[0].hasPrefix("|  # x\n      -----BEGIN") && scalars[0].contains("-----END AGE ENCRYPTED FILE-----"))
        #expect(scalars[1...] == ["'it''s'", "\"q\""])
    }

    @Test(arguments: [
        " >\n" + armor.indented(2), " '" + armor.replacing("\n", with: "\n    ") + "'",
        " |\n" + armor.replacing("-----END AGE ENCRYPTED FILE-----\n", with: "").indented(2),
        " |\n" + armor.replacing("END AGE", with: "END PGP").indented(2), " |\n" + (armor + "tail\n").indented(2),
        " -----BEGIN AGE ENCRYPTED FILE-----",
        " |\n  -----BEGIN AGE ENCRYPTED FILE----- -----END AGE ENCRYPTED FILE-----",
        " |\n" + String(armor.dropLast(3)).indented(2),
    ])
    func damagedArmorIsAnErrorAndNeverAPlainValue(_ value: String) {
        let found = content(value)
        #expect(found.leaves == [] && found.codes == ["manifest.armor"])
    }

    @Test func textAroundAnArmorMakesItPlain() {
        // It does not begin like an armor, so it is text that quotes one.
        #expect(content(" |\n  see:\n" + armor.indented(2)).leaves.first?.hasPrefix(": string see:") == true)
        #expect(content(" BEGIN AGE ENCRYPTED FILE").leaves == [": string BEGIN AGE ENCRYPTED FILE"])
    }

    @Test func sealedValuesElsewhereAreRefused() {
        for key in ["description", "service", "expiresAt", "autoRenew"] {
            let reading = read(secret("\(key): \(Self.quoted)\nvalue: x"))
            #expect(reading.errors.count == 1 && reading.errors[0].span?.line == 6, "\(key)")
            let isText = ["description", "service", "expiresAt"].contains(key)
            #expect(reading.errors[0].code == (isText ? "manifest.sealed-outside-value" : "manifest.type"))
        }
        let inMetadata = read(secret("metadata: {password: \(Self.quoted)}\nvalue: x"))
        #expect(inMetadata.codes == ["manifest.sealed-outside-value"])
    }

    @Test func thePublicFormShowsNoValue() throws {
        let text = secret(
            "description: d\nvalue:\n  host: visible.example\n  n: ~\n  nested: {password: hunter2, deep: {x: 5}}\n  key: \(Self.quoted)"
        )
        let form = try #require(read(text).manifests.first?.publicForm)
        #expect(
            String(decoding: form, as: UTF8.self) == """
                {"metadata":{},"spec":{"description":"d","value":{"host":"plain","key":"sealed","n":"plain",\
                "nested":{"deep":{"x":"plain"},"password":"plain"}}}}
                """)
        for (value, shape) in [("x", "\"plain\""), ("~", "null"), (Self.quoted, "\"sealed\"")] {
            let form = read(secret("value: \(value)")).manifests.first?.publicForm ?? []
            #expect(String(decoding: form, as: UTF8.self) == "{\"metadata\":{},\"spec\":{\"value\":\(shape)}}")
        }
    }

    @Test func descriptionsOfPlainLeavesHideThem() throws {
        let leaf = try #require(read(secret("value: hunter2")).manifests.first?.leaves.first)
        var dumped = ""
        dump(leaf.content, to: &dumped)
        for text in ["\(leaf.content)", String(reflecting: leaf.content), dumped] { #expect(!text.contains("hunter2")) }
        guard case .plain(let scalar) = leaf.content else { throw Unexpected("it is sealed") }
        #expect("\(scalar)" == "[REDACTED]")
    }

    @Test func valuesOfFiles() throws {
        let file = try #require(
            read(secret("value: {fromFile: keys/ca.age}"), file: "manifests/prod/x.yaml").manifests.first)
        guard case .file(let path, let span)? = file.secretSpec?.value?.source else { throw Unexpected("not a file") }
        #expect(path == "manifests/prod/keys/ca.age" && span.description == "manifests/prod/x.yaml:6:21")
        #expect(file.secretSpec?.value?.isScalar == true && file.leaves.isEmpty)
        #expect(file.references.map(\.target) == [.file("manifests/prod/keys/ca.age")])
        #expect(String(decoding: file.publicForm, as: UTF8.self).contains(#""value":{"fromFile":"keys/ca.age"}"#))

        let sops = try #require(
            read(secret("value: {fromSOPS: app.enc.yaml, key: db.main}"), file: "x.yaml").manifests.first)
        guard case .sops(let reference)? = sops.secretSpec?.value?.source else { throw Unexpected("not SOPS") }
        #expect(reference.path == "app.enc.yaml" && sops.secretSpec?.value?.isScalar == false)
        #expect(reference.part == SOPSPart(key: FieldPath(["db", "main"])))
        let whole = read(secret("value:\n  fromSOPS: app.enc.yaml")).manifests.first
        guard case .sops(let all)? = whole?.secretSpec?.value?.source, all.part == SOPSPart() else {
            throw Unexpected("has a key")
        }
    }

    @Test(arguments: [
        "/etc/shadow", "../x.age", "a/../../x.age", "a/..", "./x", "a//b", "a\\\\b", ".git/config", "", "a/", "\\0",
        "x\\ny",
    ])
    func pathsStayBelowTheFolder(_ path: String) {
        for word in ["fromFile", "fromSOPS"] {
            let reading = read(secret("value: {\(word): \"\(path)\"}"), file: "manifests/prod/x.yaml")
            #expect(reading.codes == ["manifest.value"] && reading.manifests.isEmpty)
        }
    }

    @Test func filesStandForWholeValuesOnly() {
        #expect(read(secret("value: {a: {fromFile: x.age}}")).codes == ["manifest.nested-file"])
        #expect(read(secret("value: {fromFile: x.age, b: c}")).codes == ["manifest.unknown-key"])
        #expect(read(secret("value: {fromFile: x.age, fromSOPS: c}")).codes == ["manifest.unknown-key"])
        #expect(read(secret("value: {fromFile: \(Self.quoted)}")).codes == ["manifest.sealed-outside-value"])
    }

    @Test func leavesHaveALargestSize() {
        var limits = ManifestLimits()
        limits.valueBytes = 64
        let reading = read(
            secret("value: {a: \(String(repeating: "x", count: 65)), b: \(String(repeating: "x", count: 64))}"),
            limits: limits)
        #expect(reading.findings == ["6:14 manifest.value-too-large"])
        #expect(!reading.diagnostics.description.contains("xxx"))
    }
}

extension Substring {
    fileprivate func trimming() -> String {
        String(self.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
