internal import Foundation
internal import ResealCore
internal import ResealGit
internal import ResealManifests

/// One file of SOPS that was found below the paths of an import.
struct ImportSource {
    /// As it is opened, and shown.
    let path: String
    /// Without extensions, from the path that was given; a name once it is cleaned.
    let stem: String
    let file: SOPSFile

    /// All files of SOPS at a path: the file itself, or those below a folder, in the order of their paths.
    ///
    /// Other files of a folder are passed over. Throws what is wrong with a file that is named itself.
    static func find(at path: String) throws -> (sources: [ImportSource], problems: [Diagnostic]) {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw FileFailure(.unreadable, "there is no file or folder \(path)")
        }
        guard isFolder.boolValue else {
            let name = path.split(separator: "/").last.map(String.init) ?? path
            return ([try read(path, name: name)], [])
        }
        let base = path.hasSuffix("/") ? String(path.dropLast()) : path
        var sources: [ImportSource] = []
        var problems: [Diagnostic] = []
        for entry in try WorkTree(root: base).files(under: "") where entry.kind == .regular || entry.kind == .executable
        {
            let full = base == "." ? entry.path : "\(base)/\(entry.path)"
            do {
                let bytes = try AtomicFile.read(full, limit: SOPSFile.maximumBytes)
                guard SOPSFile.recognizes(ManifestFile(path: full, bytes: bytes)) else { continue }
                sources.append(try read(full, name: entry.path))
            } catch let failure as FileFailure where failure.kind == .tooLarge {
                // No file of SOPS that could be read.
                continue
            } catch let failure as DiagnosticsFailure {
                problems += failure.diagnostics
            } catch let failure as any UserFacingFailure {
                problems.append(Diagnostic(failure: failure))
            }
        }
        return (sources, problems)
    }

    private static func read(_ path: String, name: String) throws -> ImportSource {
        let bytes = try AtomicFile.read(path, limit: SOPSFile.maximumBytes)
        let file = try SOPSFile(ManifestFile(path: path, bytes: bytes))
        return ImportSource(path: path, stem: stem(of: name), file: file)
    }

    private static let formatEndings = [".yaml", ".yml", ".json", ".env"]
    private static let markers = [".enc", ".sops", ".encrypted"]

    /// `prod/orders.enc.yaml` is `prod/orders`.
    static func stem(of path: String) -> String {
        var stem = Substring(path)
        for ending in formatEndings where stem.hasSuffix(ending) {
            stem = stem.dropLast(ending.count)
            break
        }
        for marker in markers where stem.hasSuffix(marker) {
            stem = stem.dropLast(marker.count)
            break
        }
        // `.env` and `.enc.yaml` have nothing in front of their endings.
        guard !stem.isEmpty, stem.last != "/" else {
            return path.replacing("/.", with: "/").trimmingPrefix(".").description
        }
        return String(stem)
    }

    /// The nearest name that a secret may have; `nil` if nothing is left.
    static func name(from stem: String) -> String? {
        let segments = stem.lowercased().split(separator: "/").map { segment in
            String(
                segment.map { letter in
                    letter.isASCII && (letter.isLetter || letter.isNumber || "._-".contains(letter)) ? letter : "-"
                })
        }
        let name = segments.filter { !$0.allSatisfy { $0 == "." || $0 == "-" } }.joined(separator: "/")
        return ResourceName.problem(name) == nil ? name : nil
    }
}
