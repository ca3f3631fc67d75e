internal import ResealCore
internal import ResealManifests

/// Documents of SOPS. The first byte chooses the format, which is otherwise told by the file's name.
enum SOPSProperties {
    static func check(_ bytes: [UInt8]) {
        let names = ["a.yaml", "a.json", "a.env", "a.bin"]
        let file = ManifestFile(path: names[Int(bytes.first ?? 0) % names.count], bytes: Array(bytes.dropFirst()))
        let isRead = (try? SOPSFile(file)) != nil
        demand(isRead == ((try? SOPSFile(file)) != nil), "a file that is read once only")
        _ = SOPSFile.recognizes(file)
    }
}

/// Regular expressions of `.sops.yaml`: the first line is the pattern, the rest the text.
enum PatternProperties {
    static func check(_ bytes: [UInt8]) {
        let end = bytes.firstIndex(of: 0x0a) ?? bytes.count
        guard let pattern = try? LinearPattern(String(decoding: bytes[..<end], as: UTF8.self)) else { return }
        let text = String(decoding: bytes[end...].dropFirst().prefix(2000), as: UTF8.self)
        demand(pattern.matches(text) == pattern.matches(text), "a pattern that changes its mind")
    }
}

/// JSON: one canonical text for each document.
enum JSONProperties {
    static func check(_ bytes: [UInt8]) {
        guard let document = try? JSON(parsing: bytes) else { return }
        let canonical = document.canonicalBytes
        guard let again = try? JSON(parsing: canonical) else { return demand(false, "the canonical text is no JSON") }
        demand(again == document, "the canonical text says something else")
        demand(again.canonicalBytes == canonical, "the canonical text is not canonical")
        demand(
            (try? JSON(parsing: Array(document.pretty().utf8))) == document, "the text for people says something else")
    }
}
