internal import CLibGit2
internal import ResealCore
package import ResealSealing

/// Brings two changes of one text together, line by line, in memory.
package enum TextMerge {
    package struct Outcome: Sendable {
        package let text: SecretBytes
        /// Both changed the same lines; they stand in the text one after the other between markers.
        package let hasConflicts: Bool
    }

    /// - Parameters:
    ///   - base: what both began with.
    ///   - labels: for the markers: what `ours` and `theirs` are.
    ///   - markerWidth: how many characters a marker begins with.
    package static func merge(
        base: SecretBytes, ours: SecretBytes, theirs: SecretBytes, labels: (ours: String, theirs: String),
        markerWidth: Int = 7
    ) throws(GitFailure) -> Outcome {
        guard LibGit2.isReady else { throw GitFailure(.native, "libgit2 cannot be started") }
        return try base.withUnsafeBytes { (base) throws(GitFailure) in
            try ours.withUnsafeBytes { (ours) throws(GitFailure) in
                try theirs.withUnsafeBytes { (theirs) throws(GitFailure) in
                    try merge(base, ours, theirs, labels, markerWidth)
                }
            }
        }
    }

    private static func merge(
        _ base: UnsafeRawBufferPointer, _ ours: UnsafeRawBufferPointer, _ theirs: UnsafeRawBufferPointer,
        _ labels: (ours: String, theirs: String), _ markerWidth: Int
    ) throws(GitFailure) -> Outcome {
        var options = git_merge_file_options()
        git_merge_file_options_init(&options, UInt32(GIT_MERGE_FILE_OPTIONS_VERSION))
        options.marker_size = UInt16(clamping: markerWidth)
        var sides = [try input(base), try input(ours), try input(theirs)]
        var result = git_merge_file_result()
        let status = labels.ours.withCString { oursLabel in
            labels.theirs.withCString { theirsLabel in
                (options.our_label, options.their_label) = (oursLabel, theirsLabel)
                return git_merge_file(&result, &sides[0], &sides[1], &sides[2], &options)
            }
        }
        try git("cannot merge the two texts", status)
        defer {
            if let text = UnsafeMutableRawPointer(mutating: result.ptr) {
                explicitZero(UnsafeMutableRawBufferPointer(start: text, count: result.len))
            }
            git_merge_file_result_free(&result)
        }
        return Outcome(
            text: SecretBytes(copying: UnsafeRawBufferPointer(start: result.ptr, count: result.len)),
            hasConflicts: result.automergeable == 0)
    }

    private static func input(_ text: UnsafeRawBufferPointer) throws(GitFailure) -> git_merge_file_input {
        var input = git_merge_file_input()
        try git("cannot merge the two texts", git_merge_file_input_init(&input, UInt32(GIT_MERGE_FILE_INPUT_VERSION)))
        input.ptr = text.baseAddress?.assumingMemoryBound(to: CChar.self)
        input.size = text.count
        return input
    }
}
