internal import ResealCore

/// The kinds of file that SOPS reads and writes, told apart by their names as SOPS does.
package enum SOPSFormat: String, Sendable, CaseIterable {
    case yaml, json, dotenv
    /// A JSON envelope around one value; every file whose name says nothing else.
    case binary

    /// Throws ``ManifestFailure/Kind/sopsUnsupported`` for INI files.
    package init(path: String) throws(ManifestFailure) {
        let suffixes: [(String, SOPSFormat)] = [
            (".yaml", .yaml), (".yml", .yaml), (".json", .json), (".env", .dotenv),
        ]
        if path.hasSuffix(".ini") {
            throw ManifestFailure(
                .sopsUnsupported, "INI files of SOPS are not supported",
                hint: "convert the file to YAML: `sops decrypt --output-type yaml FILE.ini`, then encrypt that",
                at: SourceSpan(file: path))
        }
        self = suffixes.first { path.hasSuffix($0.0) }?.1 ?? .binary
    }
}
