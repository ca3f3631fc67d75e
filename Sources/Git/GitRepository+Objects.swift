internal import CLibGit2
package import ResealCore

/// One object held in memory by libgit2. A class, for the tree walk keeps several of them at once.
final class RawObject {
    private let handle: OpaquePointer
    init(adopting handle: OpaquePointer) { self.handle = handle }
    deinit { git_odb_object_free(handle) }

    var type: git_object_t { git_odb_object_type(handle) }

    /// Lends the content for the time of `body`.
    func withBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try body(UnsafeRawBufferPointer(start: git_odb_object_data(handle), count: git_odb_object_size(handle)))
    }
}

extension GitRepository {
    /// Reads an object of a given type. The size is asked for first, so that a huge object is refused unread.
    func object(_ id: ObjectID, _ type: git_object_t, limitBytes: Int) throws(GitFailure) -> RawObject {
        var raw = id.raw
        var size = 0
        var found = GIT_OBJECT_INVALID
        var handle: OpaquePointer?
        var status = withObjects { git_odb_read_header(&size, &found, $0, &raw) }
        guard status == 0 else { throw explained(LibGit2.failure(status, "cannot read object \(id.short)")) }
        guard found == type else {
            throw GitFailure(
                .corrupt, "object \(id.short) is not a \(Self.name(of: type))", hint: LibGit2.corruptionHint)
        }
        guard size <= limitBytes else {
            throw GitFailure(
                .tooLarge,
                "the \(Self.name(of: type)) \(id.short) has \(size) bytes, more than the limit of \(limitBytes)")
        }
        status = withObjects { git_odb_read(&handle, $0, &raw) }
        guard status == 0, let handle else {
            throw explained(LibGit2.failure(status, "cannot read object \(id.short)"))
        }
        return RawObject(adopting: handle)
    }

    private static func name(of type: git_object_t) -> String { GitText.decoded(git_object_type2string(type)) }

    /// The content of a blob; ``GitFailure/Kind/tooLarge`` when it has more than `limitBytes` bytes.
    package func blob(_ id: ObjectID, limitBytes: Int) throws(GitFailure) -> [UInt8] {
        try withBlob(id, limitBytes: limitBytes) { Array($0) }
    }

    /// Lends the content of a blob without a copy.
    package func withBlob<R>(
        _ id: ObjectID, limitBytes: Int, _ body: (UnsafeRawBufferPointer) -> R
    ) throws(GitFailure) -> R {
        try object(id, GIT_OBJECT_BLOB, limitBytes: limitBytes).withBytes(body)
    }

    /// The size of a blob in bytes, without reading its content.
    package func blobSizeBytes(_ id: ObjectID) throws(GitFailure) -> Int {
        var raw = id.raw
        var size = 0
        var found = GIT_OBJECT_INVALID
        let status = withObjects { git_odb_read_header(&size, &found, $0, &raw) }
        guard status == 0 else { throw explained(LibGit2.failure(status, "cannot read object \(id.short)")) }
        guard found == GIT_OBJECT_BLOB else { throw GitFailure(.corrupt, "object \(id.short) is not a blob") }
        return size
    }

    /// The name that Git would give a blob of these bytes.
    package static func blobID(of bytes: [UInt8]) -> ObjectID { bytes.withUnsafeBytes { blobID(of: $0) } }

    /// The name that Git would give a blob of these bytes.
    package static func blobID(of bytes: UnsafeRawBufferPointer) -> ObjectID {
        precondition(LibGit2.isReady, "libgit2 does not start")
        var raw = git_oid()
        let status = git_odb_hash(
            &raw, bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1), bytes.count, GIT_OBJECT_BLOB)
        // It fails only for a type that is not an object's.
        precondition(status == 0, "a blob cannot be named")
        return ObjectID(raw)
    }
}
