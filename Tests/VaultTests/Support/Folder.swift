import Foundation
import Glibc
import TestSupport

enum Folder {
    /// The paths of all files below a folder, sorted.
    static func files(in path: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: path).sorted().map { "\(path)/\($0)" }.filter {
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: $0, isDirectory: &isFolder) && !isFolder.boolValue
        }
    }

    static func copy(_ source: String, to target: String) throws {
        try? FileManager.default.removeItem(atPath: target)
        try FileManager.default.copyItem(atPath: source, toPath: target)
    }
}

extension Array where Element == UInt8 {
    /// Whether `part` stands anywhere in these bytes.
    func holds(_ part: [UInt8]) -> Bool {
        withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, let first = part.first else { return part.isEmpty }
            var place = base
            let end = base + bytes.count
            while place + part.count <= end, let found = memchr(place, Int32(first), end - place - part.count + 1) {
                if memcmp(found, part, part.count) == 0 { return true }
                place = UnsafeRawPointer(found) + 1
            }
            return false
        }
    }
}
