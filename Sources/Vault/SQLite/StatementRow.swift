internal import GRDBSQLite
internal import ResealCore
internal import ResealSealing

/// The row that a statement stands at. Valid until the next step.
struct StatementRow {
    private let statement: OpaquePointer

    init(_ statement: OpaquePointer) { self.statement = statement }

    func isNull(_ index: Int) -> Bool { sqlite3_column_type(statement, Int32(index)) == SQLITE_NULL }
    /// 0 for NULL.
    func integer(_ index: Int) -> Int64 { sqlite3_column_int64(statement, Int32(index)) }
    func optionalInteger(_ index: Int) -> Int64? { isNull(index) ? nil : integer(index) }

    /// No bytes for NULL.
    func bytes(_ index: Int) -> [UInt8] {
        guard let start = sqlite3_column_blob(statement, Int32(index)) else { return [] }
        return Array(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, Int32(index)))))
    }

    func optionalBytes(_ index: Int) -> [UInt8]? { isNull(index) ? nil : bytes(index) }

    /// Empty for NULL.
    func text(_ index: Int) -> String {
        guard let start = sqlite3_column_text(statement, Int32(index)) else { return "" }
        let count = Int(sqlite3_column_bytes(statement, Int32(index)))
        return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    func optionalText(_ index: Int) -> String? { isNull(index) ? nil : text(index) }

    func digest(_ index: Int) throws -> Digest256 {
        guard let digest = Digest256(bytes(index)) else { throw Self.malformed("a digest") }
        return digest
    }

    func optionalDigest(_ index: Int) throws -> Digest256? { isNull(index) ? nil : try digest(index) }

    func objectID(_ index: Int) throws -> ObjectID? {
        guard !isNull(index) else { return nil }
        guard let id = ObjectID(bytes: bytes(index)) else { throw Self.malformed("an object id") }
        return id
    }

    func time(_ index: Int) -> Timestamp { Timestamp(milliseconds: integer(index)) }
    func optionalTime(_ index: Int) -> Timestamp? { optionalInteger(index).map { Timestamp(milliseconds: $0) } }

    /// A number of versions; one that cannot be counted on is damage.
    func versionNumber(_ index: Int) throws -> Int64 {
        let value = integer(index)
        guard (0..<Int64.max).contains(value) else { throw Self.malformed("a number of versions") }
        return value
    }

    func word<T: RawRepresentable>(_ index: Int, as type: T.Type) throws -> T where T.RawValue == String {
        guard let value = T(rawValue: text(index)) else { throw Self.malformed("a word of \(T.self)") }
        return value
    }

    static func malformed(_ what: String) -> VaultFailure {
        VaultFailure(.corrupt, "the vault holds \(what) of unknown form", hint: "restore the vault from a backup")
    }
}
