import ResealCore
import ResealManifests
import Testing

/// The reader of `config.yaml` and its like.
@Suite struct SettingsFileTests {
    @Test func settingsAreOneMappingOfScalars() throws {
        func settings(_ text: String) throws -> [String: String] {
            try SettingsFile.texts(Array(text.utf8), name: "config.yaml", keys: ["repo", "ref"])
        }
        #expect(try settings("repo: a\nref: 5 # x\n") == ["repo": "a", "ref": "5"])
        #expect(try settings("") == [:] && settings("repo:\nref: ~\n") == [:])
        for (text, codes) in [
            ("repos: a\n", ["config.unknown-key"]), ("repo: [a]\n", ["config.not-a-scalar"]),
            ("repo: a\nrepo: b\n", ["yaml.duplicate-key"]),
            ("repo: \"\n", ["yaml.syntax"]), ("hunter2\n", ["config.not-a-mapping"]),
            ("repo: a\n---\nref: b\n", ["config.not-a-mapping"]), ("- repo\n", ["config.not-a-mapping"]),
        ] {
            let failure = #expect(throws: DiagnosticsFailure.self, "\(text)") { try settings(text) }
            #expect(
                failure?.diagnostics.map(\.code) == codes && failure?.description.contains("hunter2") == false,
                "\(text)")
        }
        let huge = #expect(throws: DiagnosticsFailure.self) { try settings(String(repeating: "#", count: 5 << 20)) }
        #expect(huge?.code == "yaml.too-large")
    }

    @Test func settingsHoldListsMappingsAndTypedValues() throws {
        let text = """
            identity: [a.txt, b.txt]
            listen: {address: 127.0.0.1, port: 8443}
            sources:
              - {name: main, interval: 5m, suspend: true}
              - {name: other}
            one: single
            """
        try SettingsFile.read(Array(text.utf8), name: "config.yaml", keys: ["identity", "listen", "sources", "one"]) {
            #expect($0.list("identity") == ["a.txt", "b.txt"] && $0.list("one") == ["single"])
            let listen = $0.mapping("listen", keys: ["address", "port"])
            #expect(listen?.text("address") == "127.0.0.1" && listen?.integer("port", in: 0...65535) == 8443)
            let sources = $0.mappings("sources", keys: ["name", "interval", "suspend"])
            #expect(sources.map { $0.text("name") } == ["main", "other"])
            #expect(sources.first?.span("interval") == TimeSpan("5m") && sources.first?.flag("suspend") == true)
            #expect(sources.last?.flag("suspend") == nil && sources.last?.has("interval") == false)
        }
    }

    @Test(arguments: [
        ("people: ada\n", ["ada"]), ("people: [ada, ben]\n", ["ada", "ben"]), ("people:\n- ada\n- 5\n", ["ada", "5"]),
        ("people: []\n", []), ("people: [~, ada]\n", ["ada"]),
    ])
    func aListHoldsTexts(_ text: String, _ list: [String]) throws {
        try SettingsFile.read(Array(text.utf8), name: "config.yaml", keys: ["people"]) {
            #expect($0.list("people") == list)
        }
    }

    @Test(arguments: [
        ("n: x", "config.bad-value"), ("n: 70000", "config.bad-value"), ("n: [1]", "config.not-a-scalar"),
        ("l: {a: b}", "config.not-a-list"), ("l: [[a]]", "config.not-a-scalar"), ("m: [a]", "config.not-a-mapping"),
        ("m: {z: 1}", "config.unknown-key"), ("s: {a: 1}", "config.not-a-list"), ("s: [a]", "config.not-a-mapping"),
        ("t: soon", "config.bad-value"), ("f: perhaps", "config.bad-value"),
    ])
    func aWrongSettingIsNamedWithItsPlace(_ text: String, _ code: String) throws {
        let failure = #expect(throws: DiagnosticsFailure.self) {
            try SettingsFile.read(Array(text.utf8), name: "config.yaml", keys: ["n", "l", "m", "s", "t", "f"]) {
                _ = ($0.integer("n", in: 0...65535), $0.list("l"), $0.mapping("m", keys: ["a"]))
                _ = ($0.mappings("s", keys: ["a"]), $0.span("t"), $0.flag("f"))
            }
        }
        #expect(failure?.diagnostics.map(\.code) == [code])
        #expect(failure?.diagnostics.first?.span?.line == 1 && failure?.diagnostics.first?.span?.column ?? 0 > 3)
    }
}
