internal import ResealCore

/// The parts in which two manifests differ, found in their canonical JSON.
enum AttributeDiff {
    /// `value` is left out: its shape follows from the fields that the plan names anyway.
    private static let skipped = ["spec", "value"]

    static func changes(from before: [UInt8], to after: [UInt8]) -> [AttributeChange] {
        var changes: [AttributeChange] = []
        compare(try? JSON(parsing: before), try? JSON(parsing: after), path: [], into: &changes)
        return changes.sorted { $0.path.lexicographicallyPrecedes($1.path) }
    }

    private static func compare(_ before: JSON?, _ after: JSON?, path: [String], into changes: inout [AttributeChange])
    {
        guard before != after, path != skipped else { return }
        if let old = before?.objectValue, let new = after?.objectValue {
            for key in Set(old.keys).union(new.keys) {
                compare(old[key], new[key], path: path + [key], into: &changes)
            }
        } else {
            changes.append(AttributeChange(path: path, before: before, after: after))
        }
    }
}
